import Digest
import Platform
import Pointer
import TestSupport

/// What people do with `git data`: nothing of it changes what a person sees, and all of it could lose data.
enum DataOperation: String, CaseIterable, RandomOperation {
    case prune, pruneRecent, pruneUnreferenced, keepPushed, keepAll, mark, sweep, unmark, markAndSweep, fetchAll, fetchRange,
        pullPath, pushAll, pushKilled, pushElsewhere, commitsBeforeData, fsckRepair, fix, damage, damageAndRestore,
        changeRemote, shareStore, lazy, eager

    /// Those that could lose most.
    static let dangerous: [DataOperation] = [.prune, .pruneUnreferenced, .markAndSweep, .commitsBeforeData, .damageAndRestore]

    var name: String { rawValue }

    func play(on stage: RandomStage, _ twin: TwinRepositories) throws { try stage.play(self, twin) }
}

extension RandomStage {
    fileprivate func play(_ operation: DataOperation, _ twin: TwinRepositories) throws {
        switch operation {
        case .prune: try data(["prune", "--quiet", "--recent", "0"], twin)
        case .pruneRecent: try data(["prune", "--quiet", "--recent", BytePath("\(1 + number(600))")], twin)
        case .pruneUnreferenced: try pruneUnreferenced(twin)
        case .keepPushed: try twin.data.git("config", "data.keep", "pushed")
        case .keepAll: try twin.data.git("config", "data.keep", "all")
        case .mark: try mark(twin)
        case .sweep: try sweep(twin)
        case .unmark: try data(["gc", "--quiet", remoteOption(number(dataRemotes.count)), "--unmark"], twin)
        case .markAndSweep:
            if number(2) == 0 { try forgetReflogs(twin) }
            try mark(twin)
            try sweep(twin)
        case .fetchAll: try data(["fetch", "--quiet", "--all"], twin)
        case .fetchRange:
            let range = BytePath("HEAD~\(1 + number(3))..HEAD")
            guard try twin.data.attempt("rev-parse", "--quiet", "--verify", BytePath("\(range.text.prefix(6))")).status == 0 else { return }
            try data(["fetch", "--quiet", "--revision", range], twin)
        case .pullPath:
            let outcome = try data(["pull", "--quiet", file()], twin, expecting: [0, 1])
            guard outcome.status == 0 || outcome.errorText.contains("did not match") else { throw Unexpected(outcome.description) }
        case .pushAll: try pushData(twin)
        case .pushKilled: try killNowAndThen(["data", "push", "--quiet", "--all"], twin, one: 1)
        case .pushElsewhere:
            // A blob that only the remote in use has cannot go to another one.
            let remote = BytePath(hasTwoRemotes ? dataRemotes[number(2)].name : "origin")
            try data(["push", "--quiet", "--all", "--remote", remote], twin, expecting: [0, 1])
        case .commitsBeforeData: try pushCommitsBeforeData(twin)
        case .fsckRepair:
            // That something waits for a push is no damage.
            let options: [BytePath] = number(2) == 0 ? ["--remote"] : []
            let outcome = try data(["fsck", "--quiet", "--repair"] + options, twin, expecting: [0, 1])
            guard outcome.lines.allSatisfy({ $0.hasPrefix("unpushed ") }) else { throw Unexpected(outcome.description) }
        case .fix: try fix(twin)
        case .damage: try damage(twin)
        case .damageAndRestore: try damageAndRestore(twin)
        case .changeRemote: try use(dataRemote: number(dataRemotes.count))
        case .shareStore: try shareStore()
        case .lazy, .eager:
            isLazy[twin.number] = operation == .lazy
            try twin.data.git("config", "data.lazy", operation == .lazy ? "true" : "false")
        }
    }

    /// Runs `git data …` in the clone with data alone; now and then a first try is killed.
    @discardableResult
    private func data(_ arguments: [BytePath], _ twin: TwinRepositories, expecting: Set<Int32> = [0]) throws -> Outcome {
        try killNowAndThen(["data"] + arguments, twin)
        let outcome = try laboratory.run("git", ["data"] + arguments, in: twin.data.folder)
        guard expecting.contains(outcome.status) else { throw Unexpected(outcome.description) }
        return outcome
    }

    /// Brings the data of all commits to the data remote; without hooks it goes by hand.
    func pushData(_ twin: TwinRepositories) throws {
        try data(["push", "--quiet", "--all"], twin)
    }

