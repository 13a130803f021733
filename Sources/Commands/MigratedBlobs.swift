import Digest
import Git
import ObjectStore
import Platform

/// What became of Git blobs in a migration. Memory is for some of them, however many there are.
final class MigratedBlobs {
    /// Where the new names are, by the digests of the old ones.
    private var positions: SortedBlobs?
    private let names: RecordSpool
    private var finder: SortedBlobs.Finder?

    init(in store: ObjectStore) {
        positions = SortedBlobs(in: store)
        names = RecordSpool(in: store)
    }

    var count: Int { names.count }
    /// Of all contents.
    private(set) var byteCount: Int64 = 0

    /// - Parameters:
    ///   - new: what stands for the content from now on.
    ///   - byteCount: how long the content is, which one of the two is and the other points to.
    func add(_ old: GitObjectName, _ new: GitObjectName, byteCount: Int64) {
        var record = RecordBytes()
        record.add(new)
        self.byteCount = self.byteCount.adding(byteCount: byteCount)
        positions?.add(old.key, byteCount: byteCount, note: Int64(names.add(record)))
    }

    /// To be called when all have been added, before the first is looked for.
    func seal() throws(SystemError) {
        finder = try positions?.finder()
        positions = nil
    }

    /// - Returns: nil where the blob stays as it is.
    func find(_ old: GitObjectName) throws(GitError) -> (name: GitObjectName, byteCount: Int64)? {
        do throws(SystemError) {
            guard let item = try finder?.first(of: old.key) else { return nil }
            var fields = RecordFields(try names.record(at: Int(item.note)))
            return (fields.next(GitObjectName.self), item.byteCount)
        } catch {
            throw .system(error)
        }
    }
}

extension GitObjectName {
    /// By which it is found among `SortedBlobs`.
    var key: ObjectID { .of(bytes) }
}

extension BytePath {
    /// By which it is found among `SortedBlobs`.
    var key: ObjectID { .of(bytes) }
}
