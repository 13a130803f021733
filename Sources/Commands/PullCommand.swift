import Diagnostics
import Platform
import Pointer
import Repository

/// The options that `fetch`, `pull` and `checkout` share.
enum DownloadOptions {
    static let remote = Value<String>("remote", "NAME", "the data remote to use", parse: .text(.dataRemotes))

    static let recent = Value<Int>(
        "recent", "DAYS", "also the versions that the commits of the last DAYS days, on any branch, have brought",
        parse: .wholeNumber)

    /// What `--recent` asks for.
    static func recentPointers(
        _ arguments: ParsedArguments, _ repository: Repository, _ selection: FileSelection
    ) throws -> [(path: BytePath, pointer: Pointer)] {
        guard let days = arguments[recent] else { return [] }
        let since = BytePath("--since=\(days).days")
        return try repository.reachedPointers(from: [], extra: ["--all", since], completing: true)
            .filter { selection.contains($0.path) }.map { ($0.path, $0.pointer) }
    }

    /// What the scripts of `--for` read of other revisions than the one that is checked out.
    static func earlierPointers(
        _ repository: Repository, _ selection: FileSelection, _ output: Output
    ) throws -> [(path: BytePath, pointer: Pointer)] {
        try selection.earlierFiles(in: repository) { revision in
            output.warning("'\(revision)', of which a script reads data, is no revision here; nothing of it is fetched")
        }.map { ($0.path, $0.pointer) }
    }

    static let incomplete = ExitMeaning(.failure, "some files have no data; they are named, and keep their pointers")

    static func download(_ arguments: ParsedArguments, _ context: CommandContext, _ repository: Repository) -> Download {
        Download(context: context, repository: repository, remoteName: arguments[remote])
    }

    static func sayFetched(_ fetched: Download.Fetched, _ output: Output) {
        guard let remote = fetched.remote, fetched.blobs > 0 else { return }
        output.message(
            "\(Count.blobs(fetched.blobs)) fetched from '\(remote.name)' (\(ByteCountText.format(fetched.byteCount)))")
    }
}

