import Digest
import Lineage
import ObjectStore
import Platform

/// What identifies what has come, before Git has it.
enum ImportDigest {
    /// The SHA-256 of a file.
    static func of(_ file: BytePath) throws(SystemError) -> ObjectID {
        try hashContent(of: Descriptor.open(file, [.read, .noFollow, .nonBlocking]))
    }

    /// That of a folder: over the paths of its files with theirs.
    static func ofFolder(_ files: [(path: BytePath, digest: ObjectID)]) -> ObjectID {
        switch ContentID.folder(files.map { ($0.path.bytes, .blob($0.digest)) }) {
        case .folder(let digest), .blob(let digest): digest
        case .git: .of([])
        }
    }
}
