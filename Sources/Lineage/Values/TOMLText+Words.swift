/// Texts, numbers and dates of TOML.
extension TOMLText {
    /// What has neither quotes nor brackets.
    mutating func word() throws(ValueError) -> JSONValue {
        let start = cursor.position
        let isPart: (UInt8) -> Bool = { byte in
            byte.isDigit || byte.isLetter || [0x2b, 0x2d, 0x2e, 0x3a, 0x5f].contains(byte)
        }
        var word = cursor.skip(while: isPart)
        // A date and a time may have a space between them.
        if word.count == 10, Self.isDate(word), cursor.next == UInt8(ascii: " "), cursor.peek(1)?.isDigit == true {
            cursor.position += 1
            let time = cursor.skip(while: isPart)
            word = word + [UInt8(ascii: " ")] + time
        }
        let text = String(decoding: word, as: UTF8.self)
        switch text {
        case "": throw cursor.error(cursor.isAtEnd || cursor.next == UInt8(ascii: "\n") ? "a value is missing" : "this is no value of TOML")
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "inf", "+inf": return .number(.infinity)
        case "-inf": return .number(-.infinity)
        case "nan", "+nan", "-nan": return .number(.nan)
        default: break
        }
        guard let value = Self.number(word) ?? (Self.isTime(word) ? .text(text) : nil) else {
            throw cursor.error("'\(text)' is no value of TOML", at: start)
        }
        return value
    }

    private static func number(_ word: ArraySlice<UInt8>) -> JSONValue? {
        let underscore = UInt8(ascii: "_")
        let bytes = Array(word)
        for (place, byte) in bytes.enumerated() where byte == underscore {
            guard place > 0, place + 1 < bytes.count, bytes[place - 1].isHexDigit, bytes[place + 1].isHexDigit else { return nil }
        }
        let digits = bytes.filter { $0 != underscore }
        if digits.count > 2, digits[0] == UInt8(ascii: "0"), let radix = [UInt8(ascii: "x"): 16, UInt8(ascii: "o"): 8, UInt8(ascii: "b"): 2][digits[1]] {
            guard bytes[2] != underscore else { return nil }
            return radixNumber(digits[2...], radix)
        }
        // `1_e5` and `1e_5` have letters beside the underscore, which are no digits of them.
        for (place, byte) in bytes.enumerated() where byte == underscore {
            guard bytes[place - 1].isDigit, bytes[place + 1].isDigit else { return nil }
        }
        return PlainNumber.parse(digits[...], .plus)
    }

    /// - Returns: nil for what is no number of this base, and for what 64 bits do not hold.
    static func radixNumber(_ digits: ArraySlice<UInt8>, _ radix: Int) -> JSONValue? {
        guard digits.allSatisfy(\.isHexDigit), let value = UInt64(String(decoding: digits, as: UTF8.self), radix: radix) else { return nil }
        return PlainNumber.integer("\(value)")
    }

