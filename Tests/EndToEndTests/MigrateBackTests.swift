import Platform
import TestSupport
import XCTest

/// The ways back: `git data migrate undo`, `git data migrate export`, and what a migration refuses.
final class MigrateBackTests: MigrateTestCase {
    private func trees(_ work: Worktree) throws -> [String] {
        try work.git("log", "--format=%T", "main", "side").lines
    }

    // MARK: undo

    func testUndoRestoresEveryRef() throws {
        let work = try makeHistory()
        let before = try refs(of: work)
        try work.data("migrate", "import", "--everything", "--include", "*.bin", "--quiet")
        XCTAssertNotEqual(try refs(of: work), before)
        try work.data("migrate", "undo")
        XCTAssertEqual(try refs(of: work), before)
        XCTAssertEqual(try work.git("for-each-ref", "refs/original").text, "")
        XCTAssertEqual(try work.readText(".gitattributes"), "*.txt text\n# no end")
        try assertContent("data/a.bin", in: work, is: larger)
        try assertClean(work)
    }

    func testUndoRemovesTheAttributesThatTheMigrationMade() throws {
        let work = try makeHistory()
        try work.git("switch", "--quiet", "side")
        try work.data("migrate", "import", "--include", "*.bin", "--quiet")
        XCTAssert((work.folder / ".gitattributes").exists)
        try work.data("migrate", "undo")
        XCTAssertFalse((work.folder / ".gitattributes").exists)
        try assertClean(work)
    }

    func testUndoLeavesNoNewCommitBehindUnasked() throws {
        let work = try makeHistory()
        try work.data("migrate", "import", "--everything", "--include", "*.bin", "--quiet")
        try work.write("new\n", to: "new.txt")
        try work.commit("New")
        let head = try work.git("rev-parse", "HEAD").line
        let answer = try work.attempt("data", "migrate", "undo").expecting(128)
        assertContains(answer.errorText, "'main' has got commits since")
        XCTAssertEqual(try work.git("rev-parse", "HEAD").line, head)
        try work.data("migrate", "undo", "--force")
        XCTAssertFalse((work.folder / "new.txt").exists)
        try assertClean(work)
        XCTAssertEqual(try work.git("rev-parse", "main@{1}").line, head, "the reflog keeps it")
    }

    func testUndoWithoutABackupSaysSo() throws {
        assertContains(try makeHistory().attempt("data", "migrate", "undo").expecting(128).errorText, "no backup")
    }

    // MARK: export

    func testExportAfterImportGivesTheSameTreesAndUnsignedCommitsTheirNames() throws {
        let work = try makeHistory()
        let before = try trees(work)
        let main = try work.git("rev-parse", "main").line
        for options in [["--include", "*.bin"], ["--above", "1000"], ["--include", "*", "--exclude", "side/*"]] as [[BytePath]] {
            _ = try laboratory.run("git", ["data", "migrate", "import", "--everything", "--force"] + options, in: work.folder).expecting(0)
            XCTAssertNotEqual(try trees(work), before, "\(options)")
            try work.data("migrate", "export", "--everything", "--force", "--quiet")
            XCTAssertEqual(try trees(work), before, "\(options)")
            XCTAssertEqual(try work.git("rev-parse", "main").line, main)
            try assertClean(work)
        }
        try work.git("fsck", "--strict", "--no-dangling")
    }

    func testExportChangesTheAttributesOfEachFolderByItself() throws {
        let work = try makeHistory()
        let lines = ["x", "y"].map { "/\($0).bin filter=data diff=data merge=data -text\n" }
        for folder in ["one", "two"] {
            try work.write(lines.joined(), to: BytePath("\(folder)/.gitattributes"))
            for name in ["x", "y"] { try work.write(larger, to: BytePath("\(folder)/\(name).bin")) }
        }
        try work.commit("Data")
        try work.data("migrate", "export", "--include", "one/x.bin", "--include", "two/y.bin", "--quiet")
        for path in ["one/x.bin", "two/y.bin"] as [BytePath] { XCTAssertEqual(try work.stored(path), larger) }
        for path in ["one/y.bin", "two/x.bin"] as [BytePath] { try assertPointer(path, in: work, for: larger) }
        XCTAssertEqual(try work.readText("one/.gitattributes"), lines[1])
        XCTAssertEqual(try work.readText("two/.gitattributes"), lines[0])
        try assertClean(work)
    }