    /// Commits arrive at the remote before their data, and somebody else clears away what is not needed.
    private func pushCommitsBeforeData(_ twin: TwinRepositories) throws {
        try twin.git(["push", "--quiet", "--no-verify", "origin", "HEAD"], at: step)
        let other = other(than: twin)
        if number(2) == 0 { try other.git(["fetch", "--quiet", "origin"], at: step) }
        if number(2) == 0 { try pruneUnreferenced(other) }
        if number(3) == 0 {
            try mark(other)
            try sweep(other)
        }
        try check("step \(step), commits without data from clone \(twin.number)")
        try pushData(twin)
    }

    // MARK: kills

    /// Kills a command at some moment, one time in `one`; what is named must still be somewhere.
    func killNowAndThen(_ arguments: [BytePath], _ twin: TwinRepositories, one: Int = 6) throws {
        guard number(one) == 0 else { return }
        var moment = splitRandom()
        let run = try KilledRun(arguments, in: twin.data.folder, laboratory)
        let delay = Duration.microseconds(Int(moment.next() % 80_000))
        let killed = try run.kill(all: moment.next() % 3 == 0, after: delay, &moment)
        guard !killed.isEmpty else { return tally["over before the kill", default: 0] += 1 }
        tally["kills", default: 0] += 1
        let command = arguments.map(\.text).joined(separator: " ")
        note("killed \(killed.joined(separator: ", ")) of git \(command) in clone \(twin.number)")
        // Git leaves its locks behind when it is killed, and asks people to remove them.
        let folders = twins.map { $0.data.folder / ".git" } + [origin]
        try laboratory.run("find", folders + ["-name", "*.lock", "-delete"]).expecting(0)
        writeOffSwept()
        try check("step \(step), kill of git \(command) in clone \(twin.number)")
    }

    // MARK: the local store

    /// What nothing names goes when it is old; so all of it becomes old.
    private func pruneUnreferenced(_ twin: TwinRepositories) throws {
        let objects = store(of: twin).folder / "objects"
        if objects.exists {
            try laboratory.run("find", [objects, "-type", "f", "-exec", "touch", "-d", "2020-01-01", "{}", "+"]).expecting(0)
        }
        try data(["prune", "--quiet", "--recent", "0", "--unreferenced"], twin)
    }

    /// The disk changes a blob of which there is a copy elsewhere; it comes back from there.
    private func damage(_ twin: TwinRepositories) throws {
        let here = store(of: twin), there = dataRemotes[dataRemote], elsewhere = store(of: other(than: twin))
        let named = ledger.names[twin.number].everybody.sorted().filter { here.isIntact($0) }
        let choice = number(1 << 30), way = number(3)
        guard !named.isEmpty else { return }
        let oid = named[choice % named.count]
        let isRemote = there.isIntact(oid), isElsewhere = store == nil && elsewhere.isIntact(oid)
        guard isRemote || isElsewhere else { return }
        try damage(oid, in: here, at: choice)
        if !isRemote {
            let clone = other(than: twin).data.folder
            try data(["fsck", "--quiet", "--repair", "--from", clone], twin)
        } else if way == 0 {
            // It is found and set aside, and the next who asks for it gets it.
            try data(["fsck", "--quiet"], twin, expecting: [0, 1])
            guard !here.isIntact(oid) else { throw Unexpected("who brought \(oid.hex) back?") }
            try twin.data.data("fetch", "--quiet", "--all")
            // Who only looks at refs may pass over what the index alone names.
            try twin.data.data("fetch", "--quiet")
        } else {
            try data(["fsck", "--quiet", "--repair"], twin)
        }
        guard here.isIntact(oid) else { throw Unexpected("the damaged blob did not come back\n\(ledger.history(of: oid))") }
        try twin.data.data("fsck", "--quiet")
    }

    /// The disk changes a blob of the index, and nobody notices before Git writes the file anew.
    private func damageAndRestore(_ twin: TwinRepositories) throws {
        let path = file(), choice = number(1 << 30), here = store(of: twin)
        let text = try twin.data.attempt("cat-file", "blob", BytePath(":\(path.text)")).output
        guard case .pointer(let pointer) = Pointer.recognize(text), here.isIntact(pointer.oid),
            dataRemotes[dataRemote].isIntact(pointer.oid)
        else { return }
        try damage(pointer.oid, in: here, at: choice)
        try twin.remove(path)
        try twin.git(["restore", "--", path], at: step)
        // The damaged bytes are never handed out: the file is a pointer, and a pull brings the data.
        try twin.data.data("pull", "--quiet")
        try compare(twin)
        // Where the file is outside of a sparse checkout, nobody has asked for it.
        try data(["fsck", "--quiet", "--repair"], twin)
        guard here.isIntact(pointer.oid) else {
            throw Unexpected("the damaged blob did not come back\n\(ledger.history(of: pointer.oid))")
        }
    }