    /// `1979-05-27`
    private static func isDate(_ text: ArraySlice<UInt8>) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.map(\.count) == [4, 2, 2], let year = decimal(parts[0]), let month = decimal(parts[1]), let day = decimal(parts[2]) else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...12).contains(month) && (1...lengths[month - 1]).contains(day)
    }

    /// A date, a time, or both with or without an offset.
    private static func isTime(_ text: ArraySlice<UInt8>) -> Bool {
        if isDate(text) { return true }
        var rest = text
        let hasDate = text.count > 11 && isDate(text.prefix(10))
        if hasDate {
            guard [UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")].contains(text[text.startIndex + 10]) else { return false }
            rest = text.dropFirst(11)
        }
        func clock(_ limits: [Int]) -> Bool {
            for (place, limit) in limits.enumerated() {
                if place > 0 {
                    guard rest.first == UInt8(ascii: ":") else { return false }
                    rest = rest.dropFirst()
                }
                guard rest.count >= 2, let value = decimal(rest.prefix(2)), value < limit else { return false }
                rest = rest.dropFirst(2)
            }
            return true
        }
        guard clock([24, 60, 60]) else { return false }
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix { $0.isDigit }
            guard !fraction.isEmpty else { return false }
            rest = rest[fraction.endIndex...]
        }
        guard hasDate, let sign = rest.first else { return rest.isEmpty }
        rest = rest.dropFirst()
        if sign == UInt8(ascii: "Z") || sign == UInt8(ascii: "z") { return rest.isEmpty }
        return (sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-")) && clock([24, 60]) && rest.isEmpty
    }

    private static func decimal(_ digits: ArraySlice<UInt8>) -> Int? {
        digits.allSatisfy(\.isDigit) ? Int(String(decoding: digits, as: UTF8.self)) : nil
    }

    /// `"…"`
    mutating func basicString() throws(ValueError) -> String {
        let start = cursor.position
        cursor.position += 1
        var text: [UInt8] = []
        while true {
            text += cursor.skip { Self.isPlain($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
            switch cursor.next {
            case UInt8(ascii: "\""):
                cursor.position += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &text)
            case nil, UInt8(ascii: "\n"): throw cursor.error("a text without its closing quote", at: start)
            default: throw cursor.error("a control character in a text")
            }
        }
    }

    /// `'…'`
    mutating func literalString() throws(ValueError) -> String {
        let start = cursor.position
        cursor.position += 1
        let text = cursor.skip { Self.isPlain($0) && $0 != UInt8(ascii: "'") }
        guard cursor.take(UInt8(ascii: "'")) else { throw cursor.error("a text without its closing quote", at: start) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Text between three quotes.
    mutating func longString(_ quote: UInt8) throws(ValueError) -> String {
        let start = cursor.position
        cursor.position += 3
        _ = cursor.take(UInt8(ascii: "\n"))
        var text: [UInt8] = []
        while true {
            text += cursor.skip { (Self.isPlain($0) || $0 == UInt8(ascii: "\n")) && $0 != quote && $0 != UInt8(ascii: "\\") }
            switch cursor.next {
            case quote:
                // One or two quotes may stand before the three that close it.
                let quotes = cursor.skip { $0 == quote }.count
                if quotes >= 3 {
                    guard quotes <= 5 else { throw cursor.error("too many quotes") }
                    text += repeatElement(quote, count: quotes - 3)
                    return String(decoding: text, as: UTF8.self)
                }
                text += repeatElement(quote, count: quotes)
            case UInt8(ascii: "\\") where quote == UInt8(ascii: "'"):
                text.append(UInt8(ascii: "\\"))
                cursor.position += 1
            case UInt8(ascii: "\\"):
                if !skipLineBreak() { try escape(into: &text) }
            case nil: throw cursor.error("a text without its closing quotes", at: start)
            default: throw cursor.error("a control character in a text")
            }
        }
    }

    /// Moves behind a backslash at the end of a line, with all white space that follows.
    private mutating func skipLineBreak() -> Bool {
        var after = cursor
        after.position += 1
        after.skipBlanks()
        guard after.next == UInt8(ascii: "\n") else { return false }
        after.skip { $0.isBlank || $0 == UInt8(ascii: "\n") }
        cursor.position = after.position
        return true
    }

    private mutating func escape(into text: inout [UInt8]) throws(ValueError) {
        cursor.position += 1
        guard let letter = cursor.next else { throw cursor.error("it ends in a text") }
        cursor.position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let value = try cursor.scalar(digits: letter == UInt8(ascii: "u") ? 4 : 8)
            guard text.append(scalar: value) else { throw cursor.error("an escape that is no character") }
        default: throw cursor.error("an escape that TOML does not have")
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\t") || (byte >= 0x20 && byte != 0x7f)
    }
}

extension UInt8 {
    var isHexDigit: Bool {
        isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self) || (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(self)
    }
}
