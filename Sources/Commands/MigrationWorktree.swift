import Diagnostics
import Git
import Platform
import Repository

/// The worktree and the index of HEAD's branch while that moves to another commit whose files are the same: what is
/// in the worktree stays there, and Git need not read it again.
struct MigrationWorktree {
    private let repository: Repository
    private let git: Git
    private let top: BytePath
    /// What every file was before Git found it clean.
    private let statuses: [BytePath: FileStatus]

    /// - Returns: nil in a bare repository.
    /// - Throws: `CommandFailure` where a change is not committed.
    init?(_ repository: Repository) throws {
        guard let top = repository.location.worktree else { return nil }
        self.repository = repository
        self.top = top
        git = try repository.git()
        let entries = try git.indexEntries()
        var statuses: [BytePath: FileStatus] = [:]
        for entry in entries where entry.isRegularFile {
            statuses[entry.path] = try? top.appending(entry.path).status()
        }
        self.statuses = statuses
        guard try entries.contains(where: { $0.path == FolderAttributes.name }) || !Self.hasOwnAttributes(git, top) else {
            throw CommandFailure(
                "'.gitattributes' is not in Git, and would be overwritten", hints: ["git add .gitattributes && git commit"])
        }
        try refresh()
        guard let head = try git.resolve("HEAD"), try git.indexIs(head), try !hasChanges() else {
            throw CommandFailure("there are changes that are not committed", hints: ["git stash", "or: git commit --all"])
        }
    }

    /// Whether `.gitattributes` is of somebody's making. A migration that was killed may have left that of HEAD's backup.
    private static func hasOwnAttributes(_ git: Git, _ top: BytePath) throws -> Bool {
        guard let content = try top.appending(FolderAttributes.name).contents() else { return false }
        let branch = try git.run(["symbolic-ref", "--quiet", "HEAD"]).line
        let backup = BytePath(bytes: Array("refs/original/".utf8) + branch.bytes + Array(":\(FolderAttributes.name)".utf8))
        let answer = try git.run(["cat-file", "blob", backup])
        return answer.status != 0 || answer.output != content
    }

    private func refresh() throws {
        // Status 1 says that some files differ.
        _ = try git.run(["update-index", "-q", "--ignore-submodules", "--refresh"])
    }

    /// Whether a file is not what Git has. A data file by its attributes that Git has in full is modified for ever, by what
    /// the filter would make of it: to mend that is what this is for.
    private func hasChanges() throws -> Bool {
        var paths: [BytePath] = []
        var names: [GitObjectName] = []
        for change in try git.worktreeChanges() {
            guard change.isContentAlone, statuses[change.path]?.kind == .regular else { return true }
            paths.append(change.path)
            names.append(change.indexed)
        }
        guard !paths.isEmpty else { return false }
        let input = paths.flatMap { Array($0.description.utf8) + [UInt8(ascii: "\n")] }
        let present = try git.query(["hash-object", "--no-filters", "--stdin-paths"], input: input).lines
        return present.map(\.bytes) != names.map(\.hex)
    }

    /// Makes index and worktree those of the new HEAD.
    /// - Parameter sizes: how long the content is for the Git blobs whose content is the worktree's from now on as well.
    func follow(from old: GitObjectName, sizes: [GitObjectName: Int64], _ output: Output) throws {
        let changes = try git.treeChanges(from: old, to: "HEAD")
        let certain = try certainlyUnconverted(changes.filter { sizes[$0.old ?? old] != nil }.map(\.path))
        // Entries that stay the same keep what Git knows of their files. Without a look at the worktree, that is.
        try git.query(["read-tree", "-i", "-m", "HEAD"])
        let files = changes.compactMap { change -> CleanFile? in
            guard let old = change.old, let size = sizes[old], let new = change.new,
                let status = statuses[change.path], status.kind == .regular, status.byteCount == size, certain.contains(change.path)
            else { return nil }
            return CleanFile(path: change.path, name: new, mode: change.mode, status: status)
        }
        try write(changes)
        let outcome = try git.markClean(CleanFiles(files), index: repository.location.index, worktree: top)
        if let message = Self.words(outcome) { output.warning("the index was not refreshed: \(message)") }
        try refresh()
        // What Git was left to compare, and what differs by a conversion of line ends or the like, is written anew:
        // it was clean before.
        let changed = Set(changes.map(\.path))
        let different = try git.query(["diff-files", "--name-only", "-z", "--ignore-submodules"]).records.filter { changed.contains($0) }
        try checkOut(different)
    }

    /// Those of the paths whose content in the worktree is that in Git, byte for byte.
    private func certainlyUnconverted(_ paths: [BytePath]) throws -> Set<BytePath> {
        let lineEnds = try repository.settings().configuration.string("core.autocrlf")?.lowercased()
        guard lineEnds == nil || lineEnds == "false" else { return [] }
        var certain = Set(paths)
        for name in ["text", "eol", "crlf", "ident", "working-tree-encoding"] {
            for path in try git.attribute(name, of: Array(certain)).keys { certain.remove(path) }
        }
        // A filter of another name, that is.
        for (path, filter) in try git.attribute("filter", of: Array(certain)) where filter != "data" && filter != "lfs" {
            certain.remove(path)
        }
        return certain
    }

    /// Writes every `.gitattributes`, which say what is clean, and removes what is not in Git any more.
    private func write(_ changes: [TreeChange]) throws {
        try checkOut(changes.filter { $0.new != nil && $0.path.lastComponent == FolderAttributes.name }.map(\.path))
        for change in changes where change.new == nil { try remove(change.path) }
    }

    private func remove(_ path: BytePath) throws {
        do {
            guard let place = try WorktreeEntry.find(path, under: top, makingFolders: false),
                try place.folder.status(ofEntry: place.name)?.kind == .regular
            else { return }
            try place.folder.removeFile(entry: place.name)
        } catch WorktreePathError.link, WorktreePathError.notFolder, WorktreePathError.forbidden {
            // Something else has come into its way, and stays.
        }
    }

    private func checkOut(_ paths: [BytePath]) throws {
        guard !paths.isEmpty else { return }
        let input = Array(paths.map { $0.bytes + [0] }.joined())
        try git.query(["checkout-index", "--force", "--index", "-q", "-z", "--stdin"], input: input)
    }

    /// Names the files that the attributes do not treat as what they are, because of a `.gitattributes` further down.
    /// - Parameter isData: whether they are to be data files now.
    func warnOfContradictions(from old: GitObjectName, sizes: [GitObjectName: Int64], isData: Bool, _ output: Output) throws {
        let paths = try git.treeChanges(from: old, to: "HEAD").filter { change in change.old.map { sizes[$0] != nil } ?? false }.map(\.path)
        let filters = try git.attribute("filter", of: paths)
        let wrong = paths.filter { (filters[$0] == "data" || filters[$0] == "lfs") != isData }
        guard let first = wrong.first else { return }
        output.warning(
            "attributes make \(Count.files(wrong.count)), such as '\(first)', \(isData ? "no data file" : "a data file still")"
                + "; see: git check-attr -a \(ShellWord.quoted(first))")
    }

    private static func words(_ outcome: CleanFilesOutcome) -> String? {
        switch outcome {
        case .refreshed, .comparedByGit: nil
        case .locked(let lock): "'\(lock)' is held by another process"
        case .unsound: "it is damaged"
        case .system(let error): Words.explanation(error).what
        }
    }
}
