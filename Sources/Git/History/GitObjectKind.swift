import Digest

/// What Git's object database holds.
package enum GitObjectKind: String, Sendable {
    case commit, tree, blob, tag
}

extension GitObjectName {
    /// The name that Git gives an object.
    static func of(_ kind: GitObjectKind, _ content: [UInt8], _ algorithm: MessageDigest.Algorithm) -> GitObjectName? {
        var digest = MessageDigest(algorithm)
        digest.update(Array("\(kind.rawValue) \(content.count)\0".utf8))
        digest.update(content)
        return GitObjectName(bytes: digest.finalize())
    }

    /// What Git would call a blob of these bytes.
    /// - Parameter other: an object of the same repository.
    package static func ofBlob(_ content: [UInt8], like other: GitObjectName) -> GitObjectName? {
        of(.blob, content, other.byteCount == 32 ? .sha256 : .sha1)
    }
}
