import Platform
import TestSupport
import XCTest

/// `git data migrate import`, killed at any instant, leaves the old history or the new one, or a way back.
final class MigrateKillTests: MigrateTestCase {
    func testKilledMigrationLeavesTheOldRefsOrTheNew() throws {
        let model = try makeHistory("model")
        for number in 0..<30 {
            try model.write(SampleData.bytes(300_000, seed: UInt64(100 + number)), to: BytePath("data/\(number % 7).bin"))
            try model.commit("Version \(number)")
        }
        let old = try refs(of: model)
        let complete = try copy(model, as: "complete")
        let started = FileStatus.Time.now
        try complete.data("migrate", "import", "--everything", "--include", "*.bin", "--quiet")
        let new = try refs(of: complete)
        let duration = seconds(started, FileStatus.Time.now)
        var random = SeededRandom(seed: 5)
        for round in 0..<8 {
            let work = try copy(model, as: "round-\(round)")
            let run = try KilledRun(
                ["data", "migrate", "import", "--everything", "--include", "*.bin", "--quiet"], in: work.folder, laboratory)
            let delay = duration * Double.random(in: 0.05...1.1, using: &random)
            _ = try run.kill(all: round % 2 == 0, after: .milliseconds(Int(delay * 1000)), &random)
            try work.git("fsck", "--strict", "--no-dangling")
            // What a killed Git has left, as Git itself says.
            try work.shell("find .git -name '*.lock' -delete").expecting(0)
            try work.shell("cat data/*.bin | cksum > ../sum-\(round)").expecting(0)
            if try refs(of: work) != new {
                XCTAssert(Set(try refs(of: work)).isSubset(of: old + new), "after \(delay) s")
                let hasBackup = try !work.git("for-each-ref", "refs/original").output.isEmpty
                if hasBackup {
                    let refusal = try work.attempt("data", "migrate", "import", "--include", "*.bin", "--force").expecting(128)
                    assertContains(refusal.errorText, "interrupted")
                    try work.data("migrate", "undo")
                }
                XCTAssertEqual(try refs(of: work), old, "after \(delay) s")
                try assertClean(work)
                try work.data("migrate", "import", "--everything", "--include", "*.bin", "--quiet")
            } else {
                try work.git("reset", "--quiet", "--hard")
            }
            XCTAssertEqual(try refs(of: work), new)
            try assertClean(work)
            try work.data("fsck")
            try work.shell("cat data/*.bin | cksum | cmp - ../sum-\(round)").expecting(0)
        }
    }

    /// Whatever somebody's `git gc --prune=now` takes of the new objects, no ref moves to a history with gaps.
    func testCollectionAmidAMigrationMovesNoRef() throws {
        try assertCollectionMovesNoRef(amid: ["migrate", "import", "--everything", "--include", "*.bin", "--quiet"])
    }

    func testCollectionAmidANewCommitMovesNoRef() throws {
        try assertCollectionMovesNoRef(amid: ["migrate", "import", "--no-rewrite", "--quiet", "data"])
    }

    private func assertCollectionMovesNoRef(amid command: [BytePath], line: UInt = #line) throws {
        let work = try makeHistory()
        let old = try refs(of: work)
        let (programs, git) = (laboratory.folder / "programs", try laboratory.run("sh", ["-c", "command -v git"]).line)
        try programs.makeFolders()
        // It collects behind the first pack: that of the pointers.
        let script = """
            #!/bin/sh
            [ "$1" = index-pack ] && [ ! -e '\(programs)/collected' ] || exec '\(git)' "$@"
            '\(git)' "$@" || exit
            : > '\(programs)/collected'
            '\(git)' repack -adq && '\(git)' prune --expire=now
            """
        try (programs / "git").replaceContents(with: Array(script.utf8), permissions: 0o777)
        let path = BytePath("\(programs):\(try laboratory.run("sh", ["-c", "echo $PATH"]).line)")
        // Git would put its own programs first.
        let failure = try laboratory.run("git-data", command, in: work.folder, with: ["PATH": path]).expecting(128)
        assertContains(failure.errorText, "the new history is not complete: ", line: line)
        assertContains(failure.errorText, "kept: all refs, unchanged", line: line)
        XCTAssertTrue((programs / "collected").exists, line: line)
        XCTAssertEqual(try refs(of: work), old, line: line)
        try assertClean(work, line: line)
        try laboratory.run("git", ["data"] + command, in: work.folder).expecting(0)
        try work.git("fsck", "--strict", "--no-dangling")
        try assertClean(work, line: line)
    }

    func testFromBetweenThereIsAWayBack() throws {
        let work = try makeHistory()
        let old = try refs(of: work)
        try work.data("migrate", "import", "--everything", "--include", "*.bin", "--quiet")
        // As if Git had been killed before it came to `side`, and to the index.
        try work.git("update-ref", "refs/heads/side", "refs/original/refs/heads/side")
        try work.git("read-tree", "refs/original/refs/heads/main")
        let refusal = try work.attempt("data", "migrate", "export", "--everything", "--force").expecting(128)
        assertContains(refusal.errorText, "interrupted")
        try work.data("migrate", "undo")
        XCTAssertEqual(try refs(of: work), old)
        XCTAssertEqual(try work.git("diff-index", "--cached", "HEAD").text, "")
    }

    private func copy(_ model: Worktree, as name: String) throws -> Worktree {
        _ = try laboratory.run("cp", ["-a", model.folder, laboratory.folder / name]).expecting(0)
        let work = Worktree(folder: laboratory.folder / name, in: laboratory)
        try work.git("update-index", "-q", "--refresh")
        return work
    }

    private func seconds(_ from: FileStatus.Time, _ to: FileStatus.Time) -> Double {
        Double(to.seconds - from.seconds) + Double(to.nanoseconds - from.nanoseconds) / 1e9
    }
}
