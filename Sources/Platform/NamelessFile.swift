/// A file that has no name any more, for what has no room in memory: nobody finds it, and the end of this process is its
/// end.
package final class NamelessFile: Sendable {
    private let file: TemporaryFile

    /// Takes the name away.
    package init(_ file: consuming TemporaryFile) throws(SystemError) {
        self.file = file
        try self.file.path.removeFile()
    }

    /// Writes behind what was written before.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        try file.descriptor.write(bytes)
    }

    /// Writes at an offset, of which `write(_:)` knows nothing.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemError) {
        try file.descriptor.write(bytes, at: Int64(offset))
    }

    /// Fills the whole buffer.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SystemError) {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let some = try file.descriptor.read(into: rest, at: Int64(offset + done))
            // The file is ours alone, and as long as we have made it.
            if some == 0 { throw SystemError("read", path: file.path, code: SystemError.unreadableCode) }
            done += some
        }
    }

    /// Makes the file so long; what was not written is zeros.
    package func extend(to byteCount: Int) throws(SystemError) {
        try file.descriptor.truncate(to: Int64(byteCount))
    }
}