    func testManyFilesGoAndComeBackPortionByPortion() throws {
        let work = try makeHistory()
        for round in 0..<2 {
            for number in 0..<4200 { try work.write(Array("\(round) \(number)\0".utf8), to: BytePath("many/\(number % 7)/\(number).bin")) }
            try work.write(Array("same\0".utf8), to: "many/0/77.bin")
            try work.write(Array("same\0".utf8), to: "many/6/4199.bin")
            try work.commit("Round \(round)")
        }
        let before = try trees(work)
        let dry = try work.data("migrate", "import", "--include", "many/", "--dry-run")
        assertContains(dry.text, "4200 files  8397 versions")
        try work.data("migrate", "import", "--include", "many/", "--quiet")
        try assertClean(work)
        let back = try work.data("migrate", "export", "--dry-run")
        assertContains(back.text, "4200 files  8397 versions")
        try work.data("migrate", "export", "--force", "--quiet")
        XCTAssertEqual(try trees(work), before)
        try assertClean(work)
        try work.data("migrate", "undo")
        try assertPointer("many/6/4199.bin", in: work, for: Array("same\0".utf8))
        try assertContent("many/6/4199.bin", in: work, is: Array("same\0".utf8))
        try assertClean(work)
        try work.data("fsck")
    }

    func testExportWithoutDataNamesSomeOfTheFilesAndCountsAll() throws {
        let work = try makeHistory()
        for number in 0..<23 { try work.write(Array("\(number)\0".utf8), to: BytePath("many/\(number).bin")) }
        try work.commit("Many")
        try work.data("migrate", "import", "--include", "many/", "--quiet")
        // What the worktree has, the filter would bring back.
        try work.git("rm", "-r", "--quiet", "many")
        try work.commit("None")
        try work.shell("rm -r .git/data/objects").expecting(0)
        let before = try refs(of: work)
        let answer = try work.attempt("data", "migrate", "export", "--force").expecting(1)
        assertContains(answer.errorText, "23 files without data:\nnot in the local store:\n\tmany/0.bin\n")
        assertContains(answer.errorText, "\t… and 3 more")
        XCTAssertEqual(try refs(of: work), before)
    }

    func testExportOfOnePatternLeavesTheOther() throws {
        let work = try makeHistory()
        try work.data("migrate", "import", "--everything", "--include", "*.bin", "--include", "*.txt", "--quiet")
        try work.data("migrate", "export", "--everything", "--include", "*.txt", "--force", "--quiet")
        try assertPointer("data/a.bin", in: work, for: larger)
        XCTAssertEqual(String(decoding: try work.stored("code.txt"), as: UTF8.self), "2\n")
        try assertClean(work)
    }

    func testExportOfPartOfAPatternExceptsThatPart() throws {
        let work = try makeHistory()
        try work.data("migrate", "import", "--everything", "--include", "*.bin", "--quiet")
        try work.data("migrate", "export", "--everything", "--include", "data/", "--force", "--quiet")
        XCTAssert(try work.stored("data/a.bin") == larger)
        try assertPointer(hostile, in: work, for: small)
        try assertClean(work)
        try work.write(large, to: "data/new.bin")
        try work.commit("New")
        XCTAssert(try work.stored("data/new.bin") == large)
    }

    func testExportOfWhatGitLFSStored() throws {
        let version = try laboratory.run("git", ["lfs", "version"])
        try XCTSkipUnless(version.status == 0, "Git LFS is not installed")
        let work = try makeHistory()
        let before = try trees(work)
        try laboratory.git(["lfs", "install", "--skip-repo"])
        try work.git("lfs", "migrate", "import", "--everything", "--include=*.bin", "--yes")
        try work.data("migrate", "export", "--everything", "--quiet")
        let after = try trees(work)
        XCTAssertEqual(after.count, before.count)
        XCTAssert(try work.stored("data/a.bin") == larger)
        XCTAssert(try work.stored("side/b.bin", at: "side") == larger)
        try assertClean(work)
    }

    func testExportNamesWhatIsMissingAndChangesNothing() throws {
        let work = try makeHistory()
        try work.data("migrate", "import", "--everything", "--include", "*.bin", "--quiet")
        let before = try refs(of: work)
        // Files as young as the index are cleaned again whenever Git looks, and that would bring the blob back.
        XCTAssertEqual(try work.shell("touch -d 2020-01-01 data/*.bin && git update-index --refresh").status, 0)
        try work.localBlob(of: large).removeFile()
        let answer = try work.attempt("data", "migrate", "export", "--everything", "--force").expecting(1)
        assertContains(answer.errorText, "data/a.bin")
        assertContains(answer.errorText, "git data fetch --all")
        XCTAssertEqual(try refs(of: work), before)
    }

    func testExportRefusesADamagedBlob() throws {
        let work = try makeHistory()
        try work.data("migrate", "import", "--everything", "--include", "*.bin", "--quiet")
        let before = try refs(of: work)
        var damaged = large
        damaged[7] ^= 1
        try work.localBlob(of: large).replaceContents(with: damaged)
        let answer = try work.attempt("data", "migrate", "export", "--everything", "--force").expecting(128)
        assertContains(answer.errorText, "damaged")
        XCTAssertEqual(try refs(of: work), before)
    }

    // MARK: no rewrite

