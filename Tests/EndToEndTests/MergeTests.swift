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

    func testTextConflictHasMarkersInTheWorktreeAndGivesEitherSideWhole() throws {
        try diverge("t.csv", base: Array("one\n".utf8), ours: Array("ours\n".utf8), theirs: Array("theirs\n".utf8))
        let merge = try work.attempt("merge", "side")
        XCTAssertEqual(merge.status, 1)
        XCTAssertEqual(try work.changes(), ["UU t.csv"])
        XCTAssertEqual(try work.readText("t.csv"), "<<<<<<< ours\nours\n=======\ntheirs\n>>>>>>> side\n")
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
        XCTAssertFalse(try work.readText("new.csv").contains("git data pointer"))
        try work.git("merge", "--abort")
        XCTAssertEqual(try work.readText("new.csv"), "a\n")
        try assertClean(work)
    }

    func testConflictStyleIsTheUsers() throws {
        let base = "a\nb\nc\n", ours = "a\nX\nc\n", theirs = "a\nY\nc\n"
        try diverge("t.csv", base: Array(base.utf8), ours: Array(ours.utf8), theirs: Array(theirs.utf8))
        try work.git("config", "merge.conflictStyle", "diff3")
        XCTAssertEqual(try work.attempt("merge", "side").status, 1)
        XCTAssertEqual(
            try work.readText("t.csv"), "a\n<<<<<<< ours\nX\n||||||| base\nb\n=======\nY\n>>>>>>> side\nc\n")
        // What is committed in the end is what the user made of it.
        try work.write("a\nXY\nc\n", to: "t.csv")
        try work.commit("Merged")
        try assertPointer("t.csv", in: work, for: Array("a\nXY\nc\n".utf8))
        try assertClean(work)
    }

    func testMarkerSizeIsThatOfTheAttribute() throws {
        try work.write(try work.readText(".gitattributes") + "*.csv conflict-marker-size=11\n", to: ".gitattributes")
        try work.commit("Longer markers")
        try diverge("t.csv", base: Array("1\n".utf8), ours: Array("2\n".utf8), theirs: Array("3\n".utf8))
        XCTAssertEqual(try work.attempt("merge", "side").status, 1)
        assertContains(try work.readText("t.csv"), "<<<<<<<<<<< ours\n")
    }

    func testCheckoutMakesTheConflictAgain() throws {
        try diverge("t.csv", base: Array("one\n".utf8), ours: Array("ours\n".utf8), theirs: Array("theirs\n".utf8))
        XCTAssertEqual(try work.attempt("merge", "side").status, 1)
        try work.git("checkout", "--ours", "--", "t.csv")
        XCTAssertEqual(try work.readText("t.csv"), "ours\n")
        try work.git("checkout", "--merge", "--", "t.csv")
        let again = try work.readText("t.csv")
        assertContains(again, "<<<<<<<")
        assertContains(again, "theirs\n")
        XCTAssertFalse(again.contains("git data pointer"))
        try work.git("merge", "--abort")
        try assertClean(work)
    }

    func testMergeToolIsGivenRealData() throws {
        let ours = SampleData.bytes(30_000, seed: 1), theirs = SampleData.bytes(31_000, seed: 2)
        let base = SampleData.bytes(100, seed: 3)
        try diverge("scan.bin", base: base, ours: ours, theirs: theirs)
        XCTAssertEqual(try work.attempt("merge", "side").status, 1)
        let copies = laboratory.folder / "seen"
        try copies.makeFolders()
        let tool = "cp \"$BASE\" '\(copies)/base'; cp \"$LOCAL\" '\(copies)/ours'; cp \"$REMOTE\" '\(copies)/theirs'; cp \"$REMOTE\" \"$MERGED\""
        try work.git("config", "mergetool.seen.cmd", BytePath(tool))
        try work.git("config", "mergetool.seen.trustExitCode", "true")
        try work.git("mergetool", "--no-prompt", "--tool=seen")
        for (name, content) in [("base", base), ("ours", ours), ("theirs", theirs)] as [(BytePath, [UInt8])] {
            XCTAssertEqual(try (copies / name).contents() == content, true, "\(name)")
        }
        try assertContent("scan.bin", in: work, is: theirs)
        try work.git("commit", "--quiet", "-m", "Merged")
        try assertPointer("scan.bin", in: work, for: theirs)
    }

    func testNotebooksStayConflictsWithoutMarkers() throws {
        try work.write(try work.readText(".gitattributes") + "*.ipynb filter=data diff=data merge=data -text\n", to: ".gitattributes")
        try work.commit("Notebooks")
        let cells = { (a: Int, b: Int) in Array("{\n\"cells\": [\n\(a),\n0,\n0,\n0,\n0,\n0,\n\(b)\n]\n}\n".utf8) }
        try diverge("n.ipynb", base: cells(1, 1), ours: cells(2, 1), theirs: cells(1, 2))
        let merge = try work.attempt("merge", "side")
        XCTAssertEqual(merge.status, 1)
        assertContains(merge.errorText, "notebook")
        try assertContent("n.ipynb", in: work, is: cells(2, 1))
    }

    // MARK: rows at the end

    private func assertAppends(
        _ path: BytePath, base: String, ours: String, theirs: String, give expected: String?, line: UInt = #line
    ) throws {
        try diverge(path, base: Array(base.utf8), ours: Array(ours.utf8), theirs: Array(theirs.utf8))
        let merge = try work.attempt("merge", "--quiet", "side")
        XCTAssertEqual(merge.status, expected == nil ? 1 : 0, merge.description, line: line)
        guard let expected else { return XCTAssertEqual(try work.changes(), ["UU \(path)"], line: line) }
        XCTAssertEqual(try work.readText(path), expected, line: line)
        try assertPointer(path, in: work, for: Array(expected.utf8), line: line)
        try assertClean(work, line: line)
    }

    func testRowsThatBothSidesAppendedAreKept() throws {
        let base = "id,name\n1,a\n2,b\n"
        try assertAppends(
            "t.csv", base: base, ours: base + "3,ours\n", theirs: base + "4,theirs\n5,theirs\n",
            give: base + "3,ours\n4,theirs\n5,theirs\n")
    }

    func testAppendedRecordsAndAnEditElsewhereMerge() throws {
        try work.write(try work.readText(".gitattributes") + "*.jsonl filter=data diff=data merge=data -text\n", to: ".gitattributes")
        try work.commit("Records")
        let rows = (1...30).map { "{\"id\": \($0), \"v\": 0}\n" }
        let base = rows.joined()
        let edited = base.replacingOccurrences(of: "{\"id\": 3, \"v\": 0}", with: "{\"id\": 3, \"v\": 9}")
        try assertAppends(
            "r.jsonl", base: base, ours: edited + "{\"id\": 31}\n", theirs: base + "{\"id\": 32}\n",
            give: edited + "{\"id\": 31}\n{\"id\": 32}\n")
    }

    func testRowsWithOneKeyAreAConflict() throws {
        let base = "id,name\n1,a\n2,b\n"
        try assertAppends("t.csv", base: base, ours: base + "3,ours\n", theirs: base + "3,theirs\n", give: nil)
        assertContains(try work.readText("t.csv"), "<<<<<<< ours\n3,ours\n")
    }

    func testEqualRowsOnBothSidesAreAConflict() throws {
        let base = "k,v\na,1\na,2\n"
        try assertAppends("t.csv", base: base, ours: base + "a,3\na,4\n", theirs: base + "a,5\na,3\n", give: nil)
    }

    // MARK: the filter on one side only

    func testAttributeAddedOnOneSideIsNoConflict() throws {
        let raw = SampleData.bytes(20_000, seed: 5), edited = SampleData.bytes(20_000, seed: 6)
        try work.write(raw, to: "model.dat")
        try work.commit("Raw")
        try work.git("switch", "--quiet", "-c", "side")
        try work.write(edited, to: "model.dat")
        try work.commit("Edited, raw")
        try work.git("switch", "--quiet", "main")
        try work.data("track", "--quiet", "*.dat")
        try work.git("add", "--renormalize", ".")
        try work.commit("Tracked")
        try work.git("merge", "--quiet", "side")
        try assertContent("model.dat", in: work, is: edited)
        try assertPointer("model.dat", in: work, for: edited)
        try assertClean(work)
    }

    // MARK: git data conflicts

    func testConflictsAreExplainedAndTheCommandsWork() throws {
        let ours = SampleData.bytes(30_000, seed: 1), theirs = SampleData.bytes(31_000, seed: 2)
        try diverge("my scan.bin", base: SampleData.bytes(100, seed: 3), ours: ours, theirs: theirs)
        XCTAssertEqual(try work.attempt("merge", "side").status, 1)
        let text = try work.data("conflicts").text
        assertContains(text, "my scan.bin: both sides changed it")
        assertContains(text, "Theirs (")
        assertContains(text, "Ours (")
        let commands = text.split(separator: "\n").compactMap { line in
            line.range(of: "keep both: ").map { String(line[$0.upperBound...]) }
        }
        XCTAssertEqual(try work.shell(try XCTUnwrap(commands.first)).status, 0)
        try assertContent("my scan.bin", in: work, is: ours)
        try assertContent("my scan.theirs.bin", in: work, is: theirs)
        try work.git("commit", "--quiet", "-m", "Both")
        try assertPointer("my scan.theirs.bin", in: work, for: theirs)
        XCTAssertEqual(try work.data("conflicts", "--json").text.filter { !$0.isWhitespace }, "[]")
    }

    func testConflictOfARebaseSaysWhoIsWho() throws {
        try diverge("t.csv", base: Array("1\n".utf8), ours: Array("2\n".utf8), theirs: Array("3\n".utf8))
        XCTAssertNotEqual(try work.attempt("rebase", "side").status, 0)
        let text = try work.data("conflicts").text
        assertContains(text, "in a rebase")
        assertContains(text, "edit the lines between the markers")
        try work.write("23\n", to: "t.csv")
        try work.git("add", "t.csv")
        try work.git("rebase", "--continue")
        XCTAssertEqual(try work.readText("t.csv"), "23\n")
        try assertClean(work)
    }

    func testDeletionOnOneSideIsExplained() throws {
        try work.write(SampleData.bytes(1000, seed: 1), to: "a.bin")
        try work.commit("Base")
        try work.git("switch", "--quiet", "-c", "side")
        try work.git("rm", "--quiet", "a.bin")
        try work.git("commit", "--quiet", "-m", "Gone")
        try work.git("switch", "--quiet", "main")
        try work.write(SampleData.bytes(1000, seed: 2), to: "a.bin")
        try work.commit("Changed")
        XCTAssertEqual(try work.attempt("merge", "side").status, 1)
        let text = try work.data("conflicts").text
        assertContains(text, "changed by us, deleted by them")
        assertContains(text, "take theirs: git rm a.bin")
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
