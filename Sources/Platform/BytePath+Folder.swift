internal import Glibc

extension BytePath {
    /// Makes one folder with exactly these permissions, whatever the umask. One that is there already
    /// stays as it is.
    package func makeFolder(_ permissions: UInt32) throws(SystemError) {
        guard withCString({ mkdir($0, mode_t(permissions & 0o777)) }) == 0 else {
            if errno == EEXIST { return }
            throw .last("mkdir", path: self)
        }
        // The set-group-id bit is inherited; asking for it again could only lose it.
        guard let made = try status(), made.permissions & 0o777 != permissions & 0o777 else { return }
        let wanted = permissions & 0o777 | made.permissions & 0o7000
        guard withCString({ chmod($0, mode_t(wanted)) }) == 0 else { throw .last("chmod", path: self) }
    }

    /// Removes a file, a link, or a folder with all that is in it, as far as that is allowed. No link is followed.
    /// - Returns: whether it is gone.
    @discardableResult
    package func removeTree() -> Bool {
        guard (try? status())?.kind == .folder else {
            try? removeFile()
            return !isPresent
        }
        for name in (try? entries()) ?? [] { (self / name).removeTree() }
        return removeEmptyFolder()
    }

    /// Whether anything has this name, a link to nothing included.
    package var isPresent: Bool { (try? status()) != nil }
}

extension SystemError {
    /// The code of a path where nothing is.
    package static let absentCode = ENOENT

    /// The code of what cannot be read though it is there.
    package static let unreadableCode = EIO
}
