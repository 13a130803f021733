internal import CPlatform
internal import Glibc

/// Watches what happens to the files of a folder while a command runs, by whomever (inotify(7)), and compares the files
/// after it with those before.
struct FolderWatch: ~Copyable {
    private let tree: WatchedTree
    private var before: [BytePath: FileStatus] = [:]
    /// nil where the system has none.
    private var events: Descriptor?
    private var folders: [Int32: BytePath] = [:]
    private var read: Set<BytePath> = []
    private var written: Set<BytePath> = []
    private var listed: Set<BytePath> = []
    private var isComplete: Bool
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 8)

    /// - Parameter comparingOnly: whether to take no notice of what happens meanwhile.
    init(_ tree: WatchedTree, comparingOnly: Bool) throws(SystemError) {
        self.tree = tree
        let number = comparingOnly ? -1 : platform_events_open()
        events = number < 0 ? nil : Descriptor(owning: number)
        isComplete = true
        add("")
        var statuses: [BytePath: FileStatus] = [:]
        let isWhole = tree.walk(tree.top) { path, status in statuses[path] = status }
        before = statuses
        for (path, status) in statuses where status.kind == .folder { add(path) }
        if !isWhole { isComplete = false }
        // This process's own reading of the folders is no event of the command's.
        drain()
        read = []
        written = []
        listed = []
        // What changes within one tick of the file system's clock looks unchanged.
        pause(.milliseconds(20))
    }

    deinit { buffer.deallocate() }

    var road: OpenedFiles.Road { events == nil ? .comparison : .byAnyProcess }

    mutating func run(
        _ start: () throws(SystemError) -> ChildProcess
    ) throws(SystemError) -> (ending: ChildProcess.Ending, files: OpenedFiles) {
        let child = try start()
        if let number = events?.number {
            let end = platform_process_descriptor(child.processID)
            defer { if end >= 0 { close(end) } }
            var entries = [
                pollfd(fd: number, events: Int16(POLLIN), revents: 0), pollfd(fd: end, events: Int16(POLLIN), revents: 0),
            ]
            repeat {
                _ = poll(&entries, 2, end >= 0 ? -1 : 20)
                drain()
            } while !child.hasEnded()
            drain()
        }
        let ending = child.wait()
        return (ending, files())
    }

    /// Begins to watch one folder.
    /// - Parameter path: relative.
    private mutating func add(_ path: BytePath) {
        guard let number = events?.number else { return }
        let result = tree.top.appending(path).withCString { platform_events_add(number, $0) }
        if result >= 0 {
            folders[result] = path
        } else if errno != ENOENT, errno != ENOTDIR {
            // Most often there are more folders than the system lets one user watch.
            isComplete = false
        }
    }

    private mutating func drain() {
        guard let number = events?.number else { return }
        while true {
            let count = retryingInterrupts { Glibc.read(number, buffer.baseAddress, buffer.count) }
            guard count > 0, let start = buffer.baseAddress else { return }
            var offset = 0
            while offset < count {
                var event = platform_event()
                offset += platform_event_read(start + offset, &event)
                digest(event)
            }
        }
    }

    private mutating func digest(_ event: platform_event) {
        let has = { (kind: platform_event_kind) in event.kinds & kind.rawValue != 0 }
        if has(PLATFORM_EVENT_OVERFLOW) { isComplete = false }
        guard let folder = folders[event.folder], let start = event.name else { return }
        let name = BytePath(bytes: UnsafeRawBufferPointer(start: start, count: strlen(start)))
        let path = name.isEmpty ? folder : folder.appending(name)
        guard !tree.isExcluded(path) else { return }
        if has(PLATFORM_EVENT_FOLDER) {
            if has(PLATFORM_EVENT_OPEN), path.isEmpty || before[path]?.kind == .folder { listed.insert(path) }
            if has(PLATFORM_EVENT_CAME) { addNew(path) }
            return
        }
        guard !name.isEmpty else { return }
        if has(PLATFORM_EVENT_WRITTEN) || has(PLATFORM_EVENT_CAME) {
            written.insert(path)
        } else if has(PLATFORM_EVENT_ACCESS) || has(PLATFORM_EVENT_READ), before[path] != nil, !written.contains(path) {
            read.insert(path)
        }
    }

    /// A folder that was made or has come from elsewhere.
    private mutating func addNew(_ path: BytePath) {
        add(path)
        var found: [BytePath] = []
        tree.walk(tree.top.appending(path)) { below, status in
            if status.kind == .folder { found.append(path.appending(below)) } else { written.insert(path.appending(below)) }
        }
        for folder in found { add(folder) }
    }

    private func files() -> OpenedFiles {
        var after: [BytePath: FileStatus] = [:]
        let isWhole = tree.walk(tree.top) { path, status in after[path] = status }
        var files = OpenedFiles(isComplete: isComplete && isWhole, road: road)
        files.read = read
        files.listed = listed
        for (path, status) in after where status.kind != .folder {
            let isSame = before[path].map { $0.isSameContent(as: status) } ?? false
            if !isSame || written.contains(path) { files.written.insert(path) }
        }
        for (path, status) in before where status.kind != .folder && after[path] == nil { files.removed.insert(path) }
        return files
    }
}
