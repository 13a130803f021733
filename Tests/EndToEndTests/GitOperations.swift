import Platform
import TestSupport

/// What people do with Git.
enum GitOperation: String, CaseIterable, RandomOperation {
    case edit, editAndCommit, commitAll, addOne, removeFile, branch, change, merge, rebase, cherryPick, revert,
        stash, unstash, dropStash, resetHard, resetMixed, restore, restoreSource, oldVersion, push, pull, fetch,
        lookElsewhere, tag, dropTag, linkWorktree, unlinkWorktree, amend, undo, gitGC, deleteBranch, deleteRemoteBranch,
        forgetReflogs, sparse, noSparse, bisect

    static let daily: [GitOperation] = [.edit, .editAndCommit, .editAndCommit, .commitAll, .undo, .amend, .push, .pull]

    var name: String { rawValue }

    func play(on stage: RandomStage, _ twin: TwinRepositories) throws { try stage.play(self, twin) }
}

extension RandomStage {
    fileprivate func play(_ operation: GitOperation, _ twin: TwinRepositories) throws {
        switch operation {
        case .edit: try edit(twin)
        case .editAndCommit:
            for _ in 0...number(3) { try edit(twin) }
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
        case .change: try twin.git(["switch", "--quiet", otherBranch()], at: step)
        case .merge: try twin.git(["merge", "--quiet", "--no-edit", otherBranch()], at: step)
        case .rebase: try twin.git(["rebase", "--quiet", otherBranch()], at: step)
        case .cherryPick: try twin.git(["cherry-pick", someCommit()], at: step)
        case .revert: try twin.git(["revert", "--no-edit", someCommit()], at: step)
        case .stash: try twin.git(["stash", "push", "--quiet"], at: step)
        case .unstash: try twin.git(["stash", "pop", "--quiet"], at: step)
        case .dropStash: try twin.git(["stash", "drop", "--quiet", BytePath("stash@{\(number(2))}")], at: step)
        case .resetHard: try twin.git(["reset", "--quiet", "--hard", BytePath("HEAD~\(number(2))")], at: step)
        case .resetMixed: try twin.git(["reset", "--quiet", "HEAD~1"], at: step)
        case .restore: try twin.git(["restore", "--", file()], at: step)
        case .restoreSource:
            let source = BytePath("--source=HEAD~\(number(4))")
            try twin.git(["restore", source] + (number(2) == 0 ? ["--staged", "--worktree"] : []) + ["--", file()], at: step)
        case .oldVersion: try twin.git(["checkout", "--quiet", "HEAD~1", "--", file()], at: step)
        case .push: try push(twin, ["push", "--quiet", "origin", "HEAD"])
        case .pull:
            let how: BytePath = number(2) == 0 ? "--no-rebase" : "--rebase"
            try twin.git(["pull", "--quiet", how, "origin", "main"], at: step)
        case .fetch: try twin.git(["fetch", "--quiet"] + (number(2) == 0 ? ["--prune"] : []) + ["origin"], at: step)
        case .lookElsewhere: try lookElsewhere(twin)
        case .tag: try twin.git(["tag", "--force", BytePath("v\(number(4))")], at: step)
        case .dropTag: try twin.git(["tag", "--delete", BytePath("v\(number(4))")], at: step)
        case .linkWorktree: try linkWorktree(twin)
        case .unlinkWorktree:
            guard let place = linked[twin.number].popLast() else { return }
            try twin.git(["worktree", "remove", "--force", place], at: step)
        case .undo:
            try edit(twin)
            try commit(twin)
            try twin.git(["reset", "--quiet", "--hard", "HEAD~1"], at: step)
        case .amend:
            try edit(twin)
            try twin.git(["commit", "--quiet", "--amend", "--all", "--no-edit"], at: step)
        case .gitGC: try twin.git(["gc", "--quiet"], at: step)
        case .deleteBranch: try twin.git(["branch", "--quiet", "-D", otherBranch()], at: step)
        case .deleteRemoteBranch: try twin.git(["push", "--quiet", "origin", ":b\(number(5))"].map { BytePath($0) }, at: step)
        case .forgetReflogs:
            try twin.git(["branch", "--quiet", "-D", otherBranch()], at: step)
            try twin.git(["reflog", "expire", "--expire=now", "--all"], at: step)
            try twin.git(["gc", "--quiet", "--prune=now"], at: step)
        case .sparse: try twin.git(["sparse-checkout", "set", "--no-cone", "/*", number(2) == 0 ? "!/d/" : "!/*.csv"], at: step)
        case .noSparse: try twin.git(["sparse-checkout", "disable"], at: step)
        case .bisect: try bisect(twin)
        }
    }

    private func someCommit() -> BytePath { BytePath(":/^step\(number(commits + 1))$") }

