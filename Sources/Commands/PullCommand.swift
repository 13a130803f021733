import Diagnostics
import Filter
import Platform
import Pointer
import Repository

/// The options that `fetch`, `pull` and `checkout` share.
enum DownloadOptions {
    static let remote = Value<String>("remote", "NAME", "the data remote to use", parse: .text(.dataRemotes))

    static let recent = Value<Int>(
        "recent", "DAYS", "also the versions that the commits of the last DAYS days, on any branch, have brought",
        parse: .wholeNumber)

    /// Calls `body` for what `--recent` asks for, and for what the scripts of `--for` read of other revisions than the one
    /// that is checked out. It may be called once more, to name what could not be had.
    static func forEachOther(
        _ arguments: ParsedArguments, _ repository: Repository, _ selection: FileSelection, _ output: Output? = nil,
        _ body: (BytePath, Pointer) -> Void
    ) throws {
        if let days = arguments[recent] {
            let since = BytePath("--since=\(days).days")
            try repository.forEachReachedPointer(from: [], extra: ["--all", since], completing: true) { reached in
                if selection.contains(reached.path) { body(reached.path, reached.pointer) }
            }
        }
        let earlier = try selection.earlierFiles(in: repository) { revision in
            output?.warning("'\(revision)', of which a script reads data, is no revision here; nothing of it is fetched")
        }
        for file in earlier { body(file.path, file.pointer) }
    }

    static let incomplete = ExitMeaning(.failure, "some files have no data; they are named, up to a thousand, and keep their pointers")

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
        let store = try repository.store()
        let (waiting, wanted) = (HydrationList(in: store), WantedBlobs(in: store))
        var amiss = FilesAmiss()
        try selection.forEachWaitingFile(in: repository, stray: { amiss.stray.add($0.path) }) { file in
            waiting.add(HydrationFile(file))
            wanted.add(file.pointer)
        }
        try DownloadOptions.forEachOther(arguments, repository, selection, context.output) { wanted.add($1) }
        let download = DownloadOptions.download(arguments, context, repository)
        let total = try wanted.total()
        if arguments[CommonOptions.dryRun] {
            try waiting.forEach { context.output.line("\($0.path)") }
            context.output.message(
                "would write \(Count.files(waiting.count)), fetching \(Count.blobs(total.filesTotal)) (\(ByteCountText.format(total.bytesTotal)))")
            return .success
        }
        amiss.report(context.output)
        guard waiting.count > 0 || total.filesTotal > 0 else {
            if amiss.isEmpty { context.output.message("Already up to date.") }
            return .success
        }
        var (fetched, written, shortfalls) = try download.fill(waiting, fetching: wanted)
        DownloadOptions.sayFetched(fetched, context.output)
        if written > 0 { context.output.message("\(Count.files(written)) written") }
        if fetched.isIncomplete {
            try DownloadOptions.forEachOther(arguments, repository, selection) { path, pointer in
                if let reason = download.reason(for: pointer, fetched) { shortfalls.add(.init(path: path, reason: reason)) }
            }
        }
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
        let wanted = WantedBlobs(in: try repository.store())
        func forEachWanted(_ output: Output?, _ body: (BytePath, Pointer) -> Void) throws {
            try forEachSelected(arguments, repository, selection, body)
            try DownloadOptions.forEachOther(arguments, repository, selection, output, body)
        }
        try forEachWanted(context.output) { wanted.add($1) }
        if arguments[CommonOptions.dryRun] {
            try wanted.forEachPortion(of: 1000) { items in
                for item in items { context.output.line("\(item.oid) \(item.byteCount)") }
            }
            return .success
        }
        guard try wanted.total().filesTotal > 0 else {
            context.output.message("Already up to date.")
            return .success
        }
        let download = DownloadOptions.download(arguments, context, repository)
        let fetched = try download.fetch(wanted)
        DownloadOptions.sayFetched(fetched, context.output)
        var shortfalls = UndoneFiles()
        if fetched.isIncomplete {
            try forEachWanted(nil) { path, pointer in
                if let reason = download.reason(for: pointer, fetched) { shortfalls.add(.init(path: path, reason: reason)) }
            }
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

    private static func forEachSelected(
        _ arguments: ParsedArguments, _ repository: Repository, _ selection: FileSelection, _ body: (BytePath, Pointer) -> Void
    ) throws {
        func forEachReached(_ commits: [BytePath]) throws {
            try repository.forEachReachedPointer(from: [], extra: commits, completing: true) { reached in
                if selection.contains(reached.path) { body(reached.path, reached.pointer) }
            }
        }
        if arguments[all] { return try forEachReached(["--all"]) }
        if let revision = arguments[revision], revision.description.contains("..") {
            return try forEachReached(range(revision, repository))
        }
        if let revision = arguments[revision] {
            guard try repository.git().resolve(revision) != nil else {
                throw CommandFailure("'\(revision)' is no revision of this repository")
            }
            return try repository.forEachTreePointers(revision) { portion in
                for file in portion where selection.contains(file.path) { body(file.path, file.pointer) }
            }
        }
        try selection.forEachFile(in: repository) { body($0.path, $0.pointer) }
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
        Process.returnLargeMemory()
        let store = try repository.store()
        let here = HydrationList(in: store)
        var shortfalls = UndoneFiles()
        try FileSelection(arguments, context, repository).forEachWaitingFile(in: repository) { file in
            if store.contains(file.pointer.oid) {
                here.add(HydrationFile(file))
            } else {
                shortfalls.add(.init(path: file.path, reason: "not in the local store"))
            }
        }
        if arguments[CommonOptions.dryRun] {
            try here.forEach { context.output.line("\($0.path)") }
            return .success
        }
        let download = Download(context: context, repository: repository)
        let (written, unwritten) = try download.hydrate(here)
        if written > 0 { context.output.message("\(Count.files(written)) written") }
        shortfalls.add(unwritten)
        download.report(shortfalls, hint: "git data pull")
        return shortfalls.isEmpty ? .success : .failure
    }
}
