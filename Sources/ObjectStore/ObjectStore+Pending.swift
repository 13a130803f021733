import Digest
import Platform

extension ObjectStore {
    /// Where a blob is that is complete and waits for its flush, in `BlobBatch` or in a later process.
    package func pendingPath(of oid: ObjectID) -> BytePath {
        incoming / "\(oid.hex).pending"
    }

    /// Makes a complete file of `incoming/`, whose bytes are those of `oid`, the pending blob.
    func makePending(_ file: BytePath, as oid: ObjectID) throws(SystemError) {
        // The transfer agent puts it there itself, so that a client that dies loses no download.
        if file == pendingPath(of: oid) { return }
        do throws(SystemError) {
            // Never in place of another process's file: that may be on the disk already and about to be
            // published, and this one is not on the disk yet.
            try file.renameExclusively(to: pendingPath(of: oid))
        } catch {
            guard error.isExisting else { throw error }
            if openWritten(oid) != nil || rescuePending(oid) { return try file.removeFile() }
            // What a killed process, or a machine without power, left there is not the blob.
            try file.rename(to: pendingPath(of: oid))
        }
    }

    /// Writes content under the pending name of the blob that it is. One who is killed meanwhile leaves a file there
    /// without a note, which nobody trusts unread.
    /// - Returns: nil where that name is taken.
    func writePending(_ content: [UInt8], as oid: ObjectID) throws(SystemError) -> Descriptor? {
        let path = pendingPath(of: oid)
        guard let file = try makePendingFile(path) else { return nil }
        do throws(SystemError) {
            try file.write(content)
            return file
        } catch {
            try? takeBack(file, from: path)
            throw error
        }
    }

    private func makePendingFile(_ path: BytePath) throws(SystemError) -> Descriptor? {
        for attempt in 1... {
            do throws(SystemError) {
                return try Descriptor.open(path, [.readWrite, .create, .exclusive])
            } catch {
                if error.isExisting { return nil }
                guard error.isAbsent, attempt == 1 else { throw error }
                try incoming.makeFolders()
            }
        }
        return nil
    }

    /// Removes a half-written pending file, and never one of another process that has meanwhile taken its place.
    private func takeBack(_ file: borrowing Descriptor, from path: BytePath) throws(SystemError) {
        let aside = incoming / ("spool-" + String(UInt64.random(in: .min ... .max), radix: 36))
        try path.rename(to: aside)
        if try aside.status()?.inode == file.status().inode { return try aside.removeFile() }
        try aside.renameExclusively(to: path)
    }

    /// Whether a blob, whose bytes are at hand, need not be stored again: a damaged copy must not swallow
    /// a good one. Of the store's own file, verified when it came, the length is looked at, which tells
    /// what a machine without power lost; what is in an alternate was never verified, and is read.
    func isKept(_ oid: ObjectID, byteCount: Int64) -> Bool {
        let own = path(of: oid)
        var status = try? own.status()
        if status == nil {
            if let written = openWritten(oid) { return (try? written.status())?.byteCount == byteCount }
            if rescuePending(oid) { status = try? own.status() }
        }
        if let status {
            freshen(own, status)
            return status.kind == .regular && status.byteCount == byteCount
        }
        guard let alternate = alternateLocation(of: oid) else { return false }
        return hasContent(oid, at: alternate)
    }

    /// Says by the time of an old blob that somebody has come to need it: who clears away what nothing names
    /// spares what is young, as the name may be on its way. So does Git with its objects.
    private func freshen(_ blob: BytePath, _ status: FileStatus) {
        if status.modified.seconds < FileStatus.Time.now.seconds - 24 * 60 * 60 { try? blob.touch() }
    }

    /// Returns when the folders on the way to a blob are on the disk.
    func synchronizeFolders(of oid: ObjectID) throws(SystemError) {
        let folder = path(of: oid).parent
        try folder.synchronizeFolder()
        try folder.parent.synchronizeFolder()
        try objects.synchronizeFolder()
    }

    /// Gives a pending blob, whose bytes are on the disk, its final name.
    func publish(_ oid: ObjectID) throws(SystemError) {
        let pending = pendingPath(of: oid)
        let final = path(of: oid)
        // A prune may remove the folder, empty still, between its making and the rename.
        for attempt in 1... {
            do throws(SystemError) {
                try pending.rename(to: final)
                // Of two names of one file, as fetching from the same disk may give it, a rename leaves both.
                if let left = try pending.status(), left.inode == (try final.status())?.inode { try pending.removeFile() }
                return
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
        if openWritten(oid) != nil {
            try? settle()
            return path(of: oid).exists
        }
        do throws(SystemError) {
            let file = try Descriptor.open(pending, .read)
            guard try hashContent(of: file) == oid else { return false }
            try file.synchronize()
            try publish(oid)
            try synchronizeFolders(of: oid)
            return true
        } catch {
            return path(of: oid).exists
        }
    }

    /// Pending blobs that have no valid note, and of which not all is there. What proves whole is brought to its place.
    package func unsoundPendingBlobs() throws(StoreError) -> [ObjectID] {
        do throws(SystemError) {
            guard incoming.exists else { return [] }
            var unsound: [ObjectID] = []
            try incoming.forEachEntry { name in
                if let oid = Self.pendingObjectID(name), openWritten(oid) == nil, !rescuePending(oid) { unsound.append(oid) }
            }
            return unsound
        } catch {
            throw .system(error)
        }
    }

    /// Removes what killed processes left in `incoming/` longer than `age` seconds ago; pending blobs
    /// are brought to their place instead.
    package func sweepIncoming(olderThan age: Int64) throws(StoreError) {
        do throws(SystemError) {
            guard incoming.exists else { return }
            let now = FileStatus.Time.now.seconds
            try incoming.forEachEntry { name throws(SystemError) in
                let path = incoming / name
                guard let status = try path.status(), status.changed.seconds < now - age else { return }
                if let oid = Self.pendingObjectID(name) {
                    if rescuePending(oid) { return }
                    _ = try setAside(path, as: oid)
                } else if status.kind == .regular {
                    try path.removeFile()
                }
            }
        } catch {
            throw .system(error)
        }
    }

    static func pendingObjectID(_ name: BytePath) -> ObjectID? {
        let suffix = Array(".pending".utf8)
        guard name.bytes.count == ObjectID.digitCount + suffix.count, name.bytes.suffix(suffix.count) == suffix[...] else {
            return nil
        }
        return ObjectID(hex: name.bytes.prefix(ObjectID.digitCount))
    }
}
