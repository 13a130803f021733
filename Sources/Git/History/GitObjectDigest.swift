import Digest

/// The bytes that a `GitObjectName` spells in hexadecimal digits: a small value of fixed size, as a walk of a
/// whole history holds many.
package struct GitObjectDigest: Hashable, Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    /// 20 in a SHA-1 repository, 32 in a SHA-256 one.
    package let byteCount: UInt8

    /// - Parameter bytes: 20 or 32.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 20 || bytes.count == 32 else { return nil }
        byteCount = UInt8(bytes.count)
        withUnsafeMutableBytes(of: &words) { target in
            for (position, byte) in bytes.enumerated() { target[position] = byte }
        }
    }

    /// - Parameter hex: 40 or 64 lower-case digits.
    package init?(hex: some Collection<UInt8>) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(hex.count / 2)
        var high: UInt8?
        for digit in hex {
            guard let value = Hexadecimal.value(ofDigit: digit) else { return nil }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        guard high == nil else { return nil }
        self.init(bytes: bytes)
    }

    package init?(_ name: GitObjectName) {
        self.init(hex: name.hex)
    }

    package var bytes: [UInt8] {
        withUnsafeBytes(of: words) { Array($0.prefix(Int(byteCount))) }
    }

    /// Lower-case hexadecimal digits.
    package var hex: [UInt8] { Hexadecimal.encode(bytes) }

    package static func == (left: GitObjectDigest, right: GitObjectDigest) -> Bool {
        left.words == right.words && left.byteCount == right.byteCount
    }

    package func hash(into hasher: inout Hasher) {
        // A cryptographic digest already: one word tells objects apart.
        hasher.combine(words.0)
    }
}

extension GitObjectDigest: CustomStringConvertible {
    package var description: String { String(decoding: hex, as: UTF8.self) }
}

/// What Git's object database holds.
package enum GitObjectKind: String, Sendable {
    case commit, tree, blob, tag
}

extension GitObjectDigest {
    /// The digest that Git gives an object.
    static func of(_ kind: GitObjectKind, _ content: [UInt8], _ algorithm: MessageDigest.Algorithm) -> GitObjectDigest? {
        var digest = MessageDigest(algorithm)
        digest.update(Array("\(kind.rawValue) \(content.count)\0".utf8))
        digest.update(content)
        return GitObjectDigest(bytes: digest.finalize())
    }
}

extension GitObjectName {
    /// What Git would call a blob of these bytes.
    /// - Parameter other: an object of the same repository.
    package static func ofBlob(_ content: [UInt8], like other: GitObjectName) -> GitObjectName? {
        GitObjectDigest.of(.blob, content, other.hex.count == 64 ? .sha256 : .sha1).flatMap { GitObjectName(hex: $0.hex) }
    }
}
