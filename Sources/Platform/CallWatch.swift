internal import CPlatform
internal import Glibc

/// Watches a command and all its descendants by the calls that name files. Each waits in the kernel until this thread
/// has looked at it, and is then executed by the kernel as if nobody had (seccomp_unotify(2)).
///
/// What is still running when the command has ended runs on, unwatched. The kernel gives a watched program no
/// privileges by set-user-ID (`sudo`).
struct CallWatch: ~Copyable {
    private var watch: platform_watch
    private var traces: FileTraces
    private var finder: PlaceFinder
    private var isTooOld = false
    private let child: ChildProcess

    /// - Throws: `seccomp` where the system does not let calls be watched; `chdir`, `execve`.
    static func run(
        _ executable: BytePath, _ arguments: [BytePath], folder: BytePath, environment: [[UInt8]], in tree: WatchedTree
    ) throws(SystemError) -> (ending: ChildProcess.Ending, files: OpenedFiles) {
        var watch = platform_watch()
        let step = ChildProcess.withTerminatedStrings([executable.bytes] + arguments.map(\.bytes)) { argv in
            ChildProcess.withTerminatedStrings(environment) { envp in
                executable.withCString { program in
                    folder.withCString { platform_watch_start(&watch, program, argv, envp, $0) }
                }
            }
        }
        let code = errno
        switch step {
        case Int32(PLATFORM_STEP_NONE.rawValue): break
        case Int32(PLATFORM_STEP_CHDIR.rawValue): throw SystemError("chdir", path: folder, code: code)
        case Int32(PLATFORM_STEP_FORK.rawValue): throw SystemError("fork", path: executable, code: code)
        default: throw SystemError("seccomp", code: code)
        }
        var running = CallWatch(watch, in: tree)
        let ending = running.follow()
        let failure = platform_watch_failure(&running.watch)
        platform_watch_end(&running.watch)
        if running.isTooOld { throw SystemError("seccomp", code: EOPNOTSUPP) }
        if failure != 0 { throw SystemError("execve", path: executable, code: failure) }
        return (ending, running.traces.files(isComplete: !running.finder.hasMissed))
    }

    private init(_ watch: platform_watch, in tree: WatchedTree) {
        self.watch = watch
        traces = FileTraces(tree)
        finder = PlaceFinder(tree)
        child = ChildProcess(running: watch.process)
    }

