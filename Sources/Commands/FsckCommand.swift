import Diagnostics
import Digest
import FoundationEssentials
import Git
import ObjectStore
import Platform
import Pointer
import Repository
private import Synchronization
import Transfer

/// `git data fsck`: reads every local blob, and asks whether each can be had.
struct FsckCommand: Command {
    static let remoteCheck = OptionalValue<String>(
        "remote", "NAME", "also ask the data remote for every blob that any ref reaches", parse: .text(.dataRemotes))
    static let declaration = Declaration(
        "fsck", group: .keeping, summary: "verify the local blobs, and that the remote has what commits name",
        description: """
            Reads every blob of the local store and compares it with its oid. A damaged one is moved to \
            `.git/data/damaged`, never deleted, so that `git data fetch` can bring a good one. With `--remote`, \
            names every blob that some ref reaches and that is neither on the data remote nor here, and the \
            uploads that were begun there and never finished: they take room, and the next push of the same \
            blobs goes on with them.
            """,
        options: [remoteCheck, CommonOptions.json],
        exitCodes: [ExitMeaning(.failure, "something is damaged or missing")], seeAlso: ["doctor", "prune"])

    private struct Report: Encodable {
        struct Problem: Encodable {
            let kind: String
            let oid: String
            let path: String?
            let kept: String?
        }

        var verified = 0
        var verifiedBytes: Int64 = 0
        var problems: [Problem] = []
        /// Uploads to the remote that nobody has finished; no problem, but they take room.
        var unfinished: [Unfinished] = []

        struct Unfinished: Encodable {
            let oid: String?
            let path: String?
            /// As in `2026-05-01T10:00:00Z`.
            let begun: String?
        }
    }

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let reached = try repository.reachedPointers(from: [], extra: ["--all", "--indexed-objects"], completing: true)
        var paths: [ObjectID: BytePath] = [:]
        for pointer in reached where paths[pointer.pointer.oid] == nil { paths[pointer.pointer.oid] = pointer.path }
        var report = Report()
        try verifyLocal(reached, paths, repository, context, &report)
        if let given = arguments[remoteCheck] {
            try askRemote(given, reached, repository, context, &report)
        }
        if arguments[CommonOptions.json] {
            try context.output.json(report)
        } else {
            say(report, context.output)
        }
        return report.problems.isEmpty ? .success : .failure
    }

    /// Hashes every blob of the store, and those of its alternates that some pointer names.
    private static func verifyLocal(
        _ reached: [ReachedPointer], _ paths: [ObjectID: BytePath], _ repository: Repository, _ context: CommandContext,
        _ report: inout Report
    ) throws {
        let store = try repository.store()
        // What a killed process left complete counts as stored from here on.
        for pointer in reached where !store.path(of: pointer.pointer.oid).exists { _ = store.contains(pointer.pointer.oid) }
        var blobs: [(oid: ObjectID, byteCount: Int64)] = []
        try store.forEachEntry { blobs.append(($0.oid, $0.byteCount)) }
        let own = Set(blobs.map(\.oid))
        for (oid, size) in Dictionary(reached.map { ($0.pointer.oid, $0.pointer.byteCount) }, uniquingKeysWith: { first, _ in first })
        where !own.contains(oid) && store.contains(oid) {
            blobs.append((oid, size))
        }
        let verification = Verification(store: store, blobs: blobs, progress: context.progress("Verifying blobs"))
        let damaged = try verification.run()
        report.verified = blobs.count
        report.verifiedBytes = blobs.reduce(0) { $0 + $1.byteCount }
        for oid in damaged {
            let kept = try store.setAside(oid)
            report.problems.append(
                Report.Problem(kind: "damaged", oid: oid.hex, path: paths[oid]?.description, kept: kept.description))
        }
    }

    private static func askRemote(
        _ given: OptionalValue<String>.Given, _ reached: [ReachedPointer], _ repository: Repository,
        _ context: CommandContext, _ report: inout Report
    ) throws {
        let remote = switch given {
        case .bare: try repository.dataRemote()
        case .value(let name): try repository.dataRemote(named: name)
        }
        let session = try context.session(to: remote, repository)
        defer { session.finish() }
        let plan = try Upload(context: context, repository: repository, remote: remote).plan(reached, session)
        let paths = Dictionary(reached.map { ($0.pointer.oid, $0.path) }, uniquingKeysWith: { first, _ in first })
        for item in plan.uploads.sorted(by: { $0.oid < $1.oid }) {
            report.problems.append(
                Report.Problem(kind: "unpushed", oid: item.oid.hex, path: paths[item.oid]?.description, kept: nil))
        }
        for lost in plan.lost {
            report.problems.append(
                Report.Problem(kind: "missing", oid: lost.pointer.oid.hex, path: lost.path.description, kept: nil))
        }
        do throws(TransferError) {
            report.unfinished = try session.unfinishedUploads().map { upload in
                Report.Unfinished(
                    oid: upload.oid?.hex, path: upload.oid.flatMap { paths[$0]?.description },
                    begun: upload.begun.map { Date(timeIntervalSince1970: Double($0)).ISO8601Format() })
            }
        } catch {
            context.output.warning("unfinished uploads are not known: \(Words.explanation(error).what)")
        }
    }

    private static func say(_ report: Report, _ output: Output) {
        for problem in report.problems {
            let path = problem.path.map { " \($0)" } ?? ""
            output.line("\(problem.kind) \(problem.oid)\(path)")
        }
        for upload in report.unfinished {
            let begun = upload.begun.map { " begun \($0)" } ?? ""
            output.line("unfinished \(upload.oid ?? "-")\(begun)\(upload.path.map { " \($0)" } ?? "")")
        }
        output.message(
            "\(Count.blobs(report.verified)) verified (\(ByteCountText.format(report.verifiedBytes)))"
                + (report.problems.isEmpty ? ", all well." : "."))
        if report.problems.contains(where: { $0.kind == "damaged" }) {
            output.message("kept: what is left of the damaged blobs, in '.git/data/damaged'")
            output.message("hint: git data fetch")
        }
        if report.problems.contains(where: { $0.kind == "unpushed" }) { output.message("hint: git data push --all") }
        if report.problems.contains(where: { $0.kind == "missing" }) {
            output.message("hint: another clone may have the data: git data push --all, there")
        }
    }
}

