import Diagnostics
import Digest
import Filter
import Git
import ObjectStore
import Platform
import Pointer
import Repository
import Transfer

/// Brings blobs into the store, and content into the worktree, for `fetch`, `checkout`, `pull`, `clone`
/// and the hooks. What cannot be had fails its own file only.
struct Download {
    let context: CommandContext
    let repository: Repository
    /// The data remote's name; nil for the one that belongs to the current branch.
    var remoteName: String?

    /// What a fetch did.
    struct Fetched {
        var blobs = 0
        var byteCount: Int64 = 0
        var remote: DataRemote?
        /// Why blobs are not here.
        fileprivate var failures: FetchFailures?
        /// Why nothing could be fetched at all.
        var failure: Explanation?
        /// What to do about the blobs that are not here.
        var hints = [Fetched.askOthers]

        static let askOthers = "who has the data can send it with: git data push --all"

        /// Whether some blob is not here.
        var isIncomplete: Bool { failure != nil || failures?.isEmpty == false }
    }

    /// Why a blob was not fetched; nil where it was, or was not asked for.
    func reason(for pointer: Pointer, _ fetched: Fetched) -> String? {
        let notFetched = "not fetched"
        do throws(SystemError) {
            if let reason = try fetched.failures?.reason(for: pointer.oid) { return reason }
        } catch {
            // The disk does not give back what was noted of them all.
            return notFetched
        }
        guard fetched.failure != nil, let store = try? repository.store() else { return nil }
        return WantedBlobs(in: store).isWanted(pointer) ? notFetched : nil
    }

    /// So many blobs are fetched at once.
    private static let portionCount = 8000

    func remote() throws -> DataRemote {
        if let remoteName { return try repository.dataRemote(named: remoteName) }
        return try repository.dataRemote()
    }

    /// The blobs that are not here.
    func missing(_ pointers: some Sequence<Pointer>) throws -> WantedBlobs {
        let wanted = WantedBlobs(in: try repository.store())
        for pointer in pointers { wanted.add(pointer) }
        return wanted
    }

    /// Fetches the blobs that are not here.
    func fetch(_ pointers: some Sequence<Pointer>) throws -> Fetched {
        try fetch(missing(pointers))
    }

    /// Fetches blobs, whatever becomes of some of them.
    func fetch(_ wanted: WantedBlobs) throws -> Fetched {
        var fetched = Fetched()
        var tick = try wanted.total()
        guard tick.filesTotal > 0 else { return fetched }
        do {
            let remote = try remote()
            fetched.remote = remote
            let session = try context.session(to: remote, repository, progress: context.progress("Downloading data"))
            defer { session.finish() }
            let failures = FetchFailures(in: try repository.store())
            try wanted.forEachPortion(of: Self.portionCount) { items in
                let outcome = try session.download(absent: items, of: &tick)
                let sizes = Dictionary(items.map { ($0.oid, $0.byteCount) }) { first, _ in first }
                fetched.blobs += outcome.done.count
                fetched.byteCount = fetched.byteCount.adding(byteCount: outcome.done.totalByteCount { sizes[$0] ?? 0 })
                for failure in outcome.failures { failures.add(failure) }
            }
            try failures.seal()
            fetched.failures = failures
            fetched.hints = Self.hints(failures.kinds, remote)
        } catch {
            let (explanation, _) = Words.explain(error)
            fetched.failure = explanation
            fetched.hints = explanation.hints
        }
        return fetched
    }

    /// Nobody can send what is there and only does not come.
    private static func hints(_ kinds: Set<TransferFailure.Kind>, _ remote: DataRemote) -> [String] {
        var hints: [String] = []
        if kinds.contains(.full) { hints.append(Words.freeSpace) }
        if !kinds.isSubset(of: [.absent, .damaged, .full]) {
            hints.append("try again; to see what is wrong there: git data remote check \(remote.name)")
        }
        if !kinds.isDisjoint(with: [.absent, .damaged]) { hints.append(Fetched.askOthers) }
        return hints.isEmpty ? [Fetched.askOthers] : hints
    }

    /// Puts content in the place of the pointers in the worktree whose blobs are here.
    func hydrate(_ files: [PointerFile]) throws -> (written: Int, shortfalls: UndoneFiles) {
        try hydrate(HydrationList(files.map(HydrationFile.init), in: repository.store()))
    }

