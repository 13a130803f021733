import Platform
import TestSupport
import XCTest

/// Processes that do the same and contrary things at once: in one repository, in worktrees of one repository, in clones
/// that share a store, at one folder remote. Nothing is lost, whoever comes too late says so, and nothing is left locked.
final class ConcurrentUseTests: ConcurrentTestCase {
    /// What Git says where somebody else holds its index.
    private let locked = ["index.lock"]
    private let rounds = 3

    private func project(_ files: Int = 24) throws -> (work: Worktree, origin: BytePath) {
        let (work, origin) = try laboratory.project()
        for number in 0..<files { try work.write(file(number), to: BytePath("old/\(number).bin")) }
        try work.commit("Data")
        try work.git("push", "--quiet")
        return (work, origin)
    }

    func testCommandsOfAllKindsInOneRepository() throws {
        let (work, origin) = try project()
        for round in 1...rounds {
            for number in 0..<20 {
                for folder in ["a", "b"] { try work.write(file(number, round), to: BytePath("\(folder)/\(number).bin")) }
            }
            // Some of what is there stands as pointers, as after a lazy clone.
            for number in 0..<8 { try work.write(pointerText(for: file(number)), to: BytePath("old/\(number).bin")) }
            let lines = [
                "git data add a", "git add b", "git data add b", "git data pull", "git data checkout old", "git data prune --recent 0",
                "git data fsck --repair", "git data fsck", "git-data settle .git/data", "git data push", "git data dedup",
                "git data fetch --all", "git status --porcelain",
            ]
            // Most file systems share no blocks, which `dedup` says.
            try run(lines.map { Crowd.Command($0, in: work.folder) }, givingWay: locked + ["cannot share blocks"])
            try work.git("add", "--all")
            try work.git("commit", "--quiet", "-m", BytePath("Round \(round)"))
            try work.data("pull")
            for number in 0..<20 {
                for folder in ["a", "b"] { try assertContent(BytePath("\(folder)/\(number).bin"), in: work, is: file(number, round)) }
            }
            for number in 0..<24 { try assertContent(BytePath("old/\(number).bin"), in: work, is: file(number)) }
            try assertClean(work)
            try assertSound([work], places: [work.folder / ".git/data", origin / "data"])
        }
        try work.git("push", "--quiet")
    }

    func testWorktreesOfOneRepository() throws {
        let (work, origin) = try project()
        let names = ["one", "two", "three"]
        for name in names { try work.git("worktree", "add", "--quiet", "-b", BytePath(name), laboratory.folder / BytePath(name)) }
        let trees = names.map { Worktree(folder: laboratory.folder / BytePath($0), in: laboratory) }
        for round in 1...rounds {
            for tree in trees {
                // What all add, and what one adds.
                for number in 0..<12 { try tree.write(file(number, round), to: BytePath("new/\(number).bin")) }
                try tree.write(file(round, 90), to: BytePath("\(tree.folder.lastComponent).bin"))
            }
            let work = work.folder
            let own = trees.map { Crowd.Command("git data add . && git commit -q -m 'Round \(round)' && git push -q origin HEAD", in: $0.folder) }
            let others = [
                "git data prune --recent 0", "git data fsck --repair", "git-data settle .git/data", "git data pull",
                "git worktree add -q --detach ../extra && git worktree remove --force ../extra", "git data prune --recent 0",
            ]
            // A worktree that comes or goes while others look at all worktrees stops them, in Git's words.
            try run(
                own + others.map { Crowd.Command($0, in: work) },
                givingWay: [
                    "no such file or directory", "not a git repository", "bad object worktrees/extra",
                    "failed to read .git/worktrees/extra/commondir",
                ])
            for tree in trees {
                for number in 0..<12 { try assertContent(BytePath("new/\(number).bin"), in: tree, is: file(number, round)) }
                try assertClean(tree)
            }
            try assertSound([self.worktree(work)] + trees, places: [work / ".git/data", origin / "data"])
        }
        // What one has, another has without asking anybody.
        try laboratory.run("rm", ["-rf", origin / "data"], in: laboratory.folder).expecting(0)
        try trees[0].git("checkout", "--quiet", "--detach", "two")
        try assertContent("two.bin", in: trees[0], is: file(rounds, 90))
    }

    private func worktree(_ folder: BytePath) -> Worktree { Worktree(folder: folder, in: laboratory) }

    func testClonesThatShareAStore() throws {
        let (_, origin) = try project()
        let store = laboratory.folder / "store"
        let clones = try (0..<3).map { try laboratory.clone(origin, as: "clone-\($0)", ["-c", BytePath("data.store=\(store)")]) }
        for clone in clones { try clone.data("init", "--quiet") }
        for round in 1...rounds {
            for (number, clone) in clones.enumerated() {
                for file in 0..<10 { try clone.write(self.file(file, round), to: BytePath("shared/\(file).bin")) }
                try clone.write(file(number, 80 + round), to: BytePath("own-\(number).bin"))
            }
            let work: [Crowd.Command] = clones.enumerated().map { number, clone in
                Crowd.Command("git data add . && git commit -q -m 'Round \(round)' && git push -q origin HEAD:refs/heads/b\(number)", in: clone.folder)
            }
            let lines = ["git data prune --recent 0", "git data fsck --repair", "git data checkout"]
            let keeping = clones.flatMap { clone in lines.map { line in Crowd.Command(line, in: clone.folder) } }
            // Who prunes refreshes the indexes of all who share the store.
            try run(work + keeping, givingWay: locked)
            for (number, clone) in clones.enumerated() {
                if try !clone.changes().isEmpty { try clone.commit("Round \(round), again") }
                try clone.git("push", "--quiet", "origin", BytePath("HEAD:refs/heads/b\(number)"))
                try clone.data("pull")
                for file in 0..<10 { try assertContent(BytePath("shared/\(file).bin"), in: clone, is: self.file(file, round)) }
                try assertContent(BytePath("own-\(number).bin"), in: clone, is: file(number, 80 + round))
            }
            try assertSound(clones, places: [store, origin / "data"])
        }
    }

