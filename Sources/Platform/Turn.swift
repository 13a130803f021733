/// A turn at something that several processes must not do at once, by an advisory lock. It is given back when this goes,
/// or when the process does, by whatever cause.
package final class Turn: Sendable {
    private let descriptor: Descriptor?
    /// What was made for the lock alone, and goes with it.
    private let file: BytePath?

    /// Waits for the turn at a folder. Where the file system has no such locks, nobody waits.
    package init(at folder: BytePath) {
        file = nil
        guard let opened = try? Descriptor.open(folder, [.read, .folder]) else {
            descriptor = nil
            return
        }
        _ = try? opened.lock(waiting: true)
        descriptor = consume opened
    }

    private init(_ descriptor: consuming Descriptor, file: BytePath) {
        self.descriptor = consume descriptor
        self.file = file
    }

    /// Takes the turn that a file stands for, which is there only while somebody has it.
    /// - Returns: nil where another process has it.
    package static func ifFree(_ file: BytePath) throws(SystemError) -> Turn? {
        try file.parent.makeFolders()
        while true {
            let descriptor = try Descriptor.open(file, [.readWrite, .create])
            guard (try? descriptor.lock(waiting: false)) != false else { return nil }
            // Whoever had it may have removed the file just before.
            if try file.status()?.inode == descriptor.status().inode { return Turn(descriptor, file: file) }
        }
    }

    deinit {
        try? file?.removeFile()
    }
}
