import Platform

/// What the footer of a Parquet file says: rows, row groups, and the columns with what is known of their values.
///
/// Spec: apache/parquet-format, `parquet.thrift`, `FileMetaData`.
struct ParquetFooter {
    /// Something that has a name in the schema.
    struct Column {
        var name: [UInt8] = []
        var type = ParquetType()
        var codecs: Set<Int64> = []
        var byteCount: Int64 = 0
        var missing: Int64? = 0
        /// nil once a row group lacks them.
        var extremes: ParquetType.Extremes? = .ofNothing
        var childCount = 0
        var isRepeated = false
    }

    private(set) var rowCount: Int64 = 0
    private(set) var rowGroupCount = 0
    private(set) var writer: String?
    private(set) var columns: [Column] = []
    private var schema: [Column] = []
    private var places: [[UInt8]: Int] = [:]

    private static let byteLimit = 64 << 20
    /// The longest paths of all columns together. A few bytes in the footer can name a column below a very long name.
    private static let pathByteLimit = 64 << 20

    /// - Returns: nil where there is no whole footer.
    init?(_ source: ByteSource) throws(SystemError) {
        let tail = try source.bytes(at: source.byteCount - 8, count: 8)
        var cursor = ByteCursor(tail)
        guard source.byteCount >= 12, let count = cursor.little(UInt32.self), cursor.skip("PAR1"), count <= Self.byteLimit,
            Int64(count) <= source.byteCount - 12
        else { return nil }
        var reader = ThriftReader(try source.bytes(at: source.byteCount - 8 - Int64(count), count: Int(count)))
        do throws(ThriftReader.Damaged) { try read(&reader) } catch { return nil }
    }

    private mutating func read(_ reader: inout ThriftReader) throws(ThriftReader.Damaged) {
        var footer = self
        try reader.structure { reader, field, kind throws(ThriftReader.Damaged) in
            switch (field, kind) {
            case (2, .list):
                guard footer.schema.isEmpty else { throw ThriftReader.Damaged() }
                try reader.list { reader, _ throws(ThriftReader.Damaged) in footer.schema.append(try Self.element(&reader)) }
                try footer.layOut()
            case (3, .long): footer.rowCount = try reader.integer()
            case (4, .list):
                try reader.list { reader, _ throws(ThriftReader.Damaged) in
                    footer.rowGroupCount += 1
                    try footer.readRowGroup(&reader)
                }
            case (6, .binary): footer.writer = SafeText.of(try reader.binary())
            default: try reader.skip(kind)
            }
        }
        self = footer
    }

    private static func element(_ reader: inout ThriftReader) throws(ThriftReader.Damaged) -> Column {
        var column = Column()
        try reader.structure { reader, field, kind throws(ThriftReader.Damaged) in
            switch (field, kind) {
            case (1, .int): column.type.physical = try reader.integer()
            case (2, .int): column.type.length = try reader.integer()
            case (3, .int): column.isRepeated = try reader.integer() == 2
            case (4, .binary): column.name = Array(try reader.binary())
            case (5, .int): column.childCount = Int(clamping: try reader.integer())
            case (6, .int): column.type.converted = try reader.integer()
            case (7, .int): column.type.scale = try reader.integer()
            case (8, .int): column.type.precision = try reader.integer()
            case (10, .structure): try column.type.readLogical(&reader)
            default: try reader.skip(kind)
            }
        }
        return column
    }

    /// The leaves of the schema, which comes as a tree in order of depth, with their paths.
    private mutating func layOut() throws(ThriftReader.Damaged) {
        var open: [(name: [UInt8], left: Int)] = []
        var pathByteCount = 0
        for (position, element) in schema.enumerated() {
            guard open.count < 64 else { throw ThriftReader.Damaged() }
            if position > 0 {
                let path = (open.dropFirst().map(\.name) + [element.name]).joined(separator: [UInt8(ascii: ".")])
                if element.childCount <= 0 {
                    var column = element
                    column.name = Array(path)
                    pathByteCount += column.name.count
                    guard pathByteCount <= Self.pathByteLimit else { throw ThriftReader.Damaged() }
                    places[column.name] = columns.count
                    columns.append(column)
                }
                if !open.isEmpty { open[open.count - 1].left -= 1 }
            }
            if element.childCount > 0 { open.append((element.name, element.childCount)) }
            while let last = open.last, last.left <= 0 { open.removeLast() }
        }
    }

    private mutating func readRowGroup(_ reader: inout ThriftReader) throws(ThriftReader.Damaged) {
        var footer = self
        // Or else the first column that changes would copy all, for each row group.
        (columns, places, schema) = ([], [:], [])
        try reader.structure { reader, field, kind throws(ThriftReader.Damaged) in
            guard field == 1, kind == .list else { return try reader.skip(kind) }
            try reader.list { reader, _ throws(ThriftReader.Damaged) in
                try reader.structure { reader, field, kind throws(ThriftReader.Damaged) in
                    guard field == 3, kind == .structure else { return try reader.skip(kind) }
                    try footer.readChunk(&reader)
                }
            }
        }
        self = footer
    }

    /// One column in one row group.
    private mutating func readChunk(_ reader: inout ThriftReader) throws(ThriftReader.Damaged) {
        var path: [[UInt8]] = []
        var codec: Int64 = 0
        var byteCount: Int64 = 0
        var statistics = ParquetType.Statistics()
        try reader.structure { reader, field, kind throws(ThriftReader.Damaged) in
            switch (field, kind) {
            case (3, .list): try reader.list { reader, _ throws(ThriftReader.Damaged) in path.append(Array(try reader.binary())) }
            case (4, .int): codec = try reader.integer()
            case (7, .long): byteCount = try reader.integer()
            case (12, .structure): statistics = try ParquetType.Statistics(&reader)
            default: try reader.skip(kind)
            }
        }
        guard let place = places[Array(path.joined(separator: [UInt8(ascii: ".")]))] else { return }
        columns[place].codecs.insert(codec)
        columns[place].byteCount = columns[place].byteCount.addingReportingOverflow(byteCount).partialValue
        if let missing = statistics.missing, let known = columns[place].missing {
            columns[place].missing = known.addingReportingOverflow(missing).partialValue
        } else {
            columns[place].missing = nil
        }
        let type = columns[place].type
        columns[place].extremes = columns[place].extremes.flatMap { type.extend($0, by: statistics) }
    }

    private static let codecNames: [Int64: String] = [
        0: "uncompressed", 1: "snappy", 2: "gzip", 3: "lzo", 4: "brotli", 5: "lz4", 6: "zstd", 7: "lz4 raw",
    ]

    func fill(_ summary: inout DataSummary) {
        summary.add("rows", rowCount)
        summary.add("columns", columns.count)
        summary.add("row groups", rowGroupCount)
        if let writer { summary.add("written by", writer) }
        for column in columns {
            var facts = [DataSummary.Fact("type", column.type.name + (column.isRepeated ? " repeated" : ""))]
            if !column.codecs.isEmpty {
                let codecs = column.codecs.map { Self.codecNames[$0] ?? "codec \($0)" }.sorted()
                facts.append(.init("codec", codecs.joined(separator: "+")))
                facts.append(.init("bytes", column.byteCount))
            }
            if rowGroupCount > 0, case .between(let low, let high)? = column.extremes {
                facts += [.init("min", low.value(column.type)), .init("max", high.value(column.type))]
            }
            if rowGroupCount > 0, let missing = column.missing, missing > 0 { facts.append(.init("missing", missing)) }
            summary.add(.init(.column, SafeText.of(column.name), facts))
        }
    }
}
