import Diagnostics
import Digest
import Platform
private import Synchronization

/// Blobs that are whole and not yet on the disk. `git add` need not wait for the disk: until the system ends, by
/// whatever cause, the page cache holds every byte that was written, and no earlier than with the next commit does
/// anything depend on them. What is so is noted on the pending file itself; of an earlier run of the system the note
/// is void, and the blob is verified before it is trusted.
extension ObjectStore {
    /// Opens the blob where it is pending and was written in this run of the system.
    func openWritten(_ oid: ObjectID) -> Descriptor? {
        guard let file = try? Descriptor.open(pendingPath(of: oid), [.read, .noFollow, .nonBlocking]),
            file.isNotedVerified
        else { return nil }
        return file
    }

    /// Brings to the disk, and to their final names, the blobs that are whole now, of whatever process. Where another
    /// process is at that, this waits for it first.
    package func settle() throws(StoreError) {
        do throws(SystemError) {
            guard try incoming.status(followingLinks: true) != nil else { return }
            let folder = try Descriptor.open(incoming, [.read, .folder])
            _ = try folder.lock(waiting: true)
            let whole = SortedBlobs(in: self)
            // All of them where they are few, and else so many that it shows.
            var first: [ObjectID] = []
            try incoming.forEachEntry { name in
                guard let oid = Self.pendingObjectID(name), openWritten(oid) != nil else { return }
                whole.add(oid)
                if first.count <= Self.individualLimit { first.append(oid) }
            }
            if !first.isEmpty {
                try synchronizeContents(first)
                var reader = try whole.reader()
                while let blob = try reader.next() { try publish(blob.oid) }
                try synchronizeFolders(first)
            }
            try incoming.forEachEntry { name throws(SystemError) in
                if name.bytes.starts(with: Self.retiredPrefix.utf8) { try (incoming / name).removeFile() }
            }
        } catch {
            throw .system(error)
        }
    }

    /// Has a process of its own settle when this one has ended, in whatever way: `git data settle`. Nothing is taken
    /// from the work that is under way. Where this process is not git-data, and so cannot start it, it settles itself.
    package func settleAfterwards() throws(StoreError) {
        try Self.settlers.withLock { settlers throws(StoreError) in
            guard settlers[folder] == nil else { return }
            guard let executable = try? Environment.executable(), executable.lastComponent == "git-data",
                let folder = try? folder.resolved(),
                let child = try? ChildProcess(
                    executable, ["settle", "--when-input-ends", folder], environment: Environment.withoutSecrets, folder: "/", input: .pipe, output: .null, errors: .null,
                    isDetached: true),
                let input = child.takeInput()
            else { return try settle() }
            settlers[self.folder] = input
        }
    }

    /// By the store: what is closed when this process ends.
    private static let settlers = Mutex<[BytePath: ByteWriter]>([:])

    /// How many bytes a `settle` would have to bring to the disk at most.
    package func unsettledByteCount() -> Int64 {
        var sum: Int64 = 0
        try? incoming.forEachEntry { name in
            guard Self.pendingObjectID(name) != nil, let status = try? (incoming / name).status() else { return }
            sum = sum.adding(byteCount: status.byteCount)
        }
        return sum
    }

    /// From so many blobs on, flushing the whole file system is cheaper than one fsync for each, even though
    /// it waits for what other programs have written too.
    private static let individualLimit = 32

    /// A new path in `incoming/` for a file that is of no use any more, and that the next `settle` deletes.
    package func retiredPath() -> BytePath {
        incoming / (Self.retiredPrefix + String(UInt64.random(in: .min ... .max), radix: 36))
    }

    private static let retiredPrefix = "retired-"

    /// Returns when the bytes of these pending blobs are on the disk.
    func synchronizeContents(_ oids: [ObjectID]) throws(SystemError) {
        guard oids.count <= Self.individualLimit else {
            return try Descriptor.open(incoming, [.read, .folder]).synchronizeFileSystem()
        }
        for oid in oids {
            do throws(SystemError) {
                try Descriptor.open(pendingPath(of: oid), .read).synchronize()
            } catch {
                // Another process has published the same blob in the meantime.
                guard error.isAbsent, path(of: oid).exists else { throw error }
            }
        }
    }

    /// Returns when the names of these blobs are on the disk.
    func synchronizeFolders(_ oids: [ObjectID]) throws(SystemError) {
        guard oids.count <= Self.individualLimit else {
            return try Descriptor.open(objects, [.read, .folder]).synchronizeFileSystem()
        }
        for oid in oids { try synchronizeFolders(of: oid) }
    }
}
