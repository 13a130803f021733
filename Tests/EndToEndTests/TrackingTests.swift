import Platform
import TestSupport
import XCTest

/// `track` and `untrack` edit `.gitattributes` as a person would.
final class TrackingTests: EndToEndTestCase {
    private let content = SampleData.bytes(20_000)
    private var work: Worktree!

    override func setUpWithError() throws {
        try super.setUpWithError()
        work = try laboratory.repository()
    }

    override func tearDown() {
        work = nil
        super.tearDown()
    }

    private func attribute(of path: BytePath) throws -> String {
        let answer = try work.git("check-attr", "-z", "filter", "--", path)
        return answer.records.last?.text ?? ""
    }

    func testPatternIsWrittenWithEveryAttribute() throws {
        try work.data("track", "*.bin")
        XCTAssertEqual(try work.readText(".gitattributes"), "*.bin filter=data diff=data merge=data -text\n")
    }

    func testCommentsAndOtherLinesStay() throws {
        let before = "# mine\n\n*.txt   text eol=lf\r\n[attr]binary -diff\n*.png binary\n"
        try work.write(before, to: ".gitattributes")
        try work.data("track", "--quiet", "*.bin")
        XCTAssertEqual(
            try work.readText(".gitattributes"), before + "*.bin filter=data diff=data merge=data -text\n")
        try work.data("untrack", "--quiet", "*.bin")
        XCTAssertEqual(try work.readText(".gitattributes"), before)
    }

    func testFileWithoutAFinalLineEndGetsItsOwnBack() throws {
        try work.write("*.png binary", to: ".gitattributes")
        try work.data("track", "--quiet", "*.bin")
        XCTAssertEqual(try attribute(of: "a.bin"), "data")
        try work.data("untrack", "--quiet", "*.bin")
        XCTAssertEqual(try work.readText(".gitattributes"), "*.png binary")
    }

    func testTrackingTwiceChangesNothing() throws {
        try work.data("track", "--quiet", "*.bin")
        let before = try work.read(".gitattributes")
        let again = try work.data("track", "*.bin")
        assertContains(again.errorText, "already")
        XCTAssertEqual(try work.read(".gitattributes"), before)
    }

    func testListShowsThePatterns() throws {
        try work.data("track", "--quiet", "*.bin", "models/")
        let list = try work.data("track").text
        assertContains(list, "*.bin")
        assertContains(list, "models/")
    }

    func testFolderMeansEverythingInIt() throws {
        try work.data("track", "--quiet", "models/")
        XCTAssertEqual(try attribute(of: "models/deep/er/w.x"), "data")
        XCTAssertEqual(try attribute(of: "models2/w.x"), "unspecified")
    }

    func testPatternWithASpaceWorks() throws {
        try work.data("track", "--quiet", "my data/*.bin")
        XCTAssertEqual(try attribute(of: "my data/a.bin"), "data")
        XCTAssertEqual(try attribute(of: "my"), "unspecified")
        try work.data("untrack", "--quiet", "my data/*.bin")
        XCTAssertEqual(try attribute(of: "my data/a.bin"), "unspecified")
    }

    func testFileNameWithWildcardsIsTakenLiterally() throws {
        try work.data("track", "--quiet", "--filename", "[a] *.bin")
        XCTAssertEqual(try attribute(of: "[a] *.bin"), "data")
        XCTAssertEqual(try attribute(of: "a b.bin"), "unspecified")
    }

    func testTrackFromASubfolderHoldsThere() throws {
        try (work.folder / "sub").makeFolders()
        let inside = Worktree(folder: work.folder / "sub", in: laboratory)
        try inside.data("track", "--quiet", "*.bin")
        XCTAssertEqual(try attribute(of: "sub/a.bin"), "data")
        XCTAssertEqual(try attribute(of: "a.bin"), "unspecified")
    }

    func testAboveTracksWhatIsLarge() throws {
        try work.write(content, to: "large.x")
        try work.write("small", to: "small.x")
        try work.data("track", "--quiet", "--above", "10k")
        XCTAssertEqual(try attribute(of: "large.x"), "data")
        XCTAssertEqual(try attribute(of: "small.x"), "unspecified")
    }

    func testFilesInGitAlreadyAreNamedWithTheirConversion() throws {
        try work.write(content, to: "old.bin")
        try work.commit("Raw")
        let track = try work.data("track", "*.bin")
        assertContains(track.errorText, "git add --renormalize")
        try work.git("add", ".gitattributes")
        try work.git("add", "--renormalize", "old.bin")
        try work.git("commit", "--quiet", "-m", "Converted")
        try assertPointer("old.bin", in: work, for: content)
        try assertClean(work)
    }

    func testUntrackAndRenormalizeGiveTheContentBackToGit() throws {
        try work.data("track", "--quiet", "*.bin")
        try work.write(content, to: "a.bin")
        try work.commit("Data")
        try work.data("untrack", "*.bin")
        try work.git("add", ".gitattributes")
        try work.git("add", "--renormalize", "a.bin")
        try work.git("commit", "--quiet", "-m", "Raw again")
        XCTAssert(try work.stored("a.bin") == content)
        try assertContent("a.bin", in: work, is: content)
        try assertClean(work)
    }
}
