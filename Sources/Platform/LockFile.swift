/// Git's way to change a file that others read: `<path>.lock`, made exclusively, holds the new
/// content and becomes the file; who finds it there already must wait or give up. Removed when the
/// owner goes, and by `Interrupts` when a signal ends the process.
///
/// Source: Git, `lockfile.h`.
package struct LockFile: ~Copyable {
    package let descriptor: Descriptor
    private let target: BytePath
    private let path: BytePath
    private var isHeld = true

    /// - Throws: `SystemError` with `isExisting` when another process holds the lock.
    package init(for target: BytePath, permissions: UInt32 = 0o666) throws(SystemError) {
        let path = target.adding(suffix: ".lock")
        // Registered first: a signal between the two would leave a lock that nobody removes.
        let opened = try Interrupts.creating(path) { () throws(SystemError) in
            try Descriptor.open(path, [.readWrite, .create, .exclusive], permissions: permissions)
        }
        descriptor = opened
        self.target = target
        self.path = path
    }

    deinit {
        // Once it is the file, the lock's name is free, and may be another process's lock already.
        guard isHeld else { return }
        try? path.removeFile()
        Interrupts.forget(path)
    }

    /// Puts what was written in the target's place, durably.
    package consuming func commit() throws(SystemError) {
        let target = self.target
        try descriptor.synchronize()
        try path.rename(to: target)
        isHeld = false
        Interrupts.forget(path)
        try target.parent.synchronizeFolder()
    }
}
