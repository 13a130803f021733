import Platform
import TestSupport
import XCTest

/// Random operations of Git on two clones with a remote, each against a twin in which the data are plain files:
/// after every step both look alike, nothing lacks its data, and no blob that a commit names is lost.
///
/// `Tests/random STEPS [SEED]` runs it for long; `GIT_DATA_RANDOM_SEED` repeats a run.
final class RandomOperationsTests: EndToEndTestCase {
    private var random = SeededRandom(seed: 0)
    private var twins: [TwinRepositories] = []
    private var step = 0
    private var commits = 0
    private var branches: Set<String> = ["main"]
    private var tally: [String: Int] = [:]

    override func tearDown() {
        twins = []
        super.tearDown()
    }

    func testTwinsLookAlikeAfterEveryStep() throws {
        let steps = Environment.value("GIT_DATA_RANDOM_STEPS").flatMap { Int($0.text) } ?? 30
        let seed = Environment.value("GIT_DATA_RANDOM_SEED").flatMap { UInt64($0.text) } ?? UInt64.random(in: 0..<1_000_000)
        random = SeededRandom(seed: seed)
        print("random: seed \(seed)")
        do {
            try begin(withHooks: seed % 3 != 0)
            while step < steps { try playStep() }
            try finish()
        } catch {
            XCTFail("seed \(seed), step \(step): \(error)")
        }
        print("random: \(step) steps: " + tally.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
    }

    // MARK: the stage

    private func begin(withHooks: Bool) throws {
        let plainHome = laboratory.folder / "plain-home"
        try plainHome.makeFolders()
        try (plainHome / ".gitconfig").replaceContents(with: Array("[init]\n\tdefaultBranch = main\n".utf8))
        let origin = try laboratory.bareRepository("ours/origin.git"), plainOrigin = try laboratory.bareRepository("plain/origin.git")
        for number in 0..<2 {
            let data = try laboratory.repository("ours/\(number)", isSetUp: false)
            let plain = try laboratory.repository("plain/\(number)", isSetUp: false)
            try data.git("remote", "add", "origin", origin)
            try plain.git("remote", "add", "origin", plainOrigin)
            if withHooks { try data.data("init", "--quiet") }
            twins.append(TwinRepositories(data: data, plain: plain, plainHome: plainHome, in: laboratory))
        }
        try twins[0].write(
            Array("*.bin filter=data diff=data merge=data -text\n*.csv filter=data diff=data merge=data -text\n".utf8),
            to: ".gitattributes")
        for number in 0..<3 {
            try twins[0].write(text(), to: BytePath("t\(number).csv"))
            try twins[0].write(binary(), to: BytePath("d/b\(number).bin"))
        }
        try twins[0].write(text(), to: "code.txt")
        try twins[0].git(["add", "--all"], at: 0)
        try twins[0].git(["commit", "--quiet", "-m", "step0"], at: 0)
        try pushData(twins[0])
        try twins[0].git(["push", "--quiet", "-u", "origin", "main"], at: 0)
        try twins[1].git(["pull", "--quiet", "origin", "main"], at: 0)
        for twin in twins { try twin.compare() }
    }

    /// Without hooks the data goes by hand.
    private func pushData(_ twin: TwinRepositories) throws {
        try twin.data.data("push", "--quiet", "--all")
    }

    private func number(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }

    /// Lines of which each is unlike all others.
    private func text() -> [UInt8] {
        Array((0..<120).map { "\($0),\(random.next())\n" }.joined().utf8)
    }

    private func binary() -> [UInt8] { [0] + random.bytes(2999) }

    // MARK: steps

    private func playStep() throws {
        step += 1
        let twin = twins[number(2)]
        let operation = Operation.allCases[number(Operation.allCases.count)]
        tally[operation.rawValue, default: 0] += 1
        do {
            try play(operation, twin)
            try twin.compare()
            try settle(twin)
            try twin.compare()
        } catch {
            throw Unexpected("\(operation.rawValue): \(error)")
        }
    }

    private enum Operation: String, CaseIterable {
        case edit, editMore, editAndCommit, commitAll, addOne, removeFile, branch, change, merge, rebase, cherryPick, revert,
            stash, unstash, resetHard, resetMixed, restore, oldVersion, push, pull, prune, worktree, amend, gitGC
    }

    private func play(_ operation: Operation, _ twin: TwinRepositories) throws {
        switch operation {
        case .edit, .editMore: try edit(twin)
        case .editAndCommit:
            try edit(twin)
            try commit(twin)
        case .commitAll: try commit(twin)
        case .addOne:
            try edit(twin)
            try twin.git(["add", "t0.csv", "d/b0.bin"], at: step)
        case .removeFile: try twin.git(["rm", "--quiet", "--force", "--ignore-unmatch", file()], at: step)
        case .branch:
            let name = "b\(number(5))"
            branches.insert(name)
            try twin.git(["switch", "--quiet", "-c", BytePath(name)], at: step)
        case .change: try twin.git(["switch", "--quiet", try otherBranch()], at: step)
        case .merge: try twin.git(["merge", "--quiet", "--no-edit", try otherBranch()], at: step)
        case .rebase: try twin.git(["rebase", "--quiet", try otherBranch()], at: step)
        case .cherryPick: try twin.git(["cherry-pick", BytePath(":/^step\(number(commits + 1))$")], at: step)
        case .revert: try twin.git(["revert", "--no-edit", BytePath(":/^step\(number(commits + 1))$")], at: step)
        case .stash: try twin.git(["stash", "push", "--quiet"], at: step)
        case .unstash: try twin.git(["stash", "pop", "--quiet"], at: step)
        case .resetHard: try twin.git(["reset", "--quiet", "--hard", BytePath("HEAD~\(number(2))")], at: step)
        case .resetMixed: try twin.git(["reset", "--quiet", "HEAD~1"], at: step)
        case .restore: try twin.git(["restore", "--", file()], at: step)
        case .oldVersion: try twin.git(["checkout", "--quiet", "HEAD~1", "--", file()], at: step)
        case .push:
            try pushData(twin)
            try twin.git(["push", "--quiet", "origin", "HEAD"], at: step)
        case .pull:
            let how: BytePath = number(2) == 0 ? "--no-rebase" : "--rebase"
            try twin.git(["pull", "--quiet", how, "origin", "main"], at: step)
        case .prune: try twin.data.data("prune", "--quiet", "--recent", "0")
        case .worktree: try lookElsewhere(twin)
        case .amend: try twin.git(["commit", "--quiet", "--amend", "--all", "--no-edit"], at: step)
        case .gitGC: try twin.git(["gc", "--quiet"], at: step)
        }
    }

    private func file() -> BytePath {
        ["t0.csv", "t1.csv", "t2.csv", "d/b0.bin", "d/b1.bin", "d/b2.bin", "code.txt"][number(7)]
    }

    private func otherBranch() throws -> BytePath { BytePath(branches.sorted()[number(branches.count)]) }

    private func edit(_ twin: TwinRepositories) throws {
        let path = file()
        guard path.bytes.suffix(4) != Array(".bin".utf8)[...], let old = try (twin.data.folder / path).contents() else {
            return try twin.write(path.bytes.suffix(4) == Array(".bin".utf8)[...] ? binary() : text(), to: path)
        }
        var lines = old.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { Array($0) }
        // In the middle: what is appended on both sides merges better here than in plain Git.
        let place = 3 + number(max(1, lines.count - 20))
        guard place < lines.count else { return }
        let line = Array("\(place),\(random.next())".utf8)
        if number(4) == 0 { lines.insert(line, at: place) } else { lines[place] = line }
        try twin.write(Array(lines.joined(separator: [UInt8(ascii: "\n")])), to: path)
    }

    private func commit(_ twin: TwinRepositories) throws {
        try twin.git(["add", "--all"], at: step)
        commits += 1
        try twin.git(["commit", "--quiet", "-m", BytePath("step\(commits)")], at: step)
    }

    /// A second worktree of the same repository has its data too.
    private func lookElsewhere(_ twin: TwinRepositories) throws {
        let place = BytePath("../linked\(step)")
        guard try twin.git(["worktree", "add", "--quiet", "--detach", place, "HEAD"], at: step) == 0 else { return }
        let linked = Worktree(folder: twin.data.folder.parent / "linked\(step)", in: laboratory)
        let missing = try linked.attempt("data", "status", "--missing")
        guard missing.status == 0 else { throw Unexpected(missing.description) }
        try twin.git(["worktree", "remove", "--force", place], at: step)
    }

    // MARK: what stopped

    /// Brings to an end what stopped in a conflict: by taking sides, or by giving up.
    private func settle(_ twin: TwinRepositories) throws {
        for _ in 0..<40 {
            let unmerged = try twin.answer("diff", "--name-only", "--diff-filter=U")
            let states: [(BytePath, BytePath)] = [
                ("MERGE_HEAD", "merge"), ("rebase-merge", "rebase"), ("CHERRY_PICK_HEAD", "cherry-pick"), ("REVERT_HEAD", "revert"),
            ]
            let state = try states.first { try twin.isInState($0.0) }?.1
            guard let state else {
                // A stash that did not fit leaves conflicts and no state.
                if unmerged.isEmpty { return }
                try takeSides(unmerged, twin)
                return
            }
            tally["conflicts", default: 0] += unmerged.count
            if number(4) == 0 {
                try twin.git([state, "--abort"], at: step)
                return
            }
            try takeSides(unmerged, twin)
            if try twin.git(["-c", "core.editor=true", state, "--continue"], at: step) != 0,
                try twin.answer("diff", "--name-only", "--diff-filter=U").isEmpty, try twin.isInState(state == "rebase" ? "rebase-merge" : "HEAD")
            {
                // Nothing is left of the commit.
                try twin.git([state, state == "merge" ? "--abort" : "--skip"], at: step)
            }
        }
        throw Unexpected("what stopped does not end")
    }

    private func takeSides(_ paths: [String], _ twin: TwinRepositories) throws {
        for path in paths {
            let side: BytePath = number(2) == 0 ? "--ours" : "--theirs"
            if try twin.git(["checkout", side, "--", BytePath(path)], at: step) == 0 {
                try twin.git(["add", "--", BytePath(path)], at: step)
            } else {
                try twin.git(["rm", "--quiet", "--", BytePath(path)], at: step)
            }
        }
    }

    // MARK: the end

    /// Nothing is lost, and a fresh clone has everything.
    private func finish() throws {
        for twin in twins {
            try pushData(twin)
            try twin.git(["push", "--quiet", "--force", "origin", BytePath("--all")], at: step)
            let check = try laboratory.run("git", ["data", "fsck", "--remote"], in: twin.data.folder)
            guard !check.text.contains("missing"), !check.text.contains("damaged") else { throw Unexpected(check.description) }
            try laboratory.git(["fsck", "--strict"], in: twin.data.folder)
        }
        for branch in branches.sorted() {
            let refs = try laboratory.run("git", ["rev-parse", "--verify", "--quiet", BytePath("refs/heads/\(branch)")], in: laboratory.folder / "ours/origin.git")
            guard refs.status == 0 else { continue }
            let clone = laboratory.folder / BytePath("clone-\(branch)"), plain = laboratory.folder / BytePath("plain-\(branch)")
            try laboratory.data(["clone", "--quiet", "--branch", BytePath(branch), laboratory.folder / "ours/origin.git", clone])
            try laboratory.git(["clone", "--quiet", "--branch", BytePath(branch), laboratory.folder / "plain/origin.git", plain])
            try laboratory.run("/usr/bin/diff", ["-r", "--exclude=.git", clone, plain]).expecting(0)
        }
    }
}