/// Reads blobs on several threads and names those whose bytes are not those of their oid.
private final class Verification: Sendable {
    private struct State {
        var tick: ProgressTick
        var damaged: [ObjectID] = []
        var failure: StoreError?
    }

    private let store: ObjectStore
    private let blobs: [(oid: ObjectID, byteCount: Int64)]
    private let progress: any ProgressObserver
    private let state: Mutex<State>

    init(store: ObjectStore, blobs: [(oid: ObjectID, byteCount: Int64)], progress: any ProgressObserver) {
        self.store = store
        self.blobs = blobs
        self.progress = progress
        let total = blobs.reduce(Int64(0)) { $0 + $1.byteCount }
        state = Mutex(State(tick: ProgressTick(filesTotal: blobs.count, bytesTotal: total)))
    }

    func run() throws(StoreError) -> [ObjectID] {
        concurrently(count: blobs.count, threads: availableProcessorCount()) { self.verify(self.blobs[$0]) }
        let (damaged, failure) = state.withLock { ($0.damaged, $0.failure) }
        if let failure { throw failure }
        return damaged.sorted()
    }

    private func verify(_ blob: (oid: ObjectID, byteCount: Int64)) {
        var isDamaged = false
        var failure: StoreError?
        // A blob that is gone meanwhile was pruned by somebody else.
        do throws(StoreError) { isDamaged = try store.isIntact(blob.oid) == false } catch { failure = error }
        let tick = state.withLock { state in
            if isDamaged { state.damaged.append(blob.oid) }
            if let failure, state.failure == nil { state.failure = failure }
            state.tick.filesDone += 1
            state.tick.bytesDone += blob.byteCount
            return state.tick
        }
        progress.advance(to: tick)
    }
}
