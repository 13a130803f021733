internal import Glibc

/// The folder below which a command is watched.
struct WatchedTree {
    /// With no link on the way.
    let top: BytePath
    private let prefixes: [[UInt8]]
    private let excluded: Set<BytePath>

    /// - Parameter excluded: names of files and folders, anywhere below, that count for nothing.
    init(_ folder: BytePath, excluding excluded: [BytePath]) throws(SystemError) {
        top = try folder.resolved()
        let given = folder.absolute(from: try .currentFolder()).normalized
        prefixes = (given == top ? [top] : [top, given]).map { path in
            path.bytes == [UInt8(ascii: "/")] ? [] : path.bytes
        }
        self.excluded = Set(excluded)
    }

    /// What an absolute path is called below the folder, or nil where it is not in there.
    func relative(_ path: UnsafeRawBufferPointer) -> BytePath? {
        guard let start = path.baseAddress else { return nil }
        for prefix in prefixes where path.count >= prefix.count {
            guard memcmp(start, prefix, prefix.count) == 0 else { continue }
            if path.count == prefix.count { return "" }
            guard path[prefix.count] == UInt8(ascii: "/") else { continue }
            let rest = BytePath(bytes: path[(prefix.count + 1)...])
            return isExcluded(rest) ? nil : rest
        }
        return nil
    }

    func isExcluded(_ relative: BytePath) -> Bool {
        !excluded.isEmpty && relative.components.contains { excluded.contains($0) }
    }

    /// All files and links below a folder, with what the system says of them.
    /// - Parameters:
    ///   - folder: absolute.
    ///   - visit: called with each path relative to `folder`, folders before what is in them.
    /// - Returns: false where some folder could not be read.
    @discardableResult
    func walk(_ folder: BytePath, _ visit: (BytePath, FileStatus) -> Void) -> Bool {
        var isWhole = true
        var waiting: [BytePath] = [""]
        while let below = waiting.popLast() {
            guard let names = try? folder.appending(below).entries() else {
                isWhole = false
                continue
            }
            for name in names where !excluded.contains(name) {
                let path = below.appending(name)
                guard let status = try? folder.appending(path).status() else { continue }
                visit(path, status)
                if status.kind == .folder { waiting.append(path) }
            }
        }
        return isWhole
    }
}
