import Git
import Platform
import Remote

/// Keeps a repository at a remote small and quick to read. No lock is taken: everything is a next state, made as a push
/// makes one, and whoever is slower looks again.
///
/// - Packs of one generation are put together, sixteen at a time, once there are twice as many: each object is
///   written anew a few times in the life of a repository, and a clone of ten thousand pushes reads some dozens of packs.
/// - What no state names any more is removed in two steps. A state lists it as unused; a later one, a day behind,
///   condemns it, and no state that comes after that may name it; then it is removed. A push that would name it reads
///   of that first. For a day more nobody may bring it back, as somebody slower may be at removing it too.
/// - A reader who finds a pack gone reads the newest state, whose packs hold the same objects.
struct Housekeeping {
    let session: HelperSession
    let log: StateLog
    let isSoleWriter: Bool

    private static let groupSize = 16
    /// Larger groups are left for `git data remote gc`, which somebody waits for on purpose.
    private static let greatestByteCount: Int64 = 256 << 20
    private static let grace: Int64 = 24 * 60 * 60
    /// For so many seconds after it has condemned packs, a collection removes them: far less than they stay barred.
    private static let patience: Int64 = 60 * 60

    /// Does what a push should do on the way, unless Git's own setting `gc.auto` says not to. It is no failure of the push
    /// where that cannot be done.
    func runIfDue(after state: RepositoryState) {
        do {
            guard try session.configuration().integer("gc.auto") != 0 else { return }
            var newest = state
            while let group = Self.group(of: newest) {
                guard let next = try putTogether(group, in: newest) else { return }
                newest = next
            }
            let limit = FileStatus.Time.now.seconds - Self.grace
            if !newest.condemned.isEmpty || newest.unused.contains(where: { $0.since < limit }) {
                _ = try removeUnused(since: limit)
            }
        } catch {
            session.note("warning: the remote could not be tidied: \(HelperError(error).message)")
        }
    }

    /// The oldest packs of a generation that has too many.
    static func group(of state: RepositoryState) -> [PackRecord]? {
        let generations = Dictionary(grouping: state.packs, by: \.generation)
        for generation in generations.keys.sorted() {
            guard let packs = generations[generation], packs.count >= 2 * groupSize else { continue }
            let group = Array(packs.prefix(groupSize))
            if group.map(\.pack.byteCount).reduce(0, +) <= greatestByteCount { return group }
        }
        return nil
    }

    // MARK: Putting packs together

    /// Makes one pack of several, with all their objects, and the state that names it in their place.
    /// - Returns: that state; nil where somebody else has done it.
    private func putTogether(_ group: [PackRecord], in state: RepositoryState) throws -> RepositoryState? {
        let workshop = try PackWorkshop(session: session, remote: log.remote, objectFormat: state.objectFormat)
        defer { workshop.remove() }
        try workshop.fetch(group)
        let names = Set(group.map(\.name))
        let others = state.packs.filter { !names.contains($0.name) }
        // What others may ask for; a commit that was passed over since is found by what rests on it.
        let asked = Set(state.refs.map(\.target) + others.flatMap(\.bases))
        let bases = Array(Set(group.flatMap(\.bases)))
        let inside = Set(try workshop.git.existing(bases))
        var attempt = 0
        while true {
            guard
                let built = try workshop.builder.pack(
                    objects: workshop.objects(), tips: Array(Set(group.flatMap(\.tips)).intersection(asked)),
                    bases: bases.filter { !inside.contains($0) }, generation: (group.map(\.generation).max() ?? 0) + 1,
                    attempt: attempt)
            else { return nil }
            if state.isBarred(built.record.name) {
                attempt += 1
                continue
            }
            try PackTransfer(remote: log.remote, folder: workshop.folder, showsProgress: false).upload(built)
            return try append("consolidate", after: state) { next in
                // A pack that was there already may have been removed since it was looked for.
                guard names.isSubset(of: next.packs.map(\.name)), !next.isBarred(built.record.name) else { return false }
                next.replace(names, by: built.record)
                return true
            }
        }
    }

    /// Makes a next state, of the newest one.
    /// - Parameter change: what is to be different; false where there is nothing to do any more.
    /// - Returns: the state; nil where there was nothing to do.
    private func append(
        _ action: String, after known: RepositoryState, _ change: (inout RepositoryState) throws -> Bool
    ) throws -> RepositoryState? {
        var base = known
        while true {
            var next = base.successor(action, by: try session.author())
            guard try change(&next) else { return nil }
            if case .made = try log.append(next, isSoleWriter: isSoleWriter),
                try DerivedFiles(log: log).write(of: next, before: base, note: session.note)
            {
                session.noteSeen(next.number)
                return next
            }
            guard let newest = try log.newest(from: base.number) else { return nil }
            base = newest
        }
    }

