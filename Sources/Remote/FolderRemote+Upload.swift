import Digest
import Platform
private import Synchronization

extension FolderRemote {
    package func upload(
        _ oid: ObjectID, byteCount: Int64, from source: BytePath, _ control: TransferControl
    ) throws(RemoteError) -> UploadResult {
        if let present = try self.byteCount(of: oid) {
            try requireLength(byteCount, of: oid, found: present)
            // Whoever made a file under a name of its own may have been killed before that was on the disk.
            if hasName(oid) { try flush([path(of: oid), path(of: oid).parent], in: folder, isShared: false) }
            control.reach(byteCount)
            return .existed
        }
        let permissions = try prepare()
        let file = try copy(oid, byteCount: byteCount, from: source, permissions, control)
        unsettled.withLock { $0.append(Upload(oid: oid, byteCount: byteCount, file: file)) }
        return .sent
    }

    /// Brings the source to a temporary file of the remote by the cheapest way that there is, and verifies it, unless
    /// that was done a short while ago.
    /// - Returns: the temporary file's path.
    private func copy(
        _ oid: ObjectID, byteCount: Int64, from source: BytePath, _ permissions: Permissions, _ control: TransferControl
    ) throws(RemoteError) -> BytePath {
        let input = try remotely("read", source) { () throws(SystemError) in
            try Descriptor.open(source, [.read, .nonBlocking])
        }
        let status = try remotely("read", source) { () throws(SystemError) in try input.status() }
        guard status.byteCount == byteCount else {
            throw RemoteError(.damaged, "the blob has \(status.byteCount) bytes, where \(byteCount) were expected")
        }
        let isVerified = input.isNotedVerified
        func linked() throws(RemoteError) -> BytePath? {
            guard let place = try? incoming.status(followingLinks: true), Self.mayLink(status, into: place) else { return nil }
            if !isVerified { try verify(input, oid, source, control) }
            if let path = link(source) {
                control.reach(byteCount)
                return path
            }
            try remotely("read", source) { () throws(SystemError) in try input.seek(to: 0) }
            return nil
        }
        // Extents are shared with a file that is there, which a second name has no use for.
        let mayShare = sharing.isPossible
        if !mayShare, let path = try linked() { return path }
        let output = try remotely("write to", folder) { () throws(SystemError) in
            try TemporaryFile(in: incoming, prefix: Self.temporaryPrefix, permissions: 0o600)
        }
        if sharing.attempt({ output.descriptor.share(contentOf: input) }) {
            // Shared extents are read back: what counts is what is at the remote now.
            if !isVerified { try verify(output.descriptor, oid, source, control) }
        } else {
            if mayShare, let path = try linked() { return path }
            try copy(input, oid, source, isVerified: isVerified, to: output.descriptor, control)
        }
        control.reach(byteCount)
        try remotely("write to", folder) { () throws(SystemError) in
            try output.descriptor.setPermissions(permissions.files)
            // A large blob fills a flush of its own, and need not hold up those of the others.
            if byteCount >= Self.largeByteCount { try output.descriptor.synchronize() }
        }
        // From here on it is not the temporary file that looks after itself.
        let path = output.path
        temporaryFiles.withLock { _ = $0.insert(path) }
        output.finish()
        return path
    }

    /// - Returns: a temporary name that the source has now; nil where the file system gives none.
    private func link(_ source: BytePath) -> BytePath? {
        let name = incoming / (Self.temporaryPrefix + String(UInt64.random(in: .min ... .max), radix: 36))
        guard (try? source.link(to: name)) != nil else { return nil }
        temporaryFiles.withLock { _ = $0.insert(name) }
        return name
    }

    private func verify(
        _ file: borrowing Descriptor, _ oid: ObjectID, _ source: BytePath, _ control: TransferControl
    ) throws(RemoteError) {
        var hasher = BlobHasher()
        try file.forEachPiece(of: .max, { RemoteError($0, "read", source) }) { piece throws(RemoteError) in
            try control.checkpoint()
            hasher.update(piece)
            control.advance(by: piece.count)
        }
        let found = hasher.finish()
        guard found == oid else { throw Self.damaged(source) }
    }

    private static func damaged(_ source: BytePath) -> RemoteError {
        RemoteError(.damaged, "the local copy '\(source)' is damaged: its bytes are not those of its oid")
    }

