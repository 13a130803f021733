import Digest
import Platform
import TestSupport
import XCTest

/// The real Git LFS with our agent as its standalone transfer agent.
final class GitLFSAgentTests: TransferTestCase {
    private var git: BytePath = "git"

    override func setUpWithError() throws {
        try super.setUpWithError()
        guard let git = Environment.findProgram("git"), Environment.findProgram("git-lfs") != nil else {
            throw XCTSkip("git-lfs is not installed")
        }
        self.git = git
        try scratch.write("[init]\n\tdefaultBranch = main\n", to: "home/.gitconfig")
        try run(["lfs", "install", "--skip-repo"])
    }

    @discardableResult
    private func run(_ arguments: [BytePath], in folder: BytePath? = nil, mayFail: Bool = false) throws -> Finished {
        let environment = Environment.changed(
            removing: ["GIT_CONFIG_GLOBAL"],
            adding: [("HOME", scratch / "home"), ("GIT_LFS_SKIP_SMUDGE", "1"), ("GIT_TRACE", "")])
        let finished = try Finished(git, arguments, in: folder ?? scratch.path, environment: environment)
        if !mayFail {
            XCTAssertEqual(
                finished.ending, .exited(0), "\(arguments): \(String(decoding: finished.errors, as: UTF8.self))")
        }
        return finished
    }

    private func useAgent(in folder: BytePath, args: BytePath? = nil) throws {
        for (key, value) in [
            ("lfs.standalonetransferagent", "data"), ("lfs.customtransfer.data.path", try agent()),
            ("lfs.customtransfer.data.args", args ?? scratch / "remote"),
        ] as [(BytePath, BytePath)] {
            try run(["config", key, value], in: folder)
        }
    }

    private func makeRepository() throws -> [(name: BytePath, bytes: [UInt8])] {
        var random = SeededRandom(seed: 11)
        let files: [(name: BytePath, bytes: [UInt8])] = [
            ("small.bin", random.bytes(10)), ("two words.bin", random.bytes(100_000)),
            ("big.bin", random.bytes(6 << 20)),
        ]
        try run(["init", "--quiet", "--bare", "origin.git"])
        try run(["clone", "--quiet", scratch / "origin.git", "work"])
        let work = scratch / "work"
        try run(["lfs", "track", "*.bin"], in: work)
        for file in files { try scratch.write(file.bytes, to: "work" / file.name) }
        try run(["add", "."], in: work)
        try run(["commit", "--quiet", "-m", "data"], in: work)
        return files
    }

    /// Asserts that the agent left nothing; Git LFS leaves files of its own, with short names.
    private func assertNoRests(below folder: BytePath, line: UInt = #line) throws {
        let rests = try scratch.files(below: folder).filter { $0.lastComponent.bytes.count >= ObjectID.digitCount }
        XCTAssertEqual(rests, [], line: line)
    }

    func testPushAndPull() throws {
        let files = try makeRepository()
        try useAgent(in: scratch / "work")
        try run(["push", "--quiet", "origin", "HEAD"], in: scratch / "work")
        for file in files { XCTAssertEqual(try remote.isIntact(.of(file.bytes)), true, "\(file.name)") }
        XCTAssertEqual(try scratch.files(below: "remote/incoming"), [])

        try run(["clone", "--quiet", scratch / "origin.git", "clone"])
        try useAgent(in: scratch / "clone", args: "file://" / (scratch / "remote"))
        try run(["lfs", "pull"], in: scratch / "clone")
        for file in files {
            XCTAssertTrue(try ("clone" / file.name).absolute(from: scratch.path).contents() == file.bytes, "\(file.name)")
        }
        try assertNoRests(below: "clone/.git/lfs/tmp")
    }

    func testStorageElsewhereAndLinkedWorktree() throws {
        let files = try makeRepository()
        try useAgent(in: scratch / "work")
        try run(["push", "--quiet", "origin", "HEAD"], in: scratch / "work")
        try run(["clone", "--quiet", scratch / "origin.git", "clone"])
        try useAgent(in: scratch / "clone")
        try run(["config", "lfs.storage", scratch / "elsewhere"], in: scratch / "clone")
        try run(["worktree", "add", "--quiet", scratch / "linked"], in: scratch / "clone")
        try run(["lfs", "pull"], in: scratch / "linked")
        for file in files {
            XCTAssertTrue(try (scratch / "linked" / file.name).contents() == file.bytes, "\(file.name)")
        }
        try assertNoRests(below: "elsewhere/tmp")
    }

    func testMissingBlobIsSaid() throws {
        let files = try makeRepository()
        try useAgent(in: scratch / "work")
        try run(["push", "--quiet", "origin", "HEAD"], in: scratch / "work")
        try (remote.path(of: .of(files[0].bytes))).removeFile()
        try run(["clone", "--quiet", scratch / "origin.git", "clone"])
        try useAgent(in: scratch / "clone")
        let pull = try run(["lfs", "pull"], in: scratch / "clone", mayFail: true)
        XCTAssertNotEqual(pull.ending, .exited(0))
        XCTAssert(String(decoding: pull.errors, as: UTF8.self).contains("not at"), String(decoding: pull.errors, as: UTF8.self))
        XCTAssertTrue(try (scratch / "clone" / files[2].name).contents() == files[2].bytes)
    }

    func testRemoteWithoutURLIsSaid() throws {
        _ = try makeRepository()
        try useAgent(in: scratch / "work", args: "")
        let push = try run(["push", "--quiet", "origin", "HEAD"], in: scratch / "work", mayFail: true)
        XCTAssertNotEqual(push.ending, .exited(0))
        XCTAssert(String(decoding: push.errors, as: UTF8.self).contains("lfs.customtransfer"))
    }
}
