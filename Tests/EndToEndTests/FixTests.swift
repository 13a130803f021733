import Platform
import TestSupport
import XCTest

/// Branches and machines that do not agree on what is data.
final class FixTests: EndToEndTestCase {
    private var work: Worktree!
    private var origin: BytePath!
    private let content = SampleData.bytes(20_000, seed: 1)
    private let odd = BytePath(bytes: Array("a \"b\"\n".utf8) + [0xff] + Array(".dat".utf8))

    override func setUpWithError() throws {
        try super.setUpWithError()
        (work, origin) = try laboratory.project()
    }

    override func tearDown() {
        (work, origin) = (nil, nil)
        super.tearDown()
    }

    /// Commits past the filter, as a machine without git data does.
    private func commitRaw(_ path: BytePath) throws {
        try work.write(content, to: path)
        try work.git("-c", "filter.data.process=", "-c", "filter.data.clean=cat", "-c", "filter.data.required=false", "add", path)
        try work.git("commit", "--quiet", "--no-verify", "-m", "Raw")
    }

    func testRawContentIsNamedAndMadeAPointer() throws {
        try commitRaw("a.bin")
        assertContains(try work.data("status").text, "In Git itself, though a data pattern matches (git data fix):\n\ta.bin")
        XCTAssertEqual(try work.data("fix", "--dry-run").lines, ["would make a pointer of 'a.bin'"])
        try work.data("fix")
        try work.git("commit", "--quiet", "-m", "Fixed")
        try assertPointer("a.bin", in: work, for: content)
        try assertContent("a.bin", in: work, is: content)
        try assertClean(work)
        XCTAssertFalse(try work.data("status").text.contains("git data fix"))
        assertContains(try work.data("fix").errorText, "Nothing to mend")
    }

    func testAttributesThatAreNotStagedAreNamed() throws {
        try work.write(content, to: "d/a.dat")
        try work.commit("Raw")
        try work.write("*.dat filter=data diff=data merge=data -text\n", to: "d/.gitattributes")
        assertContains(try work.data("fix").errorText, "hint: git add :/d/.gitattributes && git commit\n")
        try work.git("add", "d/.gitattributes")
        try work.git("commit", "--quiet", "-m", "Fixed")
        try assertPointer("d/a.dat", in: work, for: content)

        try commitRaw("b.bin")
        assertContains(try work.data("fix").errorText, "hint: git commit\n")
    }

    func testNamesOfAnyBytes() throws {
        try work.data("track", "--quiet", "*.dat")
        try work.commit("Track")
        try commitRaw(odd)
        try work.data("fix")
        XCTAssertEqual(try work.git("diff", "--cached", "--name-only", "-z").output, odd.bytes + [0])
        XCTAssertEqual(try work.localBlob(of: content).contents() == content, true)
    }

    func testFileThatTheUserChangedIsLeftAlone() throws {
        try commitRaw("a.bin")
        try work.write(SampleData.bytes(100, seed: 9), to: "a.bin")
        let fix = try work.attempt("data", "fix")
        XCTAssertEqual(fix.status, 1)
        assertContains(fix.errorText, "you have changed it")
        XCTAssertEqual(try work.git("diff", "--cached", "--name-only").lines, [])
        try assertContent("a.bin", in: work, is: SampleData.bytes(100, seed: 9))
    }

    func testFileOutsideOfASparseCheckoutThatIsThereIsMended() throws {
        try commitRaw("d/a.bin")
        try work.git("sparse-checkout", "set", "--no-cone", "/*", "!/d/")
        try work.write(content, to: "d/a.bin")
        try work.data("fix")
        try work.git("commit", "--quiet", "-m", "Fixed")
        try assertPointer("d/a.bin", in: work, for: content)
        try assertClean(work)
    }

