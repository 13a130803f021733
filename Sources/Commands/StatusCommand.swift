import Diagnostics
import Digest
import Git
import ObjectStore
import Platform
import Pointer
import Repository

/// `git data status`: what the data files are doing.
struct StatusCommand: Command {
    static let porcelain = Flag("porcelain", "print one line for each file, for scripts")
    static let missing = Flag("missing", "list files without data, and exit with 1 when there are any")
    static let declaration = Declaration(
        "status", group: .files, summary: "show the state of the data files",
        description: """
            With `--porcelain`, each line is `XY S PATH`: X and Y as in git-status(1), and S is `*` for content \
            in the worktree, `-` for a pointer whose blob is here, `?` for one whose blob must be fetched, `!` \
            for nothing. A script that is about to read data can ask `git data status --missing PATH` first.

            Where there are stages (git-data-run(1)), those whose outputs are stale are named with what changed.
            """,
        options: [porcelain, missing, FileSelection.scripts, CommonOptions.json, CommonOptions.null], operands: [FileSelection.paths],
        exitCodes: [ExitMeaning(.failure, "with `--missing`: some files have no data")],
        examples: [
            Example("git data status --missing data/ || git data pull data/", "fetch only what is wanted"),
            Example("git data status --missing --for train.py", "what that script would have to wait for"),
        ],
        seeAlso: ["ls-files", "pull"])

    private struct Row: Encodable {
        let path: String
        let pathBytes: String?
        let oid: String
        let size: Int64
        let worktree: String
        let isStored: Bool
        let isUnpushed: Bool
        /// X and Y of git-status(1).
        let git: String
    }

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        Process.returnLargeMemory()
        let repository = try context.repository()
        _ = try repository.worktree()
        let selection = try FileSelection(arguments, context, repository)
        if arguments[missing] {
            // Git's status is not asked: only what stands as a pointer counts.
            var isComplete = true
            try selection.forEachStandingFile(in: repository) { file in
                isComplete = false
                printPath(file.path, "", arguments, context.output)
            }
            return isComplete ? .success : .failure
        }
        // Where the time goes: Git's own status, which works while the index is read here.
        let states = try repository.git().begin(
            ["status", "--porcelain", "-z", "--untracked-files=no", "--no-renames"])
        try selection.refuseUnknownPaths(repository)
        if arguments[porcelain] {
            try forEachDataFile(selection, repository, changes(in: states.query())) { data in
                printPath(data.file.path, "\(data.git) \(data.mark) ", arguments, context.output)
            }
            return .success
        }
        if arguments[CommonOptions.json] {
            try printJSON(selection, repository, changes(in: states.query()), context.output)
            return .success
        }
        let overview = try StatusOverview(selection, repository, gitStates: states)
        try overview.describe(repository, context.output)
        StaleStages(repository: repository).describe(context.output)
        if overview.files.files > 0 { describeSetup(repository, context.output) }
        return .success
    }

    private static func printJSON(
        _ selection: FileSelection, _ repository: Repository, _ changes: [BytePath: String], _ output: Output
    ) throws {
        let store = try repository.store()
        let unpushed = SortedBlobs(in: store)
        try forEachUnpushed(repository) { unpushed.add($0.oid) }
        try output.jsonArray(of: Row.self) { give in
            try forEachDataFiles(selection, repository, changes) { files in
                let unpushed = try unpushed.those(among: files.map(\.file.pointer.oid))
                for data in files {
                    let (path, oid) = (JSONPath(data.file.path), data.file.pointer.oid)
                    try give(
                        Row(
                            path: path.path, pathBytes: path.pathBytes, oid: oid.hex, size: data.file.pointer.byteCount,
                            worktree: "\(data.state)", isStored: store.contains(oid), isUnpushed: unpushed.contains(oid), git: data.git))
                }
            }
        }
    }

    /// Says where Git does not ask git data, though there is data.
    private static func describeSetup(_ repository: Repository, _ output: Output) {
        if let settings = try? repository.settings(), settings.configuration.value("filter.data.process") == nil {
            output.line()
            output.line("'git add' would store data in Git itself, as there is no 'filter.data.process' (git data install)")
        }
        // What a manager of hooks calls is its own affair.
        if let folder = try? HookInstallation(repository).folder(), !(folder / "pre-push").exists {
            output.line()
            output.line("Pushes may land without their data, as there is no hook 'pre-push' (git data init)")
        }
    }

    private static func printPath(_ path: BytePath, _ prefix: String, _ arguments: ParsedArguments, _ output: Output) {
        if arguments[CommonOptions.null] {
            output.write(Array(prefix.utf8) + path.bytes + [0])
        } else {
            output.line("\(prefix)\(path)")
        }
    }

    /// Calls `body` for each of the selected data files, in the order of their paths.
    /// - Parameters:
    ///   - changes: X and Y of each file that Git calls changed.
    ///   - scanned: told of each portion before its files.
    static func forEachDataFile(
        _ selection: FileSelection, _ repository: Repository, _ changes: [BytePath: String], scanned: (IndexScan) -> Void = { _ in },
        _ body: (DataFile) throws -> Void
    ) throws {
        try forEachDataFiles(selection, repository, changes, scanned: scanned) { for data in $0 { try body(data) } }
    }

    /// As `forEachDataFile`, portion by portion.
    private static func forEachDataFiles(
        _ selection: FileSelection, _ repository: Repository, _ changes: [BytePath: String], scanned: (IndexScan) -> Void = { _ in },
        _ body: ([DataFile]) throws -> Void
    ) throws {
        let store = try repository.store()
        var failure: (any Error)?
        try repository.forEachIndexScan { scan throws(RepositoryError) in
            guard failure == nil else { return }
            scanned(scan)
            var files = selection.selected(scan.pointers, includingConflicts: true)
            let states = try repository.look(at: &files)
            do {
                try body(
                    zip(files, states).map { file, state in
                        DataFile(
                            file: file, state: state, isStored: state == .pointer && store.contains(file.pointer.oid),
                            git: changes.isEmpty ? "  " : changes[file.path] ?? "  ")
                    })
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// X and Y of each file that Git calls changed.
    static func changes(in answer: Git.Answer) -> [BytePath: String] {
        var states: [BytePath: String] = [:]
        for record in answer.records where record.bytes.count > 3 {
            states[BytePath(bytes: record.bytes.dropFirst(3))] = String(decoding: record.bytes.prefix(2), as: UTF8.self)
        }
        return states
    }

    /// Calls `body` for the pointers of HEAD's commits that no remote-tracking branch has.
    static func forEachUnpushed(_ repository: Repository, _ body: (Pointer) -> Void) throws {
        guard try repository.git().resolve("HEAD") != nil else { return }
        try repository.forEachReachedPointer(from: ["HEAD"], extra: ["--not", "--remotes", "--not"]) { body($0.pointer) }
    }
}

extension SortedBlobs {
    /// Those of the blobs that were gathered.
    func those(among oids: [ObjectID]) throws(SystemError) -> Set<ObjectID> {
        var reader = try reader()
        var found: Set<ObjectID> = []
        for oid in oids.sorted() where try reader.first(of: oid) != nil { found.insert(oid) }
        return found
    }
}

/// One data file with all that `git data status` knows of it.
struct DataFile {
    let file: PointerFile
    let state: WorktreeState
    /// Of a pointer: whether its blob is here.
    let isStored: Bool
    /// X and Y of git-status(1).
    let git: String

    var mark: String {
        switch state {
        case .content: "*"
        case .pointer: isStored ? "-" : "?"
        case .absent: "!"
        }
    }
}
