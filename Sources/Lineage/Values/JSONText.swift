/// JSON, with the `NaN` and `Infinity` that Python's `json` writes. Of a key that an object has twice the last one counts.
///
/// Spec: RFC 8259.
struct JSONText {
    private var cursor: ValueCursor

    static func parse(_ text: [UInt8]) throws(ValueError) -> JSONValue {
        var reader = JSONText(cursor: ValueCursor(text))
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.cursor.isAtEnd else { throw reader.cursor.error("something stands behind the value") }
        return value
    }

    /// The last line that is not empty; an empty object where there is none.
    static func parseLastLine(_ text: [UInt8]) throws(ValueError) -> JSONValue {
        let isSpace: (UInt8) -> Bool = { isWhite($0) }
        guard let end = text.lastIndex(where: { !isSpace($0) }) else { return .object([:]) }
        let newline = text[...end].lastIndex(of: UInt8(ascii: "\n"))
        let start = newline.map { $0 + 1 } ?? 0
        do throws(ValueError) {
            return try parse(Array(text[start...end]))
        } catch {
            throw ValueError(line: text[..<start].count { $0 == UInt8(ascii: "\n") } + 1, error.reason)
        }
    }

    private static func isWhite(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
    }

    private mutating func skipSpace() {
        cursor.skip { Self.isWhite($0) }
    }

    private mutating func value(depth: Int) throws(ValueError) -> JSONValue {
        skipSpace()
        guard depth <= ValueFile.maximumDepth else { throw cursor.error("it is nested too deeply") }
        switch cursor.next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try list(depth: depth)
        case UInt8(ascii: "\""): return .text(try string())
        case nil: throw cursor.error("it ends where a value should be")
        default: break
        }
        let start = cursor.position
        let word = cursor.skip { $0.isDigit || $0.isLetter || [0x2b, 0x2d, 0x2e].contains($0) }
        if let number = PlainNumber.parse(word) { return number }
        switch String(decoding: word, as: UTF8.self) {
        case "null": return .null
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "NaN": return .number(.nan)
        case "Infinity": return .number(.infinity)
        case "-Infinity": return .number(-.infinity)
        default: throw cursor.error("this is no value of JSON", at: start)
        }
    }

    private mutating func object(depth: Int) throws(ValueError) -> JSONValue {
        cursor.position += 1
        var members: [String: JSONValue] = [:]
        skipSpace()
        if cursor.take(UInt8(ascii: "}")) { return .object(members) }
        while true {
            skipSpace()
            guard cursor.next == UInt8(ascii: "\"") else { throw cursor.error("a key in quotes is missing") }
            let key = try string()
            skipSpace()
            guard cursor.take(UInt8(ascii: ":")) else { throw cursor.error("':' is missing behind a key") }
            members[key] = try value(depth: depth + 1)
            skipSpace()
            if cursor.take(UInt8(ascii: "}")) { return .object(members) }
            guard cursor.take(UInt8(ascii: ",")) else { throw cursor.error("',' or '}' is missing") }
        }
    }

    private mutating func list(depth: Int) throws(ValueError) -> JSONValue {
        cursor.position += 1
        var elements: [JSONValue] = []
        skipSpace()
        if cursor.take(UInt8(ascii: "]")) { return .list(elements) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if cursor.take(UInt8(ascii: "]")) { return .list(elements) }
            guard cursor.take(UInt8(ascii: ",")) else { throw cursor.error("',' or ']' is missing") }
        }
    }

    private mutating func string() throws(ValueError) -> String {
        let start = cursor.position
        cursor.position += 1
        var text: [UInt8] = []
        while true {
            text += cursor.skip { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
            switch cursor.next {
            case UInt8(ascii: "\""):
                cursor.position += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &text)
            case nil: throw cursor.error("a text without its closing quote", at: start)
            default: throw cursor.error("a control character in a text")
            }
        }
    }

    private mutating func escape(into text: inout [UInt8]) throws(ValueError) {
        cursor.position += 1
        guard let letter = cursor.next else { throw cursor.error("it ends in a text") }
        cursor.position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var value = try cursor.scalar(digits: 4)
            if (0xd800..<0xdc00).contains(value), cursor.has("\\u") {
                let before = cursor.position
                cursor.position += 2
                let low = try cursor.scalar(digits: 4)
                if (0xdc00..<0xe000).contains(low) {
                    value = 0x10000 + ((value - 0xd800) << 10) + (low - 0xdc00)
                } else {
                    cursor.position = before
                }
            }
            // Half of a pair is no character.
            if !text.append(scalar: value) { text += UTF8.encodedReplacementCharacter }
        default: throw cursor.error("'\\\(String(decoding: [letter], as: UTF8.self))' is no escape of JSON")
        }
    }
}

extension UInt8 {
    var isLetter: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self)
    }
}
