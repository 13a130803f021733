/// A piece of HTML that is well-formed XML too. Text that is put into it is escaped; only other markup goes in as it is.
struct Markup: ExpressibleByStringInterpolation {
    private(set) var source: String

    init(stringLiteral source: String) {
        self.source = source
    }

    init(stringInterpolation: StringInterpolation) {
        source = stringInterpolation.source
    }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var source = ""

        init(literalCapacity: Int, interpolationCount: Int) {
            source.reserveCapacity(literalCapacity * 2)
        }

        mutating func appendLiteral(_ literal: String) { source += literal }
        mutating func appendInterpolation(_ text: String) { source += Markup.escaped(text) }
        mutating func appendInterpolation(_ number: Int) { source += "\(number)" }
        /// A coordinate, to a tenth.
        mutating func appendInterpolation(_ number: Double) { source += Markup.coordinate(number) }
        mutating func appendInterpolation(_ markup: Markup) { source += markup.source }
        mutating func appendInterpolation(_ parts: some Sequence<Markup>) { for part in parts { source += part.source } }
    }

    static func += (left: inout Markup, right: Markup) { left.source += right.source }

    /// Text that means only itself: in an element, and in an attribute in double quotes. What is not to be seen, or turns
    /// the direction of what follows, is shown as its number.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        escaped.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            case "\n", "\t": escaped.unicodeScalars.append(scalar)
            default:
                if isUnseen(scalar) {
                    escaped += "[U+" + String(repeating: "0", count: max(0, 4 - String(scalar.value, radix: 16).count))
                        + String(scalar.value, radix: 16, uppercase: true) + "]"
                } else {
                    escaped.unicodeScalars.append(scalar)
                }
            }
        }
        return escaped
    }

    private static func isUnseen(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case ..<0x20, 0x7f...0x9f: true
        // Marks, embeddings, overrides and isolates of direction; separators of lines; what has no width.
        case 0x61c, 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f, 0xfeff: true
        // Not allowed in XML, or nowhere, and tags that nobody sees.
        case 0xfff9...0xffff, 0xfdd0...0xfdef, 0xe0000...0xe0fff: true
        default: scalar.value & 0xfffe == 0xfffe
        }
    }

    private static func coordinate(_ number: Double) -> String {
        guard number.isFinite, abs(number) < 1e9 else { return "0" }
        let tenths = Int((number * 10).rounded())
        let sign = tenths < 0 ? "-" : ""
        let rest = abs(tenths) % 10
        return sign + "\(abs(tenths) / 10)" + (rest == 0 ? "" : ".\(rest)")
    }
}
