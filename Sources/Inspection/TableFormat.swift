/// How a text is a table.
enum TableFormat: Equatable, Sendable {
    case delimited(by: UInt8)
    case jsonLines

    /// - Parameters:
    ///   - prefix: the file's first bytes, as for `FileKind`.
    ///   - kind: what `FileKind` says of them.
    /// - Returns: nil for what is no table in text.
    init?(kind: FileKind, prefix: [UInt8], isWhole: Bool) {
        switch kind {
        case .csv, .tsv:
            guard let delimiter = FileKind.tableDelimiter(FileKind.withoutMark(prefix[...]), isWhole: isWhole) else { return nil }
            self = .delimited(by: delimiter)
        case .jsonLines: self = .jsonLines
        default: return nil
        }
    }

    /// The delimiter as a person calls it; nil for JSON Lines.
    var delimiterName: String? {
        switch self {
        case .jsonLines: nil
        case .delimited(by: 9): "tabulator"
        case .delimited(by: UInt8(ascii: ",")): "comma"
        case .delimited(by: UInt8(ascii: ";")): "semicolon"
        case .delimited(by: UInt8(ascii: "|")): "bar"
        case .delimited(by: let other): SafeText.of([other])
        }
    }
}

/// One value of a row.
struct Cell {
    enum Form {
        case plain
        /// In quotes, which are left out of the range.
        case quoted
        /// In quotes, with quotes inside that are written twice.
        case escaped
        /// An object or array of JSON.
        case nested
        /// A line that is no object, or a column beyond those that are told apart.
        case whole
    }

    /// Its place in `TableReader.names`; -1 where that is full.
    var column: Int
    /// Where its bytes are in the reader's window.
    var start: Int
    var end: Int
    var form: Form
}
