import Platform
import TestSupport
import XCTest

/// Git LFS keeps its blobs in a bucket, by our agent, set up as the README says.
final class S3GitLFSTests: S3TestCase {
    private let files: [BytePath: [UInt8]] = [
        "a.psd": SampleData.bytes(50_000, seed: 1), "two words.psd": SampleData.bytes(12 << 20, seed: 2),
    ]
    private var lfs: Worktree!

    override func setUpWithError() throws {
        try super.setUpWithError()
        try laboratory.git(["lfs", "install", "--skip-repo"])
        lfs = try laboratory.repository("lfs", isSetUp: false)
        try lfs.git("remote", "add", "origin", try laboratory.bareRepository("lfs.git"))
        try lfs.git("lfs", "track", "*.psd")
        for (path, content) in files { try lfs.write(content, to: path) }
        try lfs.commit("With Git LFS")
    }

    override func tearDown() {
        lfs = nil
        super.tearDown()
    }

    /// Runs the README's lines, with a URL of ours.
    private func setUpAgent(in folder: Worktree) throws {
        let readme = try XCTUnwrap((laboratory.installation.sources / "README.md").contents())
        let lines = String(decoding: readme, as: UTF8.self).split(separator: "\n").filter {
            $0.hasPrefix("$ git config lfs.")
        }
        XCTAssertEqual(lines.count, 3)
        for line in lines {
            let command = String(line.dropFirst(2)).replacing("s3://churn-lab/datasets", with: url().description)
            try folder.shell(command).expecting(0)
        }
    }

    private func clone() throws -> Worktree {
        try laboratory.clone(laboratory.folder / "lfs.git", as: "lfs-clone", with: ["GIT_LFS_SKIP_SMUDGE": "1"])
    }

    func testPushCloneAndPull() throws {
        try setUpAgent(in: lfs)
        try lfs.git("push", "--quiet", "-u", "origin", "main")
        let clone = try clone()
        XCTAssertLessThan(try clone.read("a.psd").count, 200)
        try setUpAgent(in: clone)
        try clone.git("lfs", "pull")
        for (path, content) in files { try assertContent(path, in: clone, is: content) }
        try assertClean(clone)
        let changed = SampleData.bytes(70_000, seed: 5)
        try clone.write(changed, to: "a.psd")
        try clone.commit("Changed in the clone")
        try clone.git("push", "--quiet")
        // With the filter of Git LFS, and no command of ours.
        try lfs.git("pull", "--quiet")
        try assertContent("a.psd", in: lfs, is: changed)
    }

    func testWrongSecretIsSaid() throws {
        try setUpAgent(in: lfs)
        let wrong: [String: BytePath?] = ["AWS_SECRET_ACCESS_KEY": "wrong"]
        let push = try lfs.attempt("push", "origin", "main", with: wrong)
        XCTAssertNotEqual(push.status, 0)
        assertContains(push.errorText, "secret access key does not fit")
        XCTAssertEqual(try laboratory.git(["for-each-ref"], in: laboratory.folder / "lfs.git").lines, [])
        try lfs.git("push", "--quiet", "origin", "main")
        let clone = try clone()
        try setUpAgent(in: clone)
        let pull = try clone.attempt("lfs", "pull", with: wrong)
        XCTAssertNotEqual(pull.status, 0)
        assertContains(pull.errorText, "secret access key does not fit")
    }

    func testColleagueWithGitDataFindsTheBlobs() throws {
        try setUpAgent(in: lfs)
        try lfs.git("push", "--quiet", "-u", "origin", "main")
        let clone = try clone()
        try clone.data("init", "--quiet")
        try clone.git("config", "data.storage.url", url())
        try clone.data("pull", "--quiet")
        for (path, content) in files { try assertContent(path, in: clone, is: content) }
    }
}
