import Digest
import Platform
import TestSupport
import XCTest

/// Processes are killed at random during add, push, pull and checkout. Whatever is left, no blob differs from its
/// oid, no commit is on the remote without its blobs, and running the command again completes the work.
///
/// `Tests/kill ROUNDS` runs it for long; `GIT_DATA_KILL_SEED` repeats a run's choices.
final class KillTests: EndToEndTestCase {
    private enum Job: String, CaseIterable {
        case add, push, pull, checkout
    }

    private var random = SeededRandom(seed: 0)
    private var work: Worktree!
    private var origin: BytePath!
    /// Everything that was ever written, by path.
    private var contents: [BytePath: [UInt8]] = [:]
    private var durations: [Job: Duration] = [:]
    private var tally: [String: Int] = [:]

    override func tearDown() {
        work = nil
        super.tearDown()
    }

    func testKillsAtRandomLeaveNothingBehindThatIsWrong() throws {
        let rounds = Environment.value("GIT_DATA_KILL_ROUNDS").flatMap { Int($0.text) } ?? 12
        let seed = Environment.value("GIT_DATA_KILL_SEED").flatMap { UInt64($0.text) } ?? UInt64.random(in: 0..<1_000_000)
        random = SeededRandom(seed: seed)
        print("kill: seed \(seed)")
        for round in 0..<rounds {
            let job = Job.allCases[round % Job.allCases.count]
            if round % 24 == 0 { try startAnew() }
            do {
                try play(job)
            } catch {
                XCTFail("seed \(seed), round \(round), \(job): \(error)")
                return
            }
        }
        print("kill: \(rounds) rounds: " + tally.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
    }

    /// A fresh project, and how long each job takes when nobody is killed.
    private func startAnew() throws {
        tearDown()
        try setUpWithError()
        (work, origin) = try laboratory.project()
        contents = [:]
        for job in Job.allCases {
            try prepare(job)
            let clock = ContinuousClock()
            let run = try start(job)
            var ending = ChildProcess.Ending.exited(0)
            durations[job] = clock.measure { ending = run.finish() }
            guard ending.isSuccess else { throw Unexpected("\(job) fails without any kill") }
            try complete(job)
        }
    }

    private func play(_ job: Job) throws {
        try prepare(job)
        let run = try start(job)
        let killsAll = Int.random(in: 0..<4, using: &random) == 0
        let share = Double.random(in: 0...1, using: &random)
        let killed = try run.kill(all: killsAll, after: (durations[job] ?? .zero) * share, &random)
        count(killed.isEmpty ? "over before the kill" : "\(job.rawValue) interrupted", 1)
        for name in killed { count("killed \(name)", 1) }
        try removeLocks()
        try check(job)
        try complete(job)
    }

    private func count(_ what: String, _ number: Int) { tally[what, default: 0] += number }

    // MARK: jobs

    private var clone: Worktree { Worktree(folder: laboratory.folder / "clone", in: laboratory) }

    private func prepare(_ job: Job) throws {
        switch job {
        case .add: try writeFiles()
        case .push:
            try writeFiles()
            try work.commit("Data")
        case .pull:
            ScratchFolder.removeTree(clone.folder)
            _ = try laboratory.cloneOfPointers(origin)
        case .checkout:
            ScratchFolder.removeTree(clone.folder)
            _ = try laboratory.clone(origin, ["--no-checkout"])
        }
    }

    private func start(_ job: Job) throws -> KilledRun {
        switch job {
        case .add: try KilledRun(["add", "--all"], in: work.folder, laboratory)
        case .push: try KilledRun(["push", "--quiet", "origin", "main"], in: work.folder, laboratory)
        case .pull: try KilledRun(["data", "pull", "--quiet"], in: clone.folder, laboratory)
        case .checkout: try KilledRun(["checkout", "--quiet", "main"], in: clone.folder, laboratory)
        }
    }

    /// New and changed files, from one byte to some mebibytes.
    private func writeFiles() throws {
        for _ in 0..<8 {
            let size = 1 << Int.random(in: 0...21, using: &random)
            let path = BytePath("data/\(Int.random(in: 0..<30, using: &random)).bin")
            let content = random.bytes(Int.random(in: size / 2...size, using: &random) + 1)
            try work.write(content, to: path)
            contents[path] = content
        }
    }

    /// What a person would do: the same once more.
    private func complete(_ job: Job) throws {
        switch job {
        case .add:
            try work.git("add", "--all")
            try work.attempt("commit", "--quiet", "-m", "Data").expecting(0)
            for (path, content) in contents { try same(work.localBlob(of: content), content, path) }
            try work.git("push", "--quiet", "origin", "main")
        case .push: try work.git("push", "--quiet", "origin", "main")
        case .pull: try clone.data("pull", "--quiet")
        case .checkout: try clone.git("checkout", "--quiet", "--force", "main")
        }
        if job == .add || job == .push {
            for (path, content) in contents { try same(remoteBlob(of: content, in: origin), content, path) }
        } else {
            for (path, content) in contents { try same(clone.folder / path, content, path) }
            guard try clone.changes().isEmpty else { throw Unexpected("the clone is not clean: \(try clone.changes())") }
        }
        guard try work.changes().isEmpty else { throw Unexpected("not clean: \(try work.changes())") }
    }

    // MARK: what must hold after a kill

    private func check(_ job: Job) throws {
        let here = job == .add || job == .push ? work! : clone
        let report = try here.attempt("data", "fsck")
        guard report.status == 0 else { throw Unexpected(report.description) }
        try checkObjects(in: here.folder / ".git/data/objects")
        try checkObjects(in: origin / "data/objects")
        // By the remote's own word: what is committed there has its blobs there.
        let listing = try laboratory.git(["ls-tree", "-r", "-z", "--name-only", "main"], in: origin)
        for path in listing.records where path.text.hasSuffix(".bin") {
            let name = BytePath(bytes: Array("main:".utf8) + path.bytes)
            let pointer = try laboratory.git(["cat-file", "blob", name], in: origin).lines
            guard let digits = pointer.dropFirst().first?.split(separator: ":").last, let oid = ObjectID(String(digits)) else {
                throw Unexpected("'\(path)' of the remote is no pointer")
            }
            guard (origin / "data/objects" / oid.shardedPath).exists else {
                throw Unexpected("the remote has a commit without the blob of '\(path)'")
            }
        }
        // A checkout is Git's own writing, in place: a killed one may leave half a file.
        if job == .pull { try checkWorktree() }
    }

    /// Each file is whole, or its pointer.
    private func checkWorktree() throws {
        for (path, content) in contents {
            let found = try clone.read(path)
            guard found == content || found == pointerText(for: content) else {
                throw Unexpected("'\(path)' has \(found.count) bytes that are neither its content nor its pointer")
            }
            count(found == content ? "pulled files complete" : "still pointers", 1)
        }
    }

    private func checkObjects(in folder: BytePath) throws {
        for file in try laboratory.run("find", [folder, "-type", "f"]).lines {
            let path = BytePath(file)
            guard let content = try path.contents(), ObjectID(path.lastComponent.text) == ObjectID.of(content) else {
                throw Unexpected("'\(path)' is not the blob of its name")
            }
        }
    }

    private func same(_ file: BytePath, _ content: [UInt8], _ path: BytePath) throws {
        guard try file.contents() == content else { throw Unexpected("'\(path)' differs in '\(file)'") }
    }

    /// Git leaves its locks behind when it is killed, and asks people to remove them.
    private func removeLocks() throws {
        let folders = [work.folder / ".git", clone.folder / ".git", origin!].filter(\.exists)
        try laboratory.run("find", folders + ["-name", "*.lock", "-delete"]).expecting(0)
    }
}
