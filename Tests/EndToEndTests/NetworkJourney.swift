import Digest
import Platform
import TestSupport

/// A command that talks to the network, with what must be there before and what is there when it has done.
struct NetworkJourney: @unchecked Sendable {
    // Safety: the closures hold nothing.
    let name: String
    /// Where it runs.
    let folder: BytePath
    let prepare: (NetworkBench) throws -> Void
    /// Git's arguments.
    let command: (NetworkBench) throws -> [BytePath]
    let isDone: (NetworkBench) throws -> Bool
    /// Whether status 0 says that it is done.
    var claims = true
    var isAboutWeb = false
    /// Whether a repository at `data::` is what it works with.
    var isAboutHistory = false
    /// Whether what is begun in the bucket and not finished must go before each run.
    var leavesUploads = false
    /// Makes the bucket what it was, from nothing.
    var refill: (NetworkBench, [String: String]) throws -> Void = { bench, objects in if !objects.isEmpty { try bench.refill() } }
    /// What a person does when it has failed; it must succeed.
    var again: (NetworkBench) throws -> Void
    var isDoneAgain: (NetworkBench) throws -> Bool
    /// Whether an object of the bucket may be removed or replaced.
    var mayGo: (_ key: String) -> Bool = { _ in false }
    /// What holds however it ends.
    var check: (NetworkBench) throws -> Void = { _ in }

    init(
        _ name: String, in folder: BytePath, prepare: @escaping (NetworkBench) throws -> Void,
        command: @escaping (NetworkBench) throws -> [BytePath], isDone: @escaping (NetworkBench) throws -> Bool
    ) {
        (self.name, self.folder, self.prepare, self.command, self.isDone) = (name, folder, prepare, command, isDone)
        isDoneAgain = isDone
        again = { try $0.laboratory.git(try command($0), in: $0.laboratory.folder / folder) }
    }

    private func with(_ change: (inout NetworkJourney) -> Void) -> NetworkJourney {
        var journey = self
        change(&journey)
        return journey
    }

    static let all = [
        push, pushInParts, pushOfMarked, pull, fetch, clone, checkout, verification, mark, sweep, trial, importFromWeb, updateFromWeb, importFromBucket,
        updateFromBucket, firstHistoryPush, historyPush, historyFetch, historyClone,
    ]

    // MARK: blobs

    private static func commit(_ bench: NetworkBench, _ contents: [BytePath: [UInt8]]) throws {
        for (path, content) in contents {
            try bench.work.write(content, to: path)
            bench.contents[path] = content
        }
        try bench.work.commit("Data \(contents.keys.sorted().first?.description ?? "")")
    }

    private static let two: [BytePath: [UInt8]] = ["a.bin": SampleData.bytes(20_000, seed: 1), "b.bin": SampleData.bytes(30_000, seed: 2)]

    private static func areThere(_ bench: NetworkBench) throws -> Bool {
        let present = try bench.look()
        return bench.contents.values.allSatisfy { present["objects/\(ObjectID.of($0).shardedPath)"] != nil }
    }

    private static func arePushed(_ bench: NetworkBench) throws -> Bool {
        let isPushed = try bench.laboratory.git(["rev-parse", "main"], in: bench.origin).line == bench.work.git("rev-parse", "HEAD").line
        let areThere = try areThere(bench)
        if isPushed, !areThere { throw Unexpected("commits were pushed without their data") }
        return isPushed && areThere
    }

    private static func areFull(_ worktree: Worktree, _ bench: NetworkBench) throws -> Bool {
        try bench.contents.allSatisfy { path, content in try (worktree.folder / path).contents() == content }
    }

    /// A project whose data is in the bucket.
    private static func pushed(_ bench: NetworkBench, _ contents: [BytePath: [UInt8]] = two) throws {
        _ = try bench.laboratory.project()
        try commit(bench, contents)
        try bench.work.git("push", "--quiet", "origin", "main")
        try bench.keep()
    }

    static let push = NetworkJourney(
        "git push", in: "work", prepare: { bench in
            _ = try bench.laboratory.project()
            try commit(bench, two)
        }, command: { _ in ["push", "origin", "main"] }, isDone: arePushed)

    static let pushInParts = NetworkJourney(
        "git data push (parts)", in: "work", prepare: { bench in
            _ = try bench.laboratory.project()
            try commit(bench, ["large.bin": SampleData.bytes(10 << 20 + 1, seed: 3)])
        }, command: { _ in ["data", "push"] }, isDone: areThere
    ).with { $0.leavesUploads = true }

    static let pull = NetworkJourney(
        "git data pull", in: "clone", prepare: { bench in
            try pushed(bench, ["a.bin": SampleData.bytes(20_000, seed: 1), "large.bin": SampleData.bytes(9 << 20, seed: 4)])
            _ = try bench.laboratory.cloneOfPointers(bench.origin)
        }, command: { _ in ["data", "pull"] }, isDone: { try areFull($0.clone, $0) })

