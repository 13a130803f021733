internal import CPlatform
internal import Glibc

/// What may be done to the names in an open folder. Each takes one component, never follows a link in
/// its place, and stays in this very folder, whatever happens to the path that led to it.
extension Descriptor {
    /// - Returns: nil where nothing has this name.
    package func status(ofEntry name: BytePath) throws(SystemError) -> FileStatus? {
        var raw = stat()
        let number = self.number
        if name.withCString({ fstatat(number, $0, &raw, AT_SYMLINK_NOFOLLOW) }) == 0 { return FileStatus(raw) }
        let error = SystemError.last("stat", path: pathOfEntry(name))
        if error.isAbsent { return nil }
        throw error
    }

    /// Makes a folder. One that is there already is left as it is.
    package func makeFolder(entry name: BytePath) throws(SystemError) {
        let number = self.number
        guard name.withCString({ mkdirat(number, $0, 0o777) }) == 0 || errno == EEXIST else {
            throw .last("mkdir", path: pathOfEntry(name))
        }
    }

    /// Gives a file of this folder another name in it, in place of whatever file had that name.
    package func rename(entry old: BytePath, to new: BytePath) throws(SystemError) {
        let number = self.number
        let result = old.withCString { from in new.withCString { renameat(number, from, number, $0) } }
        guard result == 0 else { throw .last("rename", path: pathOfEntry(new)) }
    }

    /// Gives a file of this folder another name in it that must be free (`EEXIST` otherwise).
    package func renameExclusively(entry old: BytePath, to new: BytePath) throws(SystemError) {
        let number = self.number
        let result = old.withCString { from in
            new.withCString { platform_rename_exclusive_at(number, from, $0) }
        }
        if result == 0 { return }
        guard errno == EINVAL || errno == ENOSYS else { throw .last("rename", path: pathOfEntry(new)) }
        // File systems without RENAME_NOREPLACE (NFS among them) have hard links.
        let linked = old.withCString { from in new.withCString { linkat(number, from, number, $0, 0) } }
        guard linked == 0 else {
            let error = SystemError.last("link", path: pathOfEntry(new))
            guard error.isWithoutLinks else { throw error }
            return try renameInTurn(entry: old, to: new)
        }
        try removeFile(entry: old)
    }

    /// As `BytePath.renameExclusively` where there are no links either.
    private func renameInTurn(entry old: BytePath, to new: BytePath) throws(SystemError) {
        let folder = try Descriptor.open(pathOfEntry("."), [.read, .folder])
        _ = try folder.lock(waiting: true)
        let number = self.number
        guard new.withCString({ faccessat(number, $0, F_OK, AT_SYMLINK_NOFOLLOW) }) != 0 else {
            throw SystemError("rename", path: pathOfEntry(new), code: EEXIST)
        }
        try rename(entry: old, to: new)
    }

    /// Moves a file of this folder to an absolute path of the same file system, where nothing may be yet.
    package func move(entry name: BytePath, to path: BytePath) throws(SystemError) {
        let number = self.number
        let result = name.withCString { from in path.withCString { platform_rename_exclusive_at(number, from, $0) } }
        guard result == 0 else { throw .last("rename", path: path) }
    }

    /// Moves a file here from an absolute path of the same file system.
    /// - Parameter isReplacing: whether it takes the place of whatever has the name, which must be free otherwise
    ///   (`EEXIST`).
    package func take(_ path: BytePath, as name: BytePath, isReplacing: Bool) throws(SystemError) {
        // An absolute path is taken as it is.
        if isReplacing { try rename(entry: path, to: name) } else { try renameExclusively(entry: path, to: name) }
    }

    /// Gives each of two files of this folder the other's name, at once.
    /// - Returns: false where the file system cannot (NFS among them).
    package func exchange(entry one: BytePath, with other: BytePath) throws(SystemError) -> Bool {
        let number = self.number
        let result = one.withCString { first in
            other.withCString { platform_rename_exchange_at(number, first, $0) }
        }
        if result == 0 { return true }
        guard errno == EINVAL || errno == ENOSYS else { throw .last("rename", path: pathOfEntry(other)) }
        return false
    }

    /// Removes a file or a link. What is not there need not be removed.
    package func removeFile(entry name: BytePath) throws(SystemError) {
        let number = self.number
        guard name.withCString({ unlinkat(number, $0, 0) }) == 0 || errno == ENOENT else {
            throw .last("unlink", path: pathOfEntry(name))
        }
    }

    private func pathOfEntry(_ name: BytePath) -> BytePath {
        path?.appending(name) ?? name
    }
}
