import Diagnostics
import Digest
import FoundationEssentials
import ObjectStore
import Platform
import Pointer
import Repository
import Transfer

/// `git data fsck`: reads every local blob, and asks whether each can be had.
struct FsckCommand: Command {
    static let remoteCheck = OptionalValue<String>(
        "remote", "NAME", "also ask the data remote for every blob that any ref reaches", parse: .text(.dataRemotes))
    static let worktreeCheck = Flag("worktree", "also read the data files of the worktree that Git calls unchanged")
    static let repair = Flag(
        "repair", "bring back what is damaged or missing, from the worktree, from other clones or from the data remote")
    static let from = Values<BytePath>("from", "FOLDER", "with `--repair`: another clone, or a store, to look in", parse: .folder)
    static let declaration = Declaration(
        "fsck", group: .keeping, summary: "verify the local blobs, and that the remote has what commits name",
        description: """
            Reads every blob of the local store and compares it with its oid, and the sizes in pointers with \
            those of the blobs. A damaged blob is moved to `.git/data/damaged`, never deleted. With `--remote`, \
            names every blob that some ref reaches and that is neither on the data remote nor here, and the \
            uploads that were begun there and never finished: they take room, and the next push of the same \
            blobs goes on with them.

            `--repair` takes what is damaged, or missing everywhere, from the worktree's own files, from the \
            folders that `--from` names, or from the data remote, and believes nothing that does not have the oid.
            """,
        options: [remoteCheck, worktreeCheck, repair, from, CommonOptions.json],
        exitCodes: [ExitMeaning(.failure, "something is damaged or missing, and was not repaired")],
        seeAlso: ["doctor", "prune"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        var fsck = try Fsck(context: context, repository: repository)
        try fsck.verifyStore()
        if arguments[worktreeCheck] { try fsck.verifyWorktree() }
        if let given = arguments[remoteCheck] {
            switch given {
            case .bare: try fsck.askRemote(repository.dataRemote())
            case .value(let name): try fsck.askRemote(repository.dataRemote(named: name))
            }
        }
        if arguments[repair] { try fsck.repair(from: arguments[from]) }
        let report = fsck.report
        if arguments[CommonOptions.json] { try context.output.json(report) } else { say(report, isRepaired: arguments[repair], context.output) }
        return report.problems.allSatisfy { $0.repairedFrom != nil } ? .success : .failure
    }

    /// - Parameter isRepaired: whether what could be brought back has been.
    private static func say(_ report: FsckReport, isRepaired: Bool, _ output: Output) {
        for problem in report.problems {
            let path = problem.path.map { " \($0)" } ?? ""
            let repaired = problem.repairedFrom.map { " (repaired from \($0))" } ?? ""
            output.line("\(problem.kind.rawValue) \(problem.oid)\(path)\(repaired)")
        }
        for upload in report.unfinished {
            let begun = upload.begun.map { " begun \($0)" } ?? ""
            output.line("unfinished \(upload.oid ?? "-")\(begun)\(upload.path.map { " \($0)" } ?? "")")
        }
        let open = Set(report.problems.filter { $0.repairedFrom == nil }.map(\.kind))
        output.message(
            "\(Count.blobs(report.verified)) verified (\(ByteCountText.format(report.verifiedBytes)))"
                + (open.isEmpty ? ", all well." : "."))
        if open.contains(.damaged) {
            output.message("kept: what is left of the damaged blobs, in '.git/data/damaged'")
            output.message(
                isRepaired
                    ? "hint: another clone or a backup may have the data: git data fsck --repair --from FOLDER" : "hint: git data fsck --repair")
        }
        if open.contains(.size) { output.message("hint: the commit that made such a pointer was damaged: git log --find-object=BLOB") }
        if open.contains(.worktree) { output.message("hint: so that Git looks again: touch PATH") }
        if open.contains(.unpushed) { output.message("hint: git data push --all") }
        if open.contains(.missing) {
            output.message("hint: another clone may have the data: git data push --all, there, or: git data fsck --remote --repair --from FOLDER")
        }
    }
}

/// What `git data fsck` found.
struct FsckReport: Encodable {
    enum Kind: String, Encodable {
        /// A local blob has other bytes than its oid says.
        case damaged
        /// A pointer names another length than its blob has.
        case size
        /// A file of the worktree that Git calls unchanged has other bytes than its blob.
        case worktree
        /// Here, and not on the remote.
        case unpushed
        /// Neither here nor on the remote.
        case missing
    }

    struct Problem: Encodable {
        let kind: Kind
        let oid: String
        var path: String?
        /// Where what is left of a damaged blob is.
        var kept: String?
        /// `worktree`, a folder, or a remote's name.
        var repairedFrom: String?
    }

    struct Unfinished: Encodable {
        let oid: String?
        let path: String?
        /// As in `2026-05-01T10:00:00Z`.
        let begun: String?
    }

    var verified = 0
    var verifiedBytes: Int64 = 0
    var problems: [Problem] = []
    /// Uploads to the remote that nobody has finished; no problem, but they take room.
    var unfinished: [Unfinished] = []
}

/// One run of `git data fsck`.
struct Fsck {
    let context: CommandContext
    let repository: Repository
    private let store: ObjectStore
    private let reached: [ReachedPointer]
    private var pointers: [ObjectID: ReachedPointer] = [:]
    private(set) var report = FsckReport()

