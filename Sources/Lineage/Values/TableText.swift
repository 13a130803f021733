/// Tables in text, with quotes as RFC 4180 has them.
struct TableText {
    private var cursor: ValueCursor
    private let delimiter: UInt8

    /// - Returns: see `ValueFile.parse`. An empty object where there are no rows.
    static func parse(_ text: [UInt8], delimiter: UInt8) throws(ValueError) -> JSONValue {
        var reader = TableText(cursor: ValueCursor(text), delimiter: delimiter)
        guard let header = try reader.row() else { return .object([:]) }
        var last: [String]?
        var pairs: [String: JSONValue]? = header.count == 2 ? [:] : nil
        // A table of names and numbers alone may have no header: no column has a number for its name.
        if pairs != nil, isName(header[0]), case .integer? = number(header[1]) { pairs?[header[0]] = scalar(header[1]) }
        if pairs != nil, isName(header[0]), case .number? = number(header[1]) { pairs?[header[0]] = scalar(header[1]) }
        while let start = reader.nextRow(), let row = try reader.row() {
            guard row.count == header.count else {
                throw reader.cursor.error("\(row.count) values where the header has \(header.count)", at: start)
            }
            last = row
            if pairs != nil {
                if !isName(row[0]) || pairs?.updateValue(scalar(row[1]), forKey: row[0]) != nil { pairs = nil }
            }
        }
        if let pairs, last != nil || !pairs.isEmpty { return .object(pairs) }
        guard let last else { return .object([:]) }
        var members: [String: JSONValue] = [:]
        // Columns without a name are row numbers that libraries write.
        for (name, cell) in zip(header, last) where !name.isEmpty {
            guard members.updateValue(scalar(cell), forKey: name) == nil else {
                throw ValueError(line: 1, "the header has '\(name)' twice")
            }
        }
        return .object(members)
    }

    /// Whether a cell is text that can name something.
    private static func isName(_ cell: String) -> Bool {
        if case .text(let text) = scalar(cell) { return !text.isEmpty }
        return false
    }

    private static func number(_ cell: String) -> JSONValue? {
        PlainNumber.parse(Array(cell.utf8)[...], .bareDot)
    }

    /// A cell as the value that it says: a number, a truth value, nothing, or text.
    static func scalar(_ cell: String) -> JSONValue {
        if let number = number(cell) { return number }
        switch cell {
        case "": return .null
        case "true", "True", "TRUE": return .boolean(true)
        case "false", "False", "FALSE": return .boolean(false)
        case "nan", "NaN", "NAN": return .number(.nan)
        case "inf", "Inf", "Infinity", "+inf": return .number(.infinity)
        case "-inf", "-Inf", "-Infinity": return .number(-.infinity)
        default: return .text(cell)
        }
    }

    /// Moves to the next line that is not empty.
    /// - Returns: where it begins; nil at the end.
    private mutating func nextRow() -> Int? {
        cursor.skip { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
        return cursor.isAtEnd ? nil : cursor.position
    }

    private mutating func row() throws(ValueError) -> [String]? {
        guard nextRow() != nil else { return nil }
        var cells: [String] = []
        while true {
            cells.append(try cell())
            if cursor.take(delimiter) { continue }
            _ = cursor.take(UInt8(ascii: "\r"))
            guard cursor.isAtEnd || cursor.take(UInt8(ascii: "\n")) else { throw cursor.error("something stands behind a closing quote") }
            return cells
        }
    }

    private mutating func cell() throws(ValueError) -> String {
        let start = cursor.position
        guard cursor.take(UInt8(ascii: "\"")) else {
            let text = cursor.skip { [delimiter] in $0 != delimiter && $0 != UInt8(ascii: "\n") }
            let isBeforeNewline = text.last == UInt8(ascii: "\r") && cursor.next != delimiter
            if isBeforeNewline { cursor.position -= 1 }
            return String(decoding: isBeforeNewline ? text.dropLast() : text, as: UTF8.self)
        }
        var text: [UInt8] = []
        while true {
            text += cursor.skip { $0 != UInt8(ascii: "\"") }
            guard cursor.take(UInt8(ascii: "\"")) else { throw cursor.error("a value without its closing quote", at: start) }
            guard cursor.take(UInt8(ascii: "\"")) else { return String(decoding: text, as: UTF8.self) }
            text.append(UInt8(ascii: "\""))
        }
    }
}
