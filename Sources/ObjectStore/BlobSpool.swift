import Digest
import Platform

/// A blob that arrives piece by piece: hashed and written in one pass, nameless until it is whole.
package struct BlobSpool: ~Copyable {
    fileprivate var hasher = BlobHasher()
    fileprivate let file: TemporaryFile
    private let folder: BytePath

    /// Starts a blob in the store's `incoming/`. A spool that is let go leaves nothing behind; that of a
    /// killed process is swept later.
    package init(in store: ObjectStore) throws(StoreError) {
        folder = store.incoming
        do throws(SystemError) {
            file = try Self.makeFile(in: store)
        } catch {
            throw .system(error)
        }
    }

    private static func makeFile(in store: ObjectStore) throws(SystemError) -> TemporaryFile {
        do throws(SystemError) {
            return try TemporaryFile(in: store.incoming, prefix: "spool-")
        } catch {
            guard error.isAbsent else { throw error }
            try store.incoming.makeFolders()
            return try TemporaryFile(in: store.incoming, prefix: "spool-")
        }
    }

    package var byteCount: Int64 { hasher.byteCount }

    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        hasher.update(bytes)
        do throws(SystemError) {
            try file.descriptor.write(bytes)
        } catch {
            throw .system(error)
        }
    }

    /// Ends the blob and gives it to `batch`, which makes it durable.
    /// - Returns: the oid of all that was written.
    package consuming func insert(into batch: BlobBatch) throws(StoreError) -> ObjectID {
        let byteCount = hasher.byteCount
        let oid = hasher.finish()
        if batch.store.isKept(oid, byteCount: byteCount) { return oid }
        do throws(SystemError) {
            let status = try file.descriptor.status()
            try file.descriptor.setPermissions(status.permissions & ~0o222)
            try batch.store.makePending(file.path, as: oid)
            file.finish()
        } catch {
            throw .system(error)
        }
        try batch.add(oid, byteCount: byteCount)
        return oid
    }
}
