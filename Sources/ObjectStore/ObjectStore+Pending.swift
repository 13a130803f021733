import Digest
import Platform

extension ObjectStore {
    /// Where a blob is that is complete and waits for its flush, in `BlobBatch` or in a later process.
    package func pendingPath(of oid: ObjectID) -> BytePath {
        incoming / "\(oid.hex).pending"
    }

    /// Gives a pending blob, whose bytes are on the disk, its final name.
    func publish(_ oid: ObjectID) throws(SystemError) {
        let pending = pendingPath(of: oid)
        let final = path(of: oid)
        // A prune may remove the folder, empty still, between its making and the rename.
        for attempt in 1... {
            do throws(SystemError) {
                return try pending.rename(to: final)
            } catch {
                // Gone from here: another process has published the same blob.
                if error.isAbsent, !pending.exists, final.exists { return }
                guard error.isAbsent, attempt < 5 else { throw error }
                try final.parent.makeFolders()
            }
        }
    }

    /// Brings a blob to its place that a killed process left pending.
    /// - Returns: whether it is in its place now.
    func rescuePending(_ oid: ObjectID) -> Bool {
        let pending = pendingPath(of: oid)
        guard pending.exists else {
            // It may just have been published by the process that wrote it.
            return path(of: oid).exists
        }
        do throws(SystemError) {
            let file = try Descriptor.open(pending, .read)
            guard try hashContent(of: file) == oid else { return false }
            try file.synchronize()
            try publish(oid)
            try path(of: oid).parent.synchronizeFolder()
            return true
        } catch {
            return path(of: oid).exists
        }
    }

    /// Removes what killed processes left in `incoming/` longer than `age` seconds ago; pending blobs
    /// are brought to their place instead.
    package func sweepIncoming(olderThan age: Int64) throws(StoreError) {
        do throws(SystemError) {
            guard incoming.exists else { return }
            let now = FileStatus.Time.now.seconds
            for name in try incoming.entries() {
                let path = incoming / name
                guard let status = try path.status(), status.changed.seconds < now - age else { continue }
                if let oid = Self.pendingObjectID(name) {
                    if rescuePending(oid) { continue }
                    _ = try setAside(path, as: oid)
                } else if status.kind == .regular {
                    try path.removeFile()
                }
            }
        } catch {
            throw .system(error)
        }
    }

    private static func pendingObjectID(_ name: BytePath) -> ObjectID? {
        let suffix = Array(".pending".utf8)
        guard name.bytes.count == ObjectID.digitCount + suffix.count, name.bytes.suffix(suffix.count) == suffix[...] else {
            return nil
        }
        return ObjectID(hex: name.bytes.prefix(ObjectID.digitCount))
    }
}
