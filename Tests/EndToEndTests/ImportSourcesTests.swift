import Digest
import Platform
import TestSupport
import XCTest

/// Files of this machine, other repositories, queries and people.
final class ImportSourcesTests: ImportTestCase {
    private let table = Array(SampleData.table(rows: 300).utf8)
    private let blob = SampleData.bytes(300_000, seed: 21)

    private func place(_ content: [UInt8], at path: BytePath) throws {
        try laboratory.scratch.write(content, to: path)
    }

    func testFileOfThisMachineIsCopied() throws {
        try place(table, at: "share/raw.csv")
        let source = laboratory.folder / "share/raw.csv"
        try attempt("../share/raw.csv", "data/").expecting(0)
        try work.git("commit", "--quiet", "-m", "Import")
        try assertPointer("data/raw.csv", in: work, for: table)
        assertContains(try work.readText("lineage/data/raw.csv.stage"), "url = \(source)\n")
        try place(blob, at: "share/raw.csv")
        try assertContent("data/raw.csv", in: work, is: table)
        try attempt("--update", "--check", "data").expecting(1)
        try attempt("--update").expecting(0)
        try assertContent("data/raw.csv", in: work, is: blob)
        assertContains(try attempt("data/raw.csv", "other.csv").expecting(128).errorText, "in this repository already")
        try assertNothingLeft()
    }

    func testFolderIsImportedAndFollowed() throws {
        try place(table, at: "share/set/a.csv")
        try place(blob, at: "share/set/deep/b.dat")
        try place([1], at: "share/set/.git/config")
        try laboratory.run("ln", ["-s", "a.csv", laboratory.folder / "share/set/link.csv"]).expecting(0)
        let first = try attempt(laboratory.folder / "share/set", "data/set").expecting(0)
        assertContains(first.errorText, "symbolic link")
        assertContains(first.errorText, "Tracking '/data/set/**'")
        try work.git("commit", "--quiet", "-m", "Import")
        XCTAssertEqual(try work.changes(), [])
        try assertPointer("data/set/deep/b.dat", in: work, for: blob)
        XCTAssertFalse((work.folder / "data/set/.git").exists)
        let record = try record("data/set")
        assertContains(record, "\"data/set\" : \"folder:")
        assertContains(record, "\"files\" : 2")
        // Times alone are no change.
        try laboratory.run("touch", [laboratory.folder / "share/set/a.csv"]).expecting(0)
        try attempt("--update", "--check").expecting(0)
        try place(SampleData.bytes(500, seed: 22), at: "share/set/new.csv")
        try laboratory.run("rm", ["-r", laboratory.folder / "share/set/deep"]).expecting(0)
        try attempt("--update").expecting(0)
        XCTAssertEqual(
            try work.changes().filter { !$0.contains("lineage") }, ["D  data/set/deep/b.dat", "A  data/set/new.csv"])
        let changes = try work.changes()
        try (laboratory.folder / "share").rename(to: laboratory.folder / "unplugged")
        let failure = try attempt("--update").expecting(1)
        assertContains(failure.errorText, "there is no '")
        assertContains(failure.errorText, "kept: 'data/set' as it was\n")
        assertContains(failure.errorText, "hint: when it is back: git data import --update data/set\n")
        XCTAssertEqual(try work.changes(), changes)
        try assertNothingLeft()
    }

