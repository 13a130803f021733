internal import CPlatform
internal import Glibc

extension BytePath {
    /// - Parameter followingLinks: whether a symbolic link stands for what it names.
    /// - Returns: nil where nothing is.
    package func status(followingLinks: Bool = false) throws(SystemError) -> FileStatus? {
        var raw = stat()
        let result = withCString { followingLinks ? stat($0, &raw) : lstat($0, &raw) }
        if result == 0 { return FileStatus(raw) }
        let error = SystemError.last("stat", path: self)
        if error.isAbsent { return nil }
        throw error
    }

    /// Whether anything is there; false also where that cannot be known.
    package var exists: Bool {
        withCString { access($0, F_OK) } == 0
    }

    package var isExecutableFile: Bool {
        guard let status = try? status(followingLinks: true), status.kind == .regular else { return false }
        return withCString { access($0, X_OK) } == 0
    }

    package var isFolder: Bool {
        (try? status(followingLinks: true))?.kind == .folder
    }

    /// Makes this folder and those above it that are missing.
    package func makeFolders() throws(SystemError) {
        if withCString({ mkdir($0, 0o777) }) == 0 || errno == EEXIST { return }
        guard errno == ENOENT else { throw .last("mkdir", path: self) }
        guard parent != self else { throw SystemError("mkdir", path: self, code: ENOENT) }
        try parent.makeFolders()
        guard withCString({ mkdir($0, 0o777) }) == 0 || errno == EEXIST else { throw .last("mkdir", path: self) }
    }

    /// Gives the file the present time as its time of change.
    package func touch() throws(SystemError) {
        guard withCString({ utimensat(AT_FDCWD, $0, nil, 0) }) == 0 else { throw .last("utimensat", path: self) }
    }

    /// Removes a file or a link. What is not there need not be removed.
    package func removeFile() throws(SystemError) {
        guard withCString({ unlink($0) }) == 0 || errno == ENOENT else { throw .last("unlink", path: self) }
    }

    /// Removes an empty folder.
    /// - Returns: false where it is not empty, not there, or in use.
    @discardableResult
    package func removeEmptyFolder() -> Bool {
        withCString { rmdir($0) } == 0
    }

    /// Gives the file another name, in place of whatever had that name.
    package func rename(to new: BytePath) throws(SystemError) {
        let result = withCString { old in new.withCString { Glibc.rename(old, $0) } }
        guard result == 0 else { throw .last("rename", path: new) }
    }

    /// Gives the file another name that must be free (`EEXIST` otherwise).
    package func renameExclusively(to new: BytePath) throws(SystemError) {
        let result = withCString { old in new.withCString { platform_rename_exclusive(old, $0) } }
        if result == 0 { return }
        guard errno == EINVAL || errno == ENOSYS else { throw .last("rename", path: new) }
        // File systems without RENAME_NOREPLACE (NFS among them) have hard links.
        do throws(SystemError) { try link(to: new) } catch {
            guard error.isWithoutLinks else { throw error }
            return try renameInTurn(to: new)
        }
        try removeFile()
    }

    /// What has neither (exFAT in user space) belongs to one machine, whose processes wait for each other.
    private func renameInTurn(to new: BytePath) throws(SystemError) {
        let folder = try Descriptor.open(new.parent, [.read, .folder])
        _ = try folder.lock(waiting: true)
        guard try new.status() == nil else { throw SystemError("rename", path: new, code: EEXIST) }
        try rename(to: new)
    }

    /// Gives the file a second name that must be free (`EEXIST` otherwise).
    package func link(to new: BytePath) throws(SystemError) {
        let result = withCString { old in new.withCString { Glibc.link(old, $0) } }
        guard result == 0 else { throw .last("link", path: new) }
    }

    /// What the symbolic link says.
    package func linkTarget() throws(SystemError) -> BytePath {
        let size = Int(PATH_MAX)
        var buffer = [CChar](repeating: 0, count: size)
        let count = withCString { readlink($0, &buffer, size) }
        guard count >= 0 else { throw .last("readlink", path: self) }
        return BytePath(bytes: buffer.prefix(count).map { UInt8(bitPattern: $0) })
    }