    private mutating func follow() -> ChildProcess.Ending {
        let end = platform_process_descriptor(watch.process)
        defer { if end >= 0 { close(end) } }
        var entries = [
            pollfd(fd: watch.listener, events: Int16(POLLIN), revents: 0), pollfd(fd: end, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let count = poll(&entries, 2, end >= 0 ? -1 : 20)
            if count < 0, errno == EINTR { continue }
            if end >= 0 ? entries[1].revents != 0 : child.hasEnded() { return child.wait() }
            if Int32(entries[0].revents) & POLLIN != 0 {
                answerNext()
            } else if entries[0].revents != 0 {
                // Nobody is left who could call; the command's end is near.
                entries[0].fd = -1
            }
        }
    }

    private mutating func answerNext() {
        var notice = platform_notice()
        guard platform_watch_next(&watch, &notice) != 0 else { return }
        look(at: notice)
        if platform_watch_continue(&watch, notice.id) == 0 { isTooOld = true }
    }

    private mutating func look(at notice: platform_notice) {
        guard notice.call >= 0 else { return }
        switch platform_call(UInt32(notice.call)) {
        case PLATFORM_CALL_OPEN: open(notice, flags: Int32(truncatingIfNeeded: notice.flags))
        case PLATFORM_CALL_OPEN_HOW:
            var flags: UInt64 = 0
            guard platform_read_how(notice.task, notice.other_path, &flags) == 0 else { return }
            open(notice, flags: Int32(truncatingIfNeeded: flags))
        case PLATFORM_CALL_RENAME: rename(notice)
        case PLATFORM_CALL_LINK: link(notice)
        case PLATFORM_CALL_SYMLINK:
            guard let place = find(notice, .new), !place.exists, isWaiting(notice) else { return }
            traces.linkMade(place.names)
        case PLATFORM_CALL_UNLINK:
            guard notice.flags & UInt64(AT_REMOVEDIR) == 0, let place = find(notice, []), place.status?.kind != .folder,
                isWaiting(notice)
            else { return }
            traces.went(place.names)
        case PLATFORM_CALL_TRUNCATE:
            guard let place = find(notice, .follow, mode: W_OK), place.status?.kind == .regular, place.isAllowed,
                isWaiting(notice)
            else { return }
            traces.written(place.names, exists: true)
        case PLATFORM_CALL_EXECUTE: execute(notice)
        case PLATFORM_CALL_MAKE_FOLDER:
            guard let place = find(notice, .new), isWaiting(notice) else { return }
            traces.made(place.names, exists: place.exists)
        default: return
        }
    }

    private mutating func find(
        _ notice: platform_notice, _ options: PlaceFinder.Options, mode: Int32 = F_OK
    ) -> CalledPlace? {
        finder.find(notice.path, from: notice.folder, of: notice.task, options, mode: mode)
    }

    private mutating func findOther(_ notice: platform_notice, _ options: PlaceFinder.Options) -> CalledPlace? {
        finder.find(notice.other_path, from: notice.other_folder, of: notice.task, options)
    }

    /// Else what was found may be of another process that has the number now.
    private mutating func isWaiting(_ notice: platform_notice) -> Bool {
        platform_watch_is_waiting(&watch, notice.id) != 0
    }

    private mutating func open(_ notice: platform_notice, flags: Int32) {
        let access = flags & O_ACCMODE
        let temporary = platform_flag_temporary()
        guard flags & platform_flag_path() == 0, flags & temporary != temporary, access != O_ACCMODE else { return }
        let isNew = flags & O_CREAT != 0, truncates = flags & O_TRUNC != 0
        let reads = access != O_WRONLY, writes = access != O_RDONLY || truncates
        let isExclusive = isNew && flags & O_EXCL != 0
        var options: PlaceFinder.Options = isNew ? .new : []
        if flags & O_NOFOLLOW == 0, !isExclusive { options.insert(.follow) }
        let mode = (reads ? R_OK : 0) | (writes ? W_OK : 0)
        guard let place = find(notice, options, mode: mode), place.isAllowed, isWaiting(notice) else { return }
        guard let status = place.status else { return traces.written(place.names, exists: false) }
        if isExclusive { return }
        if status.kind == .folder {
            if !writes, !isNew { traces.listed(place.names) }
            return
        }
        guard status.kind == .regular, flags & O_DIRECTORY == 0 else { return }
        if truncates || access == O_WRONLY {
            traces.written(place.names, exists: true)
        } else if writes {
            traces.updated(place.names, status)
        } else {
            traces.read(place.names, status)
        }
    }

    private mutating func rename(_ notice: platform_notice) {
        guard let old = find(notice, .anywhere), let status = old.status, let new = findOther(notice, [.new, .anywhere]),
            isWaiting(notice), !(old.names.isEmpty && new.names.isEmpty)
        else { return }
        let isExchange = notice.flags & 2 != 0  // RENAME_EXCHANGE
        move(old, status, to: new)
        if isExchange, let status = new.status { move(new, status, to: old) }
    }

    private mutating func move(_ old: CalledPlace, _ status: FileStatus, to new: CalledPlace) {
        guard status.kind == .folder else {
            traces.went(old.names)
            return traces.came(new.names, status, exists: new.exists)
        }
        var moved: [(BytePath, FileStatus)] = []
        traces.walk(old.path) { path, status in if status.kind != .folder { moved.append((path, status)) } }
        traces.made(new.names, exists: new.exists)
        for (path, status) in moved {
            traces.went(old.names.map { $0.appending(path) })
            traces.came(new.names.map { $0.appending(path) }, status, exists: false)
        }
    }

    private mutating func link(_ notice: platform_notice) {
        var options: PlaceFinder.Options = .anywhere
        if notice.flags & UInt64(AT_SYMLINK_FOLLOW) != 0 { options.insert(.follow) }
        if notice.flags & UInt64(platform_flag_empty_path()) != 0 { options.insert(.descriptor) }
        guard let old = find(notice, options), let status = old.status,
            status.kind != .folder, let new = findOther(notice, .new), !new.exists, isWaiting(notice)
        else { return }
        // What has the new name is what the old one says.
        if status.kind == .regular { traces.read(old.names, status) }
        traces.came(new.names, status, exists: false)
    }

    private mutating func execute(_ notice: platform_notice) {
        var options: PlaceFinder.Options = []
        if notice.flags & UInt64(AT_SYMLINK_NOFOLLOW) == 0 { options.insert(.follow) }
        if notice.flags & UInt64(platform_flag_empty_path()) != 0 { options.insert(.descriptor) }
        guard var place = find(notice, options, mode: X_OK), isWaiting(notice) else { return }
        // A script's interpreter is opened by the kernel, with no call. Source: execve(2), at most so many.
        for _ in 0..<5 {
            guard let status = place.status, status.kind == .regular, place.isAllowed else { return }
            traces.read(place.names, status)
            guard let interpreter = Self.interpreter(of: place.path),
                let next = finder.find(interpreter, of: notice.task, .follow, mode: X_OK)
            else { return }
            place = next
        }
    }

    /// What a script names in its first line.
    private static func interpreter(of script: BytePath) -> BytePath? {
        guard let start = try? script.contents(limit: 256), start.starts(with: "#!".utf8) else { return nil }
        let line = start.dropFirst(2).prefix { $0 != UInt8(ascii: "\n") }
        let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let name = line.drop(while: isBlank).prefix { !isBlank($0) }
        return name.isEmpty ? nil : BytePath(bytes: name)
    }
}
