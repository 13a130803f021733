import Git
import Platform
import Remote

/// Changes refs at the remote: brings the objects that they need, then makes the next state.
struct Push {
    let session: HelperSession

    /// Why each ref was not changed; nil for those that were.
    typealias Result = [(ref: BytePath, reason: String?)]

    func run(_ pushes: [HelperConversation.Push]) throws -> Result {
        let (git, _) = try session.requireRepository()
        let listed = try session.listed ?? .beginning(objectFormat: objectFormat(git))
        try requireFormat(listed, git)
        let updates = try resolve(pushes, listed, git)
        var plan = PushPlan(updates, on: listed, isAtomic: session.options.isAtomic)
        if session.options.isDryRun || plan.accepted.isEmpty || plan.isIdle(on: listed) { return result(updates, plan) }
        try refuseShallow(plan, listed, git)
        try completeData(plan, listed)
        let log = try session.log(mayCreate: true)
        let isSoleWriter = try requireConditions(log)
        let objects = PushedObjects(session: session, git: git, remote: log.remote)
        defer { objects.remove() }
        let head = try git.run(["symbolic-ref", "-q", "HEAD"])
        let author = try session.author()
        var base = listed
        while true {
            // What is true of the state that Git was told of need not be of one that came since.
            if base.number != listed.number {
                try requireFormat(base, git)
                try refuseShallow(plan, base, git)
            }
            let pack = try objects.bring(plan.accepted.compactMap(\.target), onto: base)
            var next = plan.applied(to: base, by: author, head: head.status == 0 ? head.line : nil)
            if let pack { next.add(pack) }
            if case .made = try log.append(next, isSoleWriter: isSoleWriter) {
                let derived = DerivedFiles(log: log)
                if try derived.write(of: next, before: base, note: session.note) {
                    session.noteSeen(next.number)
                    session.listed = next
                    Housekeeping(session: session, log: log, isSoleWriter: isSoleWriter).runIfDue(after: next)
                    return result(updates, plan)
                }
            }
            // Somebody has been faster. What they have not touched is done on what they have made.
            guard let newest = try log.newest(from: base.number) else {
                throw HelperError("the repository at \(log.remote.name) has been removed while it was pushed to")
            }
            base = newest
            plan = PushPlan(updates, on: base, isAtomic: session.options.isAtomic)
            if plan.accepted.isEmpty || plan.isIdle(on: base) { return result(updates, plan) }
        }
    }

    private func result(_ updates: [PushPlan.Update], _ plan: PushPlan) -> Result {
        updates.map { ($0.ref, plan.refused[$0.ref]) }
    }

    // MARK: What is pushed

    private func objectFormat(_ git: Git) throws -> String {
        let answer = try git.run(["rev-parse", "--show-object-format"])
        return answer.status == 0 ? answer.line.text : "sha1"
    }

    private func requireFormat(_ state: RepositoryState, _ git: Git) throws {
        let own = try objectFormat(git)
        guard own != state.objectFormat else { return }
        if state.number > 0 {
            throw HelperError("the repository at the remote names objects by \(state.objectFormat), and this one by \(own)")
        }
    }

    private func resolve(
        _ pushes: [HelperConversation.Push], _ listed: RepositoryState, _ git: Git
    ) throws -> [PushPlan.Update] {
        let sources = pushes.compactMap(\.source)
        let format: BytePath = "--batch-check=%(objectname) %(objecttype)"
        // A name and what it is a tag of, for each.
        var input: [UInt8] = []
        for source in sources { input += source.bytes + [UInt8(ascii: "\n")] + source.bytes + Array("^{}\n".utf8) }
        let lines = sources.isEmpty ? [] : try git.query(["cat-file", format], input: input).lines
        guard lines.count == 2 * sources.count else { throw HelperError("'git cat-file' answered \(lines.count) lines") }
        var answers = lines[...]
        return try pushes.map { push in
            let lease = session.options.leases.last { $0.ref == push.destination }
            let present = listed.ref(push.destination)?.target
            guard let source = push.source else {
                return PushPlan.Update(
                    ref: push.destination, target: nil, peeled: nil, isCommit: false, isForced: push.isForced, lease: lease,
                    listed: present, obstacle: nil)
            }
            let (own, peeled) = (answers.removeFirst(), answers.removeFirst())
            let words = own.bytes.split(separator: UInt8(ascii: " "))
            guard words.count == 2, let target = GitObjectName(hex: words[0]) else {
                throw HelperError("'\(source)' names no object here")
            }
            let kind = String(decoding: words[1], as: UTF8.self)
            let isFree = push.isForced || lease != nil || present == nil || present == target
            return PushPlan.Update(
                ref: push.destination, target: target,
                peeled: kind == "tag" ? GitObjectName(hex: peeled.bytes.prefix { $0 != UInt8(ascii: " ") }) : nil,
                isCommit: kind == "commit", isForced: push.isForced, lease: lease, listed: present,
                obstacle: isFree ? nil : try obstacle(push.destination, from: present, to: target, isCommit: kind == "commit", git))
        }
    }

    /// What stands against a change without force.
    private func obstacle(
        _ ref: BytePath, from old: GitObjectName?, to new: GitObjectName, isCommit: Bool, _ git: Git
    ) throws -> PushPlan.Obstacle? {
        guard let old else { return nil }
        if ref.bytes.starts(with: "refs/tags/".utf8) { return .tagExists }
        let kind = try git.run(["cat-file", "-t", BytePath(bytes: old.hex)])
        guard kind.status == 0 else { return .fetchFirst }
        guard isCommit, kind.line == "commit" else { return .needsForce }
        let answer = try git.run(["merge-base", "--is-ancestor", BytePath(bytes: old.hex), BytePath(bytes: new.hex)])
        return answer.status == 0 ? nil : .notFastForward
    }

