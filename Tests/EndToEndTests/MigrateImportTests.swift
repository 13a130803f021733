import Platform
import TestSupport
import XCTest

/// `git data migrate import`: the same history, with pointers in it.
final class MigrateImportTests: MigrateTestCase {
    private func isBinary(_ path: BytePath) -> Bool { path.bytes.suffix(4).elementsEqual(".bin".utf8) }

    func testEveryVersionOfEveryFileIsTheSameAndAllElseIsUntouched() throws {
        let work = try makeHistory()
        let before = try refs(of: work)
        let answer = try work.data("migrate", "import", "--everything", "--include", "*.bin")
        assertContains(answer.errorText, "Rewrote 6 of 7 commits; 5 refs moved.")
        assertContains(answer.errorText, "1 signature")
        try assertClean(work)
        try assertSameHistory(work) { path, _ in isBinary(path) }
        try assertContent(hostile, in: work, is: small)
        try assertPointer(hostile, in: work, for: small)
        XCTAssertEqual(
            String(decoding: try work.stored(".gitattributes"), as: UTF8.self),
            "*.txt text\n# no end\n*.bin filter=data diff=data merge=data -text")
        try work.git("fsck", "--strict", "--no-dangling")
        try work.data("fsck")
        try assertEachChecksOut(work)
        // The first commit, and what names it, are what they were.
        let after = try refs(of: work)
        XCTAssertEqual(before.filter { $0.contains("tags/before") }, after.filter { $0.contains("tags/before") })
        XCTAssertEqual(Set(before).intersection(after).count, 1)
        XCTAssertEqual(
            try work.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/original").lines
                .map { $0.replacing("refs/original/", with: "") }, before.filter { !after.contains($0) })
    }

    func testShortTextIsNotCounted() throws {
        let work = try laboratory.repository()
        try work.write("a,b\n1,2\n", to: "short.csv")
        try work.write(String(repeating: "1,2\n", count: 500), to: "long.csv")
        try work.write([0, 1, 2], to: "binary.csv")
        try work.commit("Tables")
        try work.git("config", "data.minimumSize", "1k")
        let plan = try work.data("migrate", "import", "--include", "*.csv", "--dry-run")
        assertContains(plan.text, "2 files")
        try work.data("migrate", "import", "--include", "*.csv", "--quiet")
        XCTAssertEqual(try work.stored("short.csv"), Array("a,b\n1,2\n".utf8))
        try assertPointer("binary.csv", in: work, for: [0, 1, 2])
        try assertClean(work)
    }

    func testTagsAreThoseOfTheNewCommitsWithoutSignatures() throws {
        let work = try makeHistory()
        let old = try work.git("cat-file", "tag", "v1").text
        try work.data("migrate", "import", "--everything", "--include", "*.bin", "--quiet")
        let renamed = Dictionary(uniqueKeysWithValues: try commitMap(of: work).map { ($0.old, $0.new) })
        let target = try XCTUnwrap(old.split(separator: "\n").first?.split(separator: " ").last.map(String.init))
        let expected = old.replacing(target, with: try XCTUnwrap(renamed[target]))
        let signature = try XCTUnwrap(expected.range(of: "-----BEGIN"))
        XCTAssertEqual(try work.git("cat-file", "tag", "v1").text, String(expected[..<signature.lowerBound]))
        assertContains(try work.git("cat-file", "tag", "before").text, "-----BEGIN PGP SIGNATURE-----")
        assertContains(try work.git("cat-file", "tag", "plain").text, "\n\nNot signed\n")
        XCTAssertEqual(try work.git("rev-parse", "light").line, try work.git("rev-parse", "side").line)
    }

    func testSignaturesOfRewrittenCommitsGoAndOtherHeadersStay() throws {
        let work = try makeHistory()
        let head = try work.git("cat-file", "commit", "HEAD").text
        let tree = try XCTUnwrap(head.split(separator: "\n").first)
        let commit = "\(tree)\nparent \(try work.git("rev-parse", "HEAD").line)\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n"
            + "HG:extra one\n two\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----\n\nSigned\n"
        let name = try work.attempt("hash-object", "-t", "commit", "-w", "--stdin", input: Array(commit.utf8)).expecting(0).line
        try work.git("reset", "--quiet", "--hard", BytePath(name))
        let answer = try work.data("migrate", "import", "--include", "*.bin")
        assertContains(answer.errorText, "signature")
        let new = try work.git("cat-file", "commit", "HEAD").text
        assertContains(new, "committer A <a@b> 1 +0000\nHG:extra one\n two\n\nSigned\n")
    }