    /// As above, for files that a fetch was for: those whose blobs it did not bring are left.
    func hydrate(_ list: HydrationList, after fetched: Fetched = Fetched()) throws -> (written: Int, shortfalls: UndoneFiles) {
        let hydration = Hydration(
            repository: repository, store: try repository.store(), progress: context.progress("Writing files"),
            since: context.began)
        let outcome = try hydration.run(list, makingAbsent: false) { file in
            !fetched.isIncomplete || reason(for: file.pointer, fetched) == nil
        }
        if let message = outcome.indexMessage { context.output.warning("the index was not refreshed: \(message)") }
        var shortfalls = UndoneFiles()
        for (file, reason) in outcome.unfinished {
            guard let explanation = Self.explanation(reason) else { continue }
            shortfalls.add(.init(path: file.path, reason: explanation.what, hints: explanation.hints))
        }
        return (outcome.doneCount, shortfalls)
    }

    /// Those of the files whose blobs a fetch did not bring.
    private func unfetched(_ list: HydrationList, _ fetched: Fetched) throws -> UndoneFiles {
        var shortfalls = UndoneFiles()
        guard fetched.isIncomplete else { return shortfalls }
        try list.forEach { file throws(RepositoryError) in
            if let reason = reason(for: file.pointer, fetched) { shortfalls.add(.init(path: file.path, reason: reason)) }
        }
        return shortfalls
    }

    /// Fetches what these files lack, and writes it into the worktree.
    func fill(_ files: [PointerFile]) throws -> (fetched: Fetched, written: Int, shortfalls: UndoneFiles) {
        let list = HydrationList(files.map(HydrationFile.init), in: try repository.store())
        return try fill(list, fetching: missing(files.map(\.pointer)))
    }

    /// As above, with blobs besides that no file of the worktree is for.
    func fill(
        _ list: HydrationList, fetching wanted: WantedBlobs
    ) throws -> (fetched: Fetched, written: Int, shortfalls: UndoneFiles) {
        let fetched = try fetch(wanted)
        let (written, unwritten) = try hydrate(list, after: fetched)
        var shortfalls = try unfetched(list, fetched)
        shortfalls.add(unwritten)
        return (fetched, written, shortfalls)
    }

    /// - Returns: nil where the file is no pointer any more: edited, or filled by another process.
    private static func explanation(_ reason: HydrationOutcome.Reason) -> Explanation? {
        switch reason {
        case .edited: nil
        case .blobAbsent: Explanation("not in the local store", hints: ["git data pull"])
        case .blobDamaged(let kept):
            Explanation("the local copy was damaged and is kept in '\(kept)'", hints: ["git data pull"])
        case .pathUnsafe(let why): Explanation(why)
        case .system(let error): Words.explanation(error)
        }
    }

    /// Where others are to be asked for data: who has brought the files.
    func namingOrigins(_ hints: [String], _ shortfalls: UndoneFiles) -> [String] {
        hints.map { $0 == Fetched.askOthers ? whoHas(shortfalls) : $0 }
    }

    private func whoHas(_ shortfalls: UndoneFiles) -> String {
        var origins: [String] = []
        for shortfall in shortfalls.named.lazy.filter({ $0.hints == nil }).prefix(20) where origins.count < 3 {
            let log: [BytePath] = ["--literal-pathspecs", "log", "-1", "--format=%h%x00%an%x00%s%x00", "HEAD", "--", shortfall.path]
            guard let records = try? repository.git().run(log).records, records.count >= 3 else { continue }
            let origin = "\(records[0]) by \(records[1]) ('\(records[2])')"
            if !origins.contains(origin) { origins.append(origin) }
        }
        return Fetched.askOthers + (origins.isEmpty ? "" : "; it came with \(origins.joined(separator: ", "))")
    }

    /// Names the files that lack their data.
    /// - Parameters:
    ///   - failure: why nothing could be fetched at all, where that is so.
    ///   - hint: what to do otherwise.
    func report(_ shortfalls: UndoneFiles, after failure: Explanation? = nil, hint: String) {
        report(shortfalls, after: failure, hints: failure?.hints ?? [hint])
    }

    /// As above.
    /// - Parameters:
    ///   - hints: what to do, whatever failed, about the files that do not say it themselves.
    ///   - next: what to do after that.
    func report(_ shortfalls: UndoneFiles, after failure: Explanation?, hints: [String], next: [String] = []) {
        guard !shortfalls.isEmpty else { return }
        let list = "\(Count.files(shortfalls.count)) without data:\n" + shortfalls.list
        var shown: [String] = []
        for hint in shortfalls.hints.flatMap({ $0 ?? hints }) + next where !shown.contains(hint) { shown.append(hint) }
        context.output.error(
            Explanation(
                failure.map { "\($0.what)\n\(list)" } ?? list, kept: "their pointers, in place of the content",
                hints: shown))
    }
}

extension HydrationFile {
    init(_ file: PointerFile) {
        self.init(
            path: file.path, mode: file.entry.mode, gitBlob: file.entry.name, pointerText: file.text,
            oid: file.pointer.oid, byteCount: file.pointer.byteCount)
    }

    var pointer: Pointer { Pointer(oid: oid, byteCount: byteCount) }
}
