extension BytePath {
    /// The place in this machine's file system that a URL names: an absolute path as it is, or what `file://`
    /// names, with its `%` escapes undone as Git undoes them. nil for anything else.
    ///
    /// Spec: RFC 8089.
    package init?(localURL url: BytePath) {
        if url.isAbsolute {
            self = url
            return
        }
        for prefix in ["file://localhost/", "file:///"] where url.bytes.starts(with: prefix.utf8) {
            self.init(bytes: Self.withoutEscapes(url.bytes.dropFirst(prefix.utf8.count - 1)))
            return
        }
        return nil
    }

    /// An escape that stands for no byte of a path stays as it is.
    private static func withoutEscapes(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var plain: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%"), let value = value(ofDigits: rest.prefix(2)), value != 0 else {
                plain.append(byte)
                continue
            }
            plain.append(value)
            rest = rest.dropFirst(2)
        }
        return plain
    }

    private static func value(ofDigits digits: ArraySlice<UInt8>) -> UInt8? {
        let values = digits.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        return values.count == 2 ? UInt8(16 * values[0] + values[1]) : nil
    }
}
