import ObjectStore
import Platform
private import Synchronization

/// Files that have been replaced, put out of the way and deleted later: a file system that is busy with deletions makes
/// new files slowly. ext4 without a journal is an example: for some minutes it looks past the inode of each file that
/// was deleted whenever it makes one, so that replacing thousands one by one takes time that grows with their square.
final class RetiredFiles: Sendable {
    private let store: ObjectStore
    private let paths = Mutex<[BytePath]>([])

    init(_ store: ObjectStore) {
        self.store = store
    }

    /// Takes over a file.
    /// - Returns: false where it stays, as its folder is on another file system, for instance.
    func take(_ folder: borrowing Descriptor, _ name: BytePath) -> Bool {
        let path = store.retiredPath()
        guard (try? folder.move(entry: name, to: path)) != nil else { return false }
        paths.withLock { $0.append(path) }
        return true
    }

    /// So few are deleted before anybody could be told to.
    private static let immediateCount = 64

    /// Deletes what was taken, or has that done.
    func delete() {
        let taken = paths.withLock { $0 }
        if taken.count > Self.immediateCount, (try? store.settleAfterwards()) != nil { return }
        for path in taken { try? path.removeFile() }
    }
}