    /// The absolute path with all links followed.
    package func resolved() throws(SystemError) -> BytePath {
        let real = withCString { realpath($0, nil) }
        guard let real else { throw .last("realpath", path: self) }
        defer { free(real) }
        return BytePath(bytes: UnsafeBufferPointer(start: real, count: strlen(real)).map { UInt8(bitPattern: $0) })
    }

    /// The names in this folder, without `.` and `..`, in no order.
    package func entries() throws(SystemError) -> [BytePath] {
        var names: [BytePath] = []
        try forEachEntry { names.append($0) }
        return names
    }

    /// Calls `body` for each of the names that `entries` would give, while the folder is read. It may remove that entry; what
    /// is made meanwhile may be named or not.
    package func forEachEntry(_ body: (BytePath) throws(SystemError) -> Void) throws(SystemError) {
        guard let stream = withCString({ opendir($0) }) else { throw .last("opendir", path: self) }
        defer { closedir(stream) }
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw .last("readdir", path: self) }
                return
            }
            guard let start = platform_entry_name(entry) else { continue }
            let name = BytePath(
                bytes: UnsafeBufferPointer(start: start, count: strlen(start)).map { UInt8(bitPattern: $0) })
            if name != "." && name != ".." { try body(name) }
        }
    }

    /// The whole content, at most `limit` bytes of it.
    /// - Returns: nil where nothing is.
    package func contents(limit: Int = .max) throws(SystemError) -> [UInt8]? {
        do throws(SystemError) {
            let file = try Descriptor.open(self, .read)
            let byteCount = min(try file.status().byteCount, Int64(clamping: limit))
            return try file.contents(expecting: Int(clamping: byteCount), limit: limit)
        } catch {
            if error.isAbsent { return nil }
            throw error
        }
    }

    /// As `contents`, of a file where somebody may have put a link or a pipe since one looked: nothing is followed, and
    /// nobody is waited for.
    /// - Returns: nil too where something else than a regular file is.
    package func regularContents(limit: Int = .max) throws(SystemError) -> [UInt8]? {
        do throws(SystemError) {
            let file = try Descriptor.open(self, [.read, .noFollow, .nonBlocking])
            let status = try file.status()
            guard status.kind == .regular else { return nil }
            return try file.contents(expecting: Int(clamping: min(status.byteCount, Int64(clamping: limit))), limit: limit)
        } catch {
            if error.isAbsent || error.isLink { return nil }
            throw error
        }
    }

    /// Returns when names made in, or removed from, this folder are on the disk.
    package func synchronizeFolder() throws(SystemError) {
        try Descriptor.open(self, [.read, .folder]).synchronize()
    }

    /// Writes a file that readers see whole or not at all: temporary file, fsync, rename, fsync of the folder.
    package func replaceContents(with bytes: [UInt8], permissions: UInt32 = 0o666) throws(SystemError) {
        let file = try TemporaryFile(in: parent, permissions: permissions)
        try file.descriptor.write(bytes)
        try file.commit(to: self)
    }

    /// The process's folder.
    package static func currentFolder() throws(SystemError) -> BytePath {
        guard let path = getcwd(nil, 0) else { throw .last("getcwd") }
        defer { free(path) }
        return BytePath(bytes: UnsafeBufferPointer(start: path, count: strlen(path)).map { UInt8(bitPattern: $0) })
    }

    package func makeCurrentFolder() throws(SystemError) {
        guard withCString({ chdir($0) }) == 0 else { throw .last("chdir", path: self) }
    }

    /// Bytes that may still be written to the file system that holds this path.
    package func availableByteCount() throws(SystemError) -> Int64 {
        var system = statvfs()
        guard withCString({ statvfs($0, &system) }) == 0 else { throw .last("statvfs", path: self) }
        // Some network file systems say that there is no limit with numbers whose product has no place.
        let (byteCount, isTooLarge) = UInt64(system.f_bavail).multipliedReportingOverflow(by: UInt64(system.f_frsize))
        return isTooLarge ? .max : Int64(clamping: byteCount)
    }
}
