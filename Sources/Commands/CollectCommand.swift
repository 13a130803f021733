import Diagnostics
import Digest
import Git
import ObjectStore
import Platform
import Repository
import Transfer

/// `git data gc --remote`: blobs leave a remote when nothing has named them for long.
struct CollectCommand: Command {
    static let remote = OptionalValue<String>(
        "remote", "NAME", "the data remote to clear; the one in use if none is named", parse: .text(.dataRemotes))
    static let repository = Values<BytePath>(
        "repository", "URL", "another repository that keeps its data there; its refs count as well", parse: .bytes)
    static let mark = Flag("mark", "write down what nothing names: the first of two steps")
    static let sweep = Flag("sweep", "delete what was marked long enough ago and is still not named: the second")
    static let unmark = Flag("unmark", "forget the mark, and a sweep that was cut off")
    static let grace = Value<Int>("grace", "DAYS", "how long after the mark may be swept; 14", parse: .wholeNumber)
    static let declaration = Declaration(
        "gc", group: .keeping, summary: "clear a data remote of blobs that nothing has named for long",
        description: """
            Shows the blobs of the data remote that no ref names: of this clone, of its Git remotes as they are \
            now, and of every `--repository`. Nothing is deleted without two steps. `--mark` writes them down at \
            the remote, where everybody who pushes looks first and takes from the list what is needed again. \
            `--sweep`, when the days of grace are over, deletes those that are still named by nothing, and \
            takes back uploads that were never finished.

            Name every repository that keeps its data in the same place: what only another one needs is deleted. \
            Whoever pushes must be allowed to read and to create what is below `gc/` at the remote.
            """,
        options: [remote, repository, mark, sweep, unmark, grace, CommonOptions.json],
        examples: [
            Example("git data gc --remote", "see what nothing names"),
            Example("git data gc --remote --mark", "write it down"),
            Example("git data gc --remote --sweep", "two weeks later"),
        ],
        seeAlso: ["prune", "fsck"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        Process.returnLargeMemory()
        let repository = try context.repository()
        let remote = switch arguments[remote] {
        case .value(let name)?: try repository.dataRemote(named: name)
        case .bare?: try repository.dataRemote()
        case nil: throw UsageError("gc needs --remote; the local store is cleared by 'git data prune'")
        }
        guard [arguments[mark], arguments[sweep], arguments[unmark]].filter({ $0 }).count <= 1 else {
            throw UsageError("--mark, --sweep and --unmark are different steps")
        }
        let session = try context.session(to: remote, repository)
        defer { session.finish() }
        let others = try gitRemotes(repository) + arguments[Self.repository]
        let collection = Collection(
            context: context, session: session, remote: remote.name,
            named: NamedBlobs(context: context, repository: repository, others: others))
        if arguments[unmark] { return try collection.unmark() }
        for url in others { context.output.message("Counting the refs of \(URLText.withoutSecrets(url))") }
        if arguments[sweep] { return try collection.sweep() }
        if arguments[mark] { return try collection.mark(days: arguments[grace] ?? 14) }
        return try collection.preview(asJSON: arguments[CommonOptions.json])
    }

    /// The URLs of all Git remotes of this clone.
    private static func gitRemotes(_ repository: Repository) throws -> [BytePath] {
        let git = try repository.git()
        return try git.query(["remote"]).lines.map { name in
            let url = try git.query(["remote", "get-url", name]).line
            // A folder may be given from the top of the worktree.
            let isFolder = !url.bytes.contains(UInt8(ascii: ":"))
            return isFolder ? url.absolute(from: repository.location.worktree ?? repository.location.gitFolder).normalized : url
        }
    }
}

/// The steps in which blobs leave a remote.
private struct Collection {
    let context: CommandContext
    let session: TransferSession
    let remote: String
    let named: NamedBlobs

    /// Uploads that began longer ago are taken back by a sweep: a week, in seconds.
    private static let uploadAge: Int64 = 7 * 24 * 3600
    /// So many blobs are deleted at once.
    private static let portionCount = 8000

    private struct Report: Encodable {
        let remote: String
        let blobs: Int
        let marked: Int?
        let due: String?
    }

    /// How many blobs the remote has, and those among them that nothing names.
    private func unnamed() throws -> (all: Int, left: ChosenBlobs) {
        let store = try named.repository.store()
        let listed = SortedBlobs(in: store)
        try session.list { listed.add($0.oid, byteCount: $0.byteCount) }
        // Now, as what is pushed from here on is not on the list.
        let known = try named.find()
        return try ChosenBlobs.sort(listed, without: known, in: store)
    }

    private func size(_ blobs: SpaceShare) -> String {
        "\(Count.blobs(blobs.files)) (\(ByteCountText.format(blobs.bytes)))"
    }

    func preview(asJSON: Bool) throws -> ExitCode {
        let mark = try CollectionMark.current(session, remote)
        let (all, unnamed) = try unnamed()
        if asJSON {
            let report = Report(
                remote: remote, blobs: all, marked: mark?.oids.count, due: mark.map { CollectionMark.text($0.due) })
            try context.output.json(report, endingWith: "unnamed") { give in
                try unnamed.forEach { oid, byteCount in give(oid.hex, byteCount) }
            }
            return .success
        }
        try unnamed.forEach { oid, byteCount in
            context.output.line("\(oid) \(byteCount)\(mark?.contains(oid) == true ? " marked" : "")")
        }
        context.output.message("\(size(unnamed.share)) of \(all) on '\(remote)' are named by nothing.")
        if let mark {
            context.output.message("Marked on \(CollectionMark.text(mark.created)); to be swept from \(CollectionMark.text(mark.due)) on.")
            context.output.message("hint: git data gc --remote=\(remote) --sweep")
        } else if !unnamed.isEmpty {
            context.output.message("hint: git data gc --remote=\(remote) --mark")
        }
        return .success
    }

