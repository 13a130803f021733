import Platform

/// What a repository's own configuration says of its shape, read as Git reads it before everything else.
///
/// Source: Git, `setup.c`, `check_repository_format_gently`.
struct RepositoryFormat {
    /// `core.bare`, where it is said.
    private(set) var isBare: Bool?
    /// `core.worktree`, as it is written: relative to the Git folder.
    private(set) var worktree: BytePath?

    init(gitFolder: BytePath, commonFolder: BytePath, isLinked: Bool) throws(SystemError) {
        let shared = try Self.configuration(commonFolder / "config")
        let hasOwn = shared.boolean("extensions.worktreeconfig") == true
        let own = hasOwn ? try Self.configuration(gitFolder / "config.worktree") : GitConfiguration()
        // What the shared file says is about the main worktree, not about linked ones.
        guard !isLinked || hasOwn else { return }
        isBare = own.boolean("core.bare") ?? shared.boolean("core.bare")
        worktree = own.value("core.worktree") ?? shared.value("core.worktree")
    }

    private static func configuration(_ file: BytePath) throws(SystemError) -> GitConfiguration {
        // A file that Git cannot read makes Git fail, with the better message.
        try file.contents().flatMap { GitConfiguration(file: $0) } ?? GitConfiguration()
    }

    /// Whether a folder is a repository's own.
    /// - Parameter start: where Git was started, for the repository that the environment may describe; nil
    ///   for any other.
    /// - Throws: where the disk does not answer, or descriptors are used up, so that it cannot be known. On the way up
    ///   from the start, what is denied is as good as absent, as for Git; of a folder that was named it says nothing.
    static func isGitFolder(_ folder: BytePath, from start: BytePath?) throws(SystemError) -> Bool {
        do throws(SystemError) {
            guard try isHead(folder / "HEAD") else { return false }
            let common = try commonFolder(of: folder, from: start).path
            let named = start.flatMap { Environment.value("GIT_OBJECT_DIRECTORY")?.absolute(from: $0) }
            for part in [named ?? common / "objects", common / "refs"] {
                guard try part.status(followingLinks: true)?.kind == .folder else { return false }
            }
            return true
        } catch {
            if error.isUnreachable || error.isTransient || (start == nil && error.isDenied) { throw error }
            return false
        }
    }

    /// A symbolic link below `refs/`, `ref: refs/…`, or an object's name.
    private static func isHead(_ file: BytePath) throws(SystemError) -> Bool {
        let refs = Array("refs/".utf8)
        guard let status = try file.status() else { return false }
        if status.kind == .link, let target = try? file.linkTarget(), target.bytes.starts(with: refs) { return true }
        guard let content = try file.contents(limit: 256) else { return false }
        let key = Array("ref:".utf8)
        if content.starts(with: key) {
            return content.dropFirst(key.count).drop { $0 == 0x20 || (0x09...0x0d).contains($0) }.starts(with: refs)
        }
        return GitObjectName(hex: content.prefix { $0 != UInt8(ascii: "\n") }) != nil
    }

    /// The folder that all worktrees share, and whether that is another one than this worktree's own.
    /// - Parameter start: as for `isGitFolder`.
    static func commonFolder(
        of gitFolder: BytePath, from start: BytePath?
    ) throws(SystemError) -> (path: BytePath, isLinked: Bool) {
        if let start, let named = Environment.value("GIT_COMMON_DIR") { return (named.absolute(from: start), true) }
        guard let content = try (gitFolder / "commondir").contents(limit: 64 * 1024) else { return (gitFolder, false) }
        let common = BytePath(bytes: withoutNewlinesAtEnd(content[...])).absolute(from: gitFolder)
        return ((try? common.resolved()) ?? common, true)
    }

    /// What a `.git` file says.
    enum GitFile {
        case repository(BytePath)
        /// Begins otherwise, or names no repository: Git looks no further.
        case invalid
        /// Nothing, or no file.
        case absent
    }

    /// - Parameter start: as for `isGitFolder`.
    static func gitFile(_ path: BytePath, from start: BytePath?) throws(SystemError) -> GitFile {
        guard let status = try path.status(followingLinks: true), status.kind == .regular else { return .absent }
        let key = Array("gitdir: ".utf8)
        guard let content = try path.contents(limit: 1 << 20), content.starts(with: key) else { return .invalid }
        let named = BytePath(bytes: withoutNewlinesAtEnd(content.dropFirst(key.count)))
        guard !named.isEmpty else { return .invalid }
        let folder = named.absolute(from: path.parent)
        guard try isGitFolder(folder, from: start) else { return .invalid }
        return .repository((try? folder.resolved()) ?? folder)
    }

    private static func withoutNewlinesAtEnd(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes
        while let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { bytes.removeLast() }
        return bytes
    }
}
