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
}

extension SystemError {
    /// The code of a path where nothing is.
    package static let absentCode = ENOENT
}
