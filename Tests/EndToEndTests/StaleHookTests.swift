import Platform
import TestSupport
import XCTest

/// What the hooks say of stale results, judged by what is committed.
final class StaleHookTests: IntegrationTestCase {
    private func commit(_ message: BytePath) throws -> Outcome { try work.attempt("commit", "--quiet", "-m", message) }

    func testNothingIsSaidUnlessAsked() throws {
        try makeStages()
        try work.write("{\"rows\": 20}\n", to: "params.json")
        try work.git("add", "--all")
        XCTAssertEqual(try commit("Stale").expecting(0).errorText, "")
        XCTAssertFalse(try work.git("push", "--quiet").errorText.contains("stale"))
    }

    func testStaleResultsAreWarnedOf() throws {
        try makeStages()
        try work.git("config", "data.stale", "warn")
        try work.write("{\"rows\": 20}\n", to: "params.json")
        try work.git("add", "--all")
        let said = try commit("Stale").expecting(0).errorText
        assertContains(said, "warning: stale results in what would be committed:\n\tprepare: parameter 'params.json:rows': 10 → 20")
        assertContains(said, "\tcount: it depends on 'prepare'")
        XCTAssertFalse(said.contains("other:"))
        assertContains(try work.git("push", "--quiet").errorText, "which is pushed:\n\tprepare: parameter")
    }

    func testStaleResultsAreRefusedAsTheProjectAsks() throws {
        try makeStages()
        try work.git("config", "--file", ".gitdata", "data.stale", "refuse")
        try work.commit("No stale results")
        let before = try work.git("rev-parse", "HEAD").line
        try work.write("{\"rows\": 20}\n", to: "params.json")
        try work.git("add", "--all")
        let refused = try commit("Stale")
        XCTAssertNotEqual(refused.status, 0)
        assertContains(refused.errorText, "kept: what is staged; nothing was committed")
        XCTAssertEqual(try work.git("rev-parse", "HEAD").line, before)
        // What was committed all the same is not pushed.
        try work.git("commit", "--quiet", "--no-verify", "-m", "Stale")
        let push = try work.attempt("push", "--quiet")
        XCTAssertNotEqual(push.status, 0)
        assertContains(push.errorText, "kept: your commits; nothing was pushed")
        // The person's own setting wins.
        XCTAssertEqual(try work.attempt("-c", "data.stale=ignore", "push", "--quiet", "--dry-run").status, 0)
        try work.data("repro", "--quiet")
        XCTAssertEqual(try commit("Fresh").expecting(0).errorText, "")
        try work.git("push", "--quiet")
    }

    func testTheIndexCountsAndNotTheWorktree() throws {
        try makeStages()
        try work.git("config", "data.stale", "refuse")
        // Changed, and not staged.
        try work.write("{\"rows\": 20}\n", to: "params.json")
        try work.write("notes\n", to: "notes.txt")
        try work.git("add", "notes.txt")
        XCTAssertEqual(try commit("Notes").expecting(0).errorText, "")
        // Staged, and taken back in the worktree.
        try work.git("add", "params.json")
        try work.write("{\"rows\": 10}\n", to: "params.json")
        XCTAssertNotEqual(try commit("Stale").status, 0)
        // Only what is named is committed.
        try work.write("more notes\n", to: "notes.txt")
        try work.git("commit", "--quiet", "-m", "Notes", "notes.txt")
    }

    func testAFileOfAFolderCounts() throws {
        try work.write("1\n", to: "in/a.csv")
        try work.write("2\n", to: "in/b.txt")
        try work.commit("Inputs")
        try work.data("run", "--quiet", "--name", "all", "-i", "in", "-o", "out", "--", "mkdir -p out && cat in/* > out/all.csv && touch out/empty")
        try work.git("config", "data.stale", "refuse")
        try work.commit("Results")
        try work.write("3\n", to: "in/c.csv")
        try work.git("add", "--all")
        let refused = try commit("One more")
        XCTAssertNotEqual(refused.status, 0)
        assertContains(refused.errorText, "all: input 'in' changed")
        try work.git("rm", "--quiet", "-f", "in/c.csv", "out/empty")
        assertContains(try commit("One output less").errorText, "output 'out' was changed since")
    }

    func testRecipeThatMakesNoSenseIsNamed() throws {
        try makeStages()
        try work.git("config", "data.stale", "warn")
        try work.write("[stage]\n\tfrob = 1\n", to: "lineage/odd.stage")
        try work.git("add", "--all")
        assertContains(try commit("Odd").expecting(0).errorText, "the stages cannot be compared:")
    }

    func testWithoutStagesNothingIsAsked() throws {
        try work.git("config", "data.stale", "refuse")
        try work.write(raw, to: "a.csv")
        try work.commit("Data")
        try work.git("push", "--quiet")
    }
}
