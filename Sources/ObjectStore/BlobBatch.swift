import Digest
import Platform
private import Synchronization

/// Blobs on their way into the store that share their flushes to the disk: an fsync for each of ten
/// thousand small files costs seconds, one flush for all of them does not.
///
/// Until `flush`, a blob lies complete in `incoming/<oid>.pending`. `ObjectStore` finds it there, so
/// that a process which dies before its flush loses nothing; as its bytes may not have reached the
/// disk, they are verified then before they are trusted.
package final class BlobBatch: Sendable {
    package let store: ObjectStore
    private let pending = Mutex(Pending())
    /// Held while a flush runs: who flushes meanwhile has to wait for it, as it may hold their blobs.
    private let flushing = Mutex(())

    private struct Pending {
        var oids: [ObjectID] = []
        var byteCount: Int64 = 0
    }

    /// What may wait for a flush. More is flushed at once, so that a crash of the machine costs little.
    private static let pendingLimit = (blobs: 4096, byteCount: Int64(256 << 20))
    /// From so many blobs on, flushing the whole file system is cheaper than one fsync for each, even though
    /// it waits for what other programs have written too.
    private static let individualLimit = 32

    package init(store: ObjectStore) {
        self.store = store
    }

    deinit {
        // Best effort for a batch that was let go without a flush: the blobs are found as pending anyway.
        try? flush()
    }

    func add(_ oid: ObjectID, byteCount: Int64) throws(StoreError) {
        let isDue = pending.withLock { pending in
            pending.oids.append(oid)
            pending.byteCount += byteCount
            return pending.oids.count >= Self.pendingLimit.blobs || pending.byteCount >= Self.pendingLimit.byteCount
        }
        if isDue { try flush() }
    }

    /// Takes over a complete file of `incoming/` whose bytes the caller has verified to be those of `oid`.
    package func adopt(_ file: BytePath, as oid: ObjectID) throws(StoreError) {
        let byteCount: Int64
        do throws(SystemError) {
            let descriptor = try Descriptor.open(file, .read)
            let status = try descriptor.status()
            try descriptor.setPermissions(status.permissions & ~0o222)
            try store.makePending(file, as: oid)
            byteCount = status.byteCount
        } catch {
            throw .system(error)
        }
        try add(oid, byteCount: byteCount)
    }

    /// Returns when every blob given so far, by any thread, is durable under its final name. Those of a
    /// flush that fails wait for the next.
    package func flush() throws(StoreError) {
        try flushing.withLock { _ throws(StoreError) in
            let taken = pending.withLock { pending in
                defer { pending = Pending() }
                return pending
            }
            guard !taken.oids.isEmpty else { return }
            do throws(SystemError) {
                try synchronizeContents(taken.oids)
                for oid in taken.oids { try store.publish(oid) }
                try synchronizeFolders(taken.oids)
            } catch {
                pending.withLock { pending in
                    pending.oids = taken.oids + pending.oids
                    pending.byteCount += taken.byteCount
                }
                throw .system(error)
            }
        }
    }

    private func synchronizeContents(_ oids: [ObjectID]) throws(SystemError) {
        guard oids.count <= Self.individualLimit else {
            return try Descriptor.open(store.incoming, [.read, .folder]).synchronizeFileSystem()
        }
        for oid in oids {
            do throws(SystemError) {
                try Descriptor.open(store.pendingPath(of: oid), .read).synchronize()
            } catch {
                // Another process has published the same blob in the meantime.
                guard error.isAbsent, store.path(of: oid).exists else { throw error }
            }
        }
    }

    private func synchronizeFolders(_ oids: [ObjectID]) throws(SystemError) {
        guard oids.count <= Self.individualLimit else {
            return try Descriptor.open(store.objects, [.read, .folder]).synchronizeFileSystem()
        }
        for oid in oids { try store.synchronizeFolders(of: oid) }
    }
}