    private func edit(_ twin: TwinRepositories) throws {
        let path = file()
        let isBinary = path.text.hasSuffix(".bin")
        guard !isBinary, let old = try (twin.data.folder / path).contents() else {
            return try twin.write(isBinary ? binary() : text(), to: path)
        }
        var lines = old.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { Array($0) }
        // In the middle: what is appended on both sides merges better here than in plain Git.
        let place = 3 + number(max(1, lines.count - 20)), line = Array("\(place),\(number(.max))".utf8)
        guard place < lines.count else { return }
        if number(4) == 0 { lines.insert(line, at: place) } else { lines[place] = line }
        try twin.write(Array(lines.joined(separator: [UInt8(ascii: "\n")])), to: path)
    }

    private func commit(_ twin: TwinRepositories) throws {
        try twin.git(["add", "--all"], at: step)
        commits += 1
        try twin.git(["commit", "--quiet", "-m", BytePath("step\(commits)")], at: step)
    }

    /// Pushes data and commits; now and then a first try is killed.
    private func push(_ twin: TwinRepositories, _ arguments: [BytePath]) throws {
        try pushData(twin)
        try killNowAndThen(arguments, twin)
        try twin.git(arguments, at: step)
    }

    /// A second worktree of the same repository has its data too.
    private func lookElsewhere(_ twin: TwinRepositories) throws {
        let place = BytePath("../linked\(step)")
        guard try twin.git(["worktree", "add", "--quiet", "--detach", place, "HEAD"], at: step) == 0 else { return }
        try look(at: place, of: twin)
        try twin.git(["worktree", "remove", "--force", place], at: step)
    }

    private func look(at place: BytePath, of twin: TwinRepositories) throws {
        guard !isLazy[twin.number] else { return }
        let linked = Worktree(folder: (twin.data.folder / place).normalized, in: laboratory)
        try linked.data("status", "--missing")
    }

    /// A second worktree that stays, with commits that no branch has and something staged.
    private func linkWorktree(_ twin: TwinRepositories) throws {
        let place = BytePath("../linked\(twin.number)-\(step)")
        guard try twin.git(["worktree", "add", "--quiet", "--detach", place, "HEAD"], at: step) == 0 else { return }
        linked[twin.number].append(place)
        try look(at: place, of: twin)
        for round in 0..<3 {
            let name: BytePath = round == 2 ? "d/b1.bin" : "d/b0.bin"
            try twin.write(binary(), to: place / name)
            try twin.git(["add", "--sparse", name], at: step, in: place)
            if round < 2 { try twin.git(["commit", "--quiet", "-m", "elsewhere"], at: step, in: place) }
        }
    }

    /// A few steps of a search, with a look at each revision.
    private func bisect(_ twin: TwinRepositories) throws {
        if try twin.git(["bisect", "start", "HEAD", BytePath("HEAD~\(3 + number(6))")], at: step) == 0 {
            for _ in 0..<(1 + number(3)) {
                try compare(twin)
                try twin.git(["bisect", number(2) == 0 ? "good" : "bad"], at: step)
            }
        }
        try compare(twin)
        try twin.git(["bisect", "reset"], at: step)
    }

    // MARK: what stopped

    /// Brings to an end what stopped in a conflict: by taking sides, or by giving up.
    /// - Returns: whether anything had stopped.
    func settle(_ twin: TwinRepositories) throws -> Bool {
        for round in 0..<40 {
            let unmerged = try twin.answer("diff", "--name-only", "--diff-filter=U")
            let states: [(BytePath, BytePath)] = [
                ("MERGE_HEAD", "merge"), ("rebase-merge", "rebase"), ("CHERRY_PICK_HEAD", "cherry-pick"), ("REVERT_HEAD", "revert"),
            ]
            let state = try states.first { try twin.isInState($0.0) }?.1
            guard let state else {
                // A stash that did not fit leaves conflicts and no state.
                if unmerged.isEmpty { return round > 0 }
                try takeSides(unmerged, twin)
                return true
            }
            tally["conflicts", default: 0] += unmerged.count
            if number(4) == 0 {
                try twin.git([state, "--abort"], at: step)
                return true
            }
            try takeSides(unmerged, twin)
            if try twin.git(["-c", "core.editor=true", state, "--continue"], at: step) != 0,
                try twin.answer("diff", "--name-only", "--diff-filter=U").isEmpty,
                try twin.isInState(state == "rebase" ? "rebase-merge" : "HEAD")
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
                try twin.git(["add", "--sparse", "--", BytePath(path)], at: step)
            } else {
                try twin.git(["rm", "--quiet", "--sparse", "--", BytePath(path)], at: step)
            }
        }
    }

    /// Forgets where HEAD and the branches were, as time does; stashes are reflogs too, and stay.
    func forgetReflogs(_ twin: TwinRepositories) throws {
        let refs = ["HEAD"] + branches.sorted().map { BytePath("refs/heads/\($0)") }
        try twin.git(["reflog", "expire", "--expire=now"] + refs, at: step)
        try check("step \(step), reflogs of clone \(twin.number) expired")
    }
}
