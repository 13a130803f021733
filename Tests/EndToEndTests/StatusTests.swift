import Foundation
import Platform
import TestSupport
import XCTest

/// What `status` and `ls-files` say, to people and to scripts.
final class StatusTests: EndToEndTestCase {
    private let first = SampleData.bytes(50_000, seed: 1)
    private let second = SampleData.bytes(60_000, seed: 2)
    private var work: Worktree!
    private var origin: BytePath!

    override func setUpWithError() throws {
        try super.setUpWithError()
        (work, origin) = try laboratory.project()
        try work.write(first, to: "data/a.bin")
        try work.write(second, to: "data2/b.bin")
        try work.commit("Data")
    }

    override func tearDown() {
        work = nil
        super.tearDown()
    }

    private struct Row: Decodable {
        let path: String
        let oid: String
        let size: Int64
        let worktree: String
        let isStored: Bool
        let isUnpushed: Bool
        let git: String
    }

    private func rows(_ worktree: Worktree) throws -> [String: Row] {
        let output = try worktree.data("status", "--json").output
        let rows = try JSONDecoder().decode([Row].self, from: Data(output))
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.path, $0) })
    }

    func testPorcelainMarksContentPointersAndAbsence() throws {
        try work.git("push", "--quiet")
        let clone = try laboratory.cloneOfPointers(origin)
        XCTAssertEqual(try clone.data("status", "--porcelain").lines, ["   ? data/a.bin", "   ? data2/b.bin"])
        try clone.data("fetch", "--quiet", "data")
        XCTAssertEqual(try clone.data("status", "--porcelain").lines, ["   - data/a.bin", "   ? data2/b.bin"])
        try clone.data("checkout", "--quiet", "data")
        XCTAssertEqual(try clone.data("status", "--porcelain").lines, ["   * data/a.bin", "   ? data2/b.bin"])
        try (clone.folder / "data2/b.bin").removeFile()
        XCTAssertEqual(try clone.data("status", "--porcelain").lines, ["   * data/a.bin", " D ! data2/b.bin"])
        try clone.write("edited", to: "data/a.bin")
        XCTAssertEqual(try clone.data("status", "--porcelain", "data").lines, [" M * data/a.bin"])
    }

    func testWhatIsNotSetUpIsSaid() throws {
        let words = ["Pushes may land without their data", "'git add' would store data in Git itself"]
        for text in words { XCTAssertFalse(try work.data("status").text.contains(text)) }
        try (work.folder / ".git/hooks/pre-push").removeFile()
        assertContains(try work.data("status").text, "\n\n\(words[0]), as there is no hook 'pre-push' (git data init)\n")
        try work.data("init")
        XCTAssertFalse(try work.data("status").text.contains(words[0]))
        // As on a machine where nobody has typed `git data install`.
        let status = try work.data("status", with: ["GIT_CONFIG_GLOBAL": "/dev/null"])
        assertContains(status.text, "\n\n\(words[1]), as there is no 'filter.data.process' (git data install)\n")
    }

    func testJSONTellsWhatWaitsToBePushed() throws {
        XCTAssertEqual(try rows(work)["data/a.bin"]?.isUnpushed, true)
        try work.git("push", "--quiet")
        XCTAssertEqual(try rows(work)["data/a.bin"]?.isUnpushed, false)
        let row = try XCTUnwrap(rows(work)["data2/b.bin"])
        XCTAssertEqual(row.size, 60_000)
        XCTAssertEqual(row.worktree, "content")
        XCTAssertTrue(row.isStored)
    }

    func testWordsForPeople() throws {
        try work.write("edited", to: "data/a.bin")
        let text = try work.data("status").text
        assertContains(text, "data/a.bin")
        assertContains(text, "origin")
        assertContains(text, "Waiting to be pushed")
    }

    func testPathsSelectWholeComponents() throws {
        XCTAssertEqual(try work.data("status", "--porcelain", "data").lines.count, 1)
        XCTAssertEqual(try work.data("ls-files", "data").lines.count, 1)
        assertContains(try work.data("ls-files", "data").text, "data/a.bin")
    }

    func testPathsAreTakenFromTheCurrentFolder() throws {
        let inside = Worktree(folder: work.folder / "data", in: laboratory)
        assertContains(try inside.data("status", "--porcelain", ".").text, "a.bin")
        XCTAssertEqual(try inside.data("ls-files", "../data2").lines.count, 1)
    }

    func testIncludeAndExcludeTakePatterns() throws {
        try work.write(first, to: "deep/er/c.csv")
        try work.commit("More")
        XCTAssertEqual(try work.data("ls-files", "--include", "*.csv").lines.count, 1)
        XCTAssertEqual(try work.data("ls-files", "--exclude", "/data/").lines.count, 2)
        XCTAssertEqual(try work.data("ls-files", "--include", "*.bin", "--exclude", "data2").lines.count, 1)
    }

    func testPathThatNobodyKnowsIsAnError() throws {
        let answer = try work.attempt("data", "ls-files", "nothing")
        XCTAssertEqual(answer.status, 1)
        assertContains(answer.errorText, "nothing")
    }

    func testListOfARevisionIsThatRevisions() throws {
        try work.git("rm", "--quiet", "data/a.bin")
        try work.git("commit", "--quiet", "-m", "Gone")
        XCTAssertEqual(try work.data("ls-files").lines.count, 1)
        XCTAssertEqual(try work.data("ls-files", "--revision", "HEAD~1").lines.count, 2)
    }

    func testUnknownCommandAndOptionAreUsageErrors() throws {
        XCTAssertEqual(try work.attempt("data", "status", "--unheard-of").status, 129)
        let unknown = try work.attempt("data", "statsu")
        XCTAssertNotEqual(unknown.status, 0)
        assertContains(unknown.errorText, "status")
    }

    func testOutsideOfARepositoryItSaysSo() throws {
        let answer = try laboratory.run("git", ["data", "status"])
        XCTAssertEqual(answer.status, 128)
        assertContains(answer.errorText, "not a git repository")
    }

    func testVersionAndHelpWorkAnywhere() throws {
        assertContains(try laboratory.data(["version"]).text, "git data")
        assertContains(try laboratory.data(["help"]).text, "pull")
        assertContains(try work.attempt("data", "pull", "-h").expecting(129).text, "--include")
    }

    func testDoctorIsContentWithAFreshProject() throws {
        try work.git("push", "--quiet")
        let answer = try work.attempt("data", "doctor")
        XCTAssertEqual(answer.status, 0, answer.description)
    }

    func testDoctorFindsAMissingFilter() throws {
        _ = try work.shell("git config --global --unset filter.data.process")
        let answer = try work.attempt("data", "doctor").expecting(1)
        assertContains(answer.text, "git data install")
    }

    /// More files than are in memory at once, of which the first ones and the last ones are special.
    func testFilesOfEveryPortionOfTheIndexCount() throws {
        let (first, last) = ("data/a.bin", "z/zz.bin")
        let content = SampleData.bytes(70_000, seed: 9)
        try work.write(content, to: BytePath(last))
        try work.write("*.lfs filter=lfs\n", to: "m/.gitattributes")
        try work.commit("Last")
        // What all the others have is not here, and none of them is in the worktree.
        try work.write(pointerText(for: SampleData.bytes(10, seed: 10)), to: "absent")
        // Raw, as no data pattern names it yet.
        try work.write(SampleData.bytes(2000, seed: 11), to: "0.raw")
        // A pointer to a blob that is here.
        try work.write(pointerText(for: content), to: "0.stray")
        _ = try work.shell("""
            name() { git hash-object -w --no-filters "$1"; }
            absent=$(name absent) raw=$(name 0.raw) stray=$(name 0.stray)
            { for file in 0.raw zzz/2.raw; do echo "100644 $raw\t$file"; done
              for file in 0.stray zzz/2.stray; do echo "100644 $stray\t$file"; done
              for file in m/0.lfs zzz/2.lfs; do echo "100644 $absent\t$file"; done
              seq -f "100644 $absent\tm/%05g.bin" 17000; } | git update-index --index-info
            printf '*.raw filter=data\n*.lfs filter=lfs\n' >>.gitattributes
            """)
        let doctor = try work.attempt("data", "doctor").text
        for words in [
            "17003 tracked", "2 files in Git as they are, though tracked: '0.raw', 'zzz/2.raw'",
            "2 files pointers that no data pattern matches: '0.stray', 'zzz/2.stray'", "of Git LFS: 2 files",
        ] { assertContains(doctor, words) }
        let dedup = try work.data("dedup", "--dry-run").lines
        XCTAssertEqual(dedup, [first, "data2/b.bin", last].map { "would compare '\($0)' with its blob" })
        let rows = try rows(work)
        XCTAssertEqual(rows.values.filter(\.isUnpushed).map(\.path).sorted(), [first, "data2/b.bin", last])
        XCTAssertEqual(rows.count, 17_005)
    }
}
