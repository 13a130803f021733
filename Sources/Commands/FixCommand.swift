import Diagnostics
import Digest
import Git
import Platform
import Pointer
import Repository

/// `git data fix`: files that Git does not hold as the attributes say.
struct FixCommand: Command {
    static let declaration = Declaration(
        "fix", group: .files, summary: "make pointers of data that was added without the filter, and the like",
        description: """
            After a merge of branches that do not agree on what is data, or a commit from a machine without git \
            data, Git may hold content where a data pattern matches, or a pointer where none does. The first are \
            added anew, as pointers; for the second their content is fetched and written, and a line is \
            added to `.gitattributes`; those whose content nobody has stay as they are. Both are staged, for \
            you to look at and to commit. A file that you have changed is left alone: `git add` does it.
            """,
        options: [CommonOptions.dryRun], operands: [FileSelection.paths],
        exitCodes: [ExitMeaning(.failure, "some files could not be mended; they are named, up to a thousand")],
        seeAlso: ["status", "track", "doctor"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        Process.returnLargeMemory()
        let repository = try context.repository()
        let selection = try FileSelection(arguments, context, repository)
        let fix = Fix(context: context, repository: repository)
        let raw = StagingCandidates(in: try repository.store())
        var stray: [PointerFile] = []
        try repository.forEachIndexScan { scan in
            for file in scan.raw where selection.contains(file.path) { raw.add(StagingCandidate(file), byteCount: file.byteCount) }
            stray += scan.stray.filter { selection.contains($0.path) }
        }
        if raw.count == 0, stray.isEmpty {
            context.output.message("Nothing to mend.")
            return .success
        }
        if arguments[CommonOptions.dryRun] {
            try raw.forEach { context.output.line("would make a pointer of '\($0.path)'") }
            for file in stray { context.output.line("would track '\(file.path)'") }
            return .success
        }
        var left = UndoneFiles()
        try fix.addRaw(raw, &left)
        try fix.trackStray(stray, &left)
        guard left.isEmpty else {
            context.output.error(
                Explanation(
                    "\(Count.files(left.count)) left as they are:\n" + left.list,
                    kept: "the files, unchanged", hints: left.hints.compactMap { $0 }.flatMap { $0 }))
            return .failure
        }
        context.output.message("hint: " + (try repository.unstagedAttributes().map { "git add \($0) && " } ?? "") + "git commit")
        return .success
    }
}

/// One run of `git data fix`.
private struct Fix {
    let context: CommandContext
    let repository: Repository

    /// So many files are few questions to Git, and little memory.
    private static let portionCount = 4096

    /// Stages pointers for the files whose worktree still has what Git has.
    /// - Parameter left: gets those that stay as they are.
    func addRaw(_ files: StagingCandidates, _ left: inout UndoneFiles) throws {
        guard files.count > 0 else { return }
        let (git, top) = (try repository.git(), try repository.worktree())
        let unchanged = StagingCandidates(in: try repository.store())
        try files.forEachPortion(of: Self.portionCount) { portion in
            let statuses = portion.map { try? top.appending($0.path).status() }
            let present = zip(portion, statuses).compactMap { file, status -> (file: StagingCandidate, byteCount: Int64)? in
                if let status, status.kind == .regular { return (file, status.byteCount) }
                left.add(.init(path: file.path, reason: "not in the worktree"))
                return nil
            }
            // What is in the worktree, named as Git would name it with no filter.
            let names = try git.unfilteredNames(of: present.map { top.appending($0.file.path) })
            for ((file, byteCount), name) in zip(present, names) {
                if file.entry?.name == name {
                    unchanged.add(file, byteCount: byteCount)
                } else {
                    left.add(.init(path: file.path, reason: "you have changed it: git add"))
                }
            }
        }
        try DataStaging(context: context, repository: repository).renormalize(unchanged)
        try unchanged.forEach { context.output.message("'\($0.path)' is staged as a pointer.") }
    }

    /// Whether the worktree has the content that the pointer stands for, as after `git mv` to another kind of name.
    private func hasContent(_ file: PointerFile) throws -> Bool {
        let path = try repository.worktree().appending(file.path)
        guard let status = try path.status(), status.kind == .regular, status.byteCount == file.pointer.byteCount else { return false }
        let reader = ByteReader(try Descriptor.open(path, [.read, .noFollow, .nonBlocking]))
        var hasher = BlobHasher()
        while case let bytes = try reader.read(count: 1 << 20), !bytes.isEmpty {
            bytes.withUnsafeBytes { hasher.update($0) }
        }
        return hasher.finish() == file.pointer.oid
    }

    /// Gives pointers outside of every pattern to the data filter, by name, and writes their content.
    /// - Parameter left: gets those that stay as they are.
    func trackStray(_ files: [PointerFile], _ left: inout UndoneFiles) throws {
        guard !files.isEmpty else { return }
        var (pointers, waiting): ([PointerFile], [PointerFile]) = ([], [])
        for file in files {
            switch try repository.worktreeState(of: file) {
            case .pointer: waiting.append(file)
            case .content where try !hasContent(file):
                left.add(.init(path: file.path, reason: "you have changed it: git add, or: git data track"))
            default: pointers.append(file)
            }
        }
        // What nobody has may be no data of this project, but a text about pointers.
        let download = Download(context: context, repository: repository)
        let fetched = try download.fetch(waiting.map(\.pointer))
        DownloadOptions.sayFetched(fetched, context.output)
        waiting = waiting.filter { file in
            guard let reason = download.reason(for: file.pointer, fetched) else { return true }
            left.add(.init(path: file.path, reason: fetched.failure?.what ?? reason, hints: fetched.hints))
            return false
        }
        pointers += waiting
        guard !pointers.isEmpty else { return }
        try FolderAttributes.exclusively(repository) {
            var attributes = try FolderAttributes(repository, folder: "")
            for file in pointers { _ = attributes.file.track(AttributePattern(exactly: file.path)) }
            try attributes.save()
        }
        try repository.git().change(["add", "--", ".gitattributes"])
        let (_, unwritten) = try download.hydrate(waiting)
        for file in pointers { context.output.message("'\(file.path)' is tracked.") }
        left.add(unwritten)
    }
}

extension StagingCandidate {
    fileprivate init(_ file: RawFile) {
        self.init(path: file.path, entry: Entry(isExecutable: file.entry.mode == "100755", name: file.entry.name))
    }
}