    private func damage(_ oid: ObjectID, in store: BlobLedger.Place, at place: Int) throws {
        guard let file = store.file(of: oid), var content = try file.contents(), !content.isEmpty else { return }
        content[place % content.count] ^= 1 << UInt8(place % 8)
        try file.removeFile()
        try file.replaceContents(with: content, permissions: 0o444)
        note("damaged \(oid.hex) in '\(store.folder)'")
        tally["damaged blobs", default: 0] += 1
    }

    /// Both clones go over to one store, as a person would do it.
    private func shareStore() throws {
        guard sharesStore, store == nil else { return }
        let shared = laboratory.folder / "ours/store"
        try shared.makeFolders()
        for twin in twins {
            let own = twin.data.folder / ".git/data/objects"
            if own.exists { try laboratory.run("cp", ["-a", own, shared]).expecting(0) }
            try twin.data.git("config", "data.store", shared)
            ScratchFolder.removeTree(own)
            // A store knows of the clones in which git data has run since; what came by hand is nobody's until then.
            try twin.data.data("status")
        }
        store = shared
    }

    // MARK: data remotes

    private func remoteOption(_ number: Int) -> BytePath {
        hasTwoRemotes ? BytePath("--remote=\(dataRemotes[number].name)") : "--remote"
    }

    /// Both clones go over to another data remote, and take the data along.
    func use(dataRemote number: Int) throws {
        guard number != dataRemote else { return }
        for twin in twins { try data(["fetch", "--quiet", "--all"], twin) }
        for twin in twins {
            try twin.data.data("remote", "default", "--local", BytePath(dataRemotes[number].name))
            try pushData(twin)
        }
        dataRemote = number
    }

    /// The first step in which blobs leave a data remote.
    private func mark(_ twin: TwinRepositories) throws {
        let remote = remoteOption(number(dataRemotes.count))
        let outcome = try data(
            ["gc", "--quiet", remote, "--mark", "--grace", "0", "--repository", other(than: twin).data.folder], twin,
            expecting: [0, 128])
        guard outcome.status == 0 || outcome.errorText.contains("is marked since") else { throw Unexpected(outcome.description) }
    }

    /// The second one; who is killed in it begins anew.
    private func sweep(_ twin: TwinRepositories) throws {
        let number = number(dataRemotes.count), remote = dataRemotes[number], option = remoteOption(number)
        let sweep: [BytePath] = ["gc", "--quiet", option, "--sweep", "--repository", other(than: twin).data.folder]
        let before = ledger.blobs(of: remote)
        swept = Sweep(
            remote: remote, before: before, clone: twin.number,
            event: "step \(step), sweep of '\(remote.name)' by clone \(twin.number)")
        defer { swept = nil }
        var outcome = try data(sweep, twin, expecting: [0, 128])
        if outcome.errorText.contains("being swept already") {
            try twin.data.data("gc", "--quiet", option, "--unmark")
            try twin.data.data("gc", "--quiet", option, "--mark", "--grace", "0", "--repository", other(than: twin).data.folder)
            outcome = try twin.data.attempt("data", "gc", "--quiet", option, "--sweep", "--repository", other(than: twin).data.folder)
            tally["sweeps begun anew", default: 0] += 1
        }
        guard outcome.status == 0 || outcome.errorText.contains("nothing is marked") else { throw Unexpected(outcome.description) }
        writeOffSwept()
        tally["swept blobs", default: 0] += before.subtracting(ledger.blobs(of: remote)).count
    }

    /// What the sweep under way has taken that nobody needed who could be asked.
    private func writeOffSwept() {
        guard let swept else { return }
        ledger.collected(swept.before.subtracting(ledger.blobs(of: swept.remote)), by: swept.clone, after: swept.event)
    }

    // MARK: the filter

    /// Somebody commits a data file on a machine without git data, and mends it here.
    private func fix(_ twin: TwinRepositories) throws {
        let path: BytePath = number(2) == 0 ? "t1.csv" : "d/b2.bin"
        try twin.write(path == "t1.csv" ? text() : binary(), to: path)
        try twin.git(["add", "--sparse", path], at: step, isInstalled: false)
        commits += 1
        let message = BytePath("step\(commits)")
        guard try twin.git(["commit", "--quiet", "--no-verify", "-m", message], at: step, isInstalled: false) == 0 else { return }
        try data(["fix", "--quiet"], twin)
        try twin.git(["commit", "--quiet", "--amend", "--no-edit"], at: step)
    }
}
