import Git
import Glibc
import Platform
import TestSupport
import XCTest

/// Where a repository is, with `git rev-parse` as the oracle.
final class RepositoryLocationTests: XCTestCase {
    private var scratch: ScratchFolder!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
    }

    override func tearDown() { scratch = nil }

    private struct Parts: Equatable {
        let gitFolder: BytePath
        let commonFolder: BytePath
        let worktree: BytePath?
        let index: BytePath
    }

    private func real(_ path: BytePath) -> BytePath {
        if let resolved = try? path.resolved() { return resolved }
        // What is not there yet, such as the index of an empty repository.
        return ((try? path.parent.resolved()) ?? path.parent) / path.lastComponent
    }

    /// What Git says; nil where it finds no repository.
    private func gitsAnswer(from folder: BytePath) throws -> Parts? {
        func ask(_ question: [BytePath]) throws -> BytePath? {
            let finished = try ScratchRepository.run(["rev-parse"] + question, in: folder)
            guard finished.ending == .exited(0) else { return nil }
            // Without the newline, and no other one.
            return BytePath(bytes: finished.output.dropLast())
        }
        guard let gitFolder = try ask(["--absolute-git-dir"]), let common = try ask(["--git-common-dir"]),
            let index = try ask(["--git-path", "index"])
        else { return nil }
        let worktree = try ask(["--show-toplevel"])
        return Parts(
            gitFolder: real(gitFolder), commonFolder: real(common.absolute(from: folder)),
            worktree: worktree.map { real($0) }, index: real(index.absolute(from: folder)))
    }

    private func ourAnswer(from folder: BytePath) throws -> Parts? {
        do throws(GitError) {
            let location = try RepositoryLocation.find(from: folder)
            return Parts(
                gitFolder: real(location.gitFolder), commonFolder: real(location.commonFolder),
                worktree: location.worktree.map { real($0) }, index: real(location.index))
        } catch {
            if case .notARepository = error { return nil }
            throw error
        }
    }

    /// - Returns: what both say.
    @discardableResult
    private func assertAsGit(
        from folder: BytePath, _ variables: [String: BytePath?] = [:], file: StaticString = #filePath, line: UInt = #line
    ) throws -> (gitFolder: BytePath, commonFolder: BytePath, worktree: BytePath?)? {
        try TestProcess.with(variables) {
            let expected = try gitsAnswer(from: folder)
            let found = try ourAnswer(from: folder)
            XCTAssertEqual(found, expected, file: file, line: line)
            return found.map { ($0.gitFolder, $0.commonFolder, $0.worktree) }
        }
    }

    private func git(_ arguments: BytePath..., in folder: BytePath? = nil) throws {
        let finished = try ScratchRepository.run(arguments, in: folder ?? scratch.path)
        XCTAssertEqual(finished.ending, .exited(0), String(decoding: finished.errors, as: UTF8.self))
    }

    @discardableResult
    private func makeRepository(_ name: BytePath, _ options: BytePath...) throws -> BytePath {
        let folder = scratch / name
        try folder.makeFolders()
        let finished = try ScratchRepository.run(["init", "-q", "-b", "main"] + options + ["."], in: folder)
        XCTAssertEqual(finished.ending, .exited(0))
        return folder
    }

    private func makeCommit(_ folder: BytePath) throws {
        try git("commit", "-q", "--allow-empty", "-m", "first", in: folder)
    }

    func testPlainRepositoryAndItsFolders() throws {
        let top = try makeRepository("plain")
        try (top / "a/b").makeFolders()
        for folder in [top, top / "a/b"] {
            XCTAssertEqual(try assertAsGit(from: folder)?.worktree, top)
        }
    }

    func testInsideGitFolderThereIsNoWorktree() throws {
        let top = try makeRepository("plain")
        for folder in [".git", ".git/objects", ".git/refs/heads"] as [BytePath] {
            let found = try assertAsGit(from: top / folder)
            XCTAssertEqual(found?.gitFolder, top / ".git")
            XCTAssertNil(found?.worktree)
        }
    }

    func testNoRepository() throws {
        XCTAssertNil(try assertAsGit(from: scratch.path))
        try (scratch / "outer/.git").makeFolders()
        XCTAssertNil(try assertAsGit(from: scratch / "outer"), "an empty .git is none")
    }

    func testEmptyGitFolderIsPassedOverOnTheWayUp() throws {
        let top = try makeRepository("plain")
        try (top / "below/.git").makeFolders()
        XCTAssertEqual(try assertAsGit(from: top / "below")?.worktree, top)
    }

    func testBareRepository() throws {
        let bare = try makeRepository("bare.git", "--bare")
        for folder in [bare, bare / "objects"] {
            let found = try assertAsGit(from: folder)
            XCTAssertEqual(found?.gitFolder, bare)
            XCTAssertNil(found?.worktree)
        }
    }

    func testGitFileAbsoluteAndRelative() throws {
        let top = try makeRepository("plain", "--separate-git-dir", scratch / "elsewhere")
        XCTAssertEqual(try assertAsGit(from: top)?.gitFolder, scratch / "elsewhere")
        for text in ["gitdir: ../elsewhere\n", "gitdir: ../elsewhere", "gitdir: ../elsewhere\r\n", "gitdir: ./.././elsewhere\n\n"] {
            try scratch.write(text, to: "plain/.git")
            XCTAssertEqual(try assertAsGit(from: top)?.gitFolder, scratch / "elsewhere", text)
        }
    }

    func testGitFileThatNamesNoRepositoryIsNone() throws {
        let top = try makeRepository("plain")
        try (top / "below").makeFolders()
        for text in ["gitdir: nowhere\n", "gitdir:../.git\n", "garbage", "", "gitdir: "] {
            try scratch.write(text, to: "plain/below/.git")
            XCTAssertNil(try assertAsGit(from: top / "below"), text)
        }
    }

    func testGitFolderThroughLink() throws {
        let top = try makeRepository("plain", "--separate-git-dir", scratch / "elsewhere")
        try (top / ".git").removeFile()
        XCTAssertEqual(symlink("../elsewhere", (top / ".git").text), 0)
        XCTAssertEqual(try assertAsGit(from: top)?.gitFolder, scratch / "elsewhere")
        XCTAssertEqual(symlink("plain", (scratch / "alias").text), 0)
        XCTAssertEqual(try assertAsGit(from: scratch / "alias")?.worktree, top)
    }

    func testNamesWithNewlineAndOddBytes() throws {
        let odd = BytePath(bytes: [0x61, 0x0a, 0xff, 0x20])
        let top = try makeRepository(odd)
        XCTAssertEqual(try assertAsGit(from: top)?.worktree, top)
        try makeCommit(top)
        try git("worktree", "add", "-q", scratch / "linked", in: top)
        XCTAssertEqual(try assertAsGit(from: scratch / "linked")?.commonFolder, top / ".git")
    }

    func testLinkedWorktree() throws {
        let top = try makeRepository("plain")
        try makeCommit(top)
        try git("worktree", "add", "-q", scratch / "linked", in: top)
        try (scratch / "linked/sub").makeFolders()
        for folder in ["linked", "linked/sub"] as [BytePath] {
            let found = try assertAsGit(from: scratch / folder)
            XCTAssertEqual(found?.gitFolder, top / ".git/worktrees/linked")
            XCTAssertEqual(found?.commonFolder, top / ".git")
            XCTAssertEqual(found?.worktree, scratch / "linked")
        }
        try assertAsGit(from: top / ".git/worktrees/linked")
    }

    func testLinkedWorktreeOfBareRepository() throws {
        try makeCommit(try makeRepository("plain"))
        try git("clone", "-q", "--bare", "plain", "bare.git")
        let bare = scratch / "bare.git"
        try git("worktree", "add", "-q", scratch / "linked", in: bare)
        let found = try assertAsGit(from: scratch / "linked")
        XCTAssertEqual(found?.commonFolder, bare)
        XCTAssertEqual(found?.worktree, scratch / "linked")
    }

    func testSubmodule() throws {
        let library = try makeRepository("library")
        try makeCommit(library)
        let top = try makeRepository("super")
        try git("submodule", "add", "-q", library, "deep/sub", in: top)
        let found = try assertAsGit(from: top / "deep/sub")
        XCTAssertEqual(found?.gitFolder, top / ".git/modules/deep/sub")
        XCTAssertEqual(found?.worktree, top / "deep/sub")
        XCTAssertEqual(try assertAsGit(from: top / "deep")?.worktree, top)
    }

    func testRepositoryInsideRepository() throws {
        try makeRepository("outer")
        let inner = try makeRepository("outer/inner")
        XCTAssertEqual(try assertAsGit(from: inner)?.worktree, inner)
    }

    // MARK: settings that move the worktree

    func testWorktreeNamedByConfiguration() throws {
        let top = try makeRepository("plain")
        try (scratch / "files/deep").makeFolders()
        for value in ["../../files", "\(scratch / "files")"] {
            try git("config", "core.worktree", BytePath(value), in: top)
            XCTAssertEqual(try assertAsGit(from: top / ".git")?.worktree, scratch / "files", value)
            XCTAssertEqual(try assertAsGit(from: scratch / "files", ["GIT_DIR": top / ".git"])?.worktree, scratch / "files")
        }
    }

    func testBareByConfigurationWithGitDirectory() throws {
        let bare = try makeRepository("bare.git", "--bare")
        try (scratch / "files").makeFolders()
        XCTAssertNil(try assertAsGit(from: scratch / "files", ["GIT_DIR": bare])?.worktree)
        XCTAssertNil(try assertAsGit(from: bare, ["GIT_DIR": "."])?.worktree)
        let found = try assertAsGit(from: scratch / "files", ["GIT_DIR": bare, "GIT_WORK_TREE": "."])
        XCTAssertEqual(found?.worktree, scratch / "files")
    }

    // MARK: environment

    func testGitDirectoryFromEnvironment() throws {
        let top = try makeRepository("plain")
        try makeRepository("other")
        try (top / "sub").makeFolders()
        XCTAssertEqual(try assertAsGit(from: top, ["GIT_DIR": ".git"])?.worktree, top)
        XCTAssertEqual(try assertAsGit(from: top / "sub", ["GIT_DIR": "../.git"])?.worktree, top / "sub")
        XCTAssertEqual(try assertAsGit(from: scratch / "other", ["GIT_DIR": top / ".git"])?.gitFolder, top / ".git")
        XCTAssertNil(try assertAsGit(from: top, ["GIT_DIR": "nowhere"]))
        XCTAssertNil(try assertAsGit(from: top, ["GIT_DIR": top]))
    }

    func testWorktreeFromEnvironment() throws {
        let top = try makeRepository("plain")
        try (scratch / "files/deep").makeFolders()
        let variables: [String: BytePath?] = ["GIT_DIR": top / ".git", "GIT_WORK_TREE": scratch / "files"]
        for folder in ["files", "files/deep", "plain"] as [BytePath] {
            XCTAssertEqual(try assertAsGit(from: scratch / folder, variables)?.worktree, scratch / "files")
        }
        let relative: [String: BytePath?] = ["GIT_DIR": top / ".git", "GIT_WORK_TREE": ".."]
        XCTAssertEqual(try assertAsGit(from: scratch / "files/deep", relative)?.worktree, scratch / "files")
        // Alone it moves the worktree of what is found.
        XCTAssertEqual(try assertAsGit(from: top, ["GIT_WORK_TREE": scratch / "files"])?.worktree, scratch / "files")
    }

    func testGitFileNamedByEnvironment() throws {
        let top = try makeRepository("plain", "--separate-git-dir", scratch / "elsewhere")
        XCTAssertEqual(try assertAsGit(from: top, ["GIT_DIR": ".git"])?.gitFolder, scratch / "elsewhere")
    }

    func testCommonFolderFromEnvironment() throws {
        let top = try makeRepository("plain")
        try makeCommit(top)
        try git("worktree", "add", "-q", scratch / "linked", in: top)
        let own = top / ".git/worktrees/linked"
        for common in [top / ".git", "../plain/.git"] {
            let found = try assertAsGit(from: scratch / "linked", ["GIT_DIR": own, "GIT_COMMON_DIR": common])
            XCTAssertEqual(found?.commonFolder, top / ".git")
        }
    }

    func testIndexFromEnvironment() throws {
        let top = try makeRepository("plain")
        try (top / "sub").makeFolders()
        for index in [".git/other", "\(top / "index.tmp")"] {
            try assertAsGit(from: top, ["GIT_INDEX_FILE": BytePath(index)])
        }
        // Git leaves a relative one relative, and works at the top.
        try TestProcess.with(["GIT_INDEX_FILE": ".git/other"]) {
            XCTAssertEqual(try RepositoryLocation.find(from: top / "sub").index, top / ".git/other")
        }
    }

    func testHooksOfLinkedWorktreeFindTheirOwn() throws {
        let top = try makeRepository("plain")
        try makeCommit(top)
        try git("worktree", "add", "-q", scratch / "linked", in: top)
        let variables: [String: BytePath?] = ["GIT_DIR": top / ".git/worktrees/linked", "GIT_INDEX_FILE": top / ".git/worktrees/linked/index"]
        let found = try assertAsGit(from: scratch / "linked", variables)
        XCTAssertEqual(found?.worktree, scratch / "linked")
        XCTAssertEqual(found?.commonFolder, top / ".git")
    }

    func testCeilings() throws {
        let top = try makeRepository("plain")
        try (top / "a/b/c").makeFolders()
        XCTAssertEqual(symlink("plain", (scratch / "alias").text), 0)
        let deep = top / "a/b/c"
        let ceilings = [
            "\(top)", "\(top / "a")", "\(top / "a/b")", "\(scratch.path)", "\(deep)", "relative:\(top / "a")", "",
            ":\(top)", "/nowhere:\(top / "a/")", "\(scratch / "alias")/a", ":\(scratch / "alias")/a", "/",
        ]
        for ceiling in ceilings {
            let variables: [String: BytePath?] = ["GIT_CEILING_DIRECTORIES": BytePath(ceiling)]
            try assertAsGit(from: deep, variables)
            try assertAsGit(from: top, variables)
            try assertAsGit(from: scratch / "alias/a/b", variables)
        }
        let found = try assertAsGit(from: deep, ["GIT_CEILING_DIRECTORIES": top])
        XCTAssertNil(found)
    }

    func testRepositoryOfAnotherUserIsLeftToGit() throws {
        try XCTSkipUnless(TestProcess.isRoot, "only root can give a folder away")
        let top = try makeRepository("plain")
        // It is found here, as the filter must not start a process to know; Git refuses to work in it.
        XCTAssertEqual(chown((top / ".git").text, 12345, 12345), 0)
        XCTAssertEqual(chown(top.text, 12345, 12345), 0)
        XCTAssertEqual(try RepositoryLocation.find(from: top).worktree, top)
        XCTAssertThrowsError(try Git(in: top).indexEntries()) { error in
            guard case .failed(_, _, let message)? = error as? GitError else { return XCTFail("\(error)") }
            XCTAssertTrue(message.contains("dubious ownership"), message)
        }
    }
}
