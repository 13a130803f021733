import Platform
import TestSupport
import XCTest

/// `git data gc --remote`: blobs leave a remote in two steps, and never one that somebody needs.
final class CollectionTests: EndToEndTestCase {
    private let old = SampleData.bytes(40_000, seed: 1)
    private let present = SampleData.bytes(41_000, seed: 2)
    private var work: Worktree!
    private var origin: BytePath!

    /// A data remote with a blob of a branch that is deleted, and one that is in use.
    override func setUpWithError() throws {
        try super.setUpWithError()
        (work, origin) = try laboratory.project()
        try work.write(present, to: "a.bin")
        try work.commit("Present")
        try work.git("switch", "--quiet", "-c", "gone")
        try work.write(old, to: "b.bin")
        try work.commit("Gone")
        try work.git("push", "--quiet", "origin", "main", "gone")
    }

    override func tearDown() {
        work = nil
        super.tearDown()
    }

    private func deleteBranch() throws {
        try work.git("switch", "--quiet", "main")
        try work.git("push", "--quiet", "origin", ":gone")
        try work.git("branch", "--quiet", "-D", "gone")
        try work.git("reflog", "expire", "--expire=now", "--all")
    }

    private func isThere(_ content: [UInt8]) -> Bool { remoteBlob(of: content, in: origin).exists }

    func testWhatNothingNamesGoesInTwoSteps() throws {
        assertContains(try work.data("gc", "--remote").errorText, "0 blobs (0 bytes) of 2")
        try deleteBranch()
        let preview = try work.data("gc", "--remote")
        XCTAssertEqual(preview.lines, ["\(work.localBlob(of: old).lastComponent) \(old.count)"])
        XCTAssertTrue(isThere(old))
        let early = try work.attempt("data", "gc", "--remote", "--sweep")
        XCTAssertEqual(early.status, 128)
        assertContains(early.errorText, "nothing is marked")
        try work.data("gc", "--remote", "--mark")
        let waiting = try work.attempt("data", "gc", "--remote", "--sweep")
        XCTAssertEqual(waiting.status, 128)
        assertContains(waiting.errorText, "days of grace are not over")
        assertContains(try work.data("gc", "--remote").text, " marked")
        XCTAssertEqual(try work.attempt("data", "gc", "--remote", "--mark").status, 128)
        try work.data("gc", "--remote", "--unmark")
        try work.data("gc", "--remote", "--mark", "--grace", "0")
        try work.data("gc", "--remote", "--sweep")
        XCTAssertFalse(isThere(old))
        XCTAssertTrue(isThere(present))
        XCTAssertEqual(try (origin / "data/gc").entries().filter { $0 != "keep" }, [])
    }

    func testObjectsOfAPushUnderWayAreInNobodysWay() throws {
        try deleteBranch()
        // What Git would not copy, in the folder that a push makes for its objects.
        let arriving = origin / "objects/tmp_objdir-incoming-abc"
        try arriving.makeFolders()
        XCTAssertEqual(symlink("nowhere", (arriving / "ab").text), 0)
        XCTAssertEqual(try work.data("gc", "--remote").lines, ["\(work.localBlob(of: old).lastComponent) \(old.count)"])
    }

    func testPushThatNeedsAMarkedBlobKeepsIt() throws {
        try deleteBranch()
        try work.data("gc", "--remote", "--mark", "--grace", "0")
        // Somebody brings the same content back, and has pushed it before the sweep.
        try work.write(old, to: "again.bin")
        try work.commit("Again")
        try work.git("push", "--quiet")
        XCTAssertEqual(try (origin / "data/gc/keep").entries().count, 1)
        // Even where the sweep does not see the commit.
        let clone = try laboratory.cloneOfPointers(origin)
        try work.git("push", "--quiet", "--force", "origin", "HEAD~1:main")
        try clone.git("remote", "set-url", "origin", BytePath(bytes: Array("file://".utf8) + origin.bytes))
        try clone.git("fetch", "--quiet", "--prune")
        try clone.git("reset", "--quiet", "--hard", "origin/main")
        try clone.git("reflog", "expire", "--expire=now", "--all")
        assertContains(try clone.data("gc", "--remote", "--sweep").errorText, "Kept 1 blob")
        XCTAssertTrue(isThere(old))
    }

