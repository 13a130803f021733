internal import CPlatform
internal import Glibc

/// An open file, folder or pipe end, closed when its owner goes. One thread at a time may use it,
/// except for `read(into:at:)`, which many may.
package struct Descriptor: ~Copyable, Sendable {
    package struct Options: OptionSet, Sendable {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        package static let read = Options(rawValue: O_RDONLY)
        package static let write = Options(rawValue: O_WRONLY)
        package static let readWrite = Options(rawValue: O_RDWR)
        package static let create = Options(rawValue: O_CREAT)
        package static let exclusive = Options(rawValue: O_EXCL)
        package static let truncate = Options(rawValue: O_TRUNC)
        package static let append = Options(rawValue: O_APPEND)
        package static let noFollow = Options(rawValue: O_NOFOLLOW)
        package static let folder = Options(rawValue: O_DIRECTORY)
        /// Does not wait for the other end of a pipe that somebody left in the place of a file.
        package static let nonBlocking = Options(rawValue: O_NONBLOCK)
    }

    /// The number the system knows it by. It stays owned here.
    package let number: Int32
    /// Where it was opened, for messages.
    package let path: BytePath?
    private var isOpen = true

    /// Takes over a descriptor that the caller owns.
    package init(owning number: Int32, path: BytePath? = nil) {
        self.number = number
        self.path = path
    }

    deinit {
        if isOpen { _ = platform_close(number) }
    }

    package static func open(
        _ path: BytePath, _ options: Options, permissions: UInt32 = 0o666
    ) throws(SystemError) -> Descriptor {
        let number = path.withCString { name in
            retryingInterrupts { platform_open(name, options.rawValue | O_CLOEXEC, mode_t(permissions)) }
        }
        guard number >= 0 else { throw .last("open", path: path) }
        return Descriptor(owning: number, path: path)
    }

    /// Opens `name`, one component, in this folder.
    package func open(
        entry name: BytePath, _ options: Options, permissions: UInt32 = 0o666
    ) throws(SystemError) -> Descriptor {
        let number = self.number
        let opened = name.withCString { entry in
            retryingInterrupts { platform_openat(number, entry, options.rawValue | O_CLOEXEC, mode_t(permissions)) }
        }
        let path = self.path?.appending(name) ?? name
        guard opened >= 0 else { throw .last("open", path: path) }
        return Descriptor(owning: opened, path: path)
    }

    /// Closes, and says where the system could not keep what was written (NFS, quotas).
    package consuming func close() throws(SystemError) {
        isOpen = false
        // After EINTR Linux has closed the descriptor all the same.
        if platform_close(number) != 0, errno != EINTR { throw .last("close", path: path) }
    }

    /// Reads what is there, at most the buffer; 0 is the end.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        let count = retryingInterrupts { platform_read(number, buffer.baseAddress, buffer.count) }
        guard count >= 0 else { throw .last("read", path: path) }
        return count
    }

    /// Reads at `offset`, without moving the position.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(SystemError) -> Int {
        let count = retryingInterrupts { pread(number, buffer.baseAddress, buffer.count, off_t(offset)) }
        guard count >= 0 else { throw .last("read", path: path) }
        return count
    }

    /// Writes every byte.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest)
            let count = retryingInterrupts { platform_write(number, piece.baseAddress, piece.count) }
            guard count >= 0 else { throw .last("write", path: path) }
            rest = rest.dropFirst(count)
        }
    }

    /// Writes every byte at `offset`, without moving the position.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(SystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest)
            let place = off_t(offset) + off_t(bytes.count - rest.count)
            let count = retryingInterrupts { pwrite(number, piece.baseAddress, piece.count, place) }
            guard count >= 0 else { throw .last("write", path: path) }
            rest = rest.dropFirst(count)
        }
    }

    package func write(_ bytes: [UInt8]) throws(SystemError) {
        var failure: SystemError?
        bytes.withUnsafeBytes { buffer in
            do throws(SystemError) { try write(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Returns when content and length are on the disk.
    package func synchronize() throws(SystemError) {
        guard retryingInterrupts({ fsync(number) }) == 0 else { throw .last("fsync", path: path) }
    }

    /// Returns when everything written to this file system is on the disk: one flush for many files.
    package func synchronizeFileSystem() throws(SystemError) {
        guard retryingInterrupts({ platform_syncfs(number) }) == 0 else { throw .last("syncfs", path: path) }
    }

    /// Sets an extended attribute of the file.
    /// - Returns: false where the file system has none, or no room.
    /// Spec: xattr(7).
    package func setAttribute(_ name: String, _ value: [UInt8]) -> Bool {
        value.withUnsafeBytes { platform_set_attribute(number, name, $0.baseAddress, $0.count) } == 0
    }

    /// An extended attribute of the file; nil where it has no such one, or one longer than 256 bytes.
    package func attribute(_ name: String) -> [UInt8]? {
        var value = [UInt8](repeating: 0, count: 256)
        let count = value.withUnsafeMutableBytes { platform_attribute(number, name, $0.baseAddress, $0.count) }
        return count >= 0 ? Array(value[..<count]) : nil
    }

    /// Takes an extended attribute away, where it is there.
    package func removeAttribute(_ name: String) {
        _ = platform_remove_attribute(number, name)
    }

    /// Lets child processes have this descriptor too, so that a lock which was taken by it is held until the last of
    /// them has ended as well.
    package func shareWithChildren() {
        _ = fcntl(number, F_SETFD, 0)
    }

    package func status() throws(SystemError) -> FileStatus {
        var raw = stat()
        guard fstat(number, &raw) == 0 else { throw .last("fstat", path: path) }
        return FileStatus(raw)
    }

    package func setPermissions(_ permissions: UInt32) throws(SystemError) {
        guard fchmod(number, mode_t(permissions)) == 0 else { throw .last("fchmod", path: path) }
    }

    package func truncate(to byteCount: Int64) throws(SystemError) {
        guard retryingInterrupts({ ftruncate(number, off_t(byteCount)) }) == 0 else {
            throw .last("ftruncate", path: path)
        }
    }

    /// Moves the position to `offset`, counted from the start.
    package func seek(to offset: Int64) throws(SystemError) {
        guard lseek(number, off_t(offset), SEEK_SET) >= 0 else { throw .last("lseek", path: path) }
    }

    /// Takes the advisory lock of this open file, which its closing gives back.
    /// - Returns: false when `waiting` is false and another process holds it.
    package func lock(waiting: Bool) throws(SystemError) -> Bool {
        if retryingInterrupts({ flock(number, waiting ? LOCK_EX : LOCK_EX | LOCK_NB) }) == 0 { return true }
        if errno == EWOULDBLOCK { return false }
        throw .last("flock", path: path)
    }

    /// Gives the file a time of modification; that of its last access stays.
    package func setModified(_ time: FileStatus.Time) throws(SystemError) {
        guard platform_set_modified(number, time.seconds, Int64(time.nanoseconds)) == 0 else { throw .last("utimensat", path: path) }
    }

    /// Makes this empty file share the content of `source`, with no byte copied.
    /// - Returns: false where the file systems cannot; the file is then as it was.
    package func share(contentOf source: borrowing Descriptor) -> Bool {
        platform_clone(number, source.number) == 0
    }

    /// Writes the rest of `source` behind what is here, without a byte of it passing through this process where the
    /// system can (copy_file_range(2)).
    /// - Parameter advance: told of bytes as they are written.
    package func copyContent(of source: borrowing Descriptor, _ advance: (Int) -> Void) throws(SystemError) {
        while true {
            let count = retryingInterrupts { platform_copy_range(source.number, number, 16 << 20) }
            if count == 0 { return }
            if count < 0 {
                // Two file systems, or one that has no such call.
                guard [EXDEV, ENOSYS, EOPNOTSUPP, EINVAL].contains(errno) else { throw .last("copy_file_range", path: path) }
                return try copyThroughMemory(source, advance)
            }
            advance(count)
        }
    }

    /// Moves up to `byteCount` bytes of `source`, a file, from its present position into this pipe, without copying them
    /// (splice(2)).
    /// - Returns: how many, 0 at the end of the file; nil where the system does no such thing between the two.
    package func splice(from source: borrowing Descriptor, byteCount: Int) throws(SystemError) -> Int? {
        let count = retryingInterrupts { platform_splice(source.number, number, byteCount) }
        if count >= 0 { return count }
        guard errno == EINVAL || errno == ENOSYS else { throw .last("splice", path: path) }
        return nil
    }

    private func copyThroughMemory(_ source: borrowing Descriptor, _ advance: (Int) -> Void) throws(SystemError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = try source.read(into: buffer)
            if count == 0 { return }
            try write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            advance(count)
        }
    }

    /// What became of the wish to share one file's blocks with another's.
    package enum Deduplication: Equatable, Sendable {
        /// They share all of them now.
        case shared
        /// They did already.
        case wasShared
        /// They differ; nothing was changed.
        case different
        /// The file system has no blocks that files share, or the two are on different ones.
        case unsupported
    }

    /// Whether no byte of the two takes space twice. False also where the file system does not say.
    package func shares(blocksOf other: borrowing Descriptor) -> Bool {
        platform_shares_extents(number, other.number) != 0
    }

    /// Makes this file, which should have the content of `source`, share its blocks. The kernel compares every byte
    /// under a lock first, so that no content is ever changed; name, inode and times stay
    /// (ioctl_fideduperange(2)).
    package func deduplicate(with source: borrowing Descriptor) throws(SystemError) -> Deduplication {
        let byteCount = try status().byteCount
        guard try source.status().byteCount == byteCount else { return .different }
        if shares(blocksOf: source) { return .wasShared }
        var offset: Int64 = 0
        while offset < byteCount {
            // What Btrfs and XFS do at once.
            let count = Int(min(byteCount - offset, 16 << 20))
            switch platform_dedupe(source.number, number, off_t(offset), count) {
            case -2: return .different
            case -1 where errno == EINTR: continue
            case -1 where [EOPNOTSUPP, ENOTTY, EINVAL, EXDEV, ENOSYS].contains(errno) && offset == 0: return .unsupported
            case -1: throw .last("FIDEDUPERANGE", path: path)
            // Less than a block, with which no file system can do it.
            case 0: return offset == 0 ? .unsupported : .shared
            case let shared: offset += Int64(shared)
            }
        }
        return .shared
    }

    /// Waits until a read would not block: there are bytes, or the end.
    /// - Parameter milliseconds: how long at most; 0 asks only.
    package func isReadable(within milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        return retryingInterrupts { poll(&entry, 1, milliseconds) } > 0
    }

    /// Asks for a larger pipe buffer; on anything but a pipe, and where the system refuses, nothing changes.
    package func requestPipeBuffer(byteCount: Int) {
        _ = platform_set_pipe_size(number, Int32(clamping: byteCount))
    }
}

// `close`, `read` and `write` are also names of methods of Descriptor, which would hide the calls.
private func platform_close(_ number: Int32) -> Int32 { close(number) }
private func platform_read(_ number: Int32, _ start: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(number, start, count)
}
private func platform_write(_ number: Int32, _ start: UnsafeRawPointer?, _ count: Int) -> Int {
    write(number, start, count)
}

extension Descriptor {
    /// Opens `/dev/null` for those of the standard streams that the process was started without. Else the
    /// next file that is opened would have such a number, and get what is meant for the terminal. Call
    /// once, before anything is opened.
    package static func openStandardStreams() {
        var number: Int32 = 0
        while number <= STDERR_FILENO {
            number = platform_open("/dev/null", O_RDWR, 0)
            if number < 0 { return }
        }
        _ = platform_close(number)
    }

    /// A standard stream of this process, 0 to 2, as a descriptor of its own.
    package static func standard(_ number: Int32) throws(SystemError) -> Descriptor {
        let copy = platform_duplicate(number)
        guard copy >= 0 else { throw .last("dup") }
        return Descriptor(owning: copy)
    }

    /// Writes a message to standard error at once; there is nobody to tell where that fails.
    package static func writeToStandardError(_ text: String) {
        let bytes = Array(text.utf8)
        try? standard(STDERR_FILENO).write(bytes)
    }
}
