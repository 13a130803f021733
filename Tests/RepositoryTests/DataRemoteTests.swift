import Git
import Platform
import Repository
import TestSupport
import XCTest

/// Which data remote belongs to a Git remote, in real repositories.
final class DataRemoteTests: XCTestCase {
    private var clone: ScratchRepository!
    private var scratch: ScratchFolder { clone.scratch }

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        clone = try ScratchRepository(name: "clone")
    }

    override func tearDown() { clone = nil }

    private func repository() -> Repository {
        try! Repository.find(from: clone.path)
    }

    private func remote(forGitRemote name: String? = nil) throws -> DataRemote {
        try repository().dataRemote(forGitRemote: name)
    }

    private func assertError(
        _ expected: DataRemoteError, _ body: @autoclosure () throws -> DataRemote, file: StaticString = #filePath,
        line: UInt = #line
    ) {
        XCTAssertThrowsError(try body(), file: file, line: line) { error in
            guard case .remote(let error)? = error as? RepositoryError else {
                return XCTFail("\(error)", file: file, line: line)
            }
            XCTAssertEqual(error, expected, file: file, line: line)
        }
    }

    private func makeGit(_ name: BytePath, _ options: BytePath...) throws -> BytePath {
        let folder = scratch / name
        try folder.makeFolders()
        try clone.git(["init", "-q"] + options + ["."], in: folder)
        return folder
    }

    // MARK: by settings

    func testNothingNamedIsNone() throws {
        assertError(.none(gitRemote: nil, url: nil), try remote())
        try clone.git("remote", "add", "origin", "https://example.org/x.git")
        assertError(.none(gitRemote: "origin", url: "https://example.org/x.git"), try remote())
    }

    func testOnlyRemoteIsUsed() throws {
        try clone.git("config", "data.storage.url", "s3://bucket/x")
        XCTAssertEqual(try remote(), DataRemote(name: "storage", url: "s3://bucket/x", source: .own))
    }

    func testDefaultIsChosenAmongSeveral() throws {
        try clone.git("config", "data.one.url", "s3://bucket/1")
        try clone.git("config", "data.two.url", "s3://bucket/2")
        assertError(.none(gitRemote: nil, url: nil), try remote())
        try clone.git("config", "data.remote", "two")
        XCTAssertEqual(try remote().name, "two")
        try clone.git("config", "data.remote", "three")
        assertError(.unknown(name: "three", key: "data.remote"), try remote())
    }

    func testGitRemoteCanNameItsDataRemote() throws {
        try clone.git("config", "data.one.url", "s3://bucket/1")
        try clone.git("config", "data.two.url", "s3://bucket/2")
        try clone.git("config", "data.remote", "one")
        try clone.git("remote", "add", "backup", "https://example.org/x.git")
        try clone.git("config", "remote.backup.dataRemote", "two")
        XCTAssertEqual(try remote(forGitRemote: "backup").name, "two")
        XCTAssertEqual(try remote(forGitRemote: "other").name, "one")
        try clone.git("config", "remote.backup.dataRemote", "none")
        assertError(.unknown(name: "none", key: "remote.backup.dataRemote"), try remote(forGitRemote: "backup"))
    }

    func testCommittedFolderIsNotUsedBeforeItIsTrusted() throws {
        try clone.write("[data]\n\tremote = share\n[data \"share\"]\n\turl = /srv/share\n", to: ".gitdata")
        let expected = DataRemote(name: "share", url: "/srv/share", source: .committed)
        assertError(.untrusted(expected), try remote())
        assertError(.untrusted(expected), try repository().dataRemote(named: "share"))
        try clone.git("config", "data.share.url", "/srv/share")
        XCTAssertEqual(try remote().source, .own)
    }

    func testCommittedBucketIsUsed() throws {
        try clone.write("[data \"b\"]\n\turl = s3://bucket/x\n\tregion = eu\n", to: ".gitdata")
        XCTAssertEqual(try remote(), DataRemote(name: "b", url: "s3://bucket/x", options: [.region: "eu"], source: .committed))
    }

    func testCommittedSettingsBehindLinkAreNotRead() throws {
        try scratch.write("[data \"b\"]\n\turl = s3://bucket/x\n", to: "outside")
        XCTAssertEqual(try Finished("/bin/ln", ["-s", "../outside", clone.path / ".gitdata"]).ending, .exited(0))
        XCTAssertEqual(try repository().committedSettings().keys, [])
    }

    func testCommittedSettingsDoNotInclude() throws {
        try scratch.write("[data]\n\tlazy = true\n", to: "outside")
        try clone.write("[include]\n\tpath = \(scratch / "outside")\n", to: ".gitdata")
        XCTAssertFalse(try repository().settings().isLazy)
    }

    func testCommittedSettingsOfHeadBeforeTheCheckout() throws {
        try clone.write("[data]\n\tlazy = true\n", to: ".gitdata")
        try clone.commit()
        try clone.git(["clone", "-q", "--no-checkout", clone.path, "fresh"], in: scratch.path)
        let fresh = try Repository.find(from: scratch / "fresh")
        XCTAssertTrue(try fresh.settings().isLazy)
        XCTAssertEqual(try fresh.store().folder, scratch / "fresh/.git/data")
    }

    func testDataRemoteByName() throws {
        try clone.git("config", "data.one.url", "s3://bucket/1")
        try clone.git("config", "data.two.url", "s3://bucket/2")
        XCTAssertEqual(try repository().dataRemote(named: "two").url, "s3://bucket/2")
        assertError(.unknown(name: "three", key: ""), try repository().dataRemote(named: "three"))
        let central = try makeGit("central.git", "--bare")
        try clone.git("remote", "add", "origin", central)
        try clone.git("config", "--unset", "data.two.url")
        try clone.git("config", "--unset", "data.one.url")
        XCTAssertEqual(try repository().dataRemote(named: "origin").url, central / "data")
    }

    func testSettingsAreReadOnceAndForgotten() throws {
        let repository = repository()
        XCTAssertFalse(try repository.settings().isLazy)
        try clone.git("config", "data.lazy", "true")
        XCTAssertFalse(try repository.settings().isLazy)
        repository.forgetSettings()
        XCTAssertTrue(try repository.settings().isLazy)
    }

    func testBadSettingIsTypedError() throws {
        try clone.git("config", "data.lazy", "perhaps")
        XCTAssertThrowsError(try repository().settings()) { error in
            guard case .settings(let error)? = error as? RepositoryError else { return XCTFail("\(error)") }
            XCTAssertEqual(error.key, "data.lazy")
            XCTAssertEqual(error.value, "perhaps")
        }
    }

    // MARK: inside the Git remote

    private func assertInside(
        _ url: BytePath, _ folder: BytePath?, file: StaticString = #filePath, line: UInt = #line
    ) throws {
        try clone.git("config", "remote.origin.url", url)
        guard let folder else {
            return XCTAssertThrowsError(try remote(), "\(url)", file: file, line: line)
        }
        let found = try remote()
        XCTAssertEqual(found.source, .insideGitRemote, file: file, line: line)
        XCTAssertEqual(found.name, "origin", file: file, line: line)
        let data = found.url.parent
        XCTAssertEqual(try data.resolved() / found.url.lastComponent, folder, "\(url)", file: file, line: line)
    }

    func testFolderRemoteHoldsItsBlobsInside() throws {
        let bare = try makeGit("central.git", "--bare")
        let plain = try makeGit("plain")
        let spaced = try makeGit("with space", "--bare")
        try assertInside(bare, bare / "data")
        try assertInside("../central.git", bare / "data")
        try assertInside("../central", bare / "data")
        try assertInside("../central.git/", bare / "data")
        try assertInside(plain, plain / ".git/data")
        try assertInside(plain / ".git", plain / ".git/data")
        try assertInside(BytePath("file://\(bare)"), bare / "data")
        try assertInside(BytePath("file://\(scratch.path)/with%20space"), spaced / "data")
        try assertInside(spaced, spaced / "data")
        try assertInside(scratch / "nothing", nil)
        try assertInside("https://example.org/x.git", nil)
        try assertInside("git@example.org:x.git", nil)
        try assertInside("example.org:central.git", nil)
        try (scratch / "folder").makeFolders()
        try assertInside(scratch / "folder", nil)
    }

    func testRemoteThatIsLinkedWorktreeSharesTheCommonFolder() throws {
        let plain = try makeGit("plain")
        try clone.git(["commit", "-q", "--allow-empty", "-m", "x"], in: plain)
        try clone.git(["worktree", "add", "-q", scratch / "linked"], in: plain)
        try assertInside(scratch / "linked", plain / ".git/data")
        try assertInside(plain / ".git/worktrees/linked", plain / ".git/data")
        let apart = try makeGit("apart", "--separate-git-dir", scratch / "elsewhere")
        try assertInside(apart, scratch / "elsewhere/data")
    }

    func testRewrittenURLIsTheOneThatGitUses() throws {
        let bare = try makeGit("central.git", "--bare")
        try clone.git("config", BytePath("url.\(scratch.path)/.insteadOf"), "srv:")
        try assertInside("srv:central.git", bare / "data")
    }

    func testRelativeRemoteOfBareRepository() throws {
        let central = try makeGit("central.git", "--bare")
        let mirror = try makeGit("mirror.git", "--bare")
        try clone.git(["config", "remote.origin.url", "../central.git"], in: mirror)
        let found = try Repository.find(from: mirror).dataRemote()
        XCTAssertEqual(try found.url.parent.resolved(), central)
    }

    func testURLGivenByHookIsUsed() throws {
        let bare = try makeGit("central.git", "--bare")
        let found = try repository().dataRemote(forGitRemote: nil, url: bare)
        XCTAssertEqual(found.url, bare / "data")
        XCTAssertEqual(try repository().dataRemote(forGitRemote: "\(bare)").url, bare / "data")
    }

    func testDefaultGitRemote() throws {
        let repository = repository()
        func found() throws -> String? { repository.defaultGitRemote(try repository.git().configuration()) }
        XCTAssertNil(try found())
        try clone.git("remote", "add", "upstream", "/nowhere")
        XCTAssertEqual(try found(), "upstream")
        try clone.git("remote", "add", "second", "/nowhere")
        XCTAssertNil(try found())
        try clone.git("remote", "add", "origin", "/nowhere")
        XCTAssertEqual(try found(), "origin")
        try clone.git("config", "branch.main.remote", "second")
        XCTAssertEqual(try found(), "second")
        try clone.git("config", "branch.main.remote", ".")
        XCTAssertEqual(try found(), "origin")
        try clone.git("checkout", "-q", "--orphan", "topic/Grüße")
        try clone.git("config", "branch.topic/Grüße.remote", "upstream")
        XCTAssertEqual(try found(), "upstream")
    }

    func testStoreIsSharedByWorktreesAndMovedBySetting() throws {
        try clone.commit()
        try clone.git("worktree", "add", "-q", "../linked")
        let linked = try Repository.find(from: scratch / "linked")
        XCTAssertEqual(try linked.store().folder, clone.path / ".git/data")
        XCTAssertEqual(try linked.store().alternates, [clone.path / ".git/lfs/objects"])
        try clone.git("config", "data.store", "/srv/store")
        XCTAssertEqual(try repository().store().folder, "/srv/store")
        try clone.git("config", "data.store", "../store")
        XCTAssertEqual(try repository().store().folder.normalized, scratch / "store")
    }
}