    /// A history whose beginning is missing here would be missing there.
    private func refuseShallow(_ plan: PushPlan, _ listed: RepositoryState, _ git: Git) throws {
        guard try git.query(["rev-parse", "--is-shallow-repository"]).line == "true" else { return }
        let file = try git.query(["rev-parse", "--git-path", "shallow"]).line.absolute(from: .currentFolder())
        let grafts = Set((try file.contents() ?? []).split(separator: 10).compactMap { GitObjectName(hex: $0) })
        let have = try git.existing(listed.refs.map(\.target))
        let input = Git.walkLines(from: plan.accepted.compactMap(\.target), excluding: have)
        let isCut = try git.query(["rev-list", "--stdin"], input: input).lines.contains { line in
            GitObjectName(hex: line.bytes).map(grafts.contains) ?? false
        }
        if isCut { throw HelperError("shallow update not allowed", hints: ["git fetch --unshallow"]) }
    }

    // MARK: What has to be there

    /// Where Git runs no pre-push hook of ours, its work is done here: no push lands whose blobs are not there.
    private func completeData(_ plan: PushPlan, _ listed: RepositoryState) throws {
        guard let program = Environment.findProgram("git-data") else { return }
        let zeros = String(repeating: "0", count: listed.objectFormat == "sha1" ? 40 : 64)
        let lines = plan.accepted.compactMap { update in
            update.target.map { "\(update.ref.text) \($0) \(update.ref.text) \(update.listed?.description ?? zeros)\n" }
        }
        guard !lines.isEmpty else { return }
        let child = try ChildProcess(
            program, ["hook", "--unless-installed", "pre-push", session.name, session.url.behindTransport],
            input: .pipe, output: .null)
        try? child.input?.write(lines.joined())
        try? child.closeInput()
        guard child.wait().isSuccess else { throw HelperError("nothing was pushed, as its data is not at the remote") }
    }

    /// - Returns: whether nobody else pushes, by the user's own word, at a server that cannot tell.
    private func requireConditions(_ log: StateLog) throws -> Bool {
        if try session.isSoleWriter() {
            session.note("warning: \(log.remote.name) is pushed to as by its only writer: another push at the same time would be lost")
            return true
        }
        let note = try session.noteFile("creates-once")
        if let note, note.exists { return false }
        guard try log.canCreateOnce() else {
            let key = "remote.\(session.name).dataSoleWriter"
            throw HelperError(
                "\(log.remote.name) does not create an object only where there is none, so that two pushes at once could undo one another",
                hints: [
                    "data alone can be kept there: git data remote add storage \(session.url)",
                    "if nobody else ever pushes there: git config \(key) true",
                ])
        }
        if let note {
            try? note.parent.makeFolders()
            try? note.replaceContents(with: [])
        }
        return false
    }
}

/// The objects of one push, on their way.
final class PushedObjects {
    private let session: HelperSession
    private let git: Git
    private let remote: any Remote
    private var built: BuiltPack?
    /// The state for which the pack is good: all that is left out of it is in that one's packs.
    private var basis: RepositoryState?
    /// What the pack was made for.
    private var tips: Set<GitObjectName> = []

    init(session: HelperSession, git: Git, remote: any Remote) {
        self.session = session
        self.git = git
        self.remote = remote
    }

    /// Brings what a state's packs lack of the objects that `targets` reach.
    /// - Returns: the pack that the next state has to name; nil where nothing is lacking.
    func bring(_ targets: [GitObjectName], onto base: RepositoryState) throws -> PackRecord? {
        // Packs are only ever added or put together, unless objects were dropped. A ref that was refused before may be
        // accepted now.
        if let basis, basis.collections == base.collections, tips.isSuperset(of: targets) {
            guard let built else { return nil }
            if !base.isBarred(built.record.name) {
                // It may have been there before this push, unused, and been removed since.
                try upload(built)
                return built.record
            }
        }
        remove()
        var attempt = 0
        let have = try git.existing(Array(Set(base.refs.map(\.target))))
        let builder = PackBuilder(
            git: git, folder: try session.transit(), showsProgress: session.options.showsProgress && session.options.verbosity > 0)
        (basis, tips) = (base, Set(targets))
        while let pack = try builder.pack(Array(Set(targets)), excluding: have, attempt: attempt) {
            guard base.isBarred(pack.record.name) else {
                built = pack
                break
            }
            pack.remove()
            attempt += 1
        }
        guard let built else { return nil }
        try upload(built)
        return built.record
    }

    private func upload(_ pack: BuiltPack) throws {
        try PackTransfer(remote: remote, folder: session.transit(), showsProgress: session.options.showsProgress).upload(pack)
    }

    /// Forgets the local files.
    func remove() {
        built?.remove()
        (built, basis, tips) = (nil, nil, [])
    }
}

extension RepositoryState {
    /// Names one more pack.
    mutating func add(_ pack: PackRecord) {
        guard !packs.contains(where: { $0.name == pack.name }) else { return }
        packs.append(pack)
        unused.removeAll { $0.name == pack.name }
    }
}

extension BytePath {
    /// The URL as users write it.
    fileprivate var behindTransport: BytePath { BytePath(bytes: Array("data::".utf8) + bytes) }
}
