internal import CPlatform
internal import Glibc

/// A system call that failed.
package struct SystemError: Error, Equatable, Sendable {
    /// The call's name, as its manual page has it.
    package let call: String
    /// What the call was for, where it was for a file.
    package let path: BytePath?
    /// The `errno` it left.
    package let code: Int32

    package init(_ call: String, path: BytePath? = nil, code: Int32) {
        self.call = call
        self.path = path
        self.code = code
    }

    /// The error of the call that has just returned, from `errno`.
    package static func last(_ call: String, path: BytePath? = nil) -> SystemError {
        SystemError(call, path: path, code: errno)
    }

    /// What the system calls this error, in lower case: `no space left on device`.
    package var reason: String {
        // strerror_r is the thread-safe one, and glibc's returns the text.
        var buffer = [CChar](repeating: 0, count: 256)
        let text = String(cString: platform_reason(code, &buffer, buffer.count))
        return text.prefix(1).lowercased() + text.dropFirst()
    }

    /// There is nothing at the path, or a folder on the way is not there.
    package var isAbsent: Bool { code == ENOENT || code == ENOTDIR }
    package var isExisting: Bool { code == EEXIST }
    /// What open(2) says of a link that it is not to follow.
    var isLink: Bool { code == ELOOP }
    package var isFull: Bool { code == ENOSPC || code == EDQUOT }
    package var isDenied: Bool { code == EACCES || code == EPERM || code == EROFS }
    /// What link(2) says where the file system has no hard links.
    var isWithoutLinks: Bool { code == EPERM || code == EOPNOTSUPP || code == ENOSYS }
    package var isBrokenPipe: Bool { code == EPIPE }
    package var isCrossDevice: Bool { code == EXDEV }
    /// The disk, the server or the mount behind the path does not answer.
    package var isUnreachable: Bool {
        [EIO, ENXIO, ENODEV, ENOTCONN, ESTALE, ETIMEDOUT, EHOSTDOWN, EHOSTUNREACH, ECONNRESET, ECONNABORTED, EREMOTEIO]
            .contains(code)
    }
    /// The same call may well succeed a moment later.
    package var isTransient: Bool {
        [ESTALE, ETIMEDOUT, EHOSTDOWN, EHOSTUNREACH, ECONNRESET, ECONNABORTED, EAGAIN, EBUSY, ENFILE, EMFILE, ENOMEM, ENOBUFS]
            .contains(code)
    }
}

extension SystemError: CustomStringConvertible {
    package var description: String {
        path.map { "\(call) '\($0)': \(reason)" } ?? "\(call): \(reason)"
    }
}

/// Calls again while a signal interrupts the call: the one place that knows of EINTR.
@inline(__always)
func retryingInterrupts<Result: FixedWidthInteger & SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}
