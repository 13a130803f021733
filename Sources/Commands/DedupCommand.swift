import Diagnostics
import Git
import ObjectStore
import Platform
import Repository

/// `git data dedup`: files and their blobs on the same blocks, where the file system has such.
struct DedupCommand: Command {
    static let declaration = Declaration(
        "dedup", group: .keeping, summary: "let files of the worktree and their blobs share their blocks",
        description: """
            On a file system with reflinks (Btrfs, XFS, bcachefs) a data file and its blob in the local store need \
            not take their space twice. `git data pull` and `checkout` write files that share from the start; this \
            is for what `git add` and `git switch` have written. The kernel compares each byte before it joins two \
            files, and a later edit of one leaves the other as it is. Elsewhere: `git config data.keep pushed`.
            """,
        options: [CommonOptions.dryRun, FileSelection.include, FileSelection.exclude, CommonOptions.json],
        operands: [FileSelection.paths],
        exitCodes: [ExitMeaning(.failure, "the file system cannot, or some files could not be joined; they are named")],
        seeAlso: ["du", "prune"])

    private struct Report: Encodable {
        var shared = SpaceShare()
        /// Shared before.
        var wasShared = SpaceShare()
        /// Neither is that of the blob any more, or there is no blob here.
        var apart = SpaceShare()
    }

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        Process.returnLargeMemory()
        let repository = try context.repository()
        let store = try repository.store()
        let top = try repository.worktree()
        let selection = try FileSelection(arguments, context, repository)
        try selection.refuseUnknownPaths(repository)
        let isDryRun = arguments[CommonOptions.dryRun]
        let progress = context.progress("Comparing files")
        var total = SpaceShare()
        // Where nobody watches, nobody asks how much is to come.
        if !(progress is SilentProgress) { try forEachFilled(selection, repository) { total.add($0.pointer.byteCount) } }
        var tick = ProgressTick(filesTotal: total.files, bytesTotal: total.bytes)
        var report = Report()
        var unable: (first: BytePath, count: Int)?
        var failures: [(name: String, cause: String)] = []
        try forEachFilled(selection, repository) { file in
            do {
                let blob = try store.open(file.pointer.oid)
                switch try join(file, blob, top, isDryRun: isDryRun) {
                case .shared:
                    report.shared.add(file.pointer.byteCount)
                    if isDryRun { context.output.line("would compare '\(file.path)' with its blob") }
                case .wasShared: report.wasShared.add(file.pointer.byteCount)
                case .different: report.apart.add(file.pointer.byteCount)
                case .unsupported: unable = (unable?.first ?? file.path, (unable?.count ?? 0) + 1)
                }
            } catch {
                failures.append(("\(file.path)", Words.explain(error).0.what))
            }
            tick.filesDone += 1
            tick.bytesDone = tick.bytesDone.adding(byteCount: file.pointer.byteCount)
            progress.advance(to: tick)
        }
        if arguments[CommonOptions.json] {
            try context.output.json(report)
        } else {
            say(report, isDryRun, context.output)
        }
        return complain(of: failures, unable, context.output) ? .failure : .success
    }

    /// Calls `body` for each of the selected files that has its content, or what has become of it.
    private static func forEachFilled(_ selection: FileSelection, _ repository: Repository, _ body: (PointerFile) -> Void) throws {
        try repository.forEachIndexPointers { portion throws(RepositoryError) in
            let files = selection.selected(portion).filter { $0.pointer.byteCount > 0 }
            for (file, state) in zip(files, try repository.worktreeStates(of: files)) where state == .content { body(file) }
        }
    }

    private static func join(
        _ file: PointerFile, _ blob: consuming Descriptor?, _ top: BytePath, isDryRun: Bool
    ) throws -> Descriptor.Deduplication {
        guard let blob, let place = try WorktreeEntry.find(file.path, under: top, makingFolders: false) else {
            return .different
        }
        let content = try place.folder.open(entry: place.name, [.read, .noFollow, .nonBlocking])
        guard try content.status().byteCount == file.pointer.byteCount else { return .different }
        if isDryRun { return content.shares(blocksOf: blob) ? .wasShared : .shared }
        return try content.deduplicate(with: blob)
    }

    private static func say(_ report: Report, _ isDryRun: Bool, _ output: Output) {
        let shared = report.shared, before = report.wasShared
        if shared.files > 0, !isDryRun {
            let size = ByteCountText.format(shared.bytes)
            output.message("\(Count.files(shared.files)) now share their space with the local store (\(size))")
        }
        if before.files > 0 {
            output.message(
                "\(Count.files(before.files)) did so before (\(ByteCountText.format(before.bytes)))")
        }
        if report.apart.files > 0 {
            output.message("\(Count.files(report.apart.files)) left: edited, or the blob is not here")
        }
    }

    /// - Returns: whether there was something to complain of.
    private static func complain(
        of failures: [(name: String, cause: String)], _ unable: (first: BytePath, count: Int)?, _ output: Output
    ) -> Bool {
        if !failures.isEmpty {
            output.error(
                Explanation(
                    "\(Count.files(failures.count)) could not be joined with their blobs:\n" + Causes.list(failures),
                    kept: "every file, as it was"))
        }
        if let unable {
            let which = unable.count == 1
                ? "'\(unable.first)' cannot share its blocks" : "\(unable.count) files cannot share blocks, '\(unable.first)' among them"
            output.error(
                Explanation(
                    which + ": the file system has no reflinks, or the store is on another one",
                    kept: "every file, as it was",
                    hints: ["let the store drop what is pushed and in the worktree: git config data.keep pushed"]))
        }
        return !failures.isEmpty || unable != nil
    }
}