    func testOnlyLargeContentsBecomePointersEachWithItsOwnLine() throws {
        let work = try makeHistory()
        try work.data("migrate", "import", "--everything", "--above", "80000")
        try assertSameHistory(work) { _, content in content.count >= 80_000 }
        try assertEachChecksOut(work)
        XCTAssertEqual(
            String(decoding: try work.stored(".gitattributes"), as: UTF8.self),
            "*.txt text\n# no end\n/data/a.bin filter=data diff=data merge=data -text")
        XCTAssertEqual(
            String(decoding: try work.stored(".gitattributes", at: "side"), as: UTF8.self),
            "/side/b.bin filter=data diff=data merge=data -text\n")
        try work.git("fsck", "--strict", "--no-dangling")
    }

    func testHostileNamesGetLinesOfTheirOwn() throws {
        let work = try makeHistory()
        try work.data("migrate", "import", "--everything", "--above", "1")
        try assertSameHistory(work) { path, _ in path != ".gitattributes" }
        try assertEachChecksOut(work)
    }

    func testWidePatternLeavesWhatGitReadsItself() throws {
        let work = try makeHistory()
        try work.data("migrate", "import", "--everything", "--include", "*")
        try assertSameHistory(work) { path, _ in path != ".gitattributes" }
        assertContains(try work.readText(".gitattributes"), ".gitattributes !filter !diff !merge !text")
        try assertEachChecksOut(work)
    }

    func testExcludedFilesStay() throws {
        let work = try makeHistory()
        try work.data("migrate", "import", "--everything", "--include", "*.bin", "--exclude", "side/")
        try assertSameHistory(work) { path, _ in isBinary(path) && !path.isInside("side") }
        try assertEachChecksOut(work)
    }

    func testBranchesThatWereNotNamedStayAndAreNamed() throws {
        let work = try makeHistory()
        try work.git("switch", "--quiet", "-c", "other", "main~1")
        try work.git("commit", "--quiet", "--allow-empty", "-m", "Other")
        try work.git("switch", "--quiet", "main")
        let other = try work.git("rev-parse", "other").line
        let answer = try work.data("migrate", "import", "--include", "*.bin", "--object-map", "map.txt")
        assertContains(answer.errorText, "1 other ref still leads to the old commits: 'other'")
        XCTAssertEqual(try work.git("rev-parse", "other").line, other)
        // Side is part of main's history, and moves with it, as the tag on it does.
        let map = try commitMap(of: work, "map.txt")
        XCTAssertEqual(map.count, 6)
        let side = try work.git("rev-parse", "side").line
        XCTAssert(map.contains { $0.new == side })
        XCTAssertEqual(try work.git("rev-parse", "light").line, side)
    }

    func testExcludedCommitsKeepTheirNames() throws {
        let work = try makeHistory()
        try work.data("migrate", "import", "--include", "*.bin", "--exclude-ref", "main~2")
        XCTAssertEqual(try commitMap(of: work).count, 2)
        try assertSameHistory(work) { path, _ in isBinary(path) }
        try assertClean(work)
    }

    func testDryRunShowsAndChangesNothing() throws {
        let work = try makeHistory()
        let before = try refs(of: work)
        let answer = try work.data("migrate", "import", "--everything", "--include", "*.bin", "--dry-run")
        assertContains(answer.text, "would convert *.bin  4 files")
        XCTAssertEqual(try refs(of: work), before)
        XCTAssertFalse((work.folder / ".git/data/commit-map").exists)
        XCTAssertEqual(try (work.folder / ".git/objects/pack").entries().filter { $0.text.hasPrefix("tmp_") }, [])
    }

    func testWorktreeStaysAndGitNeedNotReadItAgain() throws {
        let work = try makeHistory()
        let file = work.folder / "data/a.bin"
        // Files as young as the index are read by Git each time.
        try work.shell("find . -name .git -prune -o -type f -exec touch -d '2020-01-02' {} + && git update-index --refresh").expecting(0)
        let before = try XCTUnwrap(file.status())
        let trace = laboratory.folder / "trace"
        try work.data("migrate", "import", "--include", "*.bin", "--quiet", with: ["GIT_TRACE": trace])
        let commands = String(decoding: try XCTUnwrap(trace.contents()), as: UTF8.self)
        assertContains(commands, "update-index")
        XCTAssertFalse(commands.contains("run_command: 'git-data filter-process'"), commands)
        let after = try XCTUnwrap(file.status())
        XCTAssertEqual(before.inode, after.inode)
        XCTAssertEqual(before.modified.seconds, after.modified.seconds)
        try assertClean(work)
    }

