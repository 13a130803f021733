import Digest
import Foundation
import Platform
import TestSupport
import XCTest

/// `git diff`, `git show` and `git log -p` on data files, and `git data diff`.
final class DiffTests: EndToEndTestCase {
    private var work: Worktree!

    override func setUpWithError() throws {
        try super.setUpWithError()
        work = try laboratory.project().work
    }

    private func table(_ rows: Range<Int>, _ change: (Int) -> String = { "v\($0 % 7)" }) -> String {
        "id,value\n" + rows.map { "\($0),\(change($0))\n" }.joined()
    }

    private func commitTwice(_ path: BytePath, _ old: String, _ new: String) throws {
        try work.write(old, to: path)
        try work.commit("Old")
        try work.write(new, to: path)
        try work.commit("New")
    }

    func testFilesOfEveryPortionAreCompared() throws {
        try work.write(pointerText(for: SampleData.bytes(10, seed: 1)), to: "old")
        try work.write(pointerText(for: SampleData.bytes(11, seed: 2)), to: "new")
        let stage = { (version: String) in
            _ = try self.work.shell(
                "name=$(git hash-object -w --no-filters \(version)); seq -f \"100644 $name\tm/%04g.bin\" 2100 | git update-index --add --index-info")
        }
        try stage("old")
        try work.git("commit", "--quiet", "-m", "Old")
        try stage("new")
        let lines = try work.data("diff", "--cached", "--stat").lines
        XCTAssertEqual(lines.count, 2100)
        for (line, path) in zip([lines.first, lines.last], ["m/0001.bin", "m/2100.bin"]) { assertContains(line ?? "", path) }
        XCTAssertEqual(try work.data("diff", "--cached", "--json").text.components(separatedBy: "\"path\"").count, 2101)
        XCTAssertEqual(try work.attempt("data", "diff", "--cached", "--quiet").status, 1)
        XCTAssertThrowsError(try work.data("diff", "no-such-revision"))
    }

    // MARK: Git's own commands

    func testTextUpToTheLimitIsShownAsLinesAndLongerTextAsSummary() throws {
        try commitTwice("t.csv", table(0..<100), table(0..<101))
        let lines = try work.git("show").text
        assertContains(lines, "+100,v2")
        try work.git("config", "data.diffLimit", "100")
        let summary = try work.git("show").text
        assertContains(summary, "-rows: 100\n")
        assertContains(summary, "+rows: 101\n")
        assertContains(summary, "+oid: sha256:\(ObjectID.of(Array(table(0..<101).utf8)))")
        assertContains(summary, "+column id: integer, min 0, max 100, mean 50, distinct 101\n")
        XCTAssertFalse(summary.contains("+100,v2"))
        assertContains(try work.git("log", "-p", "--format=%s").text, "+rows: 101")
    }

    func testMissingDataIsShownAsSuchAndShownOnceItIsThere() throws {
        let (old, new) = (table(0..<100), table(0..<101))
        try commitTwice("t.csv", old, new)
        let aside = work.folder / "aside"
        let blob = work.localBlob(of: Array(old.utf8))
        try blob.rename(to: aside)
        for setting in ["false", "true"] {
            try work.git("config", "data.lazy", BytePath(setting))
            let text = try work.attempt("show")
            XCTAssertEqual(text.status, 0, text.description)
            assertContains(text.text, "-data that is not on this machine; to get it: git data fetch")
            assertContains(text.text, "-size: \(old.utf8.count) bytes")
        }
        try aside.rename(to: blob)
        // With Git's own cache the first text would stay for ever.
        let text = try work.git("show").text
        XCTAssertFalse(text.contains("not on this machine"), text)
        assertContains(text, "+100,v2")
        XCTAssertEqual(try work.git("for-each-ref", "refs/notes").text, "", "Git's cache of texts is not used")
    }

    func testLazyCloneFetchesNothingForADiff() throws {
        try commitTwice("t.csv", table(0..<100), table(0..<101))
        try work.git("push", "--quiet")
        let clone = try laboratory.cloneOfPointers(laboratory.folder / "origin.git")
        try clone.git("config", "data.lazy", "true")
        assertContains(try clone.git("log", "-p").text, "data that is not on this machine")
        assertContains(try clone.data("diff", "HEAD~1", "HEAD").text, "data that is not on this machine (git data diff --fetch)")
        XCTAssertFalse((clone.folder / ".git/data/objects").exists)
        assertContains(try clone.data("diff", "--fetch", "HEAD~1", "HEAD").text, "rows: 100 → 101; 1 added (by id)")
    }

