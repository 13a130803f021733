import Digest
import Platform

extension FolderRemote {
    private func path(of name: DocumentName) -> BytePath { folder / BytePath(name.text) }

    package func read(_ name: DocumentName) throws(RemoteError) -> [UInt8]? {
        let path = path(of: name)
        do throws(SystemError) {
            // Whoever may write here may have left a pipe, or a link to a device without an end.
            let file = try Descriptor.open(path, [.read, .nonBlocking])
            if try file.status().kind == .regular {
                let content = try ByteReader(file).readToEnd(limit: Self.greatestDocument + 1)
                if content.count <= Self.greatestDocument { return content }
            }
        } catch {
            if error.isAbsent { return nil }
            throw RemoteError(error, "read", path)
        }
        throw RemoteError(.other, "'\(path)' is no file, or too large a one")
    }

    /// As of a bucket.
    private static let greatestDocument = 64 << 20

    package func create(_ name: DocumentName, _ content: [UInt8]) throws(RemoteError) -> Bool {
        try make(name, content) { (file, final) throws(SystemError) in
            do throws(SystemError) { try file.renameExclusively(to: final) } catch {
                guard error.isExisting else { throw error }
                return false
            }
            return true
        }
    }

    package func replace(_ name: DocumentName, _ content: [UInt8]) throws(RemoteError) {
        _ = try make(name, content) { (file, final) throws(SystemError) in
            try file.rename(to: final)
            return true
        }
    }

    /// Writes a document to a temporary file that is durable before `place` gives it its name.
    private func make(
        _ name: DocumentName, _ content: [UInt8], _ place: (_ file: BytePath, _ final: BytePath) throws(SystemError) -> Bool
    ) throws(RemoteError) -> Bool {
        let permissions = try prepare()
        let final = path(of: name)
        do throws(SystemError) {
            try makeFolder(final.parent, permissions)
            let file = try TemporaryFile(in: incoming, prefix: Self.temporaryPrefix, permissions: 0o600)
            try file.descriptor.write(content)
            try file.descriptor.setPermissions(permissions.files)
            try file.descriptor.synchronize()
            guard try place(file.path, final) else { return false }
            file.finish()
            try final.parent.synchronizeFolder()
            return true
        } catch {
            throw RemoteError(error, "write", final)
        }
    }

    /// Makes a folder of the remote and those above it that are missing.
    /// - Parameter isFlushed: whether they are on the disk then; else the caller sees to that.
    func makeFolder(_ place: BytePath, _ permissions: Permissions, isFlushed: Bool = true) throws(SystemError) {
        guard place != folder, !place.exists else { return }
        try makeFolder(place.parent, permissions, isFlushed: isFlushed)
        try place.makeFolder(permissions.folders)
        if isFlushed { try place.parent.synchronizeFolder() }
    }

    package func remove(_ name: DocumentName) throws(RemoteError) {
        do throws(SystemError) { try path(of: name).removeFile() } catch {
            throw RemoteError(error, "remove", path(of: name))
        }
    }

    package func documents(
        in folder: DocumentName, after start: DocumentName?, limit: Int
    ) throws(RemoteError) -> [DocumentName] {
        let place = path(of: folder)
        do throws(SystemError) {
            // What cannot be looked at is not empty: a repository would seem to have no history, a mark no notes.
            guard try place.status(followingLinks: true)?.kind == .folder else { return [] }
            let first = start.map { BytePath($0.text).lastComponent }
            let names = try place.entries().filter { name in first.map { name > $0 } ?? true }.sorted()
            return Array(names.lazy.compactMap { folder.appending($0.text) }.prefix(limit))
        } catch {
            throw RemoteError(error, "read", place)
        }
    }

    package func naming(_ names: [ObjectID: DocumentName], areNew: Bool) -> any Remote { FolderRemote(self, naming: names) }
}
