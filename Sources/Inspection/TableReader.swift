import Platform

/// The rows of a table in text, one after the other, in a window of memory that does not grow with the file.
///
/// Spec: RFC 4180, with other delimiters and with line ends of one or two characters; JSON Lines.
final class TableReader {
    let format: TableFormat
    private let source: ByteSource
    /// The columns met so far, `columnLimit` of them at most.
    var names: [[UInt8]] = []
    /// The present row.
    var cells: [Cell] = []
    /// Where the present row begins in the file.
    private(set) var rowOffset: Int64 = 0
    /// How many bytes the row has, without its line end.
    var rowByteCount = 0
    /// Why the rows end early, where they do.
    private(set) var damage: String?
    /// Whether the first record names the columns.
    private(set) var hasHeader = false

    /// Columns beyond these are read and compared, and not told apart.
    static let columnLimit = 4096
    /// A longer row is damage, such as a quote that nobody closed.
    private static let rowByteLimit = 16 << 20
    private static let windowByteCount = 1 << 20

    private(set) var window: UnsafeMutableRawBufferPointer
    private var position = 0
    private var end = 0
    private var windowOffset: Int64 = 0
    private var isAtEnd = false
    private var dataOffset: Int64 = 0
    private var knownColumns: [UInt64: Int] = [:]

    init(_ source: ByteSource, _ format: TableFormat) throws(SystemError) {
        self.source = source
        self.format = format
        window = .allocate(byteCount: Self.windowByteCount, alignment: 16)
        let mark = try source.bytes(at: 0, count: 3)
        dataOffset = Int64(mark.count - FileKind.withoutMark(mark[...]).count)
        seek(to: dataOffset)
        if case .delimited = format { try readHeader() }
    }

    deinit {
        window.deallocate()
    }

    /// The bytes of a cell, as they are in the file.
    func raw(_ cell: Cell) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: window[cell.start..<cell.end])
    }

    /// The bytes of a cell as they are meant: quotes that are written twice stand once.
    func value(_ cell: Cell) -> [UInt8] {
        let bytes = raw(cell)
        guard cell.form == .escaped else { return Array(bytes) }
        var value: [UInt8] = []
        var isSecond = false
        for byte in bytes {
            isSecond = byte == UInt8(ascii: "\"") && !isSecond
            if !isSecond { value.append(byte) }
        }
        return value
    }

    /// A fingerprint of the value.
    func hash(_ cell: Cell) -> UInt64 {
        cell.form == .escaped ? value(cell).withUnsafeBytes(CellHash.of) : CellHash.of(raw(cell))
    }

    /// The present row as it is in the file.
    var row: UnsafeRawBufferPointer {
        let start = Int(rowOffset - windowOffset)
        return UnsafeRawBufferPointer(rebasing: window[start..<start + rowByteCount])
    }

    /// Goes on with the row that begins at `offset`.
    func seek(to offset: Int64) {
        (position, end, windowOffset, isAtEnd) = (0, 0, offset, false)
    }

    /// Goes back to the first row.
    func rewind() {
        damage = nil
        seek(to: dataOffset)
    }

    /// Moves to the next row.
    /// - Returns: false where there is none.
    func next() throws(SystemError) -> Bool {
        while damage == nil {
            while position < end, window[position] == 0x0a || window[position] == 0x0d { position += 1 }
            if position < end {
                // Taken out while it is filled, which is faster than a property of an object.
                var row = cells
                cells = []
                row.removeAll(keepingCapacity: true)
                let next = parse(&row)
                cells = row
                if let next {
                    rowOffset = windowOffset + Int64(position)
                    position = next
                    return true
                }
            }
            guard try extend() else { break }
        }
        return false
    }

    /// Brings more bytes into the window.
    /// - Returns: false at the end of the file, and where the row is too long.
    private func extend() throws(SystemError) -> Bool {
        if isAtEnd {
            if position < end { damage = "a quote is opened in a row and not closed" }
            return false
        }
        if position > 0 {
            window.copyMemory(from: UnsafeRawBufferPointer(rebasing: window[position..<end]))
            windowOffset += Int64(position)
            (position, end) = (0, end - position)
        }
        if end == window.count {
            guard window.count < Self.rowByteLimit else {
                damage = "a row is longer than 16 MiB"
                return false
            }
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * window.count, alignment: 16)
            larger.copyMemory(from: UnsafeRawBufferPointer(window))
            window.deallocate()
            window = larger
        }
        let free = UnsafeMutableRawBufferPointer(rebasing: window[end...])
        let count = try source.read(into: free, at: windowOffset + Int64(end))
        end += count
        isAtEnd = count < free.count
        return true
    }

    /// - Returns: where the next row begins; nil where this one is not whole.
    private func parse(_ row: inout [Cell]) -> Int? {
        switch format {
        case .delimited(let delimiter): parseDelimited(&row, UnsafeRawBufferPointer(window), position, end, isAtEnd, delimiter)
        case .jsonLines: parseLine(&row, UnsafeRawBufferPointer(window), position, end, isAtEnd)
        }
    }

    // MARK: columns

    private func readHeader() throws(SystemError) {
        guard try next() else { return }
        let fields = cells.prefix(Self.columnLimit).map { value($0) }
        hasHeader = Self.isHeader(fields, cells)
        var seen: Set<[UInt8]> = []
        for (position, field) in fields.enumerated() {
            let isNamed = hasHeader && !field.isEmpty
            var name = isNamed ? field : Array("column \(position + 1)".utf8)
            if !seen.insert(name).inserted {
                name += Array(" (column \(position + 1))".utf8)
                seen.insert(name)
            }
            names.append(name)
        }
        if hasHeader { dataOffset = windowOffset + Int64(position) }
        rewind()
    }

    /// Names are words: no numbers, no two alike, and none is missing but the first, which tables of an index lack.
    private static func isHeader(_ fields: [[UInt8]], _ cells: [Cell]) -> Bool {
        guard fields.dropFirst().allSatisfy({ !$0.isEmpty }), Set(fields).count == fields.count else { return false }
        return fields.allSatisfy { field in
            field.isEmpty || field.withUnsafeBytes { CellValue($0, .plain).isText }
        }
    }

    /// The place of a column of JSON Lines, which is new perhaps.
    /// - Parameter likely: where it would be if this row had the same keys as the others.
    /// - Returns: -1 where there are too many.
    func column(named key: UnsafeRawBufferPointer, likely: Int) -> Int {
        if likely < names.count, names[likely].count == key.count,
            names[likely].withUnsafeBytes({ $0.elementsEqual(key) }) { return likely }
        let hash = CellHash.of(key)
        if let known = knownColumns[hash] { return known }
        guard names.count < Self.columnLimit else { return -1 }
        names.append(Array(key))
        knownColumns[hash] = names.count - 1
        return names.count - 1
    }
}