    func testSummariesThatTakeTimeAreKeptByOid() throws {
        let content = table(0..<500_000)
        try work.write(content, to: "t.csv")
        try work.commit("Large")
        let text = try work.git("show", "--format=").text
        assertContains(text, "+rows: 500000")
        let kept = work.folder / ".git/data/summaries/1" / BytePath(ObjectID.of(Array(content.utf8)).shardedPath)
        XCTAssert(kept.exists)
        // What is kept is what is shown.
        try kept.replaceContents(with: Array("kept\n".utf8))
        assertContains(try work.git("show", "--format=").text, "+kept\n")
        try kept.replaceContents(with: Array("cut".utf8))
        XCTAssertEqual(try work.git("show", "--format=").text, text)
        // A prune lets go only what is old.
        try work.data("prune", "--quiet")
        XCTAssert(kept.exists)
        XCTAssertEqual(try work.shell("touch -d '5 weeks ago' \(kept)").status, 0)
        try work.data("prune", "--quiet", "--dry-run")
        XCTAssert(kept.exists)
        try work.data("prune", "--quiet")
        XCTAssertFalse((work.folder / ".git/data/summaries/1").exists)
    }

    func testDiffOutsideOfARepositoryWorks() throws {
        try laboratory.scratch.write(table(0..<3), to: "out/a.csv")
        try laboratory.scratch.write(table(0..<4), to: "out/b.csv")
        let run = try laboratory.run("git", ["data", "diff", "--files", "a.csv", "b.csv"], in: laboratory.folder / "out")
        assertContains(try run.expecting(0).text, "rows: 3 → 4; 1 added (by id)\n  + 3,v3\n")
        XCTAssertEqual(try laboratory.run("git-data", ["textconv", "a.csv"], in: laboratory.folder / "out").expecting(0).text, table(0..<3))
    }

    // MARK: git data diff

    func testRevisionsAreThoseOfGitDiff() throws {
        try commitTwice("t.csv", table(0..<10), table(0..<11))
        XCTAssertEqual(try work.data("diff").text, "")
        let both = try work.data("diff", "HEAD~1", "HEAD").text
        assertContains(both, "diff data a/t.csv b/t.csv\n")
        assertContains(both, "rows: 10 → 11; 1 added (by id)\n  + 10,v3\n")
        XCTAssertEqual(try work.data("diff", "HEAD~1..HEAD").text, both)
        XCTAssertEqual(try work.data("diff", "HEAD~1", "--", "t.csv").text, both)
        XCTAssertEqual(try work.data("diff", "HEAD~1", "--", "other").text, "")
        try work.write(table(0..<12), to: "t.csv")
        assertContains(try work.data("diff").text, "rows: 11 → 12")
        assertContains(try work.data("diff", "HEAD~1").text, "rows: 10 → 12")
        XCTAssertEqual(try work.data("diff", "--cached").text, "")
        try work.git("add", "t.csv")
        XCTAssertEqual(try work.data("diff").text, "")
        assertContains(try work.data("diff", "--cached").text, "rows: 11 → 12")
        XCTAssertEqual(try work.attempt("data", "diff", "nowhere").status, 128)
    }

    func testPathsAreThoseOfTheFolderWhereTheUserIs() throws {
        try commitTwice("sub/t.csv", table(0..<10), table(0..<11))
        let run = try laboratory.run("git", ["data", "diff", "HEAD~1", "--", "t.csv"], in: work.folder / "sub")
        assertContains(try run.expecting(0).text, "diff data a/sub/t.csv b/sub/t.csv")
    }

