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
        let opened = try Interrupts.creating(path) { () throws(SystemError) in
            try Descriptor.open(path, [.readWrite, .create, .exclusive], permissions: permissions)
        }
        descriptor = opened
        self.target = target
        self.path = path
    }

    deinit {
        guard isHeld else { return }
        let path = self.path
        try? Interrupts.settling(path) { () throws(SystemError) in try path.removeFile() }
    }

    /// Puts what was written in the target's place, durably.
    package consuming func commit() throws(SystemError) {
        let target = self.target
        let path = self.path
        try descriptor.synchronize()
        try Interrupts.settling(path) { () throws(SystemError) in try path.rename(to: target) }
        // From now on the name is free for another process's lock, which is not ours to remove.
        isHeld = false
        try target.parent.synchronizeFolder()
    }
}