    func testLineEndsThatGitConvertsAreWrittenAnew() throws {
        let work = try makeHistory()
        try work.write("*.txt text eol=crlf\n", to: ".gitattributes")
        try work.commit("Line ends")
        try work.shell("rm code.txt && git checkout code.txt").expecting(0)
        XCTAssertEqual(try work.readText("code.txt"), "2\r\n")
        try work.data("migrate", "import", "--include", "*.txt", "--quiet")
        try assertClean(work)
        try assertContent("code.txt", in: work, is: Array("2\n".utf8))
    }

    func testSparseCheckoutStaysSparse() throws {
        let work = try makeHistory()
        try work.git("switch", "--quiet", "side")
        try work.git("sparse-checkout", "set", "--cone", "data")
        XCTAssertFalse((work.folder / "side/b.bin").exists)
        try work.data("migrate", "import", "--include", "*.bin", "--quiet")
        XCTAssertFalse((work.folder / "side/b.bin").exists)
        XCTAssertEqual(try work.git("ls-files", "-t", "side").lines, ["S side/b.bin"])
        try assertClean(work)
        try work.git("sparse-checkout", "disable")
        try assertContent("side/b.bin", in: work, is: larger)
        try assertClean(work)
    }

    func testSHA256Repository() throws {
        // A submodule's commit has a name of SHA-1 in `makeHistory`.
        try laboratory.git(["init", "--quiet", "--initial-branch=main", "--object-format=sha256", "work"])
        let work = Worktree(folder: laboratory.folder / "work", in: laboratory)
        try work.data("init", "--quiet")
        for version in 1...3 {
            try work.write(SampleData.bytes(5000, seed: UInt64(version)), to: "data/a.bin")
            try work.write("\(version)\n", to: "code.txt")
            try work.commit("Version \(version)")
        }
        try work.data("migrate", "import", "--include", "*.bin", "--quiet")
        try assertSameHistory(work) { path, _ in isBinary(path) }
        try assertClean(work)
        try work.git("fsck", "--strict", "--no-dangling")
    }

    func testBareRepository() throws {
        let work = try makeHistory()
        let bare = try laboratory.clone(work.folder, as: "bare.git", ["--bare"])
        try bare.data("migrate", "import", "--everything", "--include", "*.bin")
        XCTAssertEqual(try bare.stored("data/a.bin"), pointerText(for: larger))
        XCTAssert((bare.folder / "data/objects").isFolder)
        try bare.git("fsck", "--strict", "--no-dangling")
    }

    func testPointersOfGitLFSStayWhatTheyAre() throws {
        let work = try makeHistory()
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:\(String(repeating: "a", count: 64))\nsize 12345\n"
        try work.write("*.bin filter=lfs diff=lfs merge=lfs -text\n", to: ".gitattributes")
        try work.write(pointer, to: "lfs.bin")
        try work.commit("A pointer of Git LFS")
        try work.data("migrate", "import", "--include", "*.bin", "--everything", "--quiet")
        XCTAssertEqual(String(decoding: try work.stored("lfs.bin"), as: UTF8.self), pointer)
        XCTAssertEqual(
            String(decoding: try work.stored(".gitattributes"), as: UTF8.self), "*.bin filter=data diff=data merge=data -text\n")
    }

    func testNothingSelectedChangesNothing() throws {
        let work = try makeHistory()
        let before = try refs(of: work)
        let answer = try work.data("migrate", "import", "--everything", "--include", "*.nothing")
        assertContains(answer.errorText, "Nothing to convert")
        XCTAssertEqual(try refs(of: work), before)
    }

    /// Pointers are left as they are, and nobody is told anything else.
    func testDryRunOfWhatIsMigratedHasNothingToConvert() throws {
        let work = try makeHistory()
        try work.data("migrate", "import", "--everything", "--include", "*.bin", "--quiet")
        let answer = try work.data("migrate", "import", "--everything", "--include", "*.bin", "--dry-run")
        XCTAssertEqual(answer.text, "")
        assertContains(answer.errorText, "Nothing to convert")
    }

    func testRewrittenHistoryIsPushedAndCloned() throws {
        let work = try makeHistory()
        let origin = try laboratory.bareRepository()
        try work.git("remote", "add", "origin", origin)
        try work.git("push", "--quiet", "--all")
        try work.data("migrate", "import", "--everything", "--include", "*.bin", "--quiet")
        try work.data("push", "--all", "--quiet")
        try work.git("push", "--quiet", "--force", "--all")
        let clone = try laboratory.clone(origin)
        try assertContent("data/a.bin", in: clone, is: larger)
        try assertClean(clone)
    }
}
