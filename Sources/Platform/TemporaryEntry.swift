/// A file under construction in a folder that is held open, so that it is made, and gets its final
/// name, in that very folder even where the path to it changes meanwhile. It is gone when it was given
/// no name, and `Interrupts` removes it when a signal ends the process. Nothing here is flushed to the disk.
package struct TemporaryEntry: ~Copyable {
    package let descriptor: Descriptor
    private let name: BytePath
    private let path: BytePath
    private var isTemporary = true

    /// Makes an empty file with an unused name.
    /// - Parameters:
    ///   - folder: opened by an absolute path.
    ///   - permissions: the file gets what the user's umask leaves of these.
    package init(
        in folder: borrowing Descriptor, prefix: String, permissions: UInt32
    ) throws(SystemError) {
        while true {
            let name = BytePath(prefix + String(UInt64.random(in: .min ... .max), radix: 36))
            let path = folder.path?.appending(name) ?? name
            do throws(SystemError) {
                let opened = try Interrupts.creating(path) { () throws(SystemError) in
                    try folder.open(
                        entry: name, [.readWrite, .create, .exclusive, .noFollow], permissions: permissions)
                }
                descriptor = opened
                self.name = name
                self.path = path
                return
            } catch {
                if !error.isExisting { throw error }
            }
        }
    }

    deinit {
        guard isTemporary else { return }
        // By its path, as the folder is not held here; no other file has this name.
        try? path.removeFile()
        Interrupts.forget(path)
    }

    /// Gives the file its name in `folder`, where it was made. The descriptor stays open.
    /// - Parameter replacing: whether a file that has the name gives way; else that is `EEXIST`.
    package mutating func commit(
        as final: BytePath, in folder: borrowing Descriptor, replacing: Bool
    ) throws(SystemError) {
        if replacing {
            try folder.rename(entry: name, to: final)
        } else {
            try folder.renameExclusively(entry: name, to: final)
        }
        isTemporary = false
        Interrupts.forget(path)
    }
}
