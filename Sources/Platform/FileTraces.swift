internal import Glibc

/// What a command has done to each file so far. Events come before the calls that they tell of, which may fail; what
/// became of them is looked up at the end.
struct FileTraces {
    private struct Identity: Equatable {
        var device: UInt64
        var inode: UInt64

        init(_ status: FileStatus) {
            device = status.device
            inode = status.inode
        }
    }

    private struct Trace {
        var existedBefore: Bool
        var isRead = false
        var isListed = false
        /// Opened for writing, or made.
        var isWritten = false
        var isLinkMade = false
        var isUnlinked = false
        /// What was to be given this name last.
        var moved: Identity?
        /// What was there when it was first opened for reading and writing at once.
        var updated: FileStatus?

        func isOwn(_ status: FileStatus) -> Bool { isWritten || moved == Identity(status) }
    }

    private let tree: WatchedTree
    private var traces: [BytePath: Trace] = [:]

    init(_ tree: WatchedTree) { self.tree = tree }

    private mutating func note(_ names: [BytePath], exists: Bool, _ change: (inout Trace) -> Void) {
        for name in names { change(&traces[name, default: Trace(existedBefore: exists)]) }
    }

    /// Opened for reading, or executed.
    mutating func read(_ names: [BytePath], _ status: FileStatus) {
        note(names, exists: true) { if $0.existedBefore, !$0.isOwn(status) { $0.isRead = true } }
    }

    mutating func listed(_ names: [BytePath]) {
        note(names, exists: true) { $0.isListed = $0.existedBefore }
    }

    /// A folder was made.
    mutating func made(_ names: [BytePath], exists: Bool) {
        note(names, exists: exists) { _ in }
    }

    /// Opened for writing alone, or with its content thrown away, or made.
    mutating func written(_ names: [BytePath], exists: Bool) {
        note(names, exists: exists) { $0.isWritten = true }
    }

    mutating func linkMade(_ names: [BytePath]) {
        note(names, exists: false) {
            $0.isWritten = true
            $0.isLinkMade = true
        }
    }

    /// Opened for reading and writing at once, as databases are that are only looked at.
    mutating func updated(_ names: [BytePath], _ status: FileStatus, now: FileStatus.Time = .now) {
        read(names, status)
        // Within one tick of the file system's clock a change leaves no trace.
        let isFresh = now < status.changed.adding(nanoseconds: 50_000_000)
        note(names, exists: true) {
            if isFresh {
                $0.isWritten = true
            } else if $0.updated == nil {
                $0.updated = status
            }
        }
    }

    /// A file was to be given this name.
    mutating func came(_ names: [BytePath], _ file: FileStatus, exists: Bool) {
        note(names, exists: exists) { $0.moved = Identity(file) }
    }

    /// A file was to lose this name.
    mutating func went(_ names: [BytePath]) {
        note(names, exists: true) { $0.isUnlinked = true }
    }

    /// All files and links below an absolute folder that a call is about to move.
    func walk(_ folder: BytePath, _ visit: (BytePath, FileStatus) -> Void) {
        tree.walk(folder, visit)
    }

    /// What has come of all.
    func files(isComplete: Bool) -> OpenedFiles {
        var files = OpenedFiles(isComplete: isComplete, road: .calls)
        for (path, trace) in traces {
            if trace.isRead { files.read.insert(path) }
            if trace.isListed { files.listed.insert(path) }
            guard let status = try? tree.top.appending(path).status() else {
                if trace.isUnlinked, trace.existedBefore { files.removed.insert(path) }
                continue
            }
            let isChanged = trace.updated.map { !$0.isSameContent(as: status) } ?? false
            guard status.kind != .folder, trace.isOwn(status) || isChanged else { continue }
            files.written.insert(path)
            // A link to what was not there before: the file has come by it.
            if status.kind == .link, trace.isWritten, !trace.isLinkMade,
                let target = try? tree.top.appending(path).resolved(),
                let name = target.bytes.withUnsafeBytes({ tree.relative($0) })
            { files.written.insert(name) }
        }
        return files
    }
}
