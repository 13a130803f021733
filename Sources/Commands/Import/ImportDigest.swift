import Digest
import Lineage
import ObjectStore
import Platform

/// What identifies what has come, before Git has it: the SHA-256 of the file; of a folder, that over the paths of its files
/// with theirs.
struct ImportDigest: ~Copyable {
    private var folder = FolderDigest()
    private var last: ObjectID?

    /// The SHA-256 of a file.
    static func of(_ file: BytePath) throws(SystemError) -> ObjectID {
        try hashContent(of: Descriptor.open(file, [.read, .noFollow, .nonBlocking]))
    }

    /// Adds a file, in the order of the paths.
    mutating func add(_ path: BytePath, _ digest: ObjectID) {
        folder.add(path.bytes, .blob(digest))
        last = digest
    }

    /// - Parameter isFolder: whether what came is a folder, and not the only file that was added.
    consuming func finish(isFolder: Bool) -> ObjectID? {
        guard isFolder else { return last }
        guard case .folder(let digest) = folder.finish() else { return nil }
        return digest
    }
}