    func testPushWaitsForASweepThatIsAtWork() throws {
        try deleteBranch()
        try work.data("gc", "--remote", "--mark", "--grace", "0")
        try (origin / "data/gc/sweep").replaceContents(with: Array("now\n".utf8))
        try work.write(old, to: "again.bin")
        try work.commit("Again")
        let push = try work.attempt("push", "--quiet")
        XCTAssertNotEqual(push.status, 0)
        assertContains(push.errorText, "being cleared of blobs that this push needs")
        XCTAssertEqual(try work.attempt("data", "gc", "--remote", "--sweep").status, 128)
        // What the mark does not name is pushed as ever.
        try work.git("reset", "--quiet", "--hard", "HEAD~1")
        try work.write(SampleData.bytes(100, seed: 4), to: "other.bin")
        try work.commit("Other")
        try work.git("push", "--quiet")
        try work.data("gc", "--remote", "--unmark")
        try work.write(old, to: "again.bin")
        try work.commit("Again")
        try work.git("push", "--quiet")
    }

    func testRefsOfOtherRepositoriesCount() throws {
        let fork = try laboratory.bareRepository("fork.git")
        try work.git("push", "--quiet", "--no-verify", fork, "gone:refs/pull/1/head")
        try deleteBranch()
        assertContains(try work.data("gc", "--remote", "--repository", fork).errorText, "0 blobs (0 bytes) of 2")
        let unreadable = try work.attempt("data", "gc", "--remote", "--repository", laboratory.folder / "nowhere", "--mark")
        XCTAssertEqual(unreadable.status, 128)
        assertContains(unreadable.errorText, "cannot be read")
        XCTAssertFalse((origin / "data/gc/mark").exists)
    }

    func testRefsThatThisCloneHasNotFetchedCount() throws {
        try deleteBranch()
        let colleague = try laboratory.clone(origin, as: "colleague")
        try colleague.data("init", "--quiet")
        try colleague.write(old, to: "mine.bin")
        try colleague.commit("Mine")
        try colleague.git("push", "--quiet", "origin", "HEAD:theirs")
        assertContains(try work.data("gc", "--remote").errorText, "0 blobs (0 bytes) of 2")
    }

    func testPruneDoesNotCountOnWhatIsMarked() throws {
        // The branch is gone from the remote, and this clone has not heard of it.
        try work.git("switch", "--quiet", "main")
        try work.git("--git-dir", origin, "branch", "--quiet", "-D", "gone")
        let colleague = try laboratory.clone(origin, as: "colleague")
        try colleague.data("gc", "--remote", "--mark", "--grace", "0")
        XCTAssertTrue(isThere(old))
        assertContains(try work.data("prune").errorText, "marked")
        XCTAssertTrue(work.localBlob(of: old).exists)
        try colleague.data("gc", "--remote", "--sweep")
        XCTAssertFalse(isThere(old))
        try work.data("push", "--quiet", "origin", "gone")
        XCTAssertTrue(isThere(old))
        try work.data("prune")
        XCTAssertFalse(work.localBlob(of: old).exists)
    }

    func testMarkOfANewerVersionIsLeftAlone() throws {
        try (origin / "data/gc").makeFolders()
        try (origin / "data/gc/mark").replaceContents(with: Array("git data collection 2\n".utf8))
        try work.write(SampleData.bytes(100, seed: 4), to: "other.bin")
        try work.commit("Other")
        let push = try work.attempt("push", "--quiet", "origin", "gone")
        XCTAssertNotEqual(push.status, 0)
        assertContains(push.errorText, "newer version")
    }
}