    func testFolderOfManyFilesIsTakenPortionByPortion() throws {
        let share = laboratory.folder / "share/set"
        // More than one portion of each kind, and names that stand on both sides of a slash.
        try laboratory.run(
            "sh", ["-c", """
                mkdir -p a a-b plain && for number in $(seq 2200); do
                    printf "data $number\\0" > a/$number && printf "text $number" > plain/$number
                done
                printf 'x\\0' > a-b/c && printf 'y\\0' > a.b && printf 'z\\0' > a0
                """], in: try { try share.makeFolders(); return share }()).expecting(0)
        try work.write("/set/** filter=data diff=data merge=data -text\n/set/plain/** -filter\n", to: ".gitattributes")
        try work.commit("Attributes")
        try attempt(share, "set").expecting(0)
        try work.git("commit", "--quiet", "-m", "Import")
        func assertWhole(line: UInt = #line) throws {
            XCTAssertEqual(try work.changes(), [], line: line)
            try laboratory.run("diff", ["-r", share, work.folder / "set"]).expecting(0)
            // `100644 blob <name>\t<path>`
            let stored = try work.git("ls-tree", "-r", "-z", "HEAD", "set/").records.map { $0.text.split(separator: "\t") }
            let names = Dictionary(uniqueKeysWithValues: stored.map { ($0[1], $0[0].split(separator: " ")[2]) })
            let files = try laboratory.run("find", [share, "-type", "f", "-printf", "set/%P\\0"]).expecting(0).records.sorted()
            XCTAssertEqual(files.count, names.count, line: line)
            var (received, output): ([UInt8], [UInt8]) = ([], [])
            for file in files {
                let (id, end) = ("sha256:\(ObjectID.of(try work.read(file)))", " \(file.text.dropFirst(4))\0")
                received += Array((id + end).utf8)
                output += Array(((file.text.contains("plain") ? "git:\(names[file.text[...]] ?? "")" : id) + end).utf8)
            }
            assertContains(try record("set"), "\"set\" : \"folder:\(ObjectID.of(output))\"")
            assertContains(try record("set"), "\"sha256\" : \"\(ObjectID.of(received))\"")
        }
        try assertWhole()
        try assertPointer("set/a/2200", in: work, for: Array("data 2200\0".utf8))
        XCTAssertEqual(try work.stored("set/plain/2200"), Array("text 2200".utf8))
        let first = try record("set")
        try laboratory.run(
            "sh", ["-c", """
                for number in $(seq 2150); do rm a/$number; done
                printf 'q\\0' > a/2199 && rm plain/7 a.b && printf 'q\\0' > a-b/d
                """], in: share).expecting(0)
        try attempt("--update").expecting(0)
        try work.git("commit", "--quiet", "-m", "Update")
        try assertWhole()
        XCTAssertNotEqual(try record("set"), first)
        try assertNothingLeft()
        try work.data("fsck")
    }

    func testPlaceThatOnlyTheProjectNamesIsNotRead() throws {
        try place(table, at: "share/raw.csv")
        try attempt(laboratory.folder / "share/raw.csv", "raw.csv").expecting(0)
        try work.commit("Import")
        try work.git("push", "--quiet")
        try place(blob, at: "share/raw.csv")
        let clone = try laboratory.clone(origin)
        let refused = try clone.attempt("data", "import", "--update").expecting(1)
        assertContains(refused.errorText, "you have not trusted yet")
        try assertContent("raw.csv", in: clone, is: table)
        try clone.data("import", "--update", "--trust", "raw.csv")
        try assertContent("raw.csv", in: clone, is: blob)
        try clone.data("import", "--update", "--check")
    }

    func testRecipeMayNameAPlaceFromTheTop() throws {
        try place(table, at: "share/raw.csv")
        try work.write("[source]\n\turl = ../share/raw.csv\n\toutput = raw.csv\n", to: "lineage/raw.stage")
        assertContains(try attempt("--update").expecting(1).errorText, "git data import --update --trust raw")
        let update = try attempt("--update", "--trust", "raw").expecting(0)
        assertContains(update.text, "imported 'raw.csv'")
        try assertContent("raw.csv", in: work, is: table)
        XCTAssertEqual(try work.readText("lineage/raw.stage"), "[source]\n\turl = ../share/raw.csv\n\toutput = raw.csv\n")
        try work.write("[source]\n\turl = ext::sh -c true\n\toutput = raw.csv\n", to: "lineage/raw.stage")
        try attempt("--update", "--trust", "raw").expecting(1)
        try work.write("[source\n", to: "lineage/raw.stage")
        assertContains(try attempt("--update").expecting(128).errorText, "line 1")
    }