    func testNoRewriteMakesOneCommit() throws {
        let work = try makeHistory()
        let head = try work.git("rev-parse", "HEAD").line
        try work.data("migrate", "import", "--no-rewrite", "data/a.bin", "-m", "Keep it as data")
        XCTAssertEqual(try work.git("rev-parse", "HEAD~1").line, head)
        XCTAssertEqual(try work.git("log", "-1", "--format=%s").line, "Keep it as data")
        XCTAssertEqual(try work.git("diff", "--name-only", "HEAD~1").lines, [".gitattributes", "data/a.bin"])
        try assertPointer("data/a.bin", in: work, for: larger)
        assertContains(try work.readText(".gitattributes"), "# no end\n/data/a.bin filter=data diff=data merge=data -text")
        try assertClean(work)
        XCTAssertEqual(try work.git("for-each-ref", "refs/original").text, "")
    }

    func testNoRewriteUsesAPatternThatIsThere() throws {
        let work = try makeHistory()
        try work.write("data/*.bin filter=data diff=data merge=data -text\n", to: ".gitattributes")
        try work.git("add", ".gitattributes")
        try work.git("commit", "--quiet", "--no-verify", "-m", "Pattern alone")
        // Git would call the file modified, as its filter makes a pointer of it.
        try work.shell("touch data/*.bin").expecting(0)
        XCTAssertEqual(try work.changes(), [" M data/a.bin", " M data/copy.bin"])
        try work.data("migrate", "import", "--no-rewrite", "data")
        XCTAssertEqual(try work.git("diff", "--name-only", "HEAD~1").lines, ["data/a.bin", "data/copy.bin"])
        try assertClean(work)
    }

    func testNoRewriteOfAFileThatIsNotThere() throws {
        let answer = try makeHistory().attempt("data", "migrate", "import", "--no-rewrite", "nothing.bin").expecting(1)
        assertContains(answer.errorText, "'nothing.bin'")
    }

    // MARK: refusals

    private func assertRefused(
        _ work: Worktree, _ words: String, _ options: BytePath..., file: StaticString = #filePath, line: UInt = #line
    ) throws {
        let before = try work.git("for-each-ref").text
        let arguments: [BytePath] = ["data", "migrate", "import", "--include", "*.bin"] + options
        let answer = try laboratory.run("git", arguments, in: work.folder).expecting(128)
        assertContains(answer.errorText, words, file: file, line: line)
        XCTAssertEqual(try work.git("for-each-ref").text, before, file: file, line: line)
    }

    func testUncommittedChangesAreRefused() throws {
        let work = try makeHistory()
        try work.write("changed\n", to: "code.txt")
        try assertRefused(work, "not committed")
        try work.git("add", "code.txt")
        try assertRefused(work, "not committed")
    }

    func testUntrackedAttributesAreNotOverwritten() throws {
        let work = try makeHistory()
        try work.git("switch", "--quiet", "side")
        try work.write("mine\n", to: ".gitattributes")
        try assertRefused(work, "'.gitattributes' is not in Git")
        XCTAssertEqual(try work.readText(".gitattributes"), "mine\n")
    }

    func testASecondBackupNeedsForce() throws {
        let work = try makeHistory()
        try work.data("migrate", "import", "--include", "*.bin", "--quiet")
        try assertRefused(work, "backup of an earlier migration")
        try work.data("migrate", "import", "--everything", "--include", "*.txt", "--force", "--quiet")
        let backup = try work.git("rev-parse", "refs/original/refs/heads/main").line
        XCTAssertEqual(try commitMap(of: work).last?.old, backup)
    }

    func testStatesOfTheRepositoryThatAreRefused() throws {
        let work = try makeHistory()
        try work.git("checkout", "--quiet", "--detach")
        try assertRefused(work, "HEAD is detached")
        try work.git("switch", "--quiet", "main")
        try assertRefused(work, "'nobody' is no branch", "nobody")
        try work.git("replace", "HEAD", "HEAD~1")
        try assertRefused(work, "git replace")
        try work.git("replace", "-d", "HEAD")
        try work.write("", to: ".git/MERGE_HEAD")
        try assertRefused(work, "another operation is under way")
        try (work.folder / ".git/MERGE_HEAD").removeFile()
        try work.git("worktree", "add", "--quiet", "../linked", "side")
        try assertRefused(work, "linked")
        let shallow = try laboratory.clone(BytePath("file://\(work.folder)"), as: "shallow", ["--depth", "1"])
        try assertRefused(shallow, "shallow")
        try work.git("config", "uploadpack.allowFilter", "true")
        let partial = try laboratory.clone(BytePath("file://\(work.folder)"), as: "partial", ["--filter=blob:none"])
        try assertRefused(partial, "partial")
        let unborn = try laboratory.repository("unborn", isSetUp: false)
        try assertRefused(unborn, "no commits yet")
    }

    func testAttributesThatAreALinkAreRefused() throws {
        let work = try makeHistory()
        try work.git("rm", "--quiet", ".gitattributes")
        try work.shell("ln -s README .gitattributes").expecting(0)
        try work.commit("A link")
        try assertRefused(work, "no regular file")
    }
}
