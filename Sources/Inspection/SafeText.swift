/// Text and numbers that came from a file, as they may be shown.
enum SafeText {
    /// More of a text says nothing that a person reads.
    static let limit = 200

    /// The text without what a terminal would obey, and no longer than people read.
    static func of(_ bytes: some Sequence<UInt8>, limit: Int = limit) -> String {
        // Four bytes a character at most, and one character more to see that it is cut.
        let head = Array(bytes.prefix(4 * (limit + 1)))
        var text = ""
        var count = 0
        for scalar in String(decoding: head, as: UTF8.self).unicodeScalars {
            if count == limit { return text + "…" }
            switch scalar.value {
            case 0x09: text += "\\t"
            case 0x0a: text += "\\n"
            case 0x0d: text += "\\r"
            case 0..<0x20, 0x7f...0x9f, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069:
                text += "\\u{\(String(scalar.value, radix: 16))}"
            default: text.unicodeScalars.append(scalar)
            }
            count += 1
        }
        return text
    }

    /// A number as short as it can be read back.
    static func number(_ number: Double) -> String {
        let text = "\(number)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// The number with six significant digits, for what is computed and never exact.
    static func rounded(_ number: Double) -> Double {
        guard number.isFinite, number != 0 else { return number }
        var mantissa = number.magnitude
        var exponent = 0
        while mantissa >= 10 { mantissa /= 10; exponent += 1 }
        while mantissa < 1 { mantissa *= 10; exponent -= 1 }
        let digits = Int((mantissa * 100_000).rounded())
        return Double("\(number < 0 ? "-" : "")\(digits)e\(exponent - 5)") ?? number
    }
}
