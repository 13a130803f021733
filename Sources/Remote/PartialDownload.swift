import Digest
import Platform

/// A download into a file that outlives its process: whoever comes next hashes what is there and goes on
/// behind it. The file is locked, so that two processes never write the same one; the second waits, and
/// finds the work done.
package struct PartialDownload: ~Copyable {
    private let oid: ObjectID
    private let byteCount: Int64
    private let path: BytePath
    private let control: TransferControl
    private let file: Descriptor

    /// Opens the partial file at `path`, made where it is missing, and waits until no other process uses it.
    /// - Throws: the local disk's errors, or `interrupted`.
    package init(
        of oid: ObjectID, byteCount: Int64, at path: BytePath, _ control: TransferControl
    ) throws(RemoteError) {
        self.oid = oid
        self.byteCount = byteCount
        self.path = path
        self.control = control
        while true {
            do throws(SystemError) {
                if let locked = try Self.lock(path) {
                    file = locked
                    return
                }
            } catch {
                throw RemoteError(error, "write", path)
            }
            try control.checkpoint()
            pause(.milliseconds(20))
        }
    }

    /// - Returns: nil where another process has the file, or its last owner has just moved it away.
    private static func lock(_ path: BytePath) throws(SystemError) -> Descriptor? {
        let file = try Descriptor.open(path, [.readWrite, .create, .noFollow])
        guard try file.lock(waiting: false), let there = try path.status() else { return nil }
        let here = try file.status()
        guard there.inode == here.inode, there.device == here.device else { return nil }
        return file
    }

    /// Fetches what is missing, verifies the whole, mends what was damaged on its way, and gives it its name.
    /// - Parameter final: the name it is to have. Where that is taken, nothing is replaced: it gets one like it.
    /// - Returns: where it is now. Its bytes are not on the disk yet.
    /// - Throws: `damaged` when the remote's bytes are not those of the oid: nothing of them is kept.
    ///   After any other error the partial file stays for the next attempt, unless it is empty.
    @discardableResult
    package consuming func complete(from remote: any Remote, as final: BytePath) throws(RemoteError) -> BytePath {
        do throws(RemoteError) {
            if try !resume(from: remote) { try mend(from: remote) }
        } catch {
            let isEmpty = (try? file.status())?.byteCount == 0
            if error.kind == .damaged || isEmpty { try? path.removeFile() }
            throw error
        }
        return try local { () throws(SystemError) in try Self.move(path, to: final) }
    }

    /// Gives the file the name or, where it is taken, one like it.
    private static func move(_ path: BytePath, to wanted: BytePath) throws(SystemError) -> BytePath {
        var name = wanted
        while true {
            do throws(SystemError) {
                try path.renameExclusively(to: name)
                return name
            } catch {
                guard error.isExisting else { throw error }
                name = wanted.adding(suffix: "-" + String(UInt32.random(in: .min ... .max), radix: 36))
            }
        }
    }

    /// - Returns: whether the file has the blob's bytes now.
    private borrowing func resume(from remote: any Remote) throws(RemoteError) -> Bool {
        var hasher = BlobHasher()
        if try local({ () throws(SystemError) in try rewind() }) { _ = remote.share(oid, with: file) }
        try hashPresent(into: &hasher)
        let start = hasher.byteCount
        control.reach(start)
        if start < byteCount {
            try requireRoom(for: byteCount - start)
            try append(from: remote, behind: start, into: &hasher)
        }
        guard hasher.byteCount == byteCount else { return false }
        return hasher.finish() == oid
    }

    /// Asks again for a blob that arrived wrong; what an earlier process left may itself be what is wrong.
    /// - Throws: `damaged` where the remote's own copy is.
    private borrowing func mend(from remote: any Remote) throws(RemoteError) {
        var mending = Mending(of: oid, byteCount: byteCount, at: path, control)
        guard try mending.compare(file, with: remote), mending.hasFoundDifferences else { throw damaged(remote) }
        try local { () throws(SystemError) in try file.truncate(to: byteCount) }
        if try isWhole() { return }
        try mending.vote(file, with: remote)
        guard try isWhole() else { throw damaged(remote) }
    }

    private borrowing func isWhole() throws(RemoteError) -> Bool {
        var hasher = BlobHasher()
        try local { () throws(SystemError) in try file.seek(to: 0) }
        try hashPresent(into: &hasher)
        guard hasher.byteCount == byteCount else { return false }
        return hasher.finish() == oid
    }

    /// Refuses at once what would fill the disk first. A disk that says it has no room at all may be one
    /// that does not count.
    private borrowing func requireRoom(for byteCount: Int64) throws(RemoteError) {
        guard let available = try? path.parent.availableByteCount(), available > 0, available < byteCount else { return }
        throw RemoteError(
            .full, "no room in '\(path.parent)': \(available) bytes are free, and \(byteCount) are to come")
    }

    /// Empties the file where it is longer than the blob.
    /// - Returns: whether it is empty now.
    private borrowing func rewind() throws(SystemError) -> Bool {
        let length = try file.status().byteCount
        if length > byteCount { try file.truncate(to: 0) }
        try file.seek(to: 0)
        return length > byteCount || length == 0
    }

    private borrowing func hashPresent(into hasher: inout BlobHasher) throws(RemoteError) {
        try file.forEachPiece(of: byteCount, { RemoteError($0, "read", path) }) { piece throws(RemoteError) in
            try control.checkpoint()
            hasher.update(piece)
        }
    }

    private borrowing func append(
        from remote: any Remote, behind start: Int64, into hasher: inout BlobHasher
    ) throws(RemoteError) {
        try remote.download(oid, from: start, control) { piece throws(RemoteError) in
            try control.checkpoint()
            // A source that is too long is damaged; its end need not be had.
            guard hasher.byteCount + Int64(piece.count) <= byteCount else { throw damaged(remote) }
            try local { () throws(SystemError) in try file.write(piece) }
            hasher.update(piece)
            control.advance(by: piece.count)
        }
    }

    private borrowing func local<Result>(_ body: () throws(SystemError) -> Result) throws(RemoteError) -> Result {
        do throws(SystemError) {
            return try body()
        } catch {
            throw RemoteError(error, "write", path)
        }
    }

    private borrowing func damaged(_ remote: any Remote) -> RemoteError {
        RemoteError(.damaged, "the copy at \(remote.name) is damaged: its bytes are not those of \(oid.hex)")
    }
}
