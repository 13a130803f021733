import Platform

/// A file in the store's `incoming/` that has no name any more, for what has no room in memory: nobody finds it, and the
/// end of this process is its end.
final class NamelessFile: Sendable {
    private let file: TemporaryFile

    init(in store: ObjectStore) throws(SystemError) {
        file = try store.makeSpool()
        try file.path.removeFile()
    }

    /// Writes behind what was written before.
    func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        try file.descriptor.write(bytes)
    }

    /// Fills the whole buffer.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SystemError) {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let some = try file.descriptor.read(into: rest, at: Int64(offset + done))
            // The file is ours alone, and as long as we have made it.
            if some == 0 { throw SystemError("read", path: file.path, code: SystemError.unreadableCode) }
            done += some
        }
    }
}
