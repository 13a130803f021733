import Diagnostics
import Digest
import Git
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

    /// One data file with all that is known of it.
    private struct DataFile {
        let file: PointerFile
        let state: WorktreeState
        /// Of a pointer: whether its blob is here.
        let isStored: Bool
        let git: String

        var mark: String {
            switch state {
            case .content: "*"
            case .pointer: isStored ? "-" : "?"
            case .absent: "!"
            }
        }
        var isInConflict: Bool { file.entry.stage != 0 }
    }

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        _ = try repository.worktree()
        let selection = try FileSelection(arguments, context, repository)
        if arguments[missing] {
            // Git's status is not asked: only what stands as a pointer counts.
            let short = try selection.files(among: repository.shortPointers(), of: repository, includingConflicts: true)
            let without = try repository.standing(among: short)
            for file in without { printPath(file.path, "", arguments, context.output) }
            return without.isEmpty ? .success : .failure
        }
        // Where the time goes: Git's own status, which works while the index is read here.
        let states = try repository.git().begin(
            ["status", "--porcelain", "-z", "--untracked-files=no", "--no-renames"])
        let scan = try repository.scanIndex()
        let files = try dataFiles(scan, selection, repository, gitStates: states)
        if arguments[porcelain] {
            for data in files { printPath(data.file.path, "\(data.git) \(data.mark) ", arguments, context.output) }
            return .success
        }
        let unpushed = try unpushedPointers(repository)
        if arguments[CommonOptions.json] {
            let store = try repository.store()
            let oids = Set(unpushed.map(\.pointer.oid))
            try context.output.json(
                files.map { data in
                    let path = JSONPath(data.file.path)
                    return Row(
                        path: path.path, pathBytes: path.pathBytes, oid: data.file.pointer.oid.hex,
                        size: data.file.pointer.byteCount, worktree: "\(data.state)", isStored: store.contains(data.file.pointer.oid),
                        isUnpushed: oids.contains(data.file.pointer.oid), git: data.git)
                })
            return .success
        }
        describe(files, unpushed, repository, context.output)
        describe(scan, selection, context.output)
        StaleStages(repository: repository).describe(context.output)
        if !files.isEmpty { describeSetup(repository, context.output) }
        return .success
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

    /// Names the files that Git does not hold as the attributes say.
    private static func describe(_ scan: IndexScan, _ selection: FileSelection, _ output: Output) {
        let raw = scan.raw.filter { selection.contains($0.path) }
        list("In Git itself, though a data pattern matches (git data fix):", raw.map { ($0.path, $0.byteCount) }, output)
        let stray = scan.stray.filter { selection.contains($0.path) }
        list(
            "Pointers that no data pattern matches (git data fix):", stray.map { ($0.path, $0.pointer.byteCount) }, output)
    }

    private static func printPath(_ path: BytePath, _ prefix: String, _ arguments: ParsedArguments, _ output: Output) {
        if arguments[CommonOptions.null] {
            output.write(Array(prefix.utf8) + path.bytes + [0])
        } else {
            output.line("\(prefix)\(path)")
        }
    }

    private static func dataFiles(
        _ scan: IndexScan, _ selection: FileSelection, _ repository: Repository, gitStates: PendingAnswer
    ) throws -> [DataFile] {
        let store = try repository.store()
        var files = try selection.files(among: scan.pointers, of: repository, includingConflicts: true)
        let states = try repository.look(at: &files)
        let changes = try changes(in: gitStates.query())
        return zip(files, states).map { file, state in
            DataFile(
                file: file, state: state, isStored: state == .pointer && store.contains(file.pointer.oid),
                git: changes.isEmpty ? "  " : changes[file.path] ?? "  ")
        }
    }

    /// X and Y of each file that Git calls changed.
    private static func changes(in answer: Git.Answer) -> [BytePath: String] {
        var states: [BytePath: String] = [:]
        for record in answer.records where record.bytes.count > 3 {
            states[BytePath(bytes: record.bytes.dropFirst(3))] = String(decoding: record.bytes.prefix(2), as: UTF8.self)
        }
        return states
    }

    /// The pointers of HEAD's commits that no remote-tracking branch has.
    private static func unpushedPointers(_ repository: Repository) throws -> [ReachedPointer] {
        guard try repository.git().resolve("HEAD") != nil else { return [] }
        return try repository.reachedPointers(from: ["HEAD"], extra: ["--not", "--remotes", "--not"])
    }

    private static func describe(
        _ files: [DataFile], _ unpushed: [ReachedPointer], _ repository: Repository, _ output: Output
    ) {
        if let remote = try? repository.dataRemote() {
            output.line("Data remote: \(remote.name) (\(URLText.withoutSecrets(remote.url)))")
        } else {
            output.line("Data remote: none")
        }
        let total = files.totalByteCount { $0.file.pointer.byteCount }
        output.line("Data files: \(files.count) (\(ByteCountText.format(total)))")
        section("In conflict (git data conflicts):", files, output) { $0.isInConflict }
        let sections: [(String, (DataFile) -> Bool)] = [
            ("Staged for commit:", { $0.git.first != " " }),
            ("Modified, not staged (git add):", { $0.git.last == "M" }),
            ("Deleted from the worktree (git restore):", { $0.git.last == "D" }),
            ("Only a pointer, data is on this machine (git data checkout):", { $0.mark == "-" }),
            ("Only a pointer, data must be fetched (git data pull):", { $0.mark == "?" }),
        ]
        for (title, isIn) in sections { section(title, files, output) { !$0.isInConflict && isIn($0) } }
        let bytes = unpushed.totalByteCount { $0.pointer.byteCount }
        if !unpushed.isEmpty {
            output.line()
            output.line("Waiting to be pushed (git push): \(Count.blobs(unpushed.count)), \(ByteCountText.format(bytes))")
        }
    }

    private static func section(_ title: String, _ files: [DataFile], _ output: Output, _ isIn: (DataFile) -> Bool) {
        list(title, files.lazy.filter(isIn).map { ($0.file.path, $0.file.pointer.byteCount) }, output)
    }

    private static func list(_ title: String, _ files: [(path: BytePath, byteCount: Int64)], _ output: Output) {
        guard !files.isEmpty else { return }
        output.line()
        output.line(title)
        for file in files { output.line("\t\(file.path) (\(ByteCountText.format(file.byteCount)))") }
    }
}
