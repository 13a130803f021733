import Platform
import TestSupport
import XCTest

/// No push lands whose blobs are not on the data remote.
final class PrePushTests: EndToEndTestCase {
    private var work: Worktree!
    private var origin: BytePath!
    private let first = SampleData.bytes(50_000, seed: 1)
    private let second = SampleData.bytes(60_000, seed: 2)

    override func setUpWithError() throws {
        try super.setUpWithError()
        (work, origin) = try laboratory.project()
    }

    override func tearDown() {
        work = nil
        super.tearDown()
    }

    private func commit(_ content: [UInt8], to path: BytePath = "a.bin", _ message: String = "Data") throws {
        try work.write(content, to: path)
        try work.commit(message)
    }

    private func refs() throws -> [String] {
        try laboratory.git(["for-each-ref", "--format=%(refname)"], in: origin).lines
    }

    private func assertOnRemote(_ content: [UInt8], file: StaticString = #filePath, line: UInt = #line) throws {
        XCTAssert(try remoteBlob(of: content, in: origin).contents() == content, file: file, line: line)
    }

    func testNewBranchUploadsAllOfItsHistory() throws {
        try work.git("switch", "--quiet", "-c", "side")
        try commit(first)
        try commit(second)
        try work.git("push", "--quiet", "origin", "side")
        try assertOnRemote(first)
        try assertOnRemote(second)
    }

    func testUpdateUploadsOnlyWhatIsNew() throws {
        try commit(first)
        try work.git("push", "--quiet")
        try commit(second)
        let push = try work.git("push")
        assertContains(push.errorText, "1 blob")
        try assertOnRemote(second)
    }

    func testDeletionOfABranchNeedsNoData() throws {
        try work.git("switch", "--quiet", "-c", "side")
        try commit(first)
        try work.git("push", "--quiet", "origin", "side")
        try remoteBlob(of: first, in: origin).removeFile()
        try work.localBlob(of: first).removeFile()
        try work.git("push", "--quiet", "origin", "--delete", "side")
        XCTAssertEqual(try refs(), ["refs/heads/main"])
    }

    func testAnnotatedTagUploadsItsData() throws {
        try commit(first)
        try work.git("tag", "-a", "v1", "-m", "Version 1")
        try work.git("push", "--quiet", "origin", "v1")
        try assertOnRemote(first)
        XCTAssertEqual(try refs(), ["refs/heads/main", "refs/tags/v1"])
    }

    func testTagOfATreeAndOfABlobUploadTheirData() throws {
        try commit(first)
        try work.git("tag", "tree", "HEAD^{tree}")
        try work.git("tag", "file", "HEAD:a.bin")
        try work.git("push", "--quiet", "origin", "tree")
        try assertOnRemote(first)
        try remoteBlob(of: first, in: origin).removeFile()
        try work.git("push", "--quiet", "origin", "file")
    }

    func testForcedPushUploadsTheNewHistory() throws {
        try commit(first)
        try work.git("push", "--quiet")
        try work.git("reset", "--quiet", "--hard", "HEAD~1")
        try commit(second)
        XCTAssertNotEqual(try work.attempt("push", "--quiet").status, 0)
        try work.git("push", "--quiet", "--force")
        try assertOnRemote(second)
    }

    func testSeveralRefsAtOnceUploadEverything() throws {
        try work.git("switch", "--quiet", "-c", "one")
        try commit(first)
        try work.git("switch", "--quiet", "-c", "two", "main")
        try commit(second)
        try work.git("push", "--quiet", "origin", "one", "two", ":refs/heads/none", "HEAD:refs/heads/three")
        try assertOnRemote(first)
        try assertOnRemote(second)
    }

    func testMissingBlobRefusesAndNamesFileAndCommit() throws {
        try commit(first, to: "data/lost.bin", "The commit that lost it")
        try commit(second, to: "data/kept.bin")
        try work.localBlob(of: first).removeFile()
        try (work.folder / "data/lost.bin").removeFile()
        let before = try laboratory.git(["rev-parse", "main"], in: origin).line
        let push = try work.attempt("push", "--quiet")
        XCTAssertNotEqual(push.status, 0)
        assertContains(push.errorText, "data/lost.bin")
        assertContains(push.errorText, "The commit that lost it")
        XCTAssertFalse(push.errorText.contains("data/kept.bin"))
        XCTAssertEqual(try laboratory.git(["rev-parse", "main"], in: origin).line, before)
    }

    func testBlobThatTheStoreLostComesFromTheWorktree() throws {
        try commit(first, to: "data/lost.bin")
        try work.localBlob(of: first).removeFile()
        try work.git("push", "--quiet")
        try assertOnRemote(first)
    }

    func testMissingBlobOfAnOldCommitRefuses() throws {
        try commit(first)
        try commit(second)
        try work.localBlob(of: first).removeFile()
        let push = try work.attempt("push", "--quiet")
        XCTAssertNotEqual(push.status, 0)
        assertContains(push.errorText, "a.bin")
    }

