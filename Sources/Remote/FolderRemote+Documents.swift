import Platform

extension FolderRemote {
    private func path(of name: DocumentName) -> BytePath { folder / BytePath(name.text) }

    package func read(_ name: DocumentName) throws(RemoteError) -> [UInt8]? {
        do throws(SystemError) { return try path(of: name).contents() } catch {
            throw RemoteError(error, "read", path(of: name))
        }
    }

    package func create(_ name: DocumentName, _ content: [UInt8]) throws(RemoteError) -> Bool {
        let permissions = try prepare()
        let final = path(of: name)
        do throws(SystemError) {
            try final.parent.makeFolders()
            let file = try TemporaryFile(in: incoming, prefix: Self.temporaryPrefix, permissions: 0o600)
            try file.descriptor.write(content)
            try file.descriptor.setPermissions(permissions.files)
            try file.descriptor.synchronize()
            try file.path.renameExclusively(to: final)
            file.finish()
            try final.parent.synchronizeFolder()
            return true
        } catch {
            if error.isExisting { return false }
            throw RemoteError(error, "write", final)
        }
    }

    package func remove(_ name: DocumentName) throws(RemoteError) {
        do throws(SystemError) { try path(of: name).removeFile() } catch {
            throw RemoteError(error, "remove", path(of: name))
        }
    }

    package func documents(in folder: DocumentName) throws(RemoteError) -> [DocumentName] {
        let place = path(of: folder)
        do throws(SystemError) {
            guard place.isFolder else { return [] }
            return try place.entries().sorted().compactMap { folder.appending($0.text) }
        } catch {
            throw RemoteError(error, "read", place)
        }
    }
}
