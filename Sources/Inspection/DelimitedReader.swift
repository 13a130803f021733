/// The records of a table in text: fields between delimiters, in quotes where they hold delimiters,
/// quotes or line ends themselves.
///
/// Spec: RFC 4180, with other delimiters as well.
struct DelimitedReader {
    private var rest: ArraySlice<UInt8>
    private let delimiter: UInt8
    private let isWhole: Bool
    /// Whether a quote was not closed by the end of the whole text.
    private(set) var isDamaged = false

    init(_ text: ArraySlice<UInt8>, delimiter: UInt8, isWhole: Bool) {
        rest = text
        self.delimiter = delimiter
        self.isWhole = isWhole
    }

    /// The number of fields of the next record; nil where no whole record is left. Empty lines are none.
    mutating func nextFieldCount() -> Int? {
        while let first = rest.first, first == UInt8(ascii: "\n") || first == UInt8(ascii: "\r") { rest.removeFirst() }
        guard !rest.isEmpty else { return nil }
        var count = 1
        var isQuoted = false
        var isAtStart = true
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\"") where isQuoted:
                // Two quotes stand for one.
                if rest.first == byte { rest.removeFirst() } else { isQuoted = false }
            case UInt8(ascii: "\"") where isAtStart: isQuoted = true
            case delimiter where !isQuoted:
                count += 1
                isAtStart = true
                continue
            case UInt8(ascii: "\n") where !isQuoted: return count
            default: break
            }
            isAtStart = false
        }
        isDamaged = isQuoted && isWhole
        return isWhole && !isQuoted ? count : nil
    }
}
