import Diagnostics
import Git
import Lineage
import Platform
import Pointer
import Repository

/// Which data files a command works on: `PATH…`, `--include`, `--exclude` and `--for`, the same in every command.
struct FileSelection {
    static let include = Values<String>(
        "include", short: "I", "PATTERN", "only files that match the pattern, as in gitignore", parse: .text)
    static let exclude = Values<String>(
        "exclude", short: "X", "PATTERN", "no files that match the pattern, as in gitignore", parse: .text)
    static let scripts = Values<BytePath>(
        "for", "SCRIPT", "only what that script reads, as its runs and the stages that run it say", parse: .path)
    static let paths = Operands("PATH", "files or folders; all of the repository where none is given")

    private let paths: [BytePath]
    private let included: Set<BytePath>?
    private let excluded: Set<BytePath>
    /// What the scripts read that were asked for; nil where none was.
    let uses: ScriptUses?

    init(_ arguments: ParsedArguments, operands: Operands = paths, _ context: CommandContext, _ repository: Repository) throws {
        let given = arguments[operands]
        paths = given.isEmpty ? [] : try context.paths(given, in: repository)
        let include = arguments[Self.include]
        included = include.isEmpty ? nil : try repository.indexPaths(matching: include)
        excluded = try repository.indexPaths(matching: arguments[Self.exclude])
        let scripts = arguments[Self.scripts]
        uses = scripts.isEmpty ? nil : try Self.uses(of: scripts, besides: paths, context, repository)
    }

    /// Everything.
    init() {
        paths = []
        included = nil
        excluded = []
        uses = nil
    }

    private var isEverything: Bool { paths.isEmpty && included == nil && excluded.isEmpty && uses == nil }

    /// Whole components count: `data` selects what is in that folder, and never `data2`.
    func contains(_ path: BytePath) -> Bool {
        if let uses, !uses.contains(path) { return false }
        return passesPatterns(path) && isNamed(path)
    }

    /// What `--include` and `--exclude` say.
    func passesPatterns(_ path: BytePath) -> Bool {
        if let included, !included.contains(path) { return false }
        return !excluded.contains(path)
    }

    /// What `PATH…` says.
    func isNamed(_ path: BytePath) -> Bool {
        paths.isEmpty || paths.contains { path.isInside($0) }
    }

    /// The selected pointers of the index, each path once.
    /// - Parameter includingConflicts: whether files in conflict are among them, with one of their sides.
    func files(in repository: Repository, includingConflicts: Bool = false) throws -> [PointerFile] {
        var files: [PointerFile] = []
        try forEachFile(in: repository, includingConflicts: includingConflicts) { files.append($0) }
        return files
    }

    /// Calls `body` for the selected files that stand as pointers in the worktree, those in conflict with one of their
    /// sides, in the order of their paths.
    /// - Parameter stray: gets those that no attribute makes data of, so that nothing fills them.
    func forEachWaitingFile(
        in repository: Repository, stray: (PointerFile) -> Void = { _ in }, _ body: (PointerFile) -> Void
    ) throws {
        try forEachStandingFile(in: repository, stray: stray) { if !$0.pointer.isExtended { body($0) } }
    }

    /// As `forEachWaitingFile`, with those that nothing here can fill.
    func forEachStandingFile(
        in repository: Repository, stray: (PointerFile) -> Void = { _ in }, _ body: (PointerFile) -> Void
    ) throws {
        try refuseUnknownPaths(repository)
        try repository.forEachShortPointers { portion throws(RepositoryError) in
            let files = selected(portion, includingConflicts: true)
            for file in try repository.standing(among: files, stray: stray) { body(file) }
        }
    }

    /// Calls `body` for the files that `files(in:)` would give.
    func forEachFile(in repository: Repository, includingConflicts: Bool = false, _ body: (PointerFile) -> Void) throws {
        try refuseUnknownPaths(repository)
        try repository.forEachIndexPointers { portion throws(RepositoryError) in
            for file in selected(portion, includingConflicts: includingConflicts) { body(file) }
        }
    }

    /// The selected ones of a portion of the index.
    func selected(_ pointers: [PointerFile], includingConflicts: Bool = false) -> [PointerFile] {
        let selected = isEverything ? pointers : pointers.filter { contains($0.path) }
        let hasConflicts = selected.contains { $0.entry.stage != 0 }
        return !hasConflicts ? selected : includingConflicts ? Self.onePerPath(selected) : selected.filter { $0.entry.stage == 0 }
    }

    /// Refuses a path that neither the index nor the worktree has.
    func refuseUnknownPaths(_ repository: Repository) throws {
        for path in paths {
            let top = try repository.worktree()
            guard !top.appending(path).exists,
                try repository.git().run(["--literal-pathspecs", "ls-files", "-z", "--", path]).output.isEmpty
            else { continue }
            throw CommandFailure("pathspec '\(path)' did not match any file known to git", exitCode: .failure)
        }
    }

    /// Of a file in conflict our side, else theirs, else the base.
    private static func onePerPath(_ files: [PointerFile]) -> [PointerFile] {
        let order = [0: 0, 2: 1, 3: 2, 1: 3]
        var best: [BytePath: PointerFile] = [:]
        for file in files {
            guard let other = best[file.path] else {
                best[file.path] = file
                continue
            }
            if order[file.entry.stage, default: 4] < order[other.entry.stage, default: 4] { best[file.path] = file }
        }
        return best.values.sorted { $0.path < $1.path }
    }
}
