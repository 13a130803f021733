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
            Interrupts.note(path)
            do throws(SystemError) {
                let opened = try folder.open(
                    entry: name, [.readWrite, .create, .exclusive, .noFollow], permissions: permissions)
                // Held until the file is closed: `sweep` knows by it that the maker lives. A file system without
                // locks is not swept.
                _ = try? opened.lock(waiting: false)
                if try opened.status().linkCount > 0 {
                    descriptor = opened
                    self.name = name
                    self.path = path
                    return
                }
                // Swept in the moment before it was locked.
                Interrupts.forget(path)
            } catch {
                Interrupts.forget(path)
                if !error.isExisting { throw error }
            }
        }
    }

    /// Removes the files of this prefix whose makers were killed, as far as that can be known.
    package static func sweep(_ folder: borrowing Descriptor, prefix: String) {
        try? folder.path?.forEachEntry { name in
            guard isTemporary(name, prefix), let status = try? folder.status(ofEntry: name), status.kind == .regular,
                let file = try? folder.open(entry: name, [.read, .noFollow, .nonBlocking]),
                (try? file.lock(waiting: false)) == true
            else { return }
            try? folder.removeFile(entry: name)
        }
    }

    /// Whether a name is one that is made here. Somebody's own file may begin in the same way.
    private static func isTemporary(_ name: BytePath, _ prefix: String) -> Bool {
        guard name.bytes.starts(with: prefix.utf8) else { return false }
        let number = name.bytes.dropFirst(prefix.utf8.count)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9"), letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        return (8...13).contains(number.count) && number.allSatisfy { digits.contains($0) || letters.contains($0) }
            && number.contains { digits.contains($0) }
    }

    deinit {
        guard isTemporary else { return }
        // By its path, as the folder is not held here; no other file has this name.
        try? path.removeFile()
        Interrupts.forget(path)
    }

    /// Gives the file a name in `folder`, where it was made, that must be free. The descriptor stays open.
    /// - Returns: false where it is not; the file is still temporary then.
    package mutating func commit(as final: BytePath, in folder: borrowing Descriptor) throws(SystemError) -> Bool {
        do throws(SystemError) {
            try folder.renameExclusively(entry: name, to: final)
        } catch {
            if error.isExisting { return false }
            throw error
        }
        finish()
        return true
    }

    /// Gives the file a name in `folder`, where it was made, in place of whatever has it. The descriptor stays open.
    package mutating func commit(replacing final: BytePath, in folder: borrowing Descriptor) throws(SystemError) {
        try folder.rename(entry: name, to: final)
        finish()
    }

    /// Gives the file the name of another in `folder`, where it was made. The descriptor stays open.
    ///
    /// Where the file system can exchange names, what comes out is looked at before it goes, so that no change to it is
    /// ever lost. It is faster too: ext4 writes a file out when a rename replaces another by it
    /// (`auto_da_alloc`), which an exchange does not ask for.
    /// - Parameters:
    ///   - standing: the file to be replaced.
    ///   - retire: what becomes of that, which has the given name in `folder` now. It is removed where this is false.
    /// - Returns: false where another file, or a changed one, has the name; the file is still temporary then.
    package mutating func commit(
        as final: BytePath, in folder: borrowing Descriptor, inPlaceOf standing: FileStatus,
        retire: (_ folder: borrowing Descriptor, _ name: BytePath) -> Bool = { _, _ in false }
    ) throws(SystemError) -> Bool {
        guard let present = try folder.status(ofEntry: final), present.isSameContent(as: standing) else { return false }
        guard try folder.exchange(entry: name, with: final) else {
            try folder.rename(entry: name, to: final)
            finish()
            return true
        }
        let replaced = try folder.status(ofEntry: name)
        if let replaced, replaced.isSameFile(as: standing) {
            if !retire(folder, name) { try folder.removeFile(entry: name) }
            finish()
            return true
        }
        // Somebody was there in the last moment: theirs goes back.
        let isBack = try folder.exchange(entry: name, with: final)
        let own = try descriptor.status()
        let leftover = try folder.status(ofEntry: name)
        if !isBack || leftover?.inode != own.inode {
            // And once more since. What has the temporary name is not ours to remove, now or in a sweep.
            try folder.renameExclusively(entry: name, to: final.adding(suffix: ".saved-" + name.text))
            finish()
        }
        return false
    }

    private mutating func finish() {
        isTemporary = false
        Interrupts.forget(path)
    }
}

extension FileStatus {
    /// Whether both describe the same file with the same content, renamed perhaps, which changes one of its times.
    fileprivate func isSameFile(as other: FileStatus) -> Bool {
        device == other.device && inode == other.inode && byteCount == other.byteCount && modified == other.modified
    }
}