    func testTrackingRefIsNoProof() throws {
        try commit(first)
        try work.git("push", "--quiet")
        // Somebody rebuilt the remote: its refs and its data are gone, and the tracking ref does not know.
        try laboratory.git(["update-ref", "-d", "refs/heads/main"], in: origin)
        try remoteBlob(of: first, in: origin).removeFile()
        try work.git("push", "--quiet", "origin", "HEAD:refs/heads/again")
        try assertOnRemote(first)
    }

    func testBlobLostOnTheRemoteIsSentAgainWithTheBranchThatChangesIt() throws {
        try commit(first)
        try work.git("push", "--quiet")
        try remoteBlob(of: first, in: origin).removeFile()
        try work.git("switch", "--quiet", "-c", "side")
        try commit(first, to: "copy.bin")
        // `copy.bin` is the Git blob that the remote's main reaches, so only a full check finds it.
        let push = try work.attempt("data", "push").expecting(0)
        assertContains(push.errorText, "1 blob")
        try assertOnRemote(first)
    }

    func testRevertedContentOfAnUnknownRemoteIsSent() throws {
        try commit(first)
        try commit(second)
        try commit(first)
        try work.git("push", "--quiet")
        try assertOnRemote(first)
        try assertOnRemote(second)
    }

    func testCheckRefusesInsteadOfUploading() throws {
        try work.git("config", "data.prePush", "check")
        try commit(first)
        let push = try work.attempt("push", "--quiet")
        XCTAssertNotEqual(push.status, 0)
        assertContains(push.errorText, "a.bin")
        assertContains(push.errorText, "git data push")
        XCTAssertFalse(remoteBlob(of: first, in: origin).exists)
        try work.data("push", "--quiet")
        try work.git("push", "--quiet")
        try assertOnRemote(first)
    }

    func testContentCommittedPastFilterAndHookIsRefused() throws {
        try commit(first)
        try work.write(second, to: "raw.bin")
        try work.git(
            "-c", "filter.data.process=", "-c", "filter.data.clean=", "-c", "filter.data.required=false", "add", "raw.bin")
        try work.git("commit", "--quiet", "--no-verify", "-m", "Raw")
        let push = try work.attempt("push")
        XCTAssertNotEqual(push.status, 0)
        assertContains(push.errorText, "1 file of data committed without the filter")
        assertContains(push.errorText, "raw.bin (58.59 KiB of raw content)")
        XCTAssertFalse(push.errorText.contains("a.bin"), push.errorText)
        try work.git("add", "--renormalize", "raw.bin")
        try work.git("commit", "--quiet", "-m", "Data")
        try work.git("push", "--quiet")
        try assertOnRemote(second)
    }

    func testPushByURLFindsTheFolder() throws {
        let other = try laboratory.bareRepository("other.git")
        try commit(first)
        try work.git("push", "--quiet", other, "main")
        XCTAssertEqual(try remoteBlob(of: first, in: other).contents(), first)
        try commit(second)
        try work.git("push", "--quiet", BytePath("file://\(other)"), "main")
        XCTAssertEqual(try remoteBlob(of: second, in: other).contents(), second)
    }

    func testPushOfNoDataNeedsNoRemoteForData() throws {
        try work.write("text\n", to: "readme.txt")
        try work.commit("Text")
        // The agent is not even started.
        let push = try work.attempt(
            "push", "--quiet", with: ["GIT_TRACE": "1"])
        XCTAssertEqual(push.status, 0, push.description)
        XCTAssertFalse((origin / "data").exists)
    }

    func testShallowClonePushes() throws {
        try commit(first)
        try work.git("push", "--quiet")
        let clone = try laboratory.clone(BytePath("file://\(origin!)"), ["--depth=1"])
        try clone.data("init", "--quiet")
        try clone.write(second, to: "b.bin")
        try clone.commit("From a shallow clone")
        try clone.git("push", "--quiet")
        try assertOnRemote(second)
    }

    func testPushThatGitRefusesLeavesUploadedBlobsAlone() throws {
        let clone = try laboratory.clone(origin)
        try clone.data("init", "--quiet")
        try commit(first)
        try work.git("push", "--quiet")
        try clone.write(second, to: "b.bin")
        try clone.commit("Behind")
        XCTAssertNotEqual(try clone.attempt("push", "--quiet").status, 0)
        try clone.git("pull", "--quiet", "--rebase")
        try clone.git("push", "--quiet")
        try assertOnRemote(first)
        try assertOnRemote(second)
    }

    func testThousandsOfRefsOnTheRemoteAreNoBurden() throws {
        try commit(first)
        try work.git("push", "--quiet")
        let head = try work.git("rev-parse", "HEAD").line
        let updates = (0..<3000).map { "create refs/heads/topic/\($0) \(head)\n" }.joined()
        try laboratory.run("git", ["update-ref", "--stdin"], in: origin, input: Array(updates.utf8)).expecting(0)
        try work.git("switch", "--quiet", "-c", "side")
        try commit(second)
        let push = try work.git("push", "origin", "side")
        assertContains(push.errorText, "1 blob")
        try assertOnRemote(second)
    }
}