    func mark(days: Int) throws -> ExitCode {
        if let mark = try CollectionMark.current(session, remote) {
            throw CommandFailure(
                "data remote '\(remote)' is marked since \(CollectionMark.text(mark.created))", kept: "that mark",
                hints: ["git data gc --remote=\(remote) --sweep, from \(CollectionMark.text(mark.due)) on", "git data gc --remote=\(remote) --unmark"])
        }
        let (_, unnamed) = try unnamed()
        guard !unnamed.isEmpty else {
            context.output.message("Every blob on '\(remote)' is named.")
            return .success
        }
        let now = FileStatus.Time.now.seconds
        var oids: [ObjectID] = []
        oids.reserveCapacity(unnamed.share.files)
        try unnamed.forEach { oid, _ in oids.append(oid) }
        let mark = CollectionMark(created: now, due: now + Int64(days) * 86_400, oids: oids)
        guard try session.createDocument(CollectionMark.name, mark.content) else {
            throw CommandFailure("somebody else has just marked data remote '\(remote)'", kept: "that mark")
        }
        if days < 1 { context.output.warning("without days of grace, nobody may be pushing until the sweep is over") }
        context.output.message("Marked \(size(unnamed.share)). From \(CollectionMark.text(mark.due)) on: git data gc --remote=\(remote) --sweep")
        return .success
    }

    func sweep() throws -> ExitCode {
        guard let mark = try CollectionMark.current(session, remote) else {
            throw CommandFailure("nothing is marked on data remote '\(remote)'", hints: ["git data gc --remote=\(remote) --mark"])
        }
        let now = FileStatus.Time.now.seconds
        guard now >= mark.due else {
            throw CommandFailure(
                "the days of grace are not over: data remote '\(remote)' may be swept from \(CollectionMark.text(mark.due)) on",
                kept: "everything at the remote")
        }
        guard try session.createDocument(CollectionMark.sweep, Array("\(CollectionMark.text(now))\n".utf8)) else {
            throw CommandFailure(
                "data remote '\(remote)' is being swept already", kept: "everything else at the remote",
                hints: ["if that was cut off: git data gc --remote=\(remote) --unmark, and begin anew"])
        }
        let (notes, kept, doomed) = try chosen(of: mark)
        do {
            return try delete(doomed, notes: notes, kept: kept.filter(mark.contains))
        } catch let failure {
            if let failure = failure as? CommandFailure { throw failure }
            throw CommandFailure(
                Words.explain(failure).0.what, kept: "the mark; pushes that need what is on it are held up until it is taken back",
                hints: ["git data gc --remote=\(remote) --unmark, and begin anew"])
        }
    }

    /// The part of a sweep in which pushes that need marked blobs wait.
    private func delete(_ doomed: ChosenBlobs, notes: [String], kept: Set<ObjectID>) throws -> ExitCode {
        var failures = 0
        var message: String?
        try doomed.forEachPortion(of: Self.portionCount) { oids in
            let outcome = try session.delete(oids)
            failures += outcome.failures.count
            message = message ?? outcome.failures.first?.message
        }
        if let message {
            throw CommandFailure(
                "\(Count.blobs(failures)) could not be deleted from '\(remote)': \(message)",
                kept: "the mark", hints: ["git data gc --remote=\(remote) --unmark"])
        }
        try forget(notes)
        var aborted = 0
        do throws(TransferError) { aborted = try session.abortUnfinishedUploads(olderThan: Self.uploadAge) } catch {
            context.output.warning("uploads that nobody finished were not taken back: \(Words.explanation(error).what)")
        }
        context.output.message("Deleted \(size(doomed.share)) from '\(remote)'.")
        if !kept.isEmpty { context.output.message("Kept \(Count.blobs(kept.count)) that pushes have come to need.") }
        if aborted > 0 { context.output.message("Took back \(Count.noun(aborted, "upload")) that nobody finished.") }
        return .success
    }

    /// Which marked blobs are to go. Where that cannot be found out, nothing has gone yet, and nobody need wait.
    private func chosen(of mark: CollectionMark) throws -> (notes: [String], kept: Set<ObjectID>, doomed: ChosenBlobs) {
        do {
            // A push that came before has said under `keep` what it needs.
            var kept: Set<ObjectID> = []
            let notes = try session.documents(in: CollectionMark.keepFolder)
            for note in notes {
                // What cannot be read may name any of them.
                guard let lines = try session.document(note)?.split(separator: UInt8(ascii: "\n")),
                    CollectionMark.oids(lines).count == lines.count
                else {
                    throw CommandFailure(
                        "'\(note)' at data remote '\(remote)', which says what pushes need, cannot be read; nothing was deleted",
                        kept: "everything at the remote", hints: ["git data gc --remote=\(remote) --unmark, and begin anew"])
                }
                kept.formUnion(CollectionMark.oids(lines))
            }
            let (_, unnamed) = try unnamed()
            return (notes, kept, try unnamed.filter { mark.contains($0) && !kept.contains($0) })
        } catch {
            try? session.removeDocument(CollectionMark.sweep)
            throw error
        }
    }

    func unmark() throws -> ExitCode {
        if let content = try session.document(CollectionMark.name) { try CollectionMark.refuseNewer(content, remote) }
        try forget(try session.documents(in: CollectionMark.keepFolder))
        context.output.message("Nothing is marked on '\(remote)' any more.")
        return .success
    }

    private func forget(_ notes: [String]) throws {
        try session.removeDocument(CollectionMark.name)
        for note in notes { try session.removeDocument(note) }
        try session.removeDocument(CollectionMark.sweep)
    }
}