    func testQueryRunsOnlyWhenItIsNamed() throws {
        try place(table, at: "answer")
        let query = BytePath("echo run >> ../runs; cat ../answer")
        let runs = { try (self.laboratory.folder / "runs").contents()?.count ?? 0 }
        try attempt("--from-command", query, "answer.csv").expecting(0)
        try work.git("commit", "--quiet", "-m", "Import")
        try assertPointer("answer.csv", in: work, for: table)
        XCTAssertEqual(try runs(), 4)
        assertContains(try attempt("--update").expecting(0).errorText, "Not asked")
        try attempt("--update", "--check").expecting(0)
        XCTAssertEqual(try runs(), 4)
        try attempt("--update", "answer.csv").expecting(0)
        XCTAssertEqual(try runs(), 8)
        XCTAssertEqual(try work.changes(), [])
        try place(blob, at: "answer")
        try attempt("--update", "--queries").expecting(0)
        try assertContent("answer.csv", in: work, is: blob)
        let failed = try attempt("--from-command", "echo half; exit 3", "half.csv").expecting(128)
        assertContains(failed.errorText, "status 3")
        XCTAssertFalse((work.folder / "half.csv").exists)
        try assertNothingLeft()
    }

    func testManualImportIsARecordAlone() throws {
        try work.write(table, to: "brought.csv")
        try attempt("--manual", "by mail, from Ada\n2026-01-02", "brought.csv").expecting(0)
        try work.git("commit", "--quiet", "-m", "Import")
        try assertPointer("brought.csv", in: work, for: table)
        assertContains(try record("brought.csv"), "\"manual\" : \"by mail, from Ada\\n2026-01-02\"")
        assertContains(try attempt("--update").expecting(0).errorText, "Not asked")
        try work.write(blob, to: "brought.csv")
        try attempt("--manual", "by mail again", "brought.csv").expecting(0)
        assertContains(try record("brought.csv"), ObjectID.of(blob).hex)
        try attempt("--manual", "nobody", "absent.csv").expecting(128)
    }

    func testPathOfAnotherRepositoryIsResolvedToACommit() throws {
        let other = try laboratory.repository("other")
        try other.write("*.csv filter=data diff=data merge=data -text\n", to: ".gitattributes")
        try other.write(table, to: "set/a.csv")
        try other.write("plain\n", to: "set/b.txt")
        try other.commit("One")
        try other.git("tag", "v1")
        let first = try other.git("rev-parse", "HEAD").line
        try attempt("--from", other.folder, "--revision", "v1", "set/a.csv", "a.csv").expecting(0)
        try attempt("--from", other.folder, "--revision", "main", "set", "copy/set").expecting(0)
        try attempt("--from", other.folder, "--revision", BytePath(String(first.prefix(10))), "set/b.txt", "b.txt").expecting(0)
        try work.git("commit", "--quiet", "-m", "Import")
        try assertPointer("a.csv", in: work, for: table)
        try assertContent("copy/set/a.csv", in: work, is: table)
        try assertContent("copy/set/b.txt", in: work, is: Array("plain\n".utf8))
        assertContains(try record("a.csv"), "\"revision\" : \"\(first)\"")
        assertContains(try work.readText("lineage/a.csv.stage"), "revision = v1\n\tpath = set/a.csv\n")
        try other.write(blob, to: "set/a.csv")
        try other.commit("Two")
        let check = try attempt("--update", "--check").expecting(1)
        XCTAssertEqual(check.lines.count, 1, "a tag stays where it is: \(check.text)")
        try attempt("--update").expecting(0)
        try assertContent("a.csv", in: work, is: table)
        try assertContent("copy/set/a.csv", in: work, is: blob)
        let second = try other.git("rev-parse", "HEAD").line
        assertContains(try record("copy/set"), "\"revision\" : \"\(second)\"")
        try assertNothingLeft()
        for (revision, path, words) in [("v2", "set", "cannot be|no revision"), ("v1", "none", "is not there")] {
            let refused = try attempt("--from", other.folder, "--revision", BytePath(revision), BytePath(path), "x").expecting(128)
            XCTAssertNotNil(words.split(separator: "|").first { refused.errorText.contains($0) }, refused.description)
        }
        try assertNothingLeft()
    }

