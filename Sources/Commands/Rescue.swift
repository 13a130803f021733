import Digest
import Git
import ObjectStore
import Platform
import Repository

/// Blobs that the local store lacks, taken from where else they are on this machine. Nothing is believed that
/// does not have the oid.
struct Rescue {
    let repository: Repository
    let store: ObjectStore
    /// What is still to be found.
    private(set) var wanted: Set<ObjectID>
    /// Where each blob that was found came from, for a person.
    private(set) var sources: [ObjectID: String] = [:]

    init(repository: Repository, store: ObjectStore, wanted: Set<ObjectID>) {
        self.repository = repository
        self.store = store
        self.wanted = wanted
    }

    mutating func found(_ oid: ObjectID, in source: String) {
        wanted.remove(oid)
        sources[oid] = source
    }

    /// Looks among the files of the worktree: one that was not changed since is the blob itself.
    mutating func takeFromWorktree() throws {
        guard !wanted.isEmpty, let top = repository.location.worktree else { return }
        var failure: (any Error)?
        try repository.forEachIndexPointers { portion throws(RepositoryError) in
            for file in portion where failure == nil && wanted.contains(file.pointer.oid) {
                guard try repository.worktreeState(of: file) == .content else { continue }
                do {
                    if try take(file.pointer.oid, at: top.appending(file.path)) { found(file.pointer.oid, in: "the worktree") }
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
    }

    /// Looks in another clone, or in a folder with the layout of a store or of Git LFS's objects.
    mutating func take(from folder: BytePath) throws {
        let common = try RepositoryLocation.commonFolder(ofRepositoryAt: folder / ".git")
            ?? RepositoryLocation.commonFolder(ofRepositoryAt: folder)
        let places = [common.map { $0 / "data/objects" }, common.map { $0 / "lfs/objects" }, folder / "objects", folder]
            .compactMap { $0 }
        for oid in wanted {
            for place in places where try take(oid, at: place / oid.shardedPath) {
                found(oid, in: "'\(folder)'")
                break
            }
        }
    }

    /// Copies a file into the store, if it is the blob.
    private func take(_ oid: ObjectID, at path: BytePath) throws -> Bool {
        guard let status = try? path.status(), status.kind == .regular, store.hasContent(oid, at: path) else { return false }
        let batch = BlobBatch(store: store)
        var spool = BlobSpool(in: store)
        try ByteReader(Descriptor.open(path, [.read, .noFollow, .nonBlocking]), bufferSize: 1 << 18)
            .forEachPiece { try spool.write($0) }
        // It may have changed in between: then it is another blob, and does no harm.
        guard try spool.insert(into: batch) == oid else { return false }
        try batch.flush()
        return true
    }
}