/// `git data pull`: the data of the files that are checked out.
struct PullCommand: Command {
    static let declaration = Declaration(
        "pull", group: .sharing, summary: "fetch missing data and write it into the worktree",
        description: """
            Puts the content in the place of every pointer in the worktree, fetching from the data remote what \
            is not on this machine. Files that you have changed, and files that you have deleted, are left \
            alone. A blob that cannot be had leaves its pointer where it is; the others are written.

            With `--for SCRIPT`, once for each script, it is what the script reads: what its runs have recorded in \
            `lineage/uses/`, where it names its data with `git_data.track` (Python), and the inputs of each stage that runs it.
            """,
        options: [
            DownloadOptions.remote, DownloadOptions.recent, FileSelection.scripts, FileSelection.include,
            FileSelection.exclude, CommonOptions.dryRun,
        ],
        operands: [FileSelection.paths], exitCodes: [DownloadOptions.incomplete],
        examples: [
            Example("git data pull", "everything that is checked out"),
            Example("git data pull data/train", "one folder"),
            Example("git data pull --for train.py", "what that script or notebook needs"),
            Example("git data pull --recent 14", "and what two weeks of work on all branches need"),
        ],
        seeAlso: ["fetch", "checkout", "status"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        Process.returnLargeMemory()
        let selection = try FileSelection(arguments, context, repository)
        let pointers = try selection.waitingFiles(in: repository)
        let others = try DownloadOptions.recentPointers(arguments, repository, selection)
            + DownloadOptions.earlierPointers(repository, selection, context.output)
        let download = DownloadOptions.download(arguments, context, repository)
        if arguments[CommonOptions.dryRun] {
            let missing = try download.missing(pointers.map(\.pointer) + others.map(\.pointer))
            for file in pointers { context.output.line("\(file.path)") }
            let total = missing.totalByteCount { $0.byteCount }
            context.output.message(
                "would write \(Count.files(pointers.count)), fetching \(Count.blobs(missing.count)) (\(ByteCountText.format(total)))")
            return .success
        }
        let wanted = pointers.map { ($0.path, $0.pointer) } + others
        guard try !pointers.isEmpty || !download.missing(others.map(\.pointer)).isEmpty else {
            context.output.message("Already up to date.")
            return .success
        }
        let fetched = try download.fetch(wanted.map(\.1))
        DownloadOptions.sayFetched(fetched, context.output)
        let present = pointers.filter { fetched.reasons[$0.pointer.oid] == nil }
        let (written, unwritten) = try download.hydrate(present)
        if written > 0 { context.output.message("\(Count.files(written)) written") }
        let unfetched = wanted.compactMap { path, pointer in
            fetched.reasons[pointer.oid].map { Download.Shortfall(path: path, reason: $0) }
        }
        let shortfalls = unfetched + unwritten
        download.report(shortfalls, after: fetched.failure, hints: download.namingOrigins(fetched.hints, shortfalls))
        return shortfalls.isEmpty ? .success : .failure
    }
}

/// `git data fetch`: data into the local store, the worktree untouched.
struct FetchCommand: Command {
    static let all = Flag("all", "the data of every commit that any ref reaches")
    static let revision = Value<BytePath>(
        "revision", "REV", "the data of that revision's files, or of all commits of a range A..B", parse: .revision)
    static let declaration = Declaration(
        "fetch", group: .sharing, summary: "fetch missing data into the local store",
        description: "Brings blobs to this machine and leaves the worktree alone: for the files of the index, of one revision, or of all history.",
        options: [
            DownloadOptions.remote, all, revision, DownloadOptions.recent, FileSelection.scripts, FileSelection.include,
            FileSelection.exclude, CommonOptions.dryRun,
        ],
        operands: [FileSelection.paths], exitCodes: [DownloadOptions.incomplete],
        examples: [
            Example("git data fetch --revision v1.2", "all that the tag v1.2 needs"),
            Example("git data fetch --revision main..topic", "what the commits of a branch have brought"),
        ],
        seeAlso: ["pull", "checkout"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        Process.returnLargeMemory()
        let selection = try FileSelection(arguments, context, repository)
        let wanted = try self.wanted(arguments, repository, selection)
            + DownloadOptions.recentPointers(arguments, repository, selection)
            + DownloadOptions.earlierPointers(repository, selection, context.output)
        let download = DownloadOptions.download(arguments, context, repository)
        let missing = try download.missing(wanted.map(\.pointer))
        if arguments[CommonOptions.dryRun] {
            for item in missing { context.output.line("\(item.oid) \(item.byteCount)") }
            return .success
        }
        guard !missing.isEmpty else {
            context.output.message("Already up to date.")
            return .success
        }
        let fetched = try download.fetch(wanted.map(\.pointer))
        DownloadOptions.sayFetched(fetched, context.output)
        let shortfalls = wanted.compactMap { item in
            fetched.reasons[item.pointer.oid].map { Download.Shortfall(path: item.path, reason: $0) }
        }
        download.report(shortfalls, after: fetched.failure, hints: download.namingOrigins(fetched.hints, shortfalls))
        return shortfalls.isEmpty ? .success : .failure
    }

    /// A range of commits as the names of its ends.
    private static func range(_ range: BytePath, _ repository: Repository) throws -> [BytePath] {
        let answer = try repository.git().run(["rev-parse", "--revs-only", "--end-of-options", range])
        guard answer.status == 0, answer.lines.count > 1 else {
            throw CommandFailure("'\(range)' is no range of commits of this repository")
        }
        return answer.lines
    }

    /// The selected pointers of some commits whose blobs are not here: of a whole history they are few.
    private static func absent(
        _ repository: Repository, _ commits: [BytePath], _ selection: FileSelection
    ) throws -> [(path: BytePath, pointer: Pointer)] {
        let store = try repository.store()
        var absent: [(path: BytePath, pointer: Pointer)] = []
        try repository.forEachReachedPointer(from: [], extra: commits, completing: true) { reached in
            guard selection.contains(reached.path), !store.contains(reached.pointer.oid) else { return }
            absent.append((reached.path, reached.pointer))
        }
        return absent
    }

    private static func wanted(
        _ arguments: ParsedArguments, _ repository: Repository, _ selection: FileSelection
    ) throws -> [(path: BytePath, pointer: Pointer)] {
        if arguments[all] {
            return try absent(repository, ["--all"], selection)
        }
        if let revision = arguments[revision], revision.description.contains("..") {
            return try absent(repository, range(revision, repository), selection)
        }
        if let revision = arguments[revision] {
            guard try repository.git().resolve(revision) != nil else {
                throw CommandFailure("'\(revision)' is no revision of this repository")
            }
            return try repository.treePointers(revision).filter { selection.contains($0.path) }
                .map { ($0.path, $0.pointer) }
        }
        return try selection.files(in: repository).map { ($0.path, $0.pointer) }
    }
}

/// `git data checkout`: content from the local store in place of pointers.
struct CheckoutCommand: Command {
    static let declaration = Declaration(
        "checkout", group: .files, summary: "write data that is on this machine into the worktree",
        description: "Like `git data pull`, without asking any remote.",
        options: [FileSelection.scripts, FileSelection.include, FileSelection.exclude, CommonOptions.dryRun],
        operands: [FileSelection.paths],
        exitCodes: [DownloadOptions.incomplete], seeAlso: ["pull"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let store = try repository.store()
        let files = try FileSelection(arguments, context, repository).waitingFiles(in: repository)
        let here = files.filter { store.contains($0.pointer.oid) }
        if arguments[CommonOptions.dryRun] {
            for file in here { context.output.line("\(file.path)") }
            return .success
        }
        let download = Download(context: context, repository: repository)
        let (written, unwritten) = try download.hydrate(here)
        if written > 0 { context.output.message("\(Count.files(written)) written") }
        let absent = files.filter { !store.contains($0.pointer.oid) }
            .map { Download.Shortfall(path: $0.path, reason: "not in the local store") }
        download.report(absent + unwritten, hint: "git data pull")
        return absent.isEmpty && unwritten.isEmpty ? .success : .failure
    }
}