    func testFolderOfManyFilesOfAnotherRepositoryIsTakenPortionByPortion() throws {
        let other = try laboratory.repository("other")
        try other.write("*.bin filter=data diff=data merge=data -text\n", to: ".gitattributes")
        try other.shell("mkdir set set/a-b set/a && for number in $(seq 4100); do echo data $number > set/a/$number.bin; done").expecting(0)
        try other.shell("echo plain > set/a-b/plain && echo plain > set/z && echo one > set/a.bin && chmod +x set/a.bin").expecting(0)
        try other.data("add", ".")
        try other.git("commit", "--quiet", "-m", "Many")
        try attempt("--from", other.folder, "set", "copy").expecting(0)
        try laboratory.run("diff", ["-r", other.folder / "set", work.folder / "copy"]).expecting(0)
        XCTAssertEqual(try work.git("ls-files", "copy").lines.count, 4103)
        XCTAssertEqual(try work.git("ls-files", "-s", "copy/a.bin").line.prefix(6), "100755")
        assertContains(try record("copy"), "\"files\" : 4103")
        try assertNothingLeft()
    }

    func testDataRemoteThatOnlyTheOtherRepositoryNamesHasToBeAgreedTo() throws {
        let other = try laboratory.repository("other")
        try (laboratory.folder / "storage").makeFolders()
        try other.data("remote", "add", "storage", laboratory.folder / "storage")
        try other.write("*.csv filter=data diff=data merge=data -text\n", to: ".gitattributes")
        try other.write(table, to: "a.csv")
        try other.commit("One")
        let bare = try laboratory.bareRepository("other.git")
        try other.git("remote", "add", "origin", bare)
        try other.git("push", "--quiet", "origin", "main")
        let refused = try attempt("--from", bare, "a.csv", "a.csv").expecting(128)
        assertContains(refused.errorText, "which the project alone says and you have not trusted yet")
        XCTAssertFalse((work.folder / "a.csv").exists)
        try attempt("--trust", "--from", bare, "a.csv", "a.csv").expecting(0)
        try assertContent("a.csv", in: work, is: table)
    }

    func testNamesThatGitChecksOutNowhereAreRefused() throws {
        let other = try laboratory.repository("other")
        for name in ["..", ".git", ".GIT"] {
            let tree = "blob=$(echo x | git hash-object -w --stdin) && hooks=$(printf '100644 blob %s\\tpost-checkout\\n' $blob | git mktree) && "
                + "evil=$(printf '040000 tree %s\\t\(name)\\n' $hooks | git mktree) && top=$(printf '040000 tree %s\\tset\\n' $evil | git mktree) && "
                + "git update-ref refs/heads/main $(git commit-tree -m x $top)"
            try other.shell(tree).expecting(0)
            let refused = try attempt("--from", other.folder, "set", "copy").expecting(128)
            assertContains(refused.errorText, "Git writes no such path")
            XCTAssertFalse((work.folder / "copy").exists)
            XCTAssertFalse((work.folder / "post-checkout").exists)
        }
        try assertNothingLeft()
    }

    func testRepositoryOfAWebServerIsGivenItsPassword() throws {
        let other = try laboratory.repository("other")
        try other.write("plain\n", to: "a.txt")
        try other.commit("One")
        try laboratory.git(["clone", "--quiet", "--bare", other.folder, server.folder / "other.git"])
        try laboratory.git(["update-server-info"], in: server.folder / "other.git")
        let url = BytePath("http://ada:geheim@127.0.0.1:\(server.port)/private/other.git")
        let outcome = try attempt("--from", url, "--revision", "main", "a.txt", "a.txt").expecting(0)
        try assertContent("a.txt", in: work, is: Array("plain\n".utf8))
        try work.git("commit", "--quiet", "-m", "Import")
        try assertAbsent("geheim", [outcome])
        let refused = try attempt("--update").expecting(1)
        assertContains(refused.errorText, "password, which is not recorded")
        try attempt("--update", "--url", url, "a.txt").expecting(0)
    }
}
