import Platform

/// Arguments as they can be pasted into a POSIX shell.
enum ShellWord {
    /// The path as one word: bare where that is safe, in single quotes where it is text, as `$'…'` where not.
    /// What a program would take for an option or for pathspec magic begins with `./`.
    static func quoted(_ path: BytePath) -> String {
        let isSpecial = path.bytes.first == UInt8(ascii: "-") || path.bytes.first == UInt8(ascii: ":")
        return argument(BytePath(bytes: (isSpecial ? Array("./".utf8) : []) + path.bytes))
    }

    /// As `quoted`, for what need not be a path: options stay options.
    static func argument(_ argument: BytePath) -> String {
        let bytes = argument.bytes
        let text = String(decoding: bytes, as: UTF8.self)
        let isPlain = argument.isUTF8 && !text.unicodeScalars.contains { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) }
        guard isPlain else { return "$'" + bytes.map(escaped).joined() + "'" }
        let isBare = !bytes.isEmpty && bytes.allSatisfy { bareBytes.contains($0) }
        return isBare ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }

    private static let bareBytes = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/+,@%:=".utf8)

    private static func escaped(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "'"), UInt8(ascii: "\\"): return "\\" + String(UnicodeScalar(byte))
        case 0x20...0x7e: return String(UnicodeScalar(byte))
        default:
            let octal = String(byte, radix: 8)
            return "\\" + String(repeating: "0", count: 3 - octal.count) + octal
        }
    }
}
