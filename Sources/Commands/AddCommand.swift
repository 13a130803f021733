import Diagnostics
import Filter
import Git
import ObjectStore
import Platform
import Repository

/// `git data add`: `git add`, where much data is added at once.
struct AddCommand: Command {
    static let all = Flag("all", short: "A", "also stage what was deleted, and everything where no PATHSPEC is given")
    static let update = Flag("update", short: "u", "only files that Git knows")
    static let force = Flag("force", short: "f", "also files that are ignored")
    static let pathspecs = Operands("PATHSPEC", "what to add, as for git-add(1)")
    static let declaration = Declaration(
        "add", group: .files, summary: "stage files as git add does, hashing data in parallel",
        description: """
            The outcome is that of `git add` with the same options. Git gives a filter one file after the other, \
            through a pipe; this reads data files itself, several at once, and then has `git add` do the rest.
            """,
        options: [all, update, force, CommonOptions.dryRun], operands: [pathspecs],
        exitCodes: [ExitMeaning(.failure, "as git add: some files were ignored, or could not be added")],
        examples: [Example("git data add data/", "the files below a folder")], seeAlso: ["track", "status"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let top = try repository.worktree()
        // Pathspecs are seen from where the user stands.
        let here = try Git(worktree: top)
        let pathspecs = arguments[self.pathspecs]
        var options: [BytePath] = []
        if arguments[all] { options.append("--all") }
        if arguments[update] { options.append("--update") }
        if arguments[force] { options.append("--force") }
        let command = ["add"] + options + (context.output.isVerbose ? ["--verbose"] : []) + ["--"] + pathspecs
        if arguments[CommonOptions.dryRun] { return try end(here.passThrough(["add", "--dry-run"] + command.dropFirst())) }
        // What Git would refuse is refused before anything is changed. (Without the intent, even a dry run would hash.)
        if try here.run(["add", "--dry-run", "--intent-to-add"] + options + ["--"] + pathspecs).status == 0 {
            let staging = DataStaging(context: context, repository: repository)
            let wanted = try staging.candidates(
                here, pathspecs: pathspecs.isEmpty ? [":/"] : pathspecs, isUpdate: arguments[update],
                isForced: arguments[force])
            for path in try staging.stage(wanted) where context.output.isVerbose { context.output.line("add '\(path)'") }
            context.output.flush()
        }
        return try end(here.passThrough(Array(command)))
    }

    private static func end(_ ending: ChildProcess.Ending) -> ExitCode {
        switch ending {
        case .exited(let status): ExitCode(status)
        case .killed(let signal): ExitCode(128 + signal)
        }
    }
}

/// Puts pointers of data files into the index, with the stat fields of the files, so that `git add` finds them
/// staged.
struct DataStaging {
    let context: CommandContext
    let repository: Repository

    /// Stages files and folders, from the top of the worktree, as `git data add` does.
    /// - Throws: what Git would not add.
    static func add(_ paths: [BytePath], _ context: CommandContext, _ repository: Repository) throws {
        let git = try repository.git()
        let staging = DataStaging(context: context, repository: repository)
        let literal: [BytePath] = paths.map { BytePath(bytes: Array(":(top,literal)".utf8) + $0.bytes) }
        _ = try staging.stage(staging.candidates(git, pathspecs: literal, isUpdate: false, isForced: false))
        try git.change(["add", "--"] + literal)
    }

    /// Fewer, and smaller ones together, are added as fast by Git.
    private static let threshold = (files: 16, byteCount: Int64(8 << 20))
    /// As `transfer.unpackLimit`, which git-config(1) says is 100.
    private static let unpackLimit = 100

    struct Candidate {
        let path: BytePath
        /// Of the index entry that there is.
        let mode: String?
        /// Of the file, as far as it is a regular one.
        var byteCount: Int64 = 0
    }

