internal import CPlatform
internal import Glibc

/// What a path in another process's call means.
struct CalledPlace {
    /// Below the watched folder: what the file itself is called, and how the call came there where that is another name.
    /// Empty for a file elsewhere.
    var names: [BytePath]
    /// Of the file itself, absolute.
    var path: BytePath
    /// nil where nothing is there.
    var status: FileStatus?
    /// Whether this process might do what was asked for.
    var isAllowed = true

    var exists: Bool { status != nil }
}

/// Looks up what paths in other processes' calls mean, at the moment of the call.
struct PlaceFinder: ~Copyable {
    struct Options: OptionSet {
        let rawValue: Int
        /// A link in the last place stands for what it names.
        static let follow = Options(rawValue: 1)
        /// There need be nothing.
        static let new = Options(rawValue: 2)
        /// Places outside the tree are wanted too.
        static let anywhere = Options(rawValue: 4)
        /// An empty path stands for the descriptor (AT_EMPTY_PATH).
        static let descriptor = Options(rawValue: 8)
    }

    /// Whether something was called that could not be looked at.
    private(set) var hasMissed = false
    private let tree: WatchedTree
    private let size = Int(PATH_MAX)
    private let name: UnsafeMutablePointer<CChar>
    private let found: UnsafeMutablePointer<CChar>

    init(_ tree: WatchedTree) {
        self.tree = tree
        name = .allocate(capacity: size)
        found = .allocate(capacity: 2 * size + 1)
    }

    deinit {
        name.deallocate()
        found.deallocate()
    }

    /// - Parameters:
    ///   - address: of the path in the thread's memory.
    ///   - folder: a descriptor of the thread.
    ///   - mode: what the call will do, as access(2) has it.
    /// - Returns: nil where nothing is there, or nothing that is watched.
    mutating func find(
        _ address: UInt64, from folder: Int32, of task: Int32, _ options: Options, mode: Int32 = F_OK
    ) -> CalledPlace? {
        let length = platform_read_string(task, address, name, size)
        guard length >= 0 else {
            if errno == EPERM || errno == EACCES { hasMissed = true }
            return nil
        }
        guard length > 0 || options.contains(.descriptor) else { return nil }
        return find(length, from: folder, of: task, options, mode: mode)
    }

    /// The same for a path that is known.
    mutating func find(_ path: BytePath, of task: Int32, _ options: Options, mode: Int32 = F_OK) -> CalledPlace? {
        guard path.bytes.count < size else { return nil }
        path.withCString { _ = strcpy(name, $0) }
        return find(path.bytes.count, from: platform_at_cwd(), of: task, options, mode: mode)
    }

    private mutating func find(
        _ length: Int, from folder: Int32, of task: Int32, _ options: Options, mode: Int32
    ) -> CalledPlace? {
        let handle = platform_open_as(task, folder, name, options.contains(.follow) ? 1 : 0)
        if handle < 0 {
            if [EMFILE, ENFILE, ENOMEM].contains(errno) { hasMissed = true }
            guard errno == ENOENT, options.contains(.new), length > 0 else { return nil }
            return findNew(length, from: folder, of: task, options)
        }
        defer { close(handle) }
        let count = platform_descriptor_path(handle, found, size)
        guard count > 0 else { return nil }
        let inside = tree.relative(UnsafeRawBufferPointer(start: found, count: count))
        let isWanted = inside != nil || options.contains(.anywhere)
        let path = isWanted ? self.path(count) : BytePath("")
        let called = calledName(length, from: folder, of: task)
        guard isWanted || called != nil else { return nil }
        var raw = stat()
        guard fstat(handle, &raw) == 0 else { return nil }
        var place = CalledPlace(names: [inside].compactMap { $0 }, path: path, status: FileStatus(raw))
        if let called, called != inside, isSame(called, raw, options) { place.names.append(called) }
        // What has no name any more.
        if raw.st_nlink == 0 { place.names = [] }
        // Most files may be read by everybody.
        let isForAll = mode == R_OK && raw.st_mode & 0o444 == 0o444
        place.isAllowed = mode == F_OK || isForAll || platform_may(handle, mode) != 0
        return place
    }

    /// A name in a folder that is there.
    private func findNew(_ length: Int, from folder: Int32, of task: Int32, _ options: Options) -> CalledPlace? {
        let bytes = UnsafeRawBufferPointer(start: name, count: length)
        let slash = bytes.lastIndex(of: UInt8(ascii: "/"))
        let last = BytePath(bytes: bytes[((slash ?? -1) + 1)...])
        guard !last.isEmpty, last != ".", last != ".." else { return nil }
        let called = calledName(length, from: folder, of: task)
        let parent = slash.map { $0 == 0 ? BytePath("/") : BytePath(bytes: bytes[..<$0]) } ?? BytePath(".")
        let handle = parent.withCString { platform_open_as(task, folder, $0, 1) }
        guard handle >= 0 else { return nil }
        defer { close(handle) }
        let count = platform_descriptor_path(handle, found, size)
        guard count > 0 else { return nil }
        let path = self.path(count).appending(last)
        let inside = path.bytes.withUnsafeBytes { tree.relative($0) }
        guard inside != nil || called != nil || options.contains(.anywhere) else { return nil }
        var place = CalledPlace(names: [inside].compactMap { $0 }, path: path)
        // Behind a link `..` means another folder than the name says.
        if let called, called != inside, !hasParents { place.names.append(called) }
        return place
    }

    private func path(_ count: Int) -> BytePath {
        BytePath(bytes: UnsafeRawBufferPointer(start: found, count: count))
    }

    private var hasParents: Bool { strstr(name, "..") != nil }

    /// How the call came to the file, below the watched folder, by the names alone.
    private func calledName(_ length: Int, from folder: Int32, of task: Int32) -> BytePath? {
        var start = 0
        if name[0] != CChar(bitPattern: UInt8(ascii: "/")) {
            start = platform_folder_path(task, folder, found, size)
            guard start > 0 else { return nil }
            if length > 0 {
                found[start] = CChar(bitPattern: UInt8(ascii: "/"))
                start += 1
            }
        }
        memcpy(found + start, name, length + 1)
        let whole = UnsafeRawBufferPointer(start: found, count: start + length)
        if strstr(found, "/.") == nil, strstr(found, "//") == nil { return tree.relative(whole) }
        return BytePath(bytes: whole).normalized.bytes.withUnsafeBytes { tree.relative($0) }
    }

    private func isSame(_ called: BytePath, _ raw: stat, _ options: Options) -> Bool {
        guard hasParents else { return true }
        let status = try? tree.top.appending(called).status(followingLinks: options.contains(.follow))
        return status?.inode == UInt64(raw.st_ino) && status?.device == UInt64(raw.st_dev)
    }
}
