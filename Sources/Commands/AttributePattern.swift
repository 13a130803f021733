import Platform

/// A pattern of `.gitattributes` as Git matches it, without what its line does to write it down.
///
/// Spec: gitattributes(5); Git's `parse_attr_line` in attr.c.
struct AttributePattern: Equatable {
    let bytes: [UInt8]

    init(bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
    }

    /// Matches one path and no other.
    /// - Parameter path: from the folder of the `.gitattributes`.
    init(exactly path: BytePath) {
        bytes = [slash] + Self.literal(path)
    }

    /// A path in which no byte is a wildcard.
    static func literal(_ path: BytePath) -> [UInt8] {
        Array(path.bytes.map { wildcards.contains($0) ? [backslash, $0] : [$0] }.joined())
    }

    private static let wildcards = Set("*?[\\".utf8)

    var hasWildcards: Bool { bytes.contains { Self.wildcards.contains($0) } }

    /// Whether Git takes it for the name of a macro.
    var isMacro: Bool {
        let prefix = Array("[attr]".utf8)
        return bytes.count > prefix.count && bytes.starts(with: prefix)
    }

    /// As a person may read and paste it.
    var shown: String {
        let text = path.text
        let isPlain = path.isUTF8 && !text.unicodeScalars.contains { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) }
        return isPlain ? text : path.description
    }

    /// What it names; of use only without wildcards.
    var path: BytePath { BytePath(bytes: bytes) }

    /// The same pattern of a `.gitattributes` in a folder above.
    /// - Parameter folder: the present folder, from there.
    func moved(outOf folder: BytePath) -> AttributePattern {
        guard !folder.isEmpty, bytes.dropLast().contains(slash) else { return self }
        let rest = bytes.first == slash ? bytes.dropFirst() : bytes[...]
        return AttributePattern(bytes: [slash] + Self.literal(folder) + [slash] + rest)
    }

    /// Equal for patterns that are one pattern to a person: whether written with `[[:space:]]` or with quotes,
    /// and with or without the leading slash where another slash stands further on.
    var key: [UInt8] {
        var key = bytes
        if key.first == slash, key.dropFirst().dropLast().contains(slash) { key.removeFirst() }
        if key.starts(with: [backslash, hash]) { key.removeFirst() }
        var spaced: [UInt8] = []
        var rest = key[...]
        while let byte = rest.first {
            if rest.starts(with: Self.space) {
                spaced.append(UInt8(ascii: " "))
                rest = rest.dropFirst(Self.space.count)
            } else {
                spaced.append(byte)
                rest = rest.dropFirst()
            }
        }
        return spaced
    }

    // MARK: in a line

    /// A blank ends a pattern, and this is how Git LFS and older Gits write one inside.
    private static let space = Array("[[:space:]]".utf8)

    /// As a line has it. Quotes are used only where nothing else serves, as Git LFS cannot read them.
    var written: [UInt8] {
        let isSpaced = bytes.contains(UInt8(ascii: " "))
        let isControlled = bytes.contains { $0 < 0x20 || $0 == 0x7f }
        // Inside brackets, or behind a backslash, `[[:space:]]` would mean something else.
        let isIntricate = isSpaced && (bytes.contains(UInt8(ascii: "[")) || bytes.contains(backslash))
        if bytes.first == quote || isControlled || isIntricate { return quoted }
        let start = bytes.first == hash ? [backslash] : []
        return start + bytes.map { $0 == UInt8(ascii: " ") ? Self.space : [$0] }.joined()
    }

    private var quoted: [UInt8] {
        var quoted = [quote]
        for byte in bytes {
            switch byte {
            case quote, backslash: quoted += [backslash, byte]
            case 0..<0x20, 0x7f:
                let octal = String(byte, radix: 8)
                quoted += Array(("\\" + String(repeating: "0", count: 3 - octal.count) + octal).utf8)
            default: quoted.append(byte)
            }
        }
        return quoted + [quote]
    }

    /// Reads the pattern at the start of `text`, and how many bytes it takes there.
    static func read(_ text: ArraySlice<UInt8>) -> (pattern: AttributePattern, byteCount: Int) {
        if text.first == quote, let unquoted = unquote(text) { return unquoted }
        let word = text.prefix { !isBlank($0) }
        return (AttributePattern(bytes: word), word.count)
    }

    /// Source: Git, `unquote_c_style` in quote.c.
    private static func unquote(_ text: ArraySlice<UInt8>) -> (pattern: AttributePattern, byteCount: Int)? {
        var bytes: [UInt8] = []
        var rest = text.dropFirst()
        while let byte = rest.popFirst() {
            if byte == quote { return (AttributePattern(bytes: bytes), text.count - rest.count) }
            guard byte == backslash else {
                bytes.append(byte)
                continue
            }
            guard let escape = rest.popFirst() else { return nil }
            switch escape {
            case quote, backslash: bytes.append(escape)
            case UInt8(ascii: "0")...UInt8(ascii: "3"):
                let digits = [escape] + rest.prefix(2)
                guard digits.count == 3, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8) else { return nil }
                rest = rest.dropFirst(2)
                bytes.append(value)
            default:
                guard let position = Array("abfnrtv".utf8).firstIndex(of: escape) else { return nil }
                bytes.append([7, 8, 12, 10, 13, 9, 11][position])
            }
        }
        return nil
    }
}

/// What ends a word of `.gitattributes`.
func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a
}

private let slash = UInt8(ascii: "/")
private let backslash = UInt8(ascii: "\\")
private let quote = UInt8(ascii: "\"")
private let hash = UInt8(ascii: "#")
