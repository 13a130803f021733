/// The bytes of a pack. Pure.
///
/// Spec: Git, `gitformat-pack(5)`; RFC 1950 and RFC 1951 for zlib streams.
enum PackEncoding {
    /// How an entry of a pack holds its object.
    enum EntryKind: UInt8 {
        case commit = 1, tree, blob, tag
        /// As a change to an earlier entry.
        case offsetDelta = 6

        init(_ kind: GitObjectKind) {
            switch kind {
            case .commit: self = .commit
            case .tree: self = .tree
            case .blob: self = .blob
            case .tag: self = .tag
            }
        }
    }

    /// Signature, version 2, the number of objects.
    static func header(objectCount: Int) -> [UInt8] {
        Array("PACK".utf8) + bigEndian(2) + bigEndian(UInt32(clamping: objectCount))
    }

    /// The start of an entry: its kind, and the length of what follows once it is inflated.
    static func entryHeader(_ kind: EntryKind, byteCount: Int) -> [UInt8] {
        var rest = byteCount >> 4
        var bytes = [kind.rawValue << 4 | UInt8(byteCount & 15)]
        while rest > 0 {
            bytes[bytes.count - 1] |= 0x80
            bytes.append(UInt8(rest & 0x7f))
            rest >>= 7
        }
        return bytes
    }

    /// How far before an entry its base starts.
    static func baseDistance(_ distance: Int) -> [UInt8] {
        var bytes = [UInt8(distance & 0x7f)]
        var rest = distance >> 7
        while rest > 0 {
            rest -= 1
            bytes.insert(0x80 | UInt8(rest & 0x7f), at: 0)
            rest >>= 7
        }
        return bytes
    }

    /// A zlib stream that stores the bytes as they are: what is written here is small, and Git compresses it
    /// when it packs the repository next.
    static func stored(_ content: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        stream.reserveCapacity(content.count + content.count / 65535 * 5 + 16)
        var rest = content[...]
        repeat {
            let block = rest.prefix(65535)
            rest = rest.dropFirst(block.count)
            let count = UInt16(block.count)
            stream.append(rest.isEmpty ? 1 : 0)
            stream += [UInt8(count & 0xff), UInt8(count >> 8), UInt8(~count & 0xff), UInt8(~count >> 8)]
            stream += block
        } while !rest.isEmpty
        return stream + bigEndian(adler32(content))
    }

    /// Spec: RFC 1950, "Adler-32".
    static func adler32(_ content: [UInt8]) -> UInt32 {
        var low: UInt32 = 1
        var high: UInt32 = 0
        var rest = content[...]
        while !rest.isEmpty {
            // So many sums fit into 32 bits.
            let piece = rest.prefix(5552)
            for byte in piece {
                low &+= UInt32(byte)
                high &+= low
            }
            low %= 65521
            high %= 65521
            rest = rest.dropFirst(piece.count)
        }
        return high << 16 | low
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(value >> $0 & 0xff) }
    }
}

/// A change that makes one content of another: pieces of the base, and new bytes between them. Pure.
///
/// Spec: Git, `gitformat-pack(5)`, "Deltified representation".
struct PackDelta {
    private(set) var bytes: [UInt8]
    /// The piece of the base that is not written yet, as the next one may go on with it.
    private var copied: Range<Int> = 0..<0
    private var inserted: [UInt8] = []

    init(baseByteCount: Int, byteCount: Int) {
        bytes = Self.number(baseByteCount) + Self.number(byteCount)
    }

    mutating func copy(_ range: Range<Int>) {
        flushInserted()
        if copied.upperBound == range.lowerBound, !copied.isEmpty {
            copied = copied.lowerBound..<range.upperBound
        } else {
            flushCopied()
            copied = range
        }
    }

    mutating func insert(_ new: ArraySlice<UInt8>) {
        flushCopied()
        inserted += new
    }

    mutating func finish() {
        flushCopied()
        flushInserted()
    }

    private mutating func flushCopied() {
        while !copied.isEmpty {
            let piece = copied.prefix(0xffff)
            copied = piece.upperBound..<copied.upperBound
            var instruction: UInt8 = 0x80
            var parts: [UInt8] = []
            for (bit, shift) in [0, 8, 16, 24].enumerated() where piece.lowerBound >> shift & 0xff != 0 {
                instruction |= 1 << UInt8(bit)
                parts.append(UInt8(piece.lowerBound >> shift & 0xff))
            }
            for (bit, shift) in [0, 8].enumerated() where piece.count >> shift & 0xff != 0 {
                instruction |= 0x10 << UInt8(bit)
                parts.append(UInt8(piece.count >> shift & 0xff))
            }
            bytes.append(instruction)
            bytes += parts
        }
    }

    private mutating func flushInserted() {
        var rest = inserted[...]
        while !rest.isEmpty {
            let piece = rest.prefix(127)
            bytes.append(UInt8(piece.count))
            bytes += piece
            rest = rest.dropFirst(piece.count)
        }
        inserted = []
    }

    private static func number(_ value: Int) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        repeat {
            bytes.append(UInt8(rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
            rest >>= 7
        } while rest > 0
        return bytes
    }
}