    /// Many files take another way than few, to the same index.
    func testManyFilesBecomeWhatGitAddMakesOfThem() throws {
        for number in 0..<40 {
            try work.write(SampleData.bytes(5000 + number, seed: UInt64(number)), to: BytePath("\(number % 3)/\(number).bin"))
        }
        _ = try work.shell("chmod +x 0/3.bin 1/4.bin")
        try work.git(
            "-c", "filter.data.process=", "-c", "filter.data.clean=cat", "-c", "filter.data.required=false", "add", "--all")
        try work.git("commit", "--quiet", "--no-verify", "-m", "Raw")
        try work.write(SampleData.bytes(100, seed: 99), to: "2/5.bin")
        _ = try work.shell("rm 2/8.bin")
        let fix = try work.attempt("data", "fix")
        XCTAssertEqual(fix.status, 1)
        assertContains(fix.errorText, "you have changed it: git add")
        assertContains(fix.errorText, "2/8.bin (not in the worktree)")
        let staged = try work.git("ls-files", "--stage").lines

        try work.git("reset", "--quiet")
        let listed = try work.git("ls-files", "*.bin").lines.filter { !["2/5.bin", "2/8.bin"].contains($0) }
        for path in listed { try work.git("add", "--renormalize", BytePath(path)) }
        XCTAssertEqual(staged, try work.git("ls-files", "--stage").lines)
        XCTAssertEqual(try work.git("diff", "--cached", "--name-only").lines.count, 38)
        try work.git("commit", "--quiet", "-m", "Fixed")
        try work.git("restore", "2/5.bin", "2/8.bin")
        try work.data("fix")
        try work.git("commit", "--quiet", "-m", "Fixed the rest")
        try assertClean(work)
    }

    func testManyFilesOutsideOfASparseCheckoutAreMended() throws {
        for number in 0..<20 { try commitRaw(BytePath("d/\(number).bin")) }
        try work.git("sparse-checkout", "set", "--no-cone", "/*", "!/d/")
        for number in 0..<20 where number != 7 { try work.write(content, to: BytePath("d/\(number).bin")) }
        _ = try work.attempt("data", "fix")
        try work.git("commit", "--quiet", "-m", "Fixed")
        try assertPointer("d/3.bin", in: work, for: content)
        try assertClean(work)
    }

    func testMergeOfABranchThatTracksWithOneThatDoesNot() throws {
        // A file that is data on one branch, and was added as it is on the other.
        try work.git("switch", "--quiet", "-c", "plain")
        try work.write(content, to: "model.dat")
        try work.commit("Raw model")
        try work.git("switch", "--quiet", "main")
        try work.data("track", "--quiet", "*.dat")
        try work.write(SampleData.bytes(3000, seed: 2), to: "other.dat")
        try work.commit("Track")
        try work.git("merge", "--quiet", "--no-edit", "plain")
        assertContains(try work.data("status").text, "model.dat")
        try work.data("fix")
        try work.git("commit", "--quiet", "-m", "Fixed")
        try assertPointer("model.dat", in: work, for: content)
        try assertClean(work)
    }

    func testPointerThatNoPatternMatchesIsTrackedAndGetsItsContent() throws {
        try work.write(content, to: "a.bin")
        try work.commit("Data")
        try work.write("*.csv filter=data diff=data merge=data -text\n", to: ".gitattributes")
        try work.git("commit", "--quiet", "-am", "Without the pattern")
        try work.git("rm", "--cached", "--quiet", "a.bin")
        let blob = try work.git("rev-parse", "HEAD~1:a.bin").line
        try work.git("update-index", "--add", "--cacheinfo", BytePath("100644,\(blob),a.bin"))
        try work.git("checkout-index", "--force", "a.bin")
        try assertContent("a.bin", in: work, is: pointerText(for: content))
        assertContains(try work.data("status").text, "Pointers that no data pattern matches (git data fix):\n\ta.bin")
        try work.data("fix")
        try work.git("commit", "--quiet", "-m", "Fixed")
        try assertContent("a.bin", in: work, is: content)
        try assertPointer("a.bin", in: work, for: content)
        try assertClean(work)
    }

    func testDataFileMovedToANameThatNoPatternMatchesKeepsItsContent() throws {
        try work.write(content, to: "a.bin")
        try work.commit("Data")
        try work.git("mv", "a.bin", "a.raw")
        assertContains(try work.data("status").text, "Pointers that no data pattern matches (git data fix):\n\ta.raw")
        try work.data("fix")
        try work.git("commit", "--quiet", "-m", "Moved")
        try assertContent("a.raw", in: work, is: content)
        try assertPointer("a.raw", in: work, for: content)
        try assertClean(work)
    }