    func testPushesPrunesAndMarksAtOneFolderRemote() throws {
        let (work, origin) = try project()
        try leaveUnnamed(6, 70, from: work)
        let clones = try (0..<4).map { try laboratory.clone(origin, as: "clone-\($0)") }
        for clone in clones { try clone.data("init", "--quiet") }
        for round in 1...rounds {
            for (number, clone) in clones.enumerated() {
                for file in 0..<8 { try clone.write(self.file(file, round), to: BytePath("same/\(file).bin")) }
                // What the collection has marked is needed again.
                try clone.write(file(round, 70), to: "again.bin")
                try clone.write("\(number) \(round)\n", to: "notes.txt")
                try clone.commit("Round \(round)")
            }
            var commands: [Crowd.Command] = []
            for (number, clone) in clones.enumerated() {
                commands.append(Crowd.Command("git push -q --force origin HEAD:refs/heads/b\(number)", in: clone.folder))
                commands.append(Crowd.Command("git data prune --recent 0", in: clone.folder))
                commands.append(Crowd.Command("git data push", in: clone.folder))
            }
            commands.append(Crowd.Command("git data gc --remote --mark", in: clones[0].folder))
            commands.append(Crowd.Command("git data gc --remote --mark", in: clones[1].folder))
            commands.append(Crowd.Command("git data gc --remote", in: clones[2].folder))
            // What is not pushed yet, it says of this clone.
            commands.append(Crowd.Command("git data fsck --remote || test $? -eq 1", in: clones[3].folder))
            // Of two who mark at once one is too late; the refs that a mark counts may be deleted or moved meanwhile.
            let losers = try run(commands, givingWay: ["is marked since", "has just marked"])
            XCTAssertLessThanOrEqual(losers.count, 2)
            for (number, clone) in clones.enumerated() {
                let pushed = try clone.git("ls-remote", "origin", BytePath("refs/heads/b\(number)")).text.prefix { $0 != "\t" }
                XCTAssertEqual(String(pushed), try clone.git("rev-parse", "HEAD").lines[0])
            }
            try assertSound(clones, places: [origin / "data"])
            try clones[0].data("gc", "--remote", "--unmark")
        }
        let fresh = try laboratory.clone(origin, as: "fresh", ["--branch", "b2"])
        for number in 0..<8 { try assertContent(BytePath("same/\(number).bin"), in: fresh, is: file(number, rounds)) }
        try assertContent("again.bin", in: fresh, is: file(rounds, 70))
    }

    func testCollectionAndSweepsAtOnce() throws {
        let (work, origin) = try project(4)
        try leaveUnnamed(20, 60, from: work)
        let clones = try (0..<3).map { try laboratory.clone(origin, as: "clone-\($0)") }
        try clones[0].data("gc", "--remote", "--mark", "--grace", "0")
        // Two sweep, two push what is marked: it is kept, or the push waits and is made again.
        for clone in clones.dropFirst() {
            try clone.data("init", "--quiet")
            for number in 0..<20 { try clone.write(file(number, 60), to: BytePath("back/\(number).bin")) }
            try clone.commit("Back")
        }
        try run(
            [
                Crowd.Command("git data gc --remote --sweep", in: clones[0].folder),
                Crowd.Command("git data gc --remote --sweep", in: work.folder),
                Crowd.Command("git push -q origin HEAD:refs/heads/back-1", in: clones[1].folder),
                Crowd.Command("git push -q origin HEAD:refs/heads/back-2", in: clones[2].folder),
            ],
            givingWay: ["is being swept already", "nothing is marked", "is being cleared of blobs that this push needs"])
        try clones[1].git("push", "--quiet", "origin", "HEAD:refs/heads/back-1")
        try clones[2].git("push", "--quiet", "origin", "HEAD:refs/heads/back-2")
        try assertSound([clones[1], clones[2]], places: [origin / "data"])
        XCTAssertEqual(try (origin / "data/gc").entries().filter { $0 != "keep" }, [])
    }

    /// Leaves blobs at the remote that nothing names any more, for a collection.
    private func leaveUnnamed(_ count: Int, _ seed: Int, from work: Worktree) throws {
        try work.git("switch", "--quiet", "-c", "gone")
        for number in 0..<count { try work.write(file(number, seed), to: BytePath("gone/\(number).bin")) }
        try work.commit("Gone")
        try work.git("push", "--quiet", "origin", "gone")
        try work.git("push", "--quiet", "origin", ":gone")
    }
}
