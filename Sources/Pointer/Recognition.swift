internal import Digest

/// What some content is, seen from Git: a pointer, or data.
package enum Recognition: Equatable, Sendable {
    case pointer(Pointer)
    /// Begins as our pointers do but is none that this version reads. It passes through clean and
    /// smudge untouched and is never stored as a blob.
    case foreignPointer(ForeignReason)
    /// Anything else, empty content included.
    case data

    /// Why a text that begins `git data pointer ` is not read.
    package enum ForeignReason: Equatable, Sendable {
        /// Another version wrote it; the version is a number, with dots perhaps.
        case version(String)
        /// Cut short, edited, or changed by a conversion of line ends.
        case damaged
    }
}

extension Pointer {
    /// Tells pointers from data.
    ///
    /// Our form is read strictly: only the very bytes that `text` gives. The form of Git LFS is read
    /// as Git LFS reads it, with one exception: Git LFS looks at the first 1024 bytes of longer
    /// content and takes it for a pointer whatever follows; here such content is data.
    ///
    /// A size of 0 is damage in our form, as an empty file is its own pointer.
    ///
    /// Spec: git-lfs/git-lfs docs/spec.md, "The Pointer".
    /// - Parameter content: all of it; of content of `maximumTextByteCount` bytes or more, at least so
    ///   many.
    package static func recognize(_ content: some RandomAccessCollection<UInt8>) -> Recognition {
        guard content.count < maximumTextByteCount, content.count >= Words.signature.count else { return .data }
        let text = Array(content)
        if text.starts(with: Words.signature) {
            return version1(text).map(Recognition.pointer) ?? .foreignPointer(foreignReason(text))
        }
        return lfs(text).map(Recognition.pointer) ?? .data
    }

    private static func version1(_ text: [UInt8]) -> Pointer? {
        var rest = text[...]
        guard rest.removePrefix(Words.version1),
            rest.removePrefix(Words.oid), rest.removePrefix(Words.sha256),
            let oid = ObjectID(hex: rest.prefix(ObjectID.digitCount))
        else { return nil }
        rest = rest.dropFirst(ObjectID.digitCount)
        guard rest.removePrefix([Words.newline]), rest.removePrefix(Words.size),
            rest.popLast() == Words.newline,
            rest.first != UInt8(ascii: "0"), let byteCount = Int64(digits: rest)
        else { return nil }
        return Pointer(oid: oid, byteCount: byteCount)
    }

    private static func foreignReason(_ text: [UInt8]) -> Recognition.ForeignReason {
        let line = text.dropFirst(Words.signature.count).prefix { $0 != Words.newline }
        let isEnded = line.endIndex < text.endIndex
        let isVersion = line.allSatisfy { isDigit($0) || $0 == UInt8(ascii: ".") } && line.first.map(isDigit) == true
        guard isEnded, isVersion, line != [UInt8(ascii: "1")] else { return .damaged }
        return .version(String(decoding: line, as: UTF8.self))
    }
}

func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

extension Int64 {
    /// A decimal number without a sign, leading zeros allowed; nil where it is none or too large.
    init?(digits: some Collection<UInt8>) {
        guard !digits.isEmpty else { return nil }
        var value: Int64 = 0
        for digit in digits {
            guard isDigit(digit) else { return nil }
            let (shifted, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, isTooLargeNow) = shifted.addingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
            guard !isTooLarge, !isTooLargeNow else { return nil }
            value = sum
        }
        self = value
    }
}

extension ArraySlice<UInt8> {
    /// Drops `prefix` from the front, or says that it is not there.
    mutating func removePrefix(_ prefix: [UInt8]) -> Bool {
        guard starts(with: prefix) else { return false }
        self = dropFirst(prefix.count)
        return true
    }
}
