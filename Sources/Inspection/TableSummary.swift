import Platform

/// One pass over a table in text: how many rows, and what each column holds.
struct TableSummary {
    private(set) var rowCount = 0
    /// In the order of `names`.
    private(set) var columns: [ColumnStatistics] = []
    private(set) var names: [[UInt8]] = []
    let format: TableFormat
    private let hasHeader: Bool
    /// Rows with more or fewer fields than the first.
    private(set) var raggedCount = 0
    /// Lines of JSON Lines that are no object.
    private(set) var strayCount = 0
    private(set) var damage: String?
    private var keyCandidateCount = 0
    private var columnCount = 0

    /// So many columns are counted beyond the usual, as they may be keys.
    private static let keyCandidateLimit = 2

    init(_ source: ByteSource, _ format: TableFormat) throws(SystemError) {
        self.format = format
        let reader = try TableReader(source, format)
        hasHeader = reader.hasHeader
        columns = reader.names.map { _ in ColumnStatistics() }
        while try reader.next() { take(reader) }
        names = reader.names
        damage = reader.damage
        if case .jsonLines = format { columnCount = names.count }
    }

    private mutating func take(_ reader: TableReader) {
        rowCount += 1
        while columns.count < reader.names.count { columns.append(ColumnStatistics()) }
        switch format {
        case .delimited:
            if rowCount == 1 { columnCount = reader.cells.count }
            if reader.cells.count != columnCount { raggedCount += 1 }
        case .jsonLines:
            if reader.cells.first?.form == .whole { strayCount += 1 }
        }
        let window = UnsafeRawBufferPointer(reader.window)
        for cell in reader.cells where cell.column >= 0 && cell.column < columns.count {
            let bytes = UnsafeRawBufferPointer(rebasing: window[cell.start..<cell.end])
            let hash = cell.form == .escaped ? reader.hash(cell) : CellHash.of(bytes)
            columns[cell.column].take(bytes, cell.form, hash: hash, row: rowCount)
        }
        // The first thousand rows have told which columns repeat themselves.
        if rowCount == ColumnStatistics.distinctLimit { chooseKeyCandidates() }
    }

    private mutating func chooseKeyCandidates() {
        for position in columns.indices where columns[position].isKeyCandidate && keyCandidateCount < Self.keyCandidateLimit {
            columns[position].considerAsKey()
            keyCandidateCount += 1
        }
    }

    /// Whether the column tells each row from every other.
    func isKey(_ column: Int) -> Bool {
        columns[column].isKey(rowCount: rowCount)
    }

    func fill(_ summary: inout DataSummary) {
        summary.add("rows", rowCount)
        summary.add("columns", max(columnCount, names.count))
        if let delimiter = format.delimiterName {
            if delimiter != "comma" { summary.add("delimiter", delimiter) }
            if !hasHeader { summary.add("header", "none") }
        }
        if raggedCount > 0 { summary.add("rows of another width", raggedCount) }
        if strayCount > 0 { summary.add("lines without an object", strayCount) }
        for (name, column) in zip(names, columns) {
            summary.parts.append(.init(.column, SafeText.of(name), column.facts(rowCount: rowCount)))
        }
        summary.omittedPartCount = max(0, columnCount - names.count)
        summary.damage = damage
    }
}
