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
        /// Those that this batch has to flush itself.
        var oids: [ObjectID] = []
        /// Whether there are others, which whoever settles will find.
        var isLeft = false
        var byteCount: Int64 = 0
    }

    /// What may wait for a flush. More is flushed at once, so that a crash of the machine costs little.
    private static let pendingLimit = (blobs: 4096, byteCount: Int64(512 << 20))
    /// Sees to a call of `ObjectStore.settle`, where the flush is left to that.
    private let later: Later?
    package typealias Later = @Sendable (ObjectStore) throws(StoreError) -> Void

    /// - Parameter later: sees to it that `ObjectStore.settle` is called, by a process of its own for instance, in place
    ///   of a flush: who depends on the blobs being there after a crash of the system calls that too, and waits.
    package init(store: ObjectStore, later: Later? = nil) {
        self.store = store
        self.later = later
    }

    deinit {
        // Best effort for a batch that was let go without a flush: the blobs are found as pending anyway.
        try? flush()
    }

    /// Takes over a complete file of `incoming/` whose bytes the caller has verified to be those of `oid`.
    package func adopt(_ file: BytePath, as oid: ObjectID) throws(StoreError) {
        let descriptor: Descriptor
        do throws(SystemError) { descriptor = try .open(file, .read) } catch { throw .system(error) }
        try add(descriptor, at: file, as: oid)
    }

    /// Whether the store has the blob already, as durable as this batch makes it.
    func keeps(_ oid: ObjectID, byteCount: Int64) throws(StoreError) -> Bool {
        guard store.isKept(oid, byteCount: byteCount) else { return false }
        if later == nil, !store.path(of: oid).exists { try store.settle() }
        return true
    }

    /// Makes content that is short the blob that it is.
    /// - Returns: false where there is a pending file of that name, so that nothing was done.
    func add(_ content: [UInt8], as oid: ObjectID) throws(StoreError) -> Bool {
        let status: FileStatus, isNoted: Bool
        do throws(SystemError) {
            guard let file = try store.writePending(content, as: oid) else { return false }
            status = try file.status()
            isNoted = file.noteVerified()
            try file.setPermissions(status.permissions & ~0o222)
        } catch {
            throw .system(error)
        }
        try count(oid, byteCount: status.byteCount, isNoted: isNoted)
        return true
    }

    /// Makes a complete file of `incoming/` the blob that its bytes are.
    func add(_ descriptor: borrowing Descriptor, at file: BytePath, as oid: ObjectID) throws(StoreError) {
        let status: FileStatus, isNoted: Bool
        do throws(SystemError) {
            status = try descriptor.status()
            // A file that nobody may write to takes no note either.
            isNoted = descriptor.isNotedVerified || descriptor.noteVerified()
            if status.permissions & 0o222 != 0 { try descriptor.setPermissions(status.permissions & ~0o222) }
            try store.makePending(file, as: oid)
        } catch {
            throw .system(error)
        }
        try count(oid, byteCount: status.byteCount, isNoted: isNoted)
    }

    private func count(_ oid: ObjectID, byteCount: Int64, isNoted: Bool) throws(StoreError) {
        let isDue = pending.withLock { pending in
            if isNoted, later != nil {
                pending.isLeft = true
                return false
            }
            pending.oids.append(oid)
            pending.byteCount += byteCount
            return pending.oids.count >= Self.pendingLimit.blobs || pending.byteCount >= Self.pendingLimit.byteCount
        }
        if isDue { try flush() }
    }

    /// Returns when every blob given so far, by any thread, is durable under its final name, or when what makes it
    /// so has been started. Those of a flush that fails wait for the next.
    package func flush() throws(StoreError) {
        try flushing.withLock { _ throws(StoreError) in
            let taken = pending.withLock { pending in
                defer { pending = Pending() }
                return pending
            }
            if taken.isLeft { try later?(store) }
            guard !taken.oids.isEmpty else { return }
            do throws(SystemError) {
                try store.synchronizeContents(taken.oids)
                for oid in taken.oids { try store.publish(oid) }
                try store.synchronizeFolders(taken.oids)
            } catch {
                pending.withLock { pending in
                    pending.oids = taken.oids + pending.oids
                    pending.byteCount += taken.byteCount
                }
                throw .system(error)
            }
        }
    }
}
