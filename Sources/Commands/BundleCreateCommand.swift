import Diagnostics
import Digest
import Git
import ObjectStore
import Platform
import Pointer
import Repository

/// `git data bundle create`: refs, their history and their data as one file.
struct BundleCreateCommand: Command {
    static let all = Flag("all", "all refs")
    static let history = Flag("history", "the data of every commit in the bundle, not of the refs' alone")
    static let revisions = Operands(
        "REV", "branches, tags, and ranges `A..B` that end with one; HEAD if none is given", completion: .revisions)
    static let declaration = Declaration(
        "create", group: .sharing, summary: "write refs, their history and their data to a file",
        description: """
            The bundle has the whole history of what is named, and the data of the last commit of each. Of a range `A..B`, or \
            with `^A`, it has what B has and A has not: an update, to be taken by a repository that has A and its data.

            Data that is not on this machine is fetched first. Each blob is verified while it is written; where one is \
            missing, nothing is written. The same repository gives the same bytes.
            """,
        options: [all, history, DownloadOptions.remote], operands: [BundleCommand.file, revisions],
        exitCodes: [ExitMeaning(.failure, "some data cannot be had; it is named, and nothing is written")],
        examples: [
            Example("git data bundle create churn.tar --all --history", "everything there is"),
            Example("git data bundle create - main | ssh lab 'cat > churn.tar'", "to standard output"),
        ])

    /// So many blobs at once are looked for in the worktree.
    private static let rescuedCount = 32_768

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        Process.returnLargeMemory()
        let file = try arguments[BundleCommand.file]
        let target = try BundleTarget(file)
        let repository = try context.repository()
        let git = try repository.git()
        guard try git.query(["rev-parse", "--is-shallow-repository"]).line != "true" else {
            throw CommandFailure(
                "this clone is shallow, and a bundle holds the whole history", hints: ["git fetch --unshallow"])
        }
        let revisions = try BundleRevisions(arguments[revisions], isAll: arguments[all], git)
        let store = try repository.store()
        try store.prepare()
        var parser = BundleHeadParser()
        let gitBundle = try BundlePart(in: store) { try makeGitBundle(of: revisions, repository, into: $0, &parser) }
        guard let head = parser.head else { throw CommandFailure("'git bundle create' made no bundle that is understood") }
        let needs = try BundleNeeds(head, in: repository, withHistory: arguments[history])
        if needs.extendedFileCount > 0 {
            context.output.warning("\(Count.files(needs.extendedFileCount)) made with Git LFS extensions are left out")
        }
        let download = DownloadOptions.download(arguments, context, repository)
        guard try bring(needs, download, store) else { return .failure }
        try target.write { output in
            var writer = BundleWriter(output, modified: try time(of: head, git))
            let texts = BundleTexts(head: head, needs: needs)
            let readme = texts.readme
            let files = try BundlePart(in: store, texts.writeFiles)
            let members: [(BundleMember, ObjectID)] = [(.readme, .of(readme)), (.files, files.oid), (.repository, gitBundle.oid)]
            let sums = try BundlePart(in: store) { try texts.writeSums(of: members, $0) }
            try writer.write(.readme, readme)
            try files.write(as: .files, to: &writer)
            try sums.write(as: .sums, to: &writer)
            try gitBundle.write(as: .repository, to: &writer)
            try write(needs, from: store, to: &writer, context)
            try writer.finish()
        }
        context.output.message(
            "Wrote \(target.name): \(Count.noun(head.refs.count, "ref")), \(Count.blobs(needs.total.filesTotal)) (\(ByteCountText.format(needs.total.bytesTotal))).")
        return .success
    }

    private static func makeGitBundle(
        of revisions: BundleRevisions, _ repository: Repository, into output: BundlePart.Output, _ parser: inout BundleHeadParser
    ) throws {
        let git = try repository.git()
        if let remote = Git.promisorRemote(try repository.settings().configuration) {
            try git.fetchMissingObjects(of: revisions.arguments, from: remote)
        }
        do throws(GitError) {
            try git.makeBundle(of: revisions.arguments) { bytes throws(SystemError) in
                parser.take(bytes)
                try output(Array(bytes))
            }
        } catch {
            if case .failed(_, _, let message) = error, message.contains("empty bundle") {
                throw CommandFailure("there is nothing to bundle: the commits are all among those that were left out")
            }
            throw error
        }
    }

    /// Sees to it that every blob is here; says which is not.
    private static func bring(_ needs: BundleNeeds, _ download: Download, _ store: ObjectStore) throws -> Bool {
        let missing = try missing(needs, store)
        guard try missing.total().filesTotal > 0 else { return true }
        // With `data.keep = pushed` the worktree has what the store has not, and no network is needed.
        if download.repository.location.worktree != nil {
            try missing.forEachPortion(of: rescuedCount) { items in
                var rescue = Rescue(repository: download.repository, store: store, wanted: Set(items.map(\.oid)))
                try rescue.takeFromWorktree()
            }
        }
        let fetched = try download.fetch(self.missing(needs, store))
        DownloadOptions.sayFetched(fetched, download.context.output)
        var named: Set<ObjectID> = []
        var shortfalls = UndoneFiles()
        try needs.files.forEach { file in
            guard let reason = download.reason(for: file.pointer, fetched), named.insert(file.oid).inserted else { return }
            shortfalls.add(.init(path: file.path, reason: reason))
        }
        guard !shortfalls.isEmpty else { return true }
        let list = "\(Count.blobs(shortfalls.count)) cannot be had:\n" + shortfalls.list
        download.context.output.error(
            Explanation(
                "nothing is written" + (fetched.failure.map { ": \($0.what)" } ?? "") + "\n" + list,
                hints: fetched.hints))
        return false
    }

    /// The blobs that are not here.
    private static func missing(_ needs: BundleNeeds, _ store: ObjectStore) throws -> WantedBlobs {
        let missing = WantedBlobs(in: store)
        try needs.files.forEach { missing.add($0.pointer) }
        return missing
    }

    private static func write(
        _ needs: BundleNeeds, from store: ObjectStore, to writer: inout BundleWriter, _ context: CommandContext
    ) throws {
        let progress = context.progress("Writing data")
        var tick = needs.total
        var blobs = try needs.blobs.reader()
        while let oid = try blobs.next()?.oid {
            guard let blob = try store.open(oid) else {
                throw CommandFailure("the data of '\(try needs.path(of: oid) ?? "")' has gone meanwhile")
            }
            let written = try writer.write(.blob(oid), blob, byteCount: try blob.status().byteCount) { count in
                tick.bytesDone += Int64(count)
                progress.advance(to: tick)
            }
            guard written == oid else {
                throw CommandFailure(
                    "nothing is written: the local copy of blob \(oid.hex.prefix(12)) is damaged ('\(try needs.path(of: oid) ?? "")')",
                    hints: ["git data fsck --repair"])
            }
            tick.filesDone += 1
            progress.advance(to: tick)
        }
    }

    /// When the latest of the commits was made; 0 where the refs name none.
    private static func time(of head: BundleHead, _ git: Git) throws -> Int64 {
        let input = head.refs.flatMap { $0.object.hex + [UInt8(ascii: "\n")] }
        let lines = try git.query(["log", "--no-walk=unsorted", "--format=%ct", "--stdin"], input: input).lines
        return max(0, lines.compactMap { Int64($0.text) }.max() ?? 0)
    }
}