    // MARK: Removing

    /// Removes packs that were found unused before `limit`.
    /// - Returns: how many.
    private func removeUnused(since limit: Int64) throws -> Int {
        guard let newest = try log.newest() else { return 0 }
        var condemned: [PackName] = []
        let state = try append("condemn", after: newest) { next in
            let named = Set(next.packs.map(\.name))
            let old = next.unused.filter { $0.since < limit && !named.contains($0.name) }.map(\.name)
            guard !old.isEmpty || !next.condemned.isEmpty else { return false }
            next.unused.removeAll { old.contains($0.name) || named.contains($0.name) }
            let free = next.time - Self.grace
            next.removed.removeAll { $0.since < free }
            next.condemned += old.filter { !next.condemned.contains($0) }
            condemned = next.condemned
            return true
        }
        guard let state else { return 0 }
        for name in condemned {
            // What was condemned that long ago may have been removed by others, and be about to come back.
            guard abs(FileStatus.Time.now.seconds - state.time) <= Self.patience else {
                throw HelperError("unused packs could not be removed in time; the next collection does it")
            }
            for suffix in ["idx", "pack"] {
                if let document = name.document(suffix) { try log.remote.remove(document) }
            }
        }
        _ = try append("clear", after: state) { next in
            next.removed += condemned.filter(next.condemned.contains).map { RepositoryState.UnusedPack(name: $0, since: next.time) }
            next.condemned.removeAll { condemned.contains($0) }
            return true
        }
        return condemned.count
    }

    // MARK: All of it

    /// What a collection has done.
    struct Report {
        var packsBefore = 0
        var bytesBefore: Int64 = 0
        var packsAfter = 0
        var bytesAfter: Int64 = 0
        var statesRemoved = 0
        var packsRemoved = 0
    }

    /// Packs the whole repository anew, and forgets the past before a time.
    /// - Parameters:
    ///   - expiry: states made before it are forgotten, with what they alone have named, in seconds since 1970.
    ///   - pruning: packs found unused before it are removed.
    func collect(forgettingBefore expiry: Int64, removingBefore pruning: Int64) throws -> Report {
        guard var newest = try log.newest() else { throw HelperError("nothing has been pushed to \(log.remote.name) yet") }
        var report = Report(packsBefore: newest.packs.count, bytesBefore: newest.packs.map(\.pack.byteCount).reduce(0, +))
        let workshop = try PackWorkshop(session: session, remote: log.remote, objectFormat: newest.objectFormat)
        defer { workshop.remove() }
        while true {
            do {
                let kept = try states(since: expiry, upTo: newest)
                if let next = try repack(newest, keeping: kept, in: workshop) {
                    newest = next
                    break
                }
            } catch let error as RemoteError where error.kind == .absent {
                // Another collection has removed what was being read: then there is a newer state.
                guard try log.newestNumber(from: newest.number) > newest.number else { throw error }
            }
            guard let state = try log.newest(from: newest.number) else { throw HelperError("the repository was removed meanwhile") }
            newest = state
        }
        for number in try log.numbers() where number < newest.oldest {
            try log.remote.remove(Layout.state(number))
            report.statesRemoved += 1
        }
        report.packsRemoved = try removeUnused(since: pruning)
        // A push that was killed may not have come to this.
        _ = try DerivedFiles(log: log).write(of: newest, before: nil, note: session.note)
        (report.packsAfter, report.bytesAfter) = (newest.packs.count, newest.packs.map(\.pack.byteCount).reduce(0, +))
        return report
    }

    /// The states that are kept, the newest last.
    private func states(since expiry: Int64, upTo newest: RepositoryState) throws -> [RepositoryState] {
        var kept = [newest]
        for number in try log.numbers().reversed() where number < newest.number && number >= newest.oldest {
            guard let state = try log.state(number), state.time >= expiry else { break }
            kept.append(state)
        }
        return kept.reversed()
    }