    /// The files that `git add` would look into and that the data filter is for; none where they are few.
    /// - Parameter here: works where the pathspecs are seen from.
    func candidates(
        _ here: Git, pathspecs: [BytePath], isUpdate: Bool, isForced: Bool
    ) throws -> [Candidate] {
        // By time and size alone, so that Git does not compare contents.
        let known = try here.query(
            ["diff-files", "-z", "--raw", "--abbrev=64", "--no-renames", "--ignore-submodules=all", "--"] + pathspecs)
        var found = Self.changes(known.records)
        if !isUpdate {
            let exclusion: [BytePath] = isForced ? [] : ["--exclude-standard"]
            let new = try here.query(["ls-files", "-z", "--others", "--full-name"] + exclusion + ["--"] + pathspecs)
            // What ends in a slash is a repository within this one.
            found += new.records.filter { $0.bytes.last != UInt8(ascii: "/") }.map { Candidate(path: $0, mode: nil) }
        }
        let filters = try repository.git().attribute("filter", of: found.map(\.path))
        let encodings = try repository.git().attribute("working-tree-encoding", of: found.map(\.path))
        let top = try repository.worktree()
        let data = found.compactMap { file -> Candidate? in
            guard filters[file.path] == "data", encodings[file.path] == nil,
                let status = try? top.appending(file.path).status(), status.kind == .regular
            else { return nil }
            return Candidate(path: file.path, mode: file.mode, byteCount: status.byteCount)
        }
        let byteCount = data.reduce(0) { $0 + $1.byteCount }
        return data.count >= Self.threshold.files || byteCount >= Self.threshold.byteCount ? data : []
    }

    /// `:<mode> <mode> <name> <name> <letter>`, then the path. Files in conflict, and what is no file any more, are
    /// left to Git.
    private static func changes(_ records: [BytePath]) -> [Candidate] {
        stride(from: 0, to: records.count - 1, by: 2).compactMap { position in
            let fields = records[position].bytes.split(separator: UInt8(ascii: " "))
            guard fields.count == 5, fields[4] == [UInt8(ascii: "M")], fields[0].dropFirst().starts(with: "100".utf8)
            else { return nil }
            return Candidate(path: records[position + 1], mode: String(decoding: fields[0].dropFirst(), as: UTF8.self))
        }
    }

    /// - Returns: the paths that are staged.
    func stage(_ candidates: [Candidate]) throws -> [BytePath] {
        guard !candidates.isEmpty else { return [] }
        let store = try repository.store()
        let batch = BlobBatch(store: store, later: Settling.beforeCommit(repository))
        let files = try WorktreeCleaning(repository, batch: batch).run(
            candidates.map(\.path), byteCount: candidates.reduce(0) { $0 + $1.byteCount },
            observer: context.progress("Adding data"))
        try batch.flush()
        guard !files.isEmpty else { return [] }
        let git = try repository.git()
        let top = try repository.worktree()
        let pack = try PackWriter(git, workingIn: top)
        let modes = Dictionary(candidates.map { ($0.path, $0.mode) }) { first, _ in first }
        let keepsModes = try repository.settings().configuration.boolean("core.filemode") == false
        var clean: [CleanFile] = []
        var input: [UInt8] = []
        for file in files {
            let name = try pack.add(.blob, file.text)
            let ownMode = file.status.permissions & 0o100 != 0 ? "100755" : "100644"
            let mode = keepsModes ? (modes[file.path] ?? nil) ?? "100644" : ownMode
            input += Array("\(mode) ".utf8) + name.hex + [UInt8(ascii: "\t")] + file.path.bytes + [0]
            clean.append(CleanFile(path: file.path, name: name, mode: mode, status: file.status))
        }
        try pack.install(git, unpackLimit: Self.unpackLimit)
        try git.change(["update-index", "--add", "--replace", "-z", "--index-info"], input: input)
        // Where this fails, `git add` reads the files itself.
        _ = try git.markClean(CleanFiles(clean), index: repository.location.index, worktree: top)
        return files.map(\.path)
    }
}
