import Git
import Platform
import Remote

/// Changes refs at the remote: brings the objects that they need, then makes the next state.
struct Push {
    let session: HelperSession

    /// Why each ref was not changed; nil for those that were.
    typealias Result = [(ref: BytePath, reason: String?)]

    func run(_ pushes: [HelperConversation.Push]) throws -> Result {
        let (git, location) = try session.requireRepository()
        let listed = session.listed
        let objects = try LocalObjects(pushes.compactMap(\.source), git, remote: listed?.refs.map(\.target) ?? [], session)
        let start = listed ?? .beginning(objectFormat: objects.format ?? "sha1")
        try requireFormat(start, objects)
        let updates = try pushes.map { try update($0, start, objects) }
        var plan = PushPlan(updates, on: start, isAtomic: session.options.isAtomic)
        if session.options.isDryRun || plan.accepted.isEmpty || plan.isIdle(on: start) { return result(updates, plan) }
        try refuseShallow(plan, start, git, location)
        try completeData(plan, start, git, location)
        let log = try session.log(mayCreate: true)
        let isSoleWriter = try requireConditions(log)
        let pushed = PushedObjects(session: session, git: git, remote: log.remote)
        defer { pushed.remove() }
        let author = try session.author()
        var base = start
        while true {
            // What is true of the state that Git was told of need not be of one that came since.
            if base.number != start.number {
                try requireFormat(base, objects)
                try refuseShallow(plan, base, git, location)
            }
            let pack = try pushed.bring(plan.accepted.compactMap(\.target), onto: base)
            var next = plan.applied(to: base, by: author, head: try? RepositoryHead.branch(location))
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

    private func update(
        _ push: HelperConversation.Push, _ listed: RepositoryState, _ objects: LocalObjects
    ) throws -> PushPlan.Update {
        let lease = session.options.leases.last { $0.ref == push.destination }
        let present = listed.ref(push.destination)?.target
        guard let source = push.source else {
            return PushPlan.Update(
                ref: push.destination, target: nil, peeled: nil, isCommit: false, isForced: push.isForced, lease: lease,
                listed: present, obstacle: nil)
        }
        guard let found = objects.named[source] else { throw HelperError("'\(source)' names no object here") }
        var obstacle: PushPlan.Obstacle?
        if let present, present != found.name {
            if push.destination.bytes.starts(with: "refs/tags/".utf8) {
                obstacle = .tagExists
            } else if let kind = objects.kinds[present] {
                if kind != "commit" || found.kind != "commit" { obstacle = .needsForce }
            } else {
                obstacle = .fetchFirst
            }
        }
        return PushPlan.Update(
            ref: push.destination, target: found.name, peeled: found.peeled, isCommit: found.kind == "commit",
            isForced: push.isForced, lease: lease, listed: present, obstacle: obstacle)
    }

    /// A history whose beginning is missing here would be missing there.
    private func refuseShallow(
        _ plan: PushPlan, _ state: RepositoryState, _ git: Git, _ location: RepositoryLocation
    ) throws {
        let file = location.commonFolder / "shallow"
        let grafts = Set((try file.contents() ?? []).split(separator: 10).compactMap { GitObjectName(hex: $0) })
        guard !grafts.isEmpty else { return }
        let have = try session.existing(state.refs.map(\.target))
        let input = Git.walkLines(from: plan.accepted.compactMap(\.target), excluding: have)
        let isCut = try git.query(["rev-list", "--stdin"], input: input).lines.contains { line in
            GitObjectName(hex: line.bytes).map(grafts.contains) ?? false
        }
        if isCut { throw HelperError("shallow update not allowed", hints: ["git fetch --unshallow"]) }
    }

    private func requireFormat(_ state: RepositoryState, _ objects: LocalObjects) throws {
        guard state.number > 0, let own = objects.format, own != state.objectFormat else { return }
        throw HelperError("the repository at the remote names objects by \(state.objectFormat), and this one by \(own)")
    }

    // MARK: What has to be there

    /// Where Git runs no pre-push hook of ours, its work is done here: no push lands whose blobs are not there. Who has
    /// the hook and asks Git for a push without it gets that.
    private func completeData(_ plan: PushPlan, _ listed: RepositoryState, _ git: Git, _ location: RepositoryLocation) throws {
        let hook = try hooks(git, location) / "pre-push"
        let script = String(decoding: (try? hook.contents(limit: 1 << 20)) ?? [], as: UTF8.self)
        let isCalled = ["git-data hook pre-push", "git data hook pre-push"].contains { script.contains($0) }
        if isCalled, hook.isExecutableFile { return }
        // Beside this program, and not whatever the user's PATH begins with.
        let program = try Environment.executable().parent / "git-data"
        guard program.isExecutableFile else { throw HelperError("'\(program)' is missing", hints: ["run install.sh again"]) }
        let zeros = String(repeating: "0", count: listed.objectFormat == "sha1" ? 40 : 64)
        let lines = plan.accepted.compactMap { update in
            update.target.map { "\(update.ref.text) \($0) \(update.ref.text) \(update.listed?.description ?? zeros)\n" }
        }
        guard !lines.isEmpty else { return }
        let child = try ChildProcess(
            program, ["hook", "pre-push", session.name, session.url.behindTransport],
            input: .pipe, output: .null)
        try? child.input?.write(lines.joined())
        try? child.closeInput()
        guard child.wait().isSuccess else { throw HelperError("nothing was pushed, as its data is not at the remote") }
    }

    private func hooks(_ git: Git, _ location: RepositoryLocation) throws -> BytePath {
        guard try session.configuration().value("core.hookspath") != nil else { return location.commonFolder / "hooks" }
        return try git.query(["rev-parse", "--git-path", "hooks"]).line.absolute(from: .currentFolder())
    }

    /// - Returns: whether nobody else pushes, by the user's own word, at a server that cannot tell.
    private func requireConditions(_ log: StateLog) throws -> Bool {
        if try session.isSoleWriter() {
            // Said by a quiet push too: it is the price of the setting.
            Descriptor.writeToStandardError(
                "warning: nobody else may push to \(log.remote.name): its server cannot keep two pushes at once apart, and one would be lost\n")
            return true
        }
        let note = try session.noteFile("creates-once")
        // Looked at again now and then: another server may stand behind the URL by now.
        let limit = FileStatus.Time.now.seconds - 30 * 24 * 60 * 60
        if let note, let status = try note.status(), status.modified.seconds > limit { return false }
        guard try log.canCreateOnce() else {
            let key = "remote.\(session.name).dataSoleWriter"
            throw HelperError(
                "\(log.remote.name) does not create an object only where there is none, so that two pushes at once could undo one another",
                hints: [
                    "data alone can be kept there: git data remote add storage '\(session.url)'",
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

extension BytePath {
    /// The URL as users write it.
    fileprivate var behindTransport: BytePath { BytePath(bytes: Array("data::".utf8) + bytes) }
}