    init(context: CommandContext, repository: Repository) throws {
        self.context = context
        self.repository = repository
        store = try repository.store()
        // What is whole and only waits for the disk is looked at like the rest.
        try store.settle()
        reached = try repository.reachedPointers(from: [], extra: ["--all", "--indexed-objects"], completing: true)
        for pointer in reached where pointers[pointer.pointer.oid] == nil { pointers[pointer.pointer.oid] = pointer }
    }

    private func path(of oid: ObjectID) -> String? { pointers[oid]?.path.description }

    /// Hashes every blob of the store, and those of its alternates that some pointer names.
    mutating func verifyStore() throws {
        // What a killed process left complete counts as stored from here on.
        var blobs: [(oid: ObjectID, byteCount: Int64)] = []
        try store.forEachEntry { blobs.append(($0.oid, $0.byteCount)) }
        var own = Set(blobs.map(\.oid))
        for (oid, reached) in pointers where !own.contains(oid) && store.contains(oid) {
            let isOwn = store.path(of: oid).exists
            if isOwn { own.insert(oid) }
            blobs.append((oid, isOwn ? store.byteCount(of: oid) ?? 0 : reached.pointer.byteCount))
        }
        let verification = Verification(store: store, blobs: blobs, progress: context.progress("Verifying blobs"))
        let damaged = try verification.run()
        report.verified = blobs.count
        report.verifiedBytes = blobs.totalByteCount { $0.byteCount }
        for oid in damaged {
            let kept = try store.setAside(oid)
            report.problems.append(
                FsckReport.Problem(kind: .damaged, oid: oid.hex, path: path(of: oid), kept: kept.description))
        }
        try recallDamaged(besides: Set(damaged))
        let sizes = Dictionary(uniqueKeysWithValues: blobs.map { ($0.oid, $0.byteCount) })
        for item in reached where !damaged.contains(item.pointer.oid) {
            guard let size = sizes[item.pointer.oid], own.contains(item.pointer.oid), size != item.pointer.byteCount else { continue }
            report.problems.append(
                FsckReport.Problem(kind: .size, oid: item.pointer.oid.hex, path: item.path.description))
        }
    }

    /// What an earlier run has taken out of use stays damaged until it is brought back.
    private mutating func recallDamaged(besides known: Set<ObjectID>) throws {
        for (oid, kept) in try store.setAsideBlobs() where !known.contains(oid) && pointers[oid] != nil && !store.contains(oid) {
            report.problems.append(
                FsckReport.Problem(kind: .damaged, oid: oid.hex, path: path(of: oid), kept: kept.description))
        }
    }

    /// Compares the files of the worktree that Git calls unchanged with what they should be.
    mutating func verifyWorktree() throws {
        let top = try repository.worktree()
        let intact = try repository.blobsInWorktree()
        for file in try repository.indexPointers() where file.entry.stage == 0 && intact.contains(file.pointer.oid) {
            guard try repository.worktreeState(of: file) == .content,
                !store.hasContent(file.pointer.oid, at: top.appending(file.path))
            else { continue }
            report.problems.append(
                FsckReport.Problem(kind: .worktree, oid: file.pointer.oid.hex, path: file.path.description))
        }
    }

    mutating func askRemote(_ remote: DataRemote) throws {
        let session = try context.session(to: remote, repository)
        defer { session.finish() }
        let plan = try Upload(context: context, repository: repository, remote: remote).plan(reached, session)
        for item in plan.uploads.sorted(by: { $0.oid < $1.oid }) {
            report.problems.append(FsckReport.Problem(kind: .unpushed, oid: item.oid.hex, path: path(of: item.oid)))
        }
        for lost in plan.lost {
            report.problems.append(
                FsckReport.Problem(kind: .missing, oid: lost.pointer.oid.hex, path: lost.path.description))
        }
        do throws(TransferError) {
            report.unfinished = try session.unfinishedUploads().map { upload in
                FsckReport.Unfinished(
                    oid: upload.oid?.hex, path: upload.oid.flatMap { path(of: $0) },
                    begun: upload.begun.map { Date(timeIntervalSince1970: Double($0)).ISO8601Format() })
            }
        } catch {
            context.output.warning("unfinished uploads are not known: \(Words.explanation(error).what)")
        }
    }

    // MARK: repair

    /// Brings back what is damaged or missing, as far as it is to be had.
    mutating func repair(from folders: [BytePath]) throws {
        let wanted = report.problems.filter { $0.kind == .damaged || $0.kind == .missing }
        var rescue = Rescue(repository: repository, store: store, wanted: Set(wanted.compactMap { ObjectID($0.oid) }))
        try rescue.takeFromWorktree()
        for folder in folders { try rescue.take(from: folder) }
        if !rescue.wanted.isEmpty, let remote = try? repository.dataRemote() {
            let missing = rescue.wanted.compactMap { pointers[$0]?.pointer }
            let fetched = try Download(context: context, repository: repository).fetch(missing)
            for pointer in missing {
                if let reason = fetched.reasons[pointer.oid] {
                    context.output.warning("\(pointer.oid) is not brought back: \(reason)")
                } else {
                    rescue.found(pointer.oid, in: "'\(remote.name)'")
                }
            }
        }
        for position in report.problems.indices {
            let problem = report.problems[position]
            guard problem.kind == .damaged || problem.kind == .missing, let oid = ObjectID(problem.oid) else { continue }
            report.problems[position].repairedFrom = rescue.sources[oid]
        }
    }
}
