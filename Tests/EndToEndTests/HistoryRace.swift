import Glibc
import Platform
import TestSupport
import Synchronization

/// Clients, each a clone and processes of its own, that push to one branch at once. Each writes files that nobody else
/// writes, and after a rejection fetches, rebases and pushes again.
final class HistoryRace: Sendable {
    struct Tally: Sendable {
        /// The messages of commits of which a push said that they are there.
        var landed: [String] = []
        var rejections = 0
        var kills = 0
        var collections = 0
        /// The clients that are not through.
        var active = 0
        var failure: String?
    }

    private let url: BytePath
    private let folder: BytePath
    private let environment: [[UInt8]]
    private let branch: BytePath
    let tally = Mutex(Tally())

    /// - Parameter laboratory: where the clones are.
    init(_ laboratory: Laboratory, url: BytePath, branch: BytePath = "main") {
        self.url = url
        self.branch = branch
        folder = laboratory.folder
        environment = laboratory.environment()
    }

    /// Makes the first commit.
    func begin() throws {
        try git(["init", "--quiet", "--initial-branch=main", "first"], in: folder)
        try git(["commit", "--quiet", "--allow-empty", "-m", "Begin"], in: folder / "first")
        try git(["push", "--quiet", url, BytePath("HEAD:refs/heads/\(branch)")], in: folder / "first")
    }

    /// Lets clients push at once.
    /// - Parameters:
    ///   - pushes: of each client, that succeed.
    ///   - killing: in which share of its pushes a client is killed with all its processes.
    ///   - isCollecting: whether one more client packs everything anew all the time, and removes the rest at once.
    func run(clients: Int, pushes: Int, killing: Double = 0, isCollecting: Bool = false, seed: UInt64) throws {
        let count = clients + (isCollecting ? 1 : 0)
        tally.withLock { $0.active = clients }
        concurrently(count: count, threads: count) { number in
            guard number < clients else { return self.collect() }
            defer { self.tally.withLock { $0.active -= 1 } }
            var random = SeededRandom(seed: seed &+ UInt64(number))
            do {
                try self.client(number, pushes, killing, &random)
            } catch {
                self.tally.withLock { $0.failure = $0.failure ?? "client \(number): \(error)" }
            }
        }
    }

    private func collect() {
        do {
            try git(["clone", "--quiet", "--branch", branch, url, "collector"], in: folder)
            while tally.withLock({ $0.active }) > 0 {
                try git(["data", "remote", "gc", "--expire", "0", "--prune", "0"], in: folder / "collector")
                tally.withLock { $0.collections += 1 }
            }
        } catch {
            tally.withLock { $0.failure = $0.failure ?? "the collector: \(error)" }
        }
    }

    private func client(_ number: Int, _ pushes: Int, _ killing: Double, _ random: inout SeededRandom) throws {
        let clone = folder / BytePath("client-\(number)")
        try git(["clone", "--quiet", "--branch", branch, url, clone], in: folder)
        for push in 0..<pushes {
            let message = "client \(number), push \(push)"
            try Descriptor.open(clone / BytePath("file-\(number)-\(push)"), [.write, .create, .exclusive]).write(Array(message.utf8))
            try git(["add", "--all"], in: clone)
            try git(["commit", "--quiet", "-m", BytePath(message)], in: clone)
            var attempts = 0
            while try !land(message, clone, killing, &random) {
                attempts += 1
                guard attempts < 400 else { throw Unexpected("\(message) was rejected 400 times") }
                try git(["fetch", "--quiet", "origin"], in: clone)
                try git(["rebase", "--quiet", BytePath("origin/\(branch)")], in: clone)
            }
        }
    }

    /// - Returns: whether Git said that the push is done.
    private func land(_ message: String, _ clone: BytePath, _ killing: Double, _ random: inout SeededRandom) throws -> Bool {
        var arguments: [BytePath] = ["git", "push", "--quiet", "origin", BytePath("HEAD:\(branch)")]
        let isKilled = Double.random(in: 0..<1, using: &random) < killing
        if isKilled {
            // `timeout` kills its whole group, itself included.
            let seconds = Double.random(in: 0.002...0.25, using: &random)
            arguments = ["timeout", "--signal=KILL", BytePath("\(seconds)")] + arguments
        }
        let (ending, said) = try run(arguments, in: clone)
        switch ending {
        case .exited(0):
            tally.withLock { $0.landed.append(message) }
            return true
        case .exited(1):
            guard said.contains("fetch first") || said.contains("non-fast-forward") else { throw Unexpected("\(message): \(said)") }
            tally.withLock { $0.rejections += 1 }
            return false
        default:
            guard isKilled else { throw Unexpected("\(message): \(ending) \(said)") }
            tally.withLock { $0.kills += 1 }
            // Git that is killed leaves its locks.
            for lock in ["refs/remotes/origin/\(branch).lock", "index.lock"] { try (clone / ".git" / BytePath(lock)).removeFile() }
            return false
        }
    }

    /// Compares what landed with what a fresh clone has.
    /// - Returns: how many commits there are.
    @discardableResult
    func check() throws -> Int {
        if let failure = tally.withLock({ $0.failure }) { throw Unexpected(failure) }
        try git(["clone", "--quiet", "--branch", branch, url, "final"], in: folder)
        let final = folder / "final"
        try git(["fsck", "--full", "--strict", "--no-dangling"], in: final)
        let (_, log) = try run(["git", "log", "--format=%s"], in: final)
        let commits = log.split(separator: "\n").map(String.init)
        guard Set(commits).count == commits.count else { throw Unexpected("a commit is there twice") }
        let landed = tally.withLock { $0.landed }
        let lost = Set(landed).subtracting(commits)
        guard lost.isEmpty else { throw Unexpected("\(lost.count) pushes that said success are not in the history: \(lost.sorted().prefix(5))") }
        return commits.count
    }

    @discardableResult
    private func git(_ arguments: [BytePath], in folder: BytePath) throws -> String {
        let (ending, said) = try run(["git"] + arguments, in: folder)
        guard ending.isSuccess else { throw Unexpected("git \(arguments.map(\.description).joined(separator: " ")): \(ending) \(said)") }
        return said
    }

    private func run(_ arguments: [BytePath], in folder: BytePath) throws -> (ChildProcess.Ending, String) {
        let child = try ChildProcess(
            "/usr/bin/env", ["sh", "-c", "exec \"$@\" 2>&1", "sh"] + arguments, environment: environment, folder: folder)
        let said = try child.output?.readToEnd() ?? []
        return (child.wait(), String(decoding: said, as: UTF8.self))
    }
}
