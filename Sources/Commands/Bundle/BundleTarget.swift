import Platform

/// Where a bundle is written: a file that has its name once it is whole, or a stream.
struct BundleTarget {
    private let path: BytePath
    private let isStream: Bool

    /// - Throws: `CommandFailure` for what no bundle can be written to.
    init(_ path: BytePath) throws {
        if path == BundleFile.standardStream {
            guard !Environment.isTerminal(1) else {
                throw CommandFailure("a bundle is nothing for a terminal", hints: ["git data bundle create - > FILE"])
            }
            self.path = path
            isStream = true
            return
        }
        let status = try path.status(followingLinks: true)
        guard status?.kind != .folder else { throw CommandFailure("'\(path)' is a folder") }
        guard path.parent.isFolder else { throw CommandFailure("there is no folder '\(path.parent)'") }
        // A tape, a named pipe: not to be replaced by a file.
        isStream = status.map { $0.kind != .regular } ?? false
        // A link stays one.
        self.path = status == nil ? path : try path.resolved()
        name = "'\(path)'"
    }

    /// For messages.
    private(set) var name = "standard output"

    /// - Parameter body: writes everything, and flushes it. Where it throws, there is no file of that name.
    func write(_ body: (ByteWriter) throws -> Void) throws {
        if isStream {
            let isStandard = path == BundleFile.standardStream
            return try body(ByteWriter(isStandard ? .standard(1) : .open(path, .write), bufferSize: 1 << 20))
        }
        let prefix = ".\(path.lastComponent.text)-"
        TemporaryFile.sweep(path.parent, prefix: prefix)
        let file = try TemporaryFile(in: path.parent, prefix: prefix)
        try body(ByteWriter(Descriptor.open(file.path, .write), bufferSize: 1 << 20))
        try file.commit(to: path)
    }
}
