internal import Glibc

extension Descriptor {
    /// All that is left to read, at most `limit` bytes.
    /// - Parameter byteCount: how much that probably is: it is read at once, into memory of its size.
    func contents(expecting byteCount: Int, limit: Int) throws(SystemError) -> [UInt8] {
        var failure: SystemError?
        var isOver = false
        var bytes = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            while count < byteCount, !isOver {
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count..<byteCount])
                do throws(SystemError) {
                    let read = try read(into: rest)
                    isOver = read == 0
                    count += read
                } catch {
                    failure = error
                    isOver = true
                }
            }
        }
        if let failure { throw failure }
        // What is growing, and what says nothing of its length (proc(5)).
        var more = [UInt8](repeating: 0, count: min(4096, limit - bytes.count))
        while !isOver, bytes.count < limit {
            let read = try read(&more, limit: limit - bytes.count)
            isOver = read == 0
            bytes += more[..<read]
        }
        return bytes
    }

    private func read(_ buffer: inout [UInt8], limit: Int) throws(SystemError) -> Int {
        var failure: SystemError?
        let count = buffer.withUnsafeMutableBytes { bytes in
            do throws(SystemError) { return try read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<min(limit, bytes.count)])) } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return count
    }

    /// What is at a path in this folder, without following a link in its place.
    /// - Parameters:
    ///   - bytes: which have a NUL behind the path.
    ///   - start: where in them the path begins.
    /// - Returns: nil where nothing is.
    package func status(ofTerminated bytes: UnsafeBufferPointer<UInt8>, at start: Int) throws(SystemError) -> FileStatus? {
        guard let base = bytes.baseAddress, bytes.indices.contains(start) else { return nil }
        var raw = stat()
        let result = UnsafeRawPointer(base + start).withMemoryRebound(to: CChar.self, capacity: bytes.count - start) {
            fstatat(number, $0, &raw, AT_SYMLINK_NOFOLLOW)
        }
        if result == 0 { return FileStatus(raw) }
        let code = errno
        if code == ENOENT || code == ENOTDIR { return nil }
        let name = BytePath(bytes: bytes[start...].prefix { $0 != 0 })
        throw SystemError("stat", path: path?.appending(name) ?? name, code: code)
    }
}
