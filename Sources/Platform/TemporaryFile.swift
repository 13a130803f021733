internal import CPlatform
internal import Glibc

/// A file under construction: it has a name of its own until `commit` gives it the final one, and
/// is gone when it was not committed, or when a signal ends the process before.
package struct TemporaryFile: ~Copyable, Sendable {
    package let descriptor: Descriptor
    package let path: BytePath
    private var isTemporary = true

    /// The beginning of the names of files that stand where people see them, and that a later run takes away if this one
    /// is killed.
    package static let visiblePrefix = ".git-data-"

    /// Removes the files of this prefix that killed processes left in a folder.
    package static func sweep(_ folder: BytePath, prefix: String) {
        guard let opened = try? Descriptor.open(folder, [.read, .folder]) else { return }
        TemporaryEntry.sweep(opened, prefix: prefix)
    }

    /// Makes an empty file with an unused name in `folder`, readable by nobody who could not read
    /// a file with these permissions under the user's umask.
    /// - Parameter prefix: of its name; with the one that is left away, what earlier processes that were killed have left in
    ///   the folder is removed.
    package init(
        in folder: BytePath, prefix: String = Self.visiblePrefix, permissions: UInt32 = 0o666
    ) throws(SystemError) {
        if prefix == Self.visiblePrefix { Self.sweep(folder, prefix: prefix) }
        while true {
            let name = folder / (prefix + String(UInt64.random(in: .min ... .max), radix: 36))
            do throws(SystemError) {
                let opened = try Interrupts.creating(name) { () throws(SystemError) in
                    try Descriptor.open(name, [.readWrite, .create, .exclusive], permissions: permissions)
                }
                // Held until the file is closed: `sweep` knows by it that the maker lives.
                _ = try? opened.lock(waiting: false)
                if try opened.status().linkCount > 0 {
                    descriptor = opened
                    path = name
                    return
                }
                // Swept in the moment before it was locked.
                Interrupts.forget(name)
            } catch {
                if !error.isExisting { throw error }
            }
        }
    }

    deinit {
        if isTemporary { try? path.removeFile() }
        Interrupts.forget(path)
    }

    /// Makes the content durable and gives it its name, in place of whatever had that name.
    package consuming func commit(to final: BytePath) throws(SystemError) {
        try descriptor.synchronize()
        try path.rename(to: final)
        try final.parent.synchronizeFolder()
        finish()
    }

    /// Gives up the temporary name: the file has moved, or is to stay where it is.
    package consuming func finish() {
        isTemporary = false
    }
}