    /// Copies every byte.
    private func copy(
        _ input: borrowing Descriptor, _ oid: ObjectID, _ source: BytePath, isVerified: Bool,
        to output: borrowing Descriptor, _ control: TransferControl
    ) throws(RemoteError) {
        let folder = self.folder
        var hasher = BlobHasher()
        try input.forEachPiece(of: .max, { RemoteError($0, "read", source) }) { piece throws(RemoteError) in
            try control.checkpoint()
            if !isVerified { hasher.update(piece) }
            do throws(SystemError) { try output.write(piece) } catch { throw RemoteError(error, "write to", folder) }
            control.advance(by: piece.count)
        }
        let found = hasher.finish()
        guard isVerified || found == oid else { throw Self.damaged(source) }
    }

    private func requireLength(_ byteCount: Int64, of oid: ObjectID, found: Int64) throws(RemoteError) {
        guard found == byteCount else {
            throw RemoteError(
                .damaged, "the copy at \(name) is damaged: it has \(found) bytes, where \(byteCount) were expected")
        }
    }

    private static let largeByteCount: Int64 = 4 << 20
    /// With more uploads than these, one flush of the file system is cheaper than one fsync for each.
    private static let individualLimit = 32

    package func settle() -> [ObjectID: RemoteError] {
        let uploads = unsettled.withLock { unsettled in
            defer { unsettled = [] }
            return unsettled
        }
        guard !uploads.isEmpty else { return [:] }
        var failures: [ObjectID: RemoteError] = [:]
        do throws(RemoteError) {
            let permissions = try prepare()
            let isShared = uploads.count > Self.individualLimit
            try flush(uploads.map(\.file), in: incoming, isShared: isShared)
            var folders: Set<BytePath> = [objects]
            for upload in uploads {
                do throws(RemoteError) {
                    try publish(upload, permissions)
                    folders.formUnion([path(of: upload.oid).parent, path(of: upload.oid).parent.parent])
                } catch {
                    failures[upload.oid] = error
                }
            }
            try flush(Array(folders), in: objects, isShared: isShared)
        } catch {
            for upload in uploads where failures[upload.oid] == nil { failures[upload.oid] = error }
        }
        for upload in uploads { discard(upload.file, isNamed: failures[upload.oid] == nil) }
        return failures
    }

    /// Forgets a temporary file, and removes it unless it has got its name.
    private func discard(_ file: BytePath, isNamed: Bool) {
        temporaryFiles.withLock { _ = $0.remove(file) }
        if !isNamed { try? file.removeFile() }
    }

    /// Returns when the files, or folders, are on the disk of `folder`.
    private func flush(_ paths: [BytePath], in place: BytePath, isShared: Bool) throws(RemoteError) {
        do throws(SystemError) {
            if isShared { return try Descriptor.open(place, [.read, .folder]).synchronizeFileSystem() }
            for path in paths { try Descriptor.open(path, .read).synchronize() }
        } catch {
            throw RemoteError(error, "write to", folder)
        }
    }

    /// Gives a blob, whose bytes are on the disk, its name, unless another upload has been faster.
    private func publish(_ upload: Upload, _ permissions: Permissions) throws(RemoteError) {
        let final = path(of: upload.oid)
        try requireFullLength(upload)
        for attempt in 1... {
            do throws(SystemError) {
                return try upload.file.renameExclusively(to: final)
            } catch {
                if error.isExisting, let found = try byteCount(of: upload.oid) {
                    try? upload.file.removeFile()
                    return try requireLength(upload.byteCount, of: upload.oid, found: found)
                }
                // Its folder has never been made, or somebody has just removed it, or the blob, again.
                guard error.isAbsent || error.isExisting, attempt < 5 else {
                    throw RemoteError(error, "write to", folder)
                }
            }
            do throws(SystemError) {
                // `settle` brings all folders of its uploads to the disk at once.
                try makeFolder(final.parent, permissions, isFlushed: false)
            } catch {
                throw RemoteError(error, "write to", folder)
            }
        }
    }

    /// File servers may drop what was written over a quota, and say so to nobody but the one who asks.
    private func requireFullLength(_ upload: Upload) throws(RemoteError) {
        let status = try remotely("look at", folder) { () throws(SystemError) in try upload.file.status() }
        guard status?.byteCount == upload.byteCount else {
            throw RemoteError(.other, "'\(folder)' has not kept what was written to it")
        }
    }

    package func abandon() {
        // Whoever holds the lock is about to change the set; the files are swept later then.
        let files = temporaryFiles.withLockIfAvailable { $0 } ?? []
        for file in files { try? file.removeFile() }
    }
}

/// Does what the system may refuse, and says what it was.
private func remotely<Result: ~Copyable>(
    _ action: String, _ place: BytePath, _ body: () throws(SystemError) -> Result
) throws(RemoteError) -> Result {
    do throws(SystemError) {
        return try body()
    } catch {
        throw RemoteError(error, action, place)
    }
}
