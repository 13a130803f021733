import Digest
import Git

/// What identifies a content in a record: the oid of a blob, Git's name of what Git itself holds, or a digest over all
/// that is in a folder.
package enum ContentID: Hashable, Sendable {
    /// `sha256:<64 digits>`
    case blob(ObjectID)
    /// `git:<40 or 64 digits>`
    case git(GitObjectName)
    /// `folder:<64 digits>`: SHA-256 over the files in it, see `FolderDigest`.
    case folder(ObjectID)

    /// - Returns: nil for anything else than the three forms, in lower case.
    package init?(_ text: String) {
        let parts = Array(text.utf8).split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        switch String(decoding: parts[0], as: UTF8.self) {
        case "sha256":
            guard let oid = ObjectID(hex: parts[1]) else { return nil }
            self = .blob(oid)
        case "git":
            guard let name = GitObjectName(hex: parts[1]) else { return nil }
            self = .git(name)
        case "folder":
            guard let digest = ObjectID(hex: parts[1]) else { return nil }
            self = .folder(digest)
        default: return nil
        }
    }

    /// The identity of a folder.
    /// - Parameter files: with their paths from the folder, in any order.
    package static func folder(_ files: some Sequence<(path: [UInt8], id: ContentID)>) -> ContentID {
        var digest = FolderDigest()
        for file in files.sorted(by: { $0.path.lexicographicallyPrecedes($1.path) }) { digest.add(file.path, file.id) }
        return digest.finish()
    }

    /// The first digits, for people.
    package var short: String {
        switch self {
        case .blob(let oid), .folder(let oid): String(oid.hex.prefix(12))
        case .git(let name): String(name.description.prefix(12))
        }
    }
}

/// Makes the identity of a folder: the SHA-256 of a line `<id> <path from the folder>` NUL for each file, in the order of
/// the paths' bytes.
package struct FolderDigest: ~Copyable {
    private var digest = MessageDigest(.sha256)

    package init() {}

    /// Adds a file.
    /// - Parameter path: from the folder, which comes after those added before.
    package mutating func add(_ path: some Sequence<UInt8>, _ id: ContentID) {
        digest.update(Array("\(id) ".utf8) + path + [0])
    }

    package consuming func finish() -> ContentID {
        let bytes = digest.finalize()
        // A SHA-256 has as many bytes as an oid.
        return .folder(ObjectID(digest: bytes) ?? .of(bytes))
    }
}

extension ContentID: CustomStringConvertible {
    package var description: String {
        switch self {
        case .blob(let oid): "sha256:\(oid)"
        case .git(let name): "git:\(name)"
        case .folder(let digest): "folder:\(digest)"
        }
    }
}

extension ContentID: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = ContentID(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no identity of a content")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
