/// The name of a blob: the SHA-256 of its bytes.
package struct ObjectID: Hashable, Sendable, BitwiseCopyable {
    // Four words rather than an array, so that a set of a million of them is one allocation.
    private var words: (UInt64, UInt64, UInt64, UInt64)

    /// The number of bytes of the digest.
    package static let byteCount = 32
    /// The number of hexadecimal digits that name a blob.
    package static let digitCount = 64

    /// - Parameter digest: exactly `byteCount` bytes.
    package init?(digest: some Collection<UInt8>) {
        guard digest.count == Self.byteCount else { return nil }
        self.init(unchecked: digest)
    }

    /// - Parameter hex: exactly 64 lower-case hexadecimal digits; anything else is no object id.
    package init?(hex: some Collection<UInt8>) {
        let digest = hex.withContiguousStorageIfAvailable { Hexadecimal.decode($0) }
            ?? Array(hex).withUnsafeBufferPointer { Hexadecimal.decode($0) }
        guard let digest else { return nil }
        self.init(digest: digest)
    }

    package init?(_ hex: String) {
        self.init(hex: Array(hex.utf8))
    }

    fileprivate init(unchecked digest: some Sequence<UInt8>) {
        words = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { target in
            // A generic sequence is slow byte by byte.
            _ = digest.withContiguousStorageIfAvailable { target.copyMemory(from: UnsafeRawBufferPointer($0)) }
                ?? target.copyBytes(from: Array(digest))
        }
    }

    /// The oid of bytes that are in memory already.
    package static func of(_ bytes: [UInt8]) -> ObjectID {
        var hasher = BlobHasher()
        bytes.withUnsafeBytes { hasher.update($0) }
        return hasher.finish()
    }

    package var digest: [UInt8] {
        withUnsafeBytes(of: words) { Array($0) }
    }

    /// 64 lower-case hexadecimal digits, as ASCII bytes.
    package var hexBytes: [UInt8] {
        Hexadecimal.encode(digest)
    }

    /// 64 lower-case hexadecimal digits.
    package var hex: String {
        String(decoding: hexBytes, as: UTF8.self)
    }

    package static func == (left: ObjectID, right: ObjectID) -> Bool {
        left.words == right.words
    }

    package func hash(into hasher: inout Hasher) {
        // The words are a cryptographic digest already: one of them tells blobs apart.
        hasher.combine(words.0)
    }
}

extension ObjectID: Comparable {
    /// The order of the hexadecimal names.
    package static func < (left: ObjectID, right: ObjectID) -> Bool {
        (left.words.0.bigEndian, left.words.1.bigEndian, left.words.2.bigEndian, left.words.3.bigEndian)
            < (right.words.0.bigEndian, right.words.1.bigEndian, right.words.2.bigEndian, right.words.3.bigEndian)
    }
}

extension ObjectID: CustomStringConvertible {
    package var description: String { hex }
}

/// Computes the oid of a blob whose bytes arrive piece by piece.
package struct BlobHasher: ~Copyable {
    private var sha256 = MessageDigest(.sha256)
    /// The number of bytes fed so far.
    package private(set) var byteCount: Int64 = 0

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        sha256.update(bytes)
        byteCount += Int64(bytes.count)
    }

    package consuming func finish() -> ObjectID {
        ObjectID(unchecked: sha256.finalize())
    }
}

extension ObjectID {
    /// Where the blob lies below `objects/`, in a store as in a remote: `ab/cd/<oid>`.
    package var shardedPath: String {
        let hex = hexBytes
        let slash = [UInt8(ascii: "/")]
        return String(decoding: hex[..<2] + slash + hex[2..<4] + slash + hex, as: UTF8.self)
    }
}
