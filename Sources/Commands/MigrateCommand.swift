import Diagnostics
import Git
import Platform
import Repository

/// `git data migrate`: brings a repository over, from Git alone or from another tool, and back.
struct MigrateCommand: Command {
    static let declaration = Declaration(
        "migrate", group: .start, summary: "bring a repository over, from Git alone or from another tool",
        examples: [
            Example("git data migrate info", "what in history is large"),
            Example("git data migrate import --everything --include '*.parquet'", "as if these files had always been data files"),
            Example("git data migrate lfs", "from Git LFS, without rewriting history"),
        ],
        subcommands: [
            MigrateInfoCommand.self, MigrateImportCommand.self, MigrateExportCommand.self, MigrateUndoCommand.self,
            MigrateLFSCommand.self,
        ],
        needsSubcommand: true, seeAlso: ["track", "init"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        throw UsageError("migrate needs one of its commands")
    }
}

/// `git data migrate lfs`: a repository that used Git LFS uses git data from the next commit on.
struct MigrateLFSCommand: Command {
    static let declaration = Declaration(
        "lfs", group: .start, summary: "from Git LFS, without rewriting history",
        description: """
            Gives the patterns of every `.gitattributes` from Git LFS to git data, and sets `data.pointer = lfs` \
            in `.gitdata`, so that pointers keep Git LFS's form: no file changes, old commits work as they are, \
            and Git LFS still reads new ones. Blobs in `.git/lfs/objects` are used in place. Both files are \
            staged, for you to look at and to commit.
            """,
        options: [CommonOptions.dryRun], seeAlso: ["track"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let top = try repository.worktree()
        let git = try repository.git()
        let changes = try changes(in: repository)
        guard !changes.isEmpty else {
            // One that was cut off may have come no further than to the worktree.
            let unstaged = try unstagedChanges(in: repository)
            if !unstaged.isEmpty, !arguments[CommonOptions.dryRun] {
                try git.query(["add", "--", Settings.committedFile] + unstaged)
                context.output.message("Staged what an earlier run had changed.")
                return .success
            }
            context.output.message("Nothing to do: no .gitattributes names the filter of Git LFS.")
            return .success
        }
        for change in changes {
            context.output.line("\(change.path): \(Count.noun(change.lineCount, "line"))")
        }
        if arguments[CommonOptions.dryRun] { return .success }
        // The setting first: with the attributes alone, an add would write pointers of the other form.
        try git.query(["config", "-f", top / ".gitdata", "data.pointer", "lfs"])
        repository.forgetSettings()
        // The attributes last: a run that is cut off before them is begun anew.
        try InitCommand.setUp(repository, isLazy: false, context)
        for change in changes {
            let file = top.appending(change.path)
            try file.replaceContents(with: change.content)
        }
        try git.query(["add", "--"] + [Settings.committedFile] + changes.map(\.path))
        let absent = try absentBlobs(repository)
        if absent > 0 {
            context.output.warning("\(Count.blobs(absent)) of this repository's history are not on this machine")
            context.output.message("hint: git lfs fetch --all")
        }
        context.output.message("hint: git commit -m 'Keep data with git data' && git data push --all")
        return .success
    }

    private struct Change {
        let path: BytePath
        let content: [UInt8]
        let lineCount: Int
    }

    private static func changes(in repository: Repository) throws -> [Change] {
        let top = try repository.worktree()
        let listing = try repository.git().query(["ls-files", "-z", "--", ":(glob)**/.gitattributes"])
        return try listing.records.compactMap { path in
            let file = top.appending(path)
            guard let status = try file.status(), status.kind == .regular, let content = try file.contents() else { return nil }
            var attributes = AttributesFile(content)
            let lineCount = attributes.takeOverFromLFS()
            return lineCount == 0 ? nil : Change(path: path, content: attributes.content, lineCount: lineCount)
        }
    }

    /// Attributes that name the filter of Git LFS in the index, and not in the worktree any more.
    private static func unstagedChanges(in repository: Repository) throws -> [BytePath] {
        let git = try repository.git()
        guard try repository.settings().pointerForm == .lfs else { return [] }
        let changed = try git.query(["diff-files", "--name-only", "-z", "--", ":(glob)**/.gitattributes"]).records
        return try changed.filter { path in
            let staged = try git.run(["cat-file", "blob", BytePath(bytes: Array(":".utf8) + path.bytes)])
            var attributes = AttributesFile(staged.output)
            return staged.status == 0 && attributes.takeOverFromLFS() > 0
        }
    }

    private static func absentBlobs(_ repository: Repository) throws -> Int {
        let store = try repository.store()
        let oids = Set(try repository.reachedPointers(from: [], extra: ["--all"]).map(\.pointer.oid))
        return oids.filter { !store.contains($0) }.count
    }
}
