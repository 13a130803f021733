internal import Glibc

extension Descriptor {
    /// What is at a path in this folder, without following a link in its place.
    /// - Parameters:
    ///   - bytes: which have a NUL behind the path.
    ///   - start: where in them the path begins.
    /// - Returns: nil where nothing is, or where it cannot be known.
    package func status(ofTerminated bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> FileStatus? {
        guard let base = bytes.baseAddress, bytes.indices.contains(start) else { return nil }
        var raw = stat()
        let result = UnsafeRawPointer(base + start).withMemoryRebound(to: CChar.self, capacity: bytes.count - start) {
            fstatat(number, $0, &raw, AT_SYMLINK_NOFOLLOW)
        }
        return result == 0 ? FileStatus(raw) : nil
    }
}