    static let fetch = NetworkJourney(
        "git data fetch", in: "clone", prepare: { bench in
            try pushed(bench)
            _ = try bench.laboratory.cloneOfPointers(bench.origin)
        }, command: { _ in ["data", "fetch"] },
        isDone: { bench in bench.contents.values.allSatisfy { bench.clone.localBlob(of: $0).exists } })

    static let clone = NetworkJourney(
        "git data clone", in: "", prepare: { try pushed($0) }, command: { ["data", "clone", $0.origin, "copy"] },
        isDone: { try areFull(Worktree(folder: $0.laboratory.folder / "copy", in: $0.laboratory), $0) }
    ).with { journey in
        journey.again = { bench in
            let copy = Worktree(folder: bench.laboratory.folder / "copy", in: bench.laboratory)
            if try areFull(copy, bench) { return }
            try bench.laboratory.git(["data", "clone", bench.origin, "copy"])
        }
    }

    static let checkout = NetworkJourney(
        "git checkout", in: "clone", prepare: { bench in
            try pushed(bench, ["first.bin": SampleData.bytes(1000, seed: 5)])
            try bench.work.git("checkout", "--quiet", "-b", "other")
            try commit(bench, two)
            try bench.work.git("push", "--quiet", "origin", "other")
            try bench.keep()
            _ = try bench.laboratory.clone(bench.origin)
        }, command: { _ in ["checkout", "other"] }, isDone: { try areFull($0.clone, $0) }
    ).with { journey in
        // A file that has no data is a pointer, and the summary says so.
        journey.claims = false
        journey.again = { bench in
            try bench.clone.git("checkout", "other")
            try bench.clone.data("pull")
        }
    }

    static let verification = NetworkJourney(
        "git data fsck --remote", in: "work", prepare: { try pushed($0) }, command: { _ in ["data", "fsck", "--remote"] }, isDone: areThere)

    // MARK: collection

    private static let doomed = SampleData.bytes(9_000, seed: 8)
    private static let needed = SampleData.bytes(8_000, seed: 9)
    private static func key(_ content: [UInt8]) -> String { "objects/\(ObjectID.of(content).shardedPath)" }

    /// Two blobs that nothing names any more.
    private static func orphaned(_ bench: NetworkBench) throws {
        try pushed(bench)
        try bench.work.git("checkout", "--quiet", "-b", "gone")
        try bench.work.write(doomed, to: "doomed.bin")
        try bench.work.write(needed, to: "needed.bin")
        try bench.work.commit("Gone")
        try bench.work.data("push", "--quiet")
        try bench.work.git("checkout", "--quiet", "main")
    }

    private static func dropBranch(_ bench: NetworkBench) throws {
        try bench.work.git("branch", "--quiet", "-D", "gone")
        try bench.work.git("reflog", "expire", "--expire=now", "--all")
        try bench.keep()
    }

    /// A push of what somebody has marked.
    static let pushOfMarked = NetworkJourney(
        "git push (marked)", in: "work", prepare: { bench in
            try orphaned(bench)
            try dropBranch(bench)
            try bench.work.data("gc", "--remote", "--mark", "--grace", "0")
            try bench.keep()
            try commit(bench, ["needed.bin": needed])
        }, command: { _ in ["push", "origin", "main"] }, isDone: arePushed
    ).with { $0.mayGo = { $0.hasPrefix("gc/") } }

    static let mark = NetworkJourney(
        "git data gc --mark", in: "work", prepare: { bench in
            try orphaned(bench)
            try dropBranch(bench)
        }, command: { _ in ["data", "gc", "--remote", "--mark"] }, isDone: { try $0.look()["gc/mark"] != nil }
    ).with { journey in
        journey.again = { bench in
            if try bench.look()["gc/mark"] == nil { try bench.work.data("gc", "--remote", "--mark") }
        }
    }

    static let sweep = NetworkJourney(
        "git data gc --sweep", in: "work", prepare: { bench in
            try orphaned(bench)
            _ = try bench.laboratory.cloneOfPointers(bench.origin)
            try dropBranch(bench)
            try bench.work.data("gc", "--remote", "--mark", "--grace", "0")
            // Somebody pushes, whose commit nobody else knows of.
            try bench.clone.write(needed, to: "needed.bin")
            try bench.clone.commit("Needed again")
            try bench.clone.data("push", "--quiet")
            try bench.keep()
        }, command: { _ in ["data", "gc", "--remote", "--sweep"] },
        isDone: { bench in
            let present = try bench.look()
            return present[key(doomed)] == nil && present["gc/sweep"] == nil && present["gc/mark"] == nil
        }
    ).with { journey in
        journey.mayGo = { $0 == key(doomed) || $0.hasPrefix("gc/") }
        journey.again = { bench in
            if try bench.look()["gc/sweep"] == nil, try bench.look()["gc/mark"] != nil { try bench.work.data("gc", "--remote", "--sweep") }
            try bench.work.data("gc", "--remote", "--unmark")
        }
        journey.isDoneAgain = { try $0.look()["gc/sweep"] == nil }
    }

    static let trial = NetworkJourney(
        "git data remote check", in: "work", prepare: { try pushed($0) }, command: { _ in ["data", "remote", "check"] }, isDone: areThere)
}