    func testFilesThatCameWentAndMoved() throws {
        try work.write(table(0..<10), to: "a.csv")
        try work.write(table(20..<30), to: "b.csv")
        try work.write("no data\n", to: "notes.txt")
        try work.commit("Old")
        try work.git("mv", "a.csv", "c.csv")
        try work.git("rm", "--quiet", "b.csv")
        try work.write(SampleData.bytes(3000, seed: 3), to: "n.bin")
        try work.write("no data yet\n", to: "notes.txt")
        try work.commit("New")
        let text = try work.data("diff", "HEAD~1", "HEAD").text
        assertContains(text, "diff data a/a.csv b/c.csv\nthe same data, by another name\n")
        assertContains(text, "deleted data file")
        assertContains(text, "+ binary data, 2.92 KiB")
        XCTAssertFalse(text.contains("notes.txt"))
        XCTAssertEqual(
            try work.data("diff", "--stat", "HEAD~1", "HEAD").lines,
            [" b.csv | deleted, 69 bytes", " a.csv => c.csv | the same data", " n.bin | new, binary data, 2.92 KiB"])
    }

    func testExitCodeSaysWhetherDataDiffers() throws {
        try commitTwice("t.csv", table(0..<10), table(0..<11))
        XCTAssertEqual(try work.attempt("data", "diff", "HEAD~1", "HEAD").status, 0)
        XCTAssertEqual(try work.attempt("data", "diff", "--exit-code", "HEAD~1", "HEAD").status, 1)
        XCTAssertEqual(try work.attempt("data", "diff", "--exit-code", "HEAD", "HEAD").status, 0)
        let quiet = try work.attempt("data", "diff", "--quiet", "HEAD~1", "HEAD")
        XCTAssertEqual(quiet.status, 1)
        XCTAssertEqual(quiet.text, "")
        XCTAssertEqual(try work.attempt("data", "diff", "--files", "t.csv").status, 129)
    }

    func testTextThatIsNoTableIsShownAsLines() throws {
        try commitTwice("n.csv", "alpha\nbeta\n", "alpha\nBETA\n")
        assertContains(try work.data("diff", "HEAD~1", "HEAD").text, "@@ -1,2 +1,2 @@\n alpha\n-beta\n+BETA\n")
    }

    func testJSONHasTheNumbers() throws {
        struct Report: Decodable {
            struct Rows: Decodable { let isCompared: Bool, added: Int, removed: Int, changed: Int, key: String }
            struct Part: Decodable { let change: String, group: String, name: String, changedCells: Int? }
            struct Side: Decodable { let oid: String, size: Int, type: String, isHere: Bool }
            let path: String, status: String, old: Side, new: Side, rows: Rows, parts: [Part]
        }
        let (old, new) = (table(0..<10), table(1..<12) { $0 == 5 ? "other" : "v\($0 % 7)" })
        try commitTwice("t.csv", old, new)
        let reports = try JSONDecoder().decode([Report].self, from: Data(try work.data("diff", "--json", "HEAD~1", "HEAD").output))
        let report = try XCTUnwrap(reports.first)
        XCTAssertEqual(reports.count, 1)
        XCTAssertEqual(report.path, "t.csv")
        XCTAssertEqual(report.status, "modified")
        XCTAssertEqual(report.old.oid, ObjectID.of(Array(old.utf8)).hex)
        XCTAssertEqual(report.new.size, new.utf8.count)
        XCTAssertEqual([report.rows.added, report.rows.removed, report.rows.changed], [2, 1, 1])
        XCTAssertEqual(report.rows.key, "id")
        XCTAssertEqual(report.parts.first { $0.name == "value" }?.changedCells, 1)
    }

    func testControlCharactersOfTheDataDoNotReachTheTerminal() throws {
        let head = "id,n\u{1b}]0;x\u{7}\n1,a\n2,b\n"
        try commitTwice("t.csv", head, head + "3,\u{1b}[2J\u{9b}31m\n")
        try work.git("reset", "--quiet", "--soft", "HEAD~1")
        for option in ["--cached", "--stat", "--json"] as [BytePath] {
            let output = try work.data("diff", "--cached", option).output
            XCTAssertFalse(output.isEmpty)
            XCTAssertNil(output.first { $0 < 0x20 && $0 != 0x0a }, "\(option)")
        }
    }

    func testFileThatBecomesDataIsCompared() throws {
        try work.write(table(0..<10), to: "t.tsv")
        try work.commit("In Git")
        try work.write("*.tsv filter=data diff=data merge=data -text\n", to: ".gitattributes")
        try work.write(table(0..<12), to: "t.tsv")
        try work.commit("As data")
        assertContains(try work.data("diff", "HEAD~1", "HEAD").text, "rows: 10 → 12; 2 added (by id)")
    }
}
