import Git
import Platform
import Repository

/// The `.gitattributes` of one folder, mostly the one that the user stands in: what `track` and `untrack` change.
struct FolderAttributes {
    static let name: BytePath = ".gitattributes"
    /// What Git and git data themselves read from the worktree: never a pointer.
    static let plainNames = [".gitattributes", ".gitdata", ".gitignore", ".gitmodules"]

    let repository: Repository
    /// From the top of the worktree.
    let folder: BytePath
    var file: AttributesFile
    private let original: [UInt8]?
    private let permissions: UInt32?

    /// From the top of the worktree.
    var path: BytePath { folder.appending(Self.name) }

    /// Does something with the patterns of a worktree while no other process changes them, from reading to writing.
    static func exclusively<Result>(_ repository: Repository, _ body: () throws -> Result) rethrows -> Result {
        let turn = Turn(at: repository.location.gitFolder)
        return try withExtendedLifetime(turn, body)
    }

    init(_ repository: Repository) throws {
        let top = try repository.worktree()
        let here = try BytePath.currentFolder()
        guard let folder = try here.relative(to: top) ?? here.relative(to: top.resolved()) else {
            throw CommandFailure("'\(here)' is outside the worktree at '\(top)'")
        }
        try self.init(repository, folder: folder)
    }

    /// - Parameter folder: from the top of the worktree.
    init(_ repository: Repository, folder: BytePath) throws {
        self.repository = repository
        self.folder = folder
        let path = try repository.worktree().appending(folder).appending(Self.name)
        let status = try path.status()
        if let status, status.kind != .regular {
            throw CommandFailure(
                status.kind == .link
                    ? "'\(path)' is a symbolic link, which Git does not follow" : "'\(path)' is not a regular file")
        }
        original = try path.contents()
        permissions = status?.permissions
        file = AttributesFile(original ?? [])
    }

    /// Writes what changed. A file in which nothing is left is removed, unless the index has it, which Git
    /// would read in its place.
    func save() throws {
        let content = file.content
        let path = try repository.worktree().appending(self.path)
        guard content != original ?? [] else { return }
        if content.isEmpty, try repository.git().indexEntries([self.path]).isEmpty { return try path.removeFile() }
        let new = try TemporaryFile(in: path.parent)
        try new.descriptor.write(content)
        if let permissions { try new.descriptor.setPermissions(permissions) }
        try new.commit(to: path)
    }

    /// Which of `plainNames` the patterns would make data files, here or below.
    func plainNames(matching patterns: [AttributePattern]) throws -> [String] {
        guard !patterns.isEmpty else { return [] }
        let pathspecs = Self.plainNames.map { BytePath(":(top,glob)**/\($0)") }
        let known = try repository.git().query(["ls-files", "-z", "--full-name", "--"] + pathspecs).records
        let here = Self.plainNames.map { folder.appending(BytePath($0)) }
        let matching = try AttributeProbe(repository: repository).paths(matching: patterns, of: folder, among: known + here)
        return Self.plainNames.filter { name in matching.contains { $0.lastComponent == BytePath(name) } }
    }

    /// Calls `body` with the regular files of the index that the patterns match, many at once.
    func forEachPortion(matching patterns: [AttributePattern], _ body: ([IndexEntry]) throws -> Void) throws {
        guard !patterns.isEmpty else { return }
        let probe = AttributeProbe(repository: repository)
        let next = try repository.readIndex(Self.portionCount)
        while let index = try next() {
            let entries = index.items.filter { $0.isRegularFile && $0.stage == 0 }.map { index.entry($0) }
            let matching = try probe.paths(matching: patterns, of: folder, among: entries.map(\.path))
            if !matching.isEmpty { try body(entries.filter { matching.contains($0.path) }) }
        }
    }

    /// So many entries of the index are looked at at once.
    private static let portionCount = 8192

    /// What converts files that Git has in another form, as the user can paste it.
    func renormalization(of files: CountedFiles) -> String {
        let named = files.first.compactMap { $0.relative(to: folder) }.map { ShellWord.quoted($0) }
        return "git add --renormalize " + (files.count == named.count ? named.joined(separator: " ") : ".")
    }
}

extension Repository {
    /// The `.gitattributes` that a commit would lack, without which a clone takes pointers for files like any other; as words
    /// of a shell, from the top of the worktree, wherever they are typed; nil where there are none.
    func unstagedAttributes() throws -> String? {
        let question: [BytePath] = [
            "ls-files", "-z", "--full-name", "--others", "--modified", "--exclude-standard", "--", ":(top,glob)**/.gitattributes",
        ]
        let words = try git().query(question).records.map { ShellWord.argument(BytePath(bytes: Array(":/".utf8) + $0.bytes)) }
        return words.isEmpty ? nil : words.joined(separator: " ")
    }
}
