import Digest
import Platform
import TestSupport
import XCTest

/// A repository that was made with the real Git LFS opens with git data, and Git LFS reads what git data wrote.
final class GitLFSTests: EndToEndTestCase {
    private let first = SampleData.bytes(70_000, seed: 1)
    private let second = SampleData.bytes(80_000, seed: 2)
    private let third = SampleData.bytes(90_000, seed: 3)
    private var work: Worktree!

    /// Two commits of history, made with Git LFS alone.
    override func setUpWithError() throws {
        try super.setUpWithError()
        let version = try laboratory.run("git", ["lfs", "version"])
        try XCTSkipUnless(version.status == 0, "Git LFS is not installed")
        try laboratory.git(["lfs", "install", "--skip-repo"])
        work = try laboratory.repository(isSetUp: false)
        // One at a time: Git LFS writes several in no certain order.
        try work.git("lfs", "track", "*.psd")
        try work.git("lfs", "track", "*.bin")
        try work.write("# by hand\n*.txt text\n" + work.readText(".gitattributes"), to: ".gitattributes")
        try work.write(first, to: "a.bin")
        try work.commit("One, with Git LFS")
        try work.write(second, to: "a.bin")
        try work.write(first, to: "sub folder/b.psd")
        try work.commit("Two, with Git LFS")
        XCTAssertEqual(try work.stored("a.bin"), lfsPointer(for: second))
    }

    override func tearDown() {
        work = nil
        super.tearDown()
    }

    private func lfsPointer(for content: [UInt8]) -> [UInt8] {
        Array(
            "version https://git-lfs.github.com/spec/v1\noid sha256:\(ObjectID.of(content).hex)\nsize \(content.count)\n".utf8)
    }

    private func migrate() throws {
        try work.data("migrate", "lfs")
        try work.git("commit", "--quiet", "-m", "Keep data with git data")
    }

    func testMigrationChangesTheAttributesAndNothingElse() throws {
        try migrate()
        XCTAssertEqual(
            try work.readText(".gitattributes"),
            "# by hand\n*.txt text\n*.psd filter=data diff=data merge=data -text\n*.bin filter=data diff=data merge=data -text\n")
        XCTAssertEqual(
            try work.git("show", "--format=", "--name-only", "HEAD").lines.sorted(), [".gitattributes", ".gitdata"])
        try assertContent("a.bin", in: work, is: second)
        try assertClean(work)
        try work.data("fsck")
    }

    func testDryRunChangesNothing() throws {
        let answer = try work.data("migrate", "lfs", "--dry-run")
        assertContains(answer.text, ".gitattributes")
        try assertClean(work)
    }

    func testHistoryIsCheckedOutFromTheObjectsOfGitLFS() throws {
        try migrate()
        try work.git("checkout", "--quiet", "HEAD~2")
        try assertContent("a.bin", in: work, is: first)
        try work.git("checkout", "--quiet", "main")
        try assertContent("a.bin", in: work, is: second)
        try assertContent("sub folder/b.psd", in: work, is: first)
        try assertClean(work)
        XCTAssertFalse(work.localBlob(of: first).exists, "a blob of .git/lfs/objects is used in place")
    }

    func testNewPointersAreOfGitLFSAndPushedAndCloned() throws {
        try migrate()
        let origin = try laboratory.bareRepository()
        try work.git("remote", "add", "origin", origin)
        try work.write(third, to: "a.bin")
        try work.commit("Three, with git data")
        XCTAssertEqual(try work.stored("a.bin"), lfsPointer(for: third))
        try work.git("push", "--quiet", "origin", "main")
        for content in [first, second, third] {
            XCTAssertEqual(try remoteBlob(of: content, in: origin).contents(), content)
        }
        let clone = try laboratory.clone(origin)
        try assertContent("a.bin", in: clone, is: third)
        try assertContent("sub folder/b.psd", in: clone, is: first)
        try assertClean(clone)
        // Older commits give their files to Git LFS, which knows no place for the blobs.
        try clone.data("init", "--quiet")
        try clone.git("checkout", "--quiet", "HEAD~2")
        try assertContent("a.bin", in: clone, is: second)
        try assertClean(clone)
        try clone.write(third, to: "added.bin")
        try clone.commit("On an old branch")
        XCTAssertEqual(try clone.stored("added.bin"), lfsPointer(for: third))
        try clone.git("checkout", "--quiet", "main")
        try assertContent("a.bin", in: clone, is: third)
        try assertClean(clone)
    }

    func testUninstallGivesOldCommitsBackToGitLFS() throws {
        try migrate()
        XCTAssertEqual(try work.git("config", "filter.lfs.process").line, "git-data filter-process --pointer=lfs")
        try work.data("uninstall", "--local")
        XCTAssertEqual(try work.git("config", "filter.lfs.process").line, "git-lfs filter-process")
    }

    func testGitLFSReadsWhatGitDataWrote() throws {
        try migrate()
        try work.write(third, to: "a.bin")
        try work.commit("Three, with git data")
        let pointer = try work.stored("a.bin")
        let check = try work.attempt("lfs", "pointer", "--check", "--strict", "--stdin", input: pointer)
        XCTAssertEqual(check.status, 0, check.description)
        // Git LFS finds blobs below `lfs/objects` in the same folders as git data below `data/objects`.
        let object = work.folder / ".git/lfs/objects" / ObjectID.of(third).shardedPath
        try object.parent.makeFolders()
        try work.localBlob(of: third).link(to: object)
        let smudged = try work.attempt("lfs", "smudge", input: pointer).expecting(0)
        XCTAssert(smudged.output == third)
        assertContains(try work.git("lfs", "ls-files", "--all", "--long").text, ObjectID.of(third).hex)
    }

    func testColleagueWhoStaysWithGitLFSPullsFromTheRemote() throws {
        try migrate()
        let origin = try laboratory.bareRepository()
        try work.git("remote", "add", "origin", origin)
        try work.write(third, to: "a.bin")
        try work.commit("Three, with git data")
        try work.git("push", "--quiet", "origin", "main")
        // Git LFS of a folder remote looks below `lfs/objects`; the layout of the remote is the same.
        _ = try laboratory.run("mkdir", ["-p", origin / "lfs"]).expecting(0)
        _ = try laboratory.run("cp", ["-r", origin / "data/objects", origin / "lfs/objects"]).expecting(0)
        let clone = try laboratory.cloneOfPointers(origin)
        try clone.write("*.psd filter=lfs -text\n*.bin filter=lfs -text\n", to: ".gitattributes")
        try clone.git("lfs", "pull", "origin")
        try assertContent("a.bin", in: clone, is: third)
    }

    func testMigrationOfARepositoryWithoutGitLFSSaysSo() throws {
        let other = try laboratory.repository("other")
        assertContains(try other.data("migrate", "lfs").errorText, "Nothing to do")
    }

    func testCloneOfAnUnmigratedRepositoryIsRead() throws {
        let status = try work.data("status", "--porcelain")
        XCTAssertEqual(status.lines, ["   * a.bin", "   * sub folder/b.psd"])
    }
}
