/// A place in a text, which moves on.
struct ValueCursor {
    let bytes: [UInt8]
    var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Text in which each line ends with a newline alone.
    init(lines bytes: [UInt8]) {
        guard bytes.contains(UInt8(ascii: "\r")) else {
            self.bytes = bytes
            return
        }
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count)
        for (position, byte) in bytes.enumerated() {
            let isBeforeNewline = position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: "\n")
            if byte != UInt8(ascii: "\r") || !isBeforeNewline { kept.append(byte) }
        }
        self.bytes = kept
    }

    var isAtEnd: Bool { position >= bytes.count }

    /// The next byte; nil at the end.
    var next: UInt8? { peek(0) }

    func peek(_ distance: Int) -> UInt8? {
        let place = position + distance
        return bytes.indices.contains(place) ? bytes[place] : nil
    }

    func has(_ text: StaticString) -> Bool {
        guard bytes.count - position >= text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { bytes[position...].starts(with: $0) }
    }

    /// Moves behind a text, where it stands here.
    mutating func take(_ text: StaticString) -> Bool {
        guard has(text) else { return false }
        position += text.utf8CodeUnitCount
        return true
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    @discardableResult
    mutating func skip(while isWanted: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let start = position
        while position < bytes.count, isWanted(bytes[position]) { position += 1 }
        return bytes[start..<position]
    }

    mutating func skipBlanks() {
        skip { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    }

    /// An error in the line of this place, or of another.
    func error(_ reason: String, at place: Int? = nil) -> ValueError {
        // A place behind the last newline is in the last line that there is.
        let end = min(place ?? position, bytes.count)
        var newlines = bytes[..<end].count { $0 == UInt8(ascii: "\n") }
        if end == bytes.count, end > 0, bytes[end - 1] == UInt8(ascii: "\n") { newlines -= 1 }
        return ValueError(line: newlines + 1, reason)
    }

    /// As many hexadecimal digits as are asked for, as a character.
    mutating func scalar(digits count: Int) throws(ValueError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let digit = next.flatMap({ Self.hexValue($0) }) else { throw error("an escape without its \(count) hexadecimal digits") }
            value = value << 4 | digit
            position += 1
        }
        return value
    }

    private static func hexValue(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }
}

extension [UInt8] {
    /// Adds a character.
    /// - Returns: false where there is no such character.
    mutating func append(scalar value: UInt32) -> Bool {
        guard let scalar = Unicode.Scalar(value) else { return false }
        append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        return true
    }
}

extension UInt8 {
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}

/// Text as a number, or none.
enum PlainNumber {
    /// What may be written beyond JSON's numbers.
    struct Forms: OptionSet {
        let rawValue: Int
        /// `+1`
        static let plus = Forms(rawValue: 1)
        /// `007`
        static let leadingZeros = Forms(rawValue: 2)
        /// `.5` and `5.`
        static let bareDot = Forms(rawValue: 4)
    }

    /// - Returns: nil for what is no number of these forms, to its last byte.
    static func parse(_ text: ArraySlice<UInt8>, _ forms: Forms = []) -> JSONValue? {
        var rest = text
        if rest.first == UInt8(ascii: "-") || (forms.contains(.plus) && rest.first == UInt8(ascii: "+")) { rest.removeFirst() }
        let whole = rest.prefix { $0.isDigit }
        rest = rest[whole.endIndex...]
        if whole.count > 1, whole.first == UInt8(ascii: "0"), !forms.contains(.leadingZeros) { return nil }
        var isInteger = true
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            isInteger = false
            fraction = rest.prefix { $0.isDigit }
            rest = rest[fraction.endIndex...]
            guard forms.contains(.bareDot) || (!whole.isEmpty && !fraction.isEmpty) else { return nil }
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest.removeFirst()
            isInteger = false
            if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
            let exponent = rest.prefix { $0.isDigit }
            guard !exponent.isEmpty else { return nil }
            rest = rest[exponent.endIndex...]
        }
        guard rest.isEmpty else { return nil }
        let written = String(decoding: text, as: UTF8.self)
        if isInteger { return integer(written) }
        // Swift wants a digit on both sides of the dot.
        let dotted = whole.isEmpty ? written.replacingDot(with: "0.") : fraction.isEmpty ? written.replacingDot(with: ".0") : written
        return Double(dotted).map { .number($0) }
    }

    /// A whole number; one that neither 64 bits nor a floating-point number hold exactly, such as a long seed, as text.
    static func integer(_ written: String) -> JSONValue? {
        if let integer = Int64(written) { return .integer(integer) }
        var digits = written.utf8.drop { !$0.isDigit || $0 == UInt8(ascii: "0") }
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        guard digits.count > 15 else { return Double(written).map { .number($0) } }
        return .text(written)
    }
}

extension String {
    fileprivate func replacingDot(with replacement: String) -> String {
        guard let dot = firstIndex(of: ".") else { return self }
        return self[..<dot] + replacement + self[index(after: dot)...]
    }
}
