import Foundation
import Platform
import TestSupport
import XCTest

/// Both sides changed a data file.
final class MergeTests: EndToEndTestCase {
    private var work: Worktree!
    private var origin: BytePath!

    override func setUpWithError() throws {
        try super.setUpWithError()
        (work, origin) = try laboratory.project()
    }

    override func tearDown() {
        work = nil
        super.tearDown()
    }

    /// The same file in a common ancestor, on `side`, and on `main`, which is checked out.
    private func diverge(_ path: BytePath, base: [UInt8]?, ours: [UInt8], theirs: [UInt8]) throws {
        if let base {
            try work.write(base, to: path)
            try work.commit("Base")
        }
        try work.git("switch", "--quiet", "-c", "side")
        try work.write(theirs, to: path)
        try work.commit("Theirs")
        try work.git("switch", "--quiet", "main")
        try work.write(ours, to: path)
        try work.commit("Ours")
    }

    func testTextMergesAsGitMergesText() throws {
        var lines = (0..<400).map { "row \($0)" }
        let base = lines.joined(separator: "\n") + "\n"
        lines[5] = "ours"
        let ours = lines.joined(separator: "\n") + "\n"
        lines[390] = "theirs"
        let both = lines.joined(separator: "\n") + "\n"
        let theirs = both.replacingOccurrences(of: "ours", with: "row 5")
        try diverge("t.csv", base: Array(base.utf8), ours: Array(ours.utf8), theirs: Array(theirs.utf8))
        try work.git("merge", "--quiet", "side")
        XCTAssertEqual(try work.readText("t.csv"), both)
        try assertPointer("t.csv", in: work, for: Array(both.utf8))
        try assertClean(work)
    }

    func testTextConflictGivesEitherSideWhole() throws {
        try diverge("t.csv", base: Array("one\n".utf8), ours: Array("ours\n".utf8), theirs: Array("theirs\n".utf8))
        let merge = try work.attempt("merge", "side")
        XCTAssertEqual(merge.status, 1)
        XCTAssertEqual(try work.changes(), ["UU t.csv"])
        XCTAssertEqual(try work.readText("t.csv"), "ours\n")
        try work.git("checkout", "--theirs", "--", "t.csv")
        XCTAssertEqual(try work.readText("t.csv"), "theirs\n")
        try work.git("checkout", "--ours", "--", "t.csv")
        XCTAssertEqual(try work.readText("t.csv"), "ours\n")
        try work.git("add", "t.csv")
        try work.git("commit", "--quiet", "-m", "Merged")
        try assertPointer("t.csv", in: work, for: Array("ours\n".utf8))
        try assertClean(work)
    }

    func testBinaryConflictGivesEitherSideWhole() throws {
        let ours = SampleData.bytes(30_000, seed: 1)
        let theirs = SampleData.bytes(31_000, seed: 2)
        try diverge("scan.bin", base: SampleData.bytes(100, seed: 3), ours: ours, theirs: theirs)
        XCTAssertEqual(try work.attempt("merge", "side").status, 1)
        try assertContent("scan.bin", in: work, is: ours)
        try work.git("checkout", "--theirs", "--", "scan.bin")
        try assertContent("scan.bin", in: work, is: theirs)
        try work.git("add", "scan.bin")
        try work.git("commit", "--quiet", "-m", "Merged")
        try assertPointer("scan.bin", in: work, for: theirs)
        try assertClean(work)
    }

    func testFileAddedOnBothSidesIsAConflict() throws {
        try diverge("new.csv", base: nil, ours: Array("a\n".utf8), theirs: Array("b\n".utf8))
        XCTAssertEqual(try work.attempt("merge", "side").status, 1)
        XCTAssertEqual(try work.changes(), ["AA new.csv"])
        XCTAssertFalse(try work.readText("new.csv").contains("<<<<"))
        try work.git("merge", "--abort")
        XCTAssertEqual(try work.readText("new.csv"), "a\n")
        try assertClean(work)
    }

    func testMergeFetchesTheVersionsThatAreNotHere() throws {
        var lines = (0..<100).map { "row \($0)" }
        let base = lines.joined(separator: "\n") + "\n"
        lines[0] = "ours"
        let ours = lines.joined(separator: "\n") + "\n"
        lines[0] = "row 0"
        lines[99] = "theirs"
        let theirs = lines.joined(separator: "\n") + "\n"
        try diverge("t.csv", base: Array(base.utf8), ours: Array(ours.utf8), theirs: Array(theirs.utf8))
        try work.git("push", "--quiet", "origin", "main", "side")
        let clone = try laboratory.clone(origin)
        try clone.git("merge", "--quiet", "origin/side")
        XCTAssertEqual(try clone.readText("t.csv"), theirs.replacingOccurrences(of: "row 0\n", with: "ours\n"))
        try assertClean(clone)
    }

    func testMergeWithAVersionThatIsNowhereStaysAConflict() throws {
        let base = Array("one\ntwo\nthree\n".utf8)
        let theirs = Array("one\ntwo\n3\n".utf8)
        try diverge("t.csv", base: base, ours: Array("1\ntwo\nthree\n".utf8), theirs: theirs)
        try work.localBlob(of: theirs).removeFile()
        let merge = try work.attempt("merge", "side")
        XCTAssertEqual(merge.status, 1)
        assertContains(merge.errorText, "t.csv")
        XCTAssertEqual(try work.changes(), ["UU t.csv"])
    }

    func testDiffOfTextShowsLinesAndOfOthersASummary() throws {
        try work.write("a,1\n", to: "t.csv")
        try work.write(SampleData.bytes(5000, seed: 1), to: "scan.bin")
        try work.commit("One")
        try work.write("a,2\n", to: "t.csv")
        try work.write(SampleData.bytes(5001, seed: 2), to: "scan.bin")
        let text = try work.git("diff").text
        assertContains(text, "-a,1")
        assertContains(text, "+a,2")
        assertContains(text, "5001")
        XCTAssertFalse(text.contains("git data pointer"))
    }

    func testLogOfContentFindsTheCommit() throws {
        try work.write("needle\n", to: "t.csv")
        try work.commit("With the needle")
        try work.write("hay\n", to: "t.csv")
        try work.commit("Without")
        let log = try work.git("log", "--format=%s", "--textconv", "-S", "needle").lines
        XCTAssertEqual(log, ["Without", "With the needle"])
    }
}