    /// - Returns: the state that names the one new pack, or the given one where there is nothing to do; nil where somebody
    ///   has pushed meanwhile, and all has to be looked at again.
    private func repack(
        _ newest: RepositoryState, keeping kept: [RepositoryState], in workshop: PackWorkshop
    ) throws -> RepositoryState? {
        let present = Set(try log.remote.documents(in: Layout.packs).compactMap { document -> PackName? in
            guard let file = document.text.split(separator: "/").last, let dot = file.lastIndex(of: ".") else { return nil }
            return PackName(String(file[..<dot]))
        })
        let noted = Set(newest.packs.map(\.name) + newest.unused.map(\.name) + newest.condemned)
        let strays = present.subtracting(noted)
        let oldest = kept.first?.number ?? newest.number
        // As long as no more of the past is forgotten, nothing can go.
        if newest.packs.count <= 1, strays.isEmpty, oldest == newest.oldest { return newest }
        try workshop.fetch(newest.packs)
        let roots = Array(Set(kept.flatMap { $0.refs.map(\.target) }))
        var built: BuiltPack?
        for attempt in 0... {
            built = try roots.isEmpty ? nil : workshop.builder.pack(roots, excluding: [], attempt: attempt)
            guard let name = built?.record.name, newest.isBarred(name) else { break }
        }
        let isSame = newest.packs.map(\.name) == [built?.record.name].compactMap { $0 }
        if let built, !isSame { try PackTransfer(remote: log.remote, folder: workshop.folder, showsProgress: false).upload(built) }
        var next = newest.successor("collect", by: try session.author())
        let now = next.time
        if var record = built?.record {
            record.tips = Array(Set(newest.refs.map(\.target)))
            record.generation = max(1, newest.packs.map(\.generation).max() ?? 1)
            let old = Set(newest.packs.map(\.name)).subtracting([record.name])
            next.replace(old, by: record)
        } else {
            next.replace(Set(newest.packs.map(\.name)), by: nil)
        }
        let named = Set(next.packs.map(\.name))
        next.unused += strays.subtracting(named).sorted { $0.text < $1.text }.map { RepositoryState.UnusedPack(name: $0, since: now) }
        next.collections += 1
        next.oldest = oldest
        guard case .made = try log.append(next, isSoleWriter: isSoleWriter),
            try DerivedFiles(log: log).write(of: next, before: newest, note: session.note)
        else { return nil }
        session.noteSeen(next.number)
        return next
    }
}

extension RepositoryState {
    /// Names a pack in the place of others, which are unused from now on.
    fileprivate mutating func replace(_ names: Set<PackName>, by pack: PackRecord?) {
        let position = packs.firstIndex { names.contains($0.name) } ?? packs.endIndex
        packs.removeAll { names.contains($0.name) || $0.name == pack?.name }
        if let pack { packs.insert(pack, at: min(position, packs.endIndex)) }
        let now = time
        unused += names.filter { $0 != pack?.name }.sorted { $0.text < $1.text }.map { UnusedPack(name: $0, since: now) }
        unused.removeAll { $0.name == pack?.name }
    }
}

/// A scratch repository in which packs are taken apart and put together.
struct PackWorkshop {
    let git: Git
    let folder: BytePath
    let builder: PackBuilder
    private let transfer: PackTransfer

    /// What the names of these folders begin with.
    static let prefix = "workshop-"

    init(session: HelperSession, remote: any Remote, objectFormat: String) throws {
        folder = try session.transit() / BytePath(Self.prefix + String(UInt64.random(in: .min ... .max), radix: 36))
        let place = folder
        Interrupts.onEnd { place.removeTree() }
        let maker = try Git(isolated: true)
        try maker.query(["init", "--quiet", "--bare", "--template=", BytePath("--object-format=\(objectFormat)"), folder])
        git = try Git(in: folder, isolated: true, adding: [("GIT_DIR", folder)])
        builder = PackBuilder(git: git, folder: folder, showsProgress: session.options.showsProgress)
        transfer = PackTransfer(remote: remote, folder: folder, showsProgress: session.options.showsProgress)
    }

    /// Brings packs here that are not here yet.
    func fetch(_ packs: [PackRecord]) throws {
        let target = PackTarget(git: git, folder: folder / "objects/pack")
        try transfer.download(packs.filter { !target.has($0.name) }) { record, file in try target.add(record.name, file) }
    }

    /// The names of all objects that were fetched, each on a line.
    func objects() throws -> [UInt8] {
        try git.query(["cat-file", "--batch-all-objects", "--batch-check=%(objectname)", "--buffer"]).output
    }

    func remove() { folder.removeTree() }
}
