/// Texts that Git LFS may meet, and whether it takes them for pointers.
struct LFSPointerCase {
    let name: String
    let text: String
    let isPointer: Bool

    static let hex = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
    static let version = "version https://git-lfs.github.com/spec/v1\n"
    static let oid = "oid sha256:\(hex)\n"
    static let size = "size 12345\n"
    static let canonical = version + oid + size

    static func ext(_ key: String, _ digit: Character = "a") -> String {
        "ext-\(key) sha256:\(String(repeating: digit, count: 64))\n"
    }

    private init(_ name: String, _ isPointer: Bool, _ text: String) {
        self.name = name
        self.text = text
        self.isPointer = isPointer
    }

    private static func padded(to byteCount: Int) -> String {
        canonical + String(repeating: "\n", count: byteCount - canonical.utf8.count)
    }

    static let all: [LFSPointerCase] = [
        .init("canonical", true, canonical),
        .init("largest size", true, version + oid + "size 9223372036854775807\n"),
        .init("pre-release version", true, "version https://hawser.github.com/spec/v1\n" + oid + size),
        .init("alpha version", true, "version http://git-media.io/v/2\n" + oid + size),
        .init("unknown version", false, "version https://git-lfs.github.com/spec/v2\n" + oid + size),
        .init("version with slash behind", false, "version https://git-lfs.github.com/spec/v1/\n" + oid + size),
        .init("version with another scheme", false, "version http://git-lfs.github.com/spec/v1\n" + oid + size),
        .init("version with space behind", false, "version https://git-lfs.github.com/spec/v1 \n" + oid + size),

        .init("no final newline", true, version + oid + "size 12345"),
        .init("carriage returns", true, canonical.replacing("\n", with: "\r\n")),
        .init("two carriage returns", false, canonical.replacing("\n", with: "\r\r\n")),
        .init("carriage returns alone", false, canonical.replacing("\n", with: "\r")),
        .init("trailing spaces", true, version + oid + "size 12345  \t \n"),
        .init("trailing vertical tab and form feed", true, canonical + "\u{0b}\u{0c}"),
        .init("trailing no-break and ideographic space", true, canonical + "\u{a0}\u{3000}"),
        .init("trailing ogham space", true, canonical + "\u{1680}"),
        .init("trailing next line", true, canonical + "\u{85}"),
        .init("trailing zero-width space", false, canonical + "\u{200b}"),
        .init("trailing file separator", false, canonical + "\u{1c}"),
        .init("trailing NUL", false, canonical + "\0"),
        .init("leading white space", true, "\n \t" + canonical),
        .init("byte order mark", false, "\u{feff}" + canonical),
        .init("empty lines", true, version + "\n\r\n" + oid + "\n" + size),
        .init("line of a space", false, version + " \n" + oid + size),
        .init("oid with space behind", false, version + "oid sha256:\(hex) \n" + size),
        .init("two spaces before a value", false, version + "oid  sha256:\(hex)\n" + size),
        .init("space before a key", false, version + " " + oid + size),

        .init("upper-case oid", false, version + "oid sha256:\(hex.uppercased())\n" + size),
        .init("short oid", false, version + "oid sha256:\(hex.dropLast())\n" + size),
        .init("long oid", false, version + "oid sha256:\(hex)0\n" + size),
        .init("oid of other letters", false, version + "oid sha256:\(String(repeating: "z", count: 64))\n" + size),
        .init("oid of another kind", false, version + "oid sha512:\(hex)\n" + size),
        .init("oid without kind", false, version + "oid \(hex)\n" + size),
        .init("size with plus", true, version + oid + "size +12345\n"),
        .init("size with leading zeros", true, version + oid + "size 00012345\n"),
        .init("size zero", true, version + oid + "size 0\n"),
        .init("size minus zero", true, version + oid + "size -0\n"),
        .init("negative size", false, version + oid + "size -1\n"),
        .init("size of two signs", false, version + oid + "size +-1\n"),
        .init("size too large", false, version + oid + "size 9223372036854775808\n"),
        .init("size with underscore", false, version + oid + "size 1_000\n"),
        .init("size in hexadecimal", false, version + oid + "size 0x10\n"),
        .init("size of a sign", false, version + oid + "size +\n"),
        .init("size with space before", false, version + oid + "size  1\n"),
        .init("no size", false, version + oid),
        .init("no value of size", false, version + oid + "size\n"),
        .init("no oid", false, version + size),
        .init("no version", false, oid + size),
        .init("keys out of order", false, version + size + oid),
        .init("key in upper case", false, version + "OID sha256:\(hex)\n" + size),
        .init("unknown key", false, version + "note x\n" + oid + size),
        .init("trailing line", false, canonical + "wat wat\n"),
        .init("trailing word", false, canonical + "wat"),

        .init("extension", true, version + ext("0-foo") + oid + size),
        .init(
            "extensions out of order", true,
            version + ext("2-baz") + ext("0-foo", "f") + ext("1-bar", "b") + oid + size),
        .init("extension before version", true, ext("0-foo") + version + oid + size),
        .init("extension behind oid", true, version + oid + ext("0-foo") + size),
        .init("extension behind size", false, canonical + ext("0-foo")),
        .init("extension with odd name", true, version + ext("0-f!\u{ff}-x") + oid + size),
        .init("extension with name of one underscore", true, version + ext("0-_") + oid + size),
        .init("extension with bad name", false, version + ext("0-$$$$") + oid + size),
        .init("extension without name", false, version + ext("0-") + oid + size),
        .init("extension with bad priority", false, version + ext("#-foo") + oid + size),
        .init("extension with priority over 9", false, version + ext("10-foo") + oid + size),
        .init("two extensions of one priority", false, version + ext("0-foo") + ext("0-bar") + oid + size),
        .init("repeated extension", true, version + ext("0-foo") + ext("0-foo", "b") + oid + size),
        .init("damaged extension overruled", true, version + "ext-0-foo x\n" + ext("0-foo") + oid + size),
        .init("extension with bad oid", false, version + "ext-0-foo sha256:boom\n" + oid + size),
        .init("extension with upper-case oid", false, version + ext("0-foo", "A") + oid + size),
        .init("extension with oid of another kind", false, version + "ext-0-foo boom:\(hex)\n" + oid + size),

        .init("1023 bytes", true, padded(to: 1023)),
        .init("white space alone", false, "\n"),
        .init("no pointer", false, "this is not a git-lfs file!\n"),
        .init("equals signs", false, canonical.replacing(" ", with: "=")),
    ]
}
