internal import Digest

// Git LFS's reader, in its own leniency: white space around the whole is dropped, empty lines and
// one carriage return before a newline do not count, extension lines may stand anywhere before
// `size`, a size may have a sign and leading zeros. Beyond that it is strict: `version`, `oid`,
// `size` in this order, one space each, nothing after them, digits of an oid in lower case.
extension Pointer {
    static func lfs(_ text: [UInt8]) -> Pointer? {
        let keys = [Array("version".utf8), Array("oid".utf8), Array("size".utf8)]
        var values: [ArraySlice<UInt8>] = []
        // A repeated key overrules the earlier line, even one whose value is damaged.
        var extensions: [ArraySlice<UInt8>: ArraySlice<UInt8>] = [:]

        for var line in trimmed(text[...]).split(separator: Words.newline) {
            if line.last == Words.carriageReturn { line.removeLast() }
            if line.isEmpty { continue }
            guard values.count < keys.count, let space = line.firstIndex(of: Words.space) else { return nil }
            let key = line[..<space]
            let value = line[(space + 1)...]
            if key.elementsEqual(keys[values.count]) {
                values.append(value)
            } else if isExtensionKey(key) {
                extensions[key] = value
            } else {
                return nil
            }
        }
        guard values.count == keys.count, isVersion(values[0]),
            let oid = oid(values[1]), let byteCount = byteCount(values[2]), let entries = parse(extensions)
        else { return nil }
        return Pointer(oid: oid, byteCount: byteCount, form: .lfs(extensions: entries))
    }

    private static func isVersion(_ value: ArraySlice<UInt8>) -> Bool {
        value.elementsEqual(Words.lfsURL) || Words.lfsFormerURLs.contains { value.elementsEqual($0) }
    }

    private static func oid(_ value: ArraySlice<UInt8>) -> ObjectID? {
        var hex = value
        return hex.removePrefix(Words.sha256) ? ObjectID(hex: hex) : nil
    }

    private static func byteCount(_ value: ArraySlice<UInt8>) -> Int64? {
        var digits = value
        if digits.removePrefix([UInt8(ascii: "-")]) {
            return Int64(digits: digits) == 0 ? 0 : nil
        }
        _ = digits.removePrefix([UInt8(ascii: "+")])
        return Int64(digits: digits)
    }

    /// Whether a key begins `ext-`, one digit, `-` and a letter, digit or `_`. What follows is free.
    private static func isExtensionKey(_ key: ArraySlice<UInt8>) -> Bool {
        var rest = key
        guard rest.removePrefix(Array("ext-".utf8)), let digit = rest.popFirst(), isDigit(digit),
            rest.removePrefix([UInt8(ascii: "-")]), let first = rest.first
        else { return false }
        let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first | 0x20)
        return isLetter || isDigit(first) || first == UInt8(ascii: "_")
    }

    /// - Returns: the extensions by rising priority; nil where a value is no oid or two have the same
    ///   priority.
    private static func parse(_ lines: [ArraySlice<UInt8>: ArraySlice<UInt8>]) -> [Extension]? {
        var extensions: [Extension] = []
        for (key, value) in lines {
            guard let oid = oid(value) else { return nil }
            // `isExtensionKey` has seen to it that the key begins `ext-0-`, with any digit.
            let digit = key[key.startIndex + "ext-".utf8.count]
            let name = Array(key.dropFirst("ext-0-".utf8.count))
            extensions.append(Extension(priority: Int(digit - UInt8(ascii: "0")), name: name, oid: oid))
        }
        guard Set(extensions.map(\.priority)).count == extensions.count else { return nil }
        return extensions.sorted { $0.priority < $1.priority }
    }

    /// White space as Go's `unicode.IsSpace` has it, which Git LFS drops at both ends.
    private static let whiteSpace: [[UInt8]] = {
        let scalars: [ClosedRange<UInt32>] = [
            0x09...0x0d, 0x20...0x20, 0x85...0x85, 0xa0...0xa0, 0x1680...0x1680, 0x2000...0x200a,
            0x2028...0x2029, 0x202f...0x202f, 0x205f...0x205f, 0x3000...0x3000,
        ]
        return scalars.joined().compactMap(Unicode.Scalar.init).map { Array(String($0).utf8) }
    }()

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text
        while let space = whiteSpace.first(where: { text.starts(with: $0) }) {
            text = text.dropFirst(space.count)
        }
        while let space = whiteSpace.first(where: { text.suffix($0.count).elementsEqual($0) }) {
            text = text.dropLast(space.count)
        }
        return text
    }
}