    /// A colleague without our hooks forgot the `.gitattributes`.
    func testPointersOfOthersWhoseAttributesAreNotCommittedAreNoticedAndMended() throws {
        let theirs = try laboratory.clone(origin, as: "theirs")
        try theirs.write("*.dat filter=data diff=data merge=data -text\n", to: ".git/info/attributes")
        let files: [BytePath] = ["a.dat", "b.dat", "c.dat", "d.dat"]
        for (number, file) in files.enumerated() { try theirs.write(SampleData.bytes(3000 + number, seed: 70), to: file) }
        try theirs.commit("Data")
        try theirs.git("push", "--quiet")
        try theirs.data("push", "--quiet")

        let ours = laboratory.folder / "ours"
        let cloned = try laboratory.data(["clone", origin, ours], in: laboratory.folder)
        let warning = "warning: 4 files left as pointers, as no pattern makes data of them: 'a.dat', 'b.dat', 'c.dat' and 1 more\nhint: git data fix\n"
        assertContains(cloned.errorText, warning)
        let mine = Worktree(folder: ours, in: laboratory)
        XCTAssertEqual(try mine.data("pull").errorText, warning)
        assertContains(try mine.data("status").text, "Pointers that no data pattern matches (git data fix):\n\ta.dat")
        // One blob is gone from the remote.
        let gone = remoteBlob(of: SampleData.bytes(3003, seed: 70), in: origin)
        try gone.removeFile()
        let fix = try mine.attempt("data", "fix")
        XCTAssertEqual(fix.status, 1)
        assertContains(fix.errorText, "1 file left as they are:\n\td.dat")
        assertContains(fix.errorText, "hint: who has the data can send it with: git data push --all")
        for (number, file) in files.dropLast().enumerated() {
            try assertContent(file, in: mine, is: SampleData.bytes(3000 + number, seed: 70))
        }
        try assertContent("d.dat", in: mine, is: pointerText(for: SampleData.bytes(3003, seed: 70)))
        XCTAssertEqual(try mine.git("diff", "--cached", "--name-only").text, ".gitattributes\n")
    }

    /// Before, a pull said nothing, and the file looked like one that the person had changed.
    func testWhatAMergeOrARebaseBringsAmissIsNamed() throws {
        let theirs = try laboratory.clone(origin, as: "theirs")
        let raw = ["-c", "filter.data.process=", "-c", "filter.data.clean=cat", "-c", "filter.data.required=false"].map { BytePath($0) }
        func bring(_ file: BytePath, _ seed: UInt64) throws {
            try theirs.git("fetch", "--quiet")
            try theirs.git("reset", "--quiet", "--hard", "origin/main")
            try theirs.write(SampleData.bytes(30_000, seed: seed), to: file)
            _ = try laboratory.git(raw + ["add", file], in: theirs.folder)
            try theirs.git("commit", "--quiet", "-m", "Raw")
            try theirs.git("push", "--quiet")
        }
        func warning(_ file: String) -> String {
            "warning: 1 file is in Git itself, though a pattern makes data of it: '\(file)'\nhint: git data fix\n"
        }
        try bring("a.bin", 1)
        assertContains(try work.git("pull", "--quiet").errorText, warning("a.bin"))
        // What was there before is not named again, and nothing of this clone's own.
        try bring("b.bin", 2)
        try work.write("mine", to: "mine.txt")
        try work.git("add", "mine.txt")
        try work.git("commit", "--quiet", "-m", "Mine")
        assertContains(try work.git("pull", "--quiet", "--no-rebase", "--no-edit").errorText, warning("b.bin"))
        try work.data("fix")
        try work.git("commit", "--quiet", "-m", "Fixed")
        try work.git("push", "--quiet")
        try bring("c.bin", 3)
        try work.write("again", to: "mine.txt")
        try work.git("commit", "--quiet", "-m", "Mine", "mine.txt")
        assertContains(try work.git("pull", "--quiet", "--rebase").errorText, warning("c.bin"))
        let amended = try work.git("commit", "--quiet", "--amend", "-m", "Mine again", "--", "mine.txt")
        XCTAssertEqual(amended.errorText, "")
        let cloned = try laboratory.data(["clone", "--lazy", origin, laboratory.folder / "ours"], in: laboratory.folder)
        assertContains(cloned.errorText, warning("c.bin"))
    }
}
