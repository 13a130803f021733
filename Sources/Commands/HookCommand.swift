import Diagnostics
import Filter
import Git
import Platform
import Repository

/// `git data hook NAME`: what the hook scripts call, and what husky, pre-commit or lefthook may call.
struct HookCommand: Command {
    static let name = Operand<String>("NAME", "the hook", parse: .text(.words(HookInstallation.names)))
    static let arguments = Operands("ARGUMENT", "what Git gives the hook", completion: .nothing)
    static let declaration = Declaration(
        "hook", group: .plumbing, summary: "do the work of a Git hook",
        description: "A hook `NAME.chained` beside the script runs first, with the same arguments and the same standard input; where it fails, so does this.",
        operands: [name, arguments], optionOrder: .beforeOperands)

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let name = try arguments[name]
        guard HookInstallation.names.contains(name) else {
            throw CommandFailure("'\(name)' is no hook that git data has a part in")
        }
        let repository = try context.repository()
        // Only pre-push and post-rewrite are given something to read; anywhere else it may be a terminal.
        let readsInput = name == "pre-push" || name == "post-rewrite"
        let input = readsInput ? try ByteReader(.standard(0)).readToEnd() : []
        if let code = try runChained(name, arguments[Self.arguments], input, repository) { return code }
        switch name {
        case "pre-push": return try PrePush(context: context, repository: repository).run(arguments[Self.arguments], input)
        case "pre-commit": return try PreCommit(context: context, repository: repository).run()
        default:
            let completion = PostCheckout(context: context, repository: repository)
            // A rebase has the index in memory, and would take for a user's change what is written meanwhile. At its
            // end it calls post-rewrite.
            if name == "post-rewrite" || !completion.isAmidRebase { try completion.run() }
            if name == "post-merge" || (name == "post-rewrite" && arguments[Self.arguments] == ["rebase"]) { try completion.reportBrought() }
            return .success
        }
    }

    /// - Returns: the status of a chained hook that failed; nil to go on.
    private static func runChained(
        _ name: String, _ arguments: [BytePath], _ input: [UInt8], _ repository: Repository
    ) throws -> ExitCode? {
        let chained = try HookInstallation(repository).folder() / "\(name).chained"
        // The chained hook may be that of a tool which calls this command in turn.
        let running = "GIT_DATA_HOOK"
        guard chained.isExecutableFile, Environment.value(running) != BytePath(name) else { return nil }
        let child = try ChildProcess(
            chained, arguments, environment: Environment.changed(adding: [(running, BytePath(name))]), input: .pipe,
            output: .inherited)
        // A hook that reads nothing closes its end; that is its right.
        try? child.input?.write(input)
        try? child.closeInput()
        switch child.wait() {
        case .exited(0): return nil
        case .exited(let status): return ExitCode(status)
        case .killed(let signal): return ExitCode(128 + signal)
        }
    }
}

/// After a checkout, merge, commit or rebase: content in place of the pointers that Git left, as far as the
/// blobs are on this machine. (Those that are not, the filter has tried to fetch.)
struct PostCheckout {
    let context: CommandContext
    let repository: Repository

    var isAmidRebase: Bool {
        ["rebase-merge", "rebase-apply"].contains { (repository.location.gitFolder / $0).exists }
    }

    func run() throws {
        guard repository.location.worktree != nil, try usesData() else { return }
        let settings = try repository.settings()
        guard !settings.isLazy else { return }
        let store = try repository.store()
        let (waiting, large) = (HydrationList(in: store), WantedBlobs(in: store))
        try repository.forEachShortPointers { portion throws(RepositoryError) in
            for file in try repository.waiting(among: portion.filter({ $0.entry.stage == 0 })) {
                waiting.add(HydrationFile(file))
                // The filter has left these without a try.
                if file.pointer.byteCount > settings.inlineLimit { large.add(file.pointer) }
            }
        }
        guard waiting.count > 0 else { return }
        let download = Download(context: context, repository: repository)
        _ = try download.fetch(large)
        let here = HydrationList(in: store)
        try waiting.forEach { file throws(RepositoryError) in if store.contains(file.oid) { here.add(file) } }
        let (_, unwritten) = try download.hydrate(here)
        let absent = waiting.count - here.count + unwritten.count
        if absent > 0 {
            context.output.message("git data: \(Count.files(absent)) without data (git data status --missing, git data pull)")
        }
    }

    /// Names what a merge or a rebase has brought here that is not as the attributes say, while somebody can be asked.
    ///
    /// Spec: gitrevisions(7), "ORIG_HEAD".
    func reportBrought() throws {
        guard repository.location.worktree != nil, try repository.git().resolve("ORIG_HEAD") != nil else { return }
        try ChangedFiles(repository: repository).amiss(since: "ORIG_HEAD").report(context.output)
    }

    /// Whether any attribute gives a file to the data filter: what keeps the hooks cheap elsewhere.
    private func usesData() throws -> Bool {
        let top = try repository.worktree()
        let needle: [BytePath] = ["grep", "-q", "--cached", "-e", "filter=data", "-e", "filter=lfs", "--", "*.gitattributes"]
        if try repository.git().run(needle).status == 0 { return true }
        let own = try (repository.location.commonFolder / "info/attributes").contents(limit: 1 << 20) ?? []
        // As Git does, no link is followed.
        let present = (try? WorktreeEntry.contents(".gitattributes", under: top, limit: 1 << 20)) ?? []
        return [own, present].contains { String(decoding: $0, as: UTF8.self).contains("filter=data") }
    }
}
