import Digest
import Platform
import TestSupport
import XCTest

/// Files of web servers.
final class ImportTests: ImportTestCase {
    private let table = Array(SampleData.table(rows: 500).utf8)
    private let blob = SampleData.bytes(1_000_000, seed: 11)

    func testFileRecipeAndRecordAreStaged() throws {
        try server.serve(table, as: "raw.csv")
        let outcome = try attempt(server.url("raw.csv"), "data/raw.csv").expecting(0)
        assertContains(outcome.text, "imported 'data/raw.csv'")
        XCTAssertEqual(
            try work.changes(), ["A  data/raw.csv", "A  lineage/.gitattributes", "A  lineage/data/raw.csv.run.json", "A  lineage/data/raw.csv.stage"])
        try work.git("commit", "--quiet", "-m", "Import")
        try assertPointer("data/raw.csv", in: work, for: table)
        XCTAssertEqual(
            try work.readText("lineage/data/raw.csv.stage"), "[source]\n\turl = \(server.url("raw.csv"))\n\toutput = data/raw.csv\n")
        let record = try record("data/raw.csv")
        for part in [
            "\"data/raw.csv\" : \"sha256:\(ObjectID.of(table).hex)\"", "\"size\" : \(table.count)", "\"etag\" : \"\\\"",
            "\"modified\" : \"Fri, 02 Jan 2026 03:04:05 GMT\"", "\"url\" : \"\(server.url("raw.csv"))\"",
        ] { assertContains(record, part) }
        try assertNothingLeft()
        try work.git("push", "--quiet")
        let clone = try laboratory.clone(origin)
        try assertContent("data/raw.csv", in: clone, is: table)
    }

    func testBinaryFileThatNoPatternMatchesBecomesData() throws {
        try server.serve(blob, as: "model.pt")
        let outcome = try attempt(server.url("model.pt"), "models/").expecting(0)
        assertContains(outcome.errorText, "Tracking '/models/model.pt'")
        try work.git("commit", "--quiet", "-m", "Import")
        try assertPointer("models/model.pt", in: work, for: blob)
        assertContains(String(decoding: try work.stored(".gitattributes"), as: UTF8.self), "/models/model.pt filter=data")
        try server.serve(Array("few words\n".utf8), as: "notes.txt")
        try attempt(server.url("notes.txt"), "notes.txt").expecting(0)
        assertContains(try record("notes.txt"), "\"notes.txt\" : \"git:")
    }

    func testUpdateBringsWhatChangedAndOnlyThat() throws {
        try server.serve(table, as: "raw.csv")
        try server.serve(blob, as: "raw.bin")
        try attempt(server.url("raw.csv"), "raw.csv").expecting(0)
        try attempt(server.url("raw.bin"), "raw.bin").expecting(0)
        try work.git("commit", "--quiet", "-m", "Import")
        try attempt("--update", "--check").expecting(0)
        try attempt("--update").expecting(0)
        XCTAssertEqual(try work.changes(), [])
        XCTAssertEqual(try server.requests().suffix(4).map { $0[5] }, ["304", "304", "304", "304"])
        let changed = table + Array("1,2,3\n".utf8)
        try server.serve(changed, as: "raw.csv")
        let check = try attempt("--update", "--check").expecting(1)
        XCTAssertEqual(check.lines.count, 1)
        assertContains(check.text, "changed: 'raw.csv'")
        XCTAssertEqual(try work.changes(), [])
        let update = try attempt("--update").expecting(0)
        assertContains(update.text, "\(ObjectID.of(table).hex.prefix(12)) -> \(ObjectID.of(changed).hex.prefix(12))")
        XCTAssertEqual(try work.changes(), ["M  lineage/raw.csv.run.json", "M  raw.csv"])
        try work.git("commit", "--quiet", "-m", "Update")
        try assertPointer("raw.csv", in: work, for: changed)
        try attempt("--update", "--check", "raw.csv").expecting(0)
    }

    func testServerWithoutVersionsIsComparedByContent() throws {
        try server.serve(table, as: "raw.csv")
        try attempt(server.url("plain/raw.csv"), "raw.csv").expecting(0)
        try work.git("commit", "--quiet", "-m", "Import")
        try attempt("--update", "--check").expecting(0)
        try attempt("--update").expecting(0)
        XCTAssertEqual(try work.changes(), [])
        // Of the same length.
        try server.serve([7] + table.dropFirst(), as: "raw.csv")
        try attempt("--update", "--check").expecting(1)
        try attempt("--update").expecting(0)
        try assertContent("raw.csv", in: work, is: [7] + table.dropFirst())
        try assertNothingLeft()
    }

    func testFilesThatGitDoesNotHaveAreNotOverwritten() throws {
        try server.serve(table, as: "raw.csv")
        try work.write("mine\n", to: "raw.csv")
        let refused = try attempt(server.url("raw.csv"), "raw.csv").expecting(128)
        assertContains(refused.errorText, "not in Git's index")
        try assertContent("raw.csv", in: work, is: Array("mine\n".utf8))
        XCTAssertEqual(try server.requests().count, 0)
        try work.commit("Mine")
        try work.write("edited\n", to: "raw.csv")
        assertContains(try attempt(server.url("raw.csv"), "raw.csv").expecting(128).errorText, "was changed")
        try assertContent("raw.csv", in: work, is: Array("edited\n".utf8))
        try attempt("--force", server.url("raw.csv"), "raw.csv").expecting(0)
        try assertContent("raw.csv", in: work, is: table)
        try work.git("commit", "--quiet", "-m", "Import")
        // The same holds of updates.
        try work.write("edited\n", to: "raw.csv")
        try server.serve(blob, as: "raw.csv")
        try attempt("--update").expecting(1)
        try assertContent("raw.csv", in: work, is: Array("edited\n".utf8))
        try (work.folder / "elsewhere").makeFolders()
        try work.shell("ln -s elsewhere link").expecting(0)
        assertContains(try attempt(server.url("raw.csv"), "link/raw.csv").expecting(128).errorText, "symbolic link")
    }

    func testDigestHoldsOfWhatIsThereAlready() throws {
        try server.serve(table, as: "raw.csv")
        try attempt(server.url("raw.csv"), "raw.csv").expecting(0)
        try attempt("--update", "--sha256", BytePath(ObjectID.of(table).hex), "raw.csv").expecting(0)
        try attempt("--update", "--sha256", BytePath(ObjectID.of(blob).hex), "raw.csv").expecting(1)
    }

    func testDigestsAreVerified() throws {
        try server.serve(table, as: "raw.csv")
        let wrong = try attempt(server.url("wrong/raw.csv"), "raw.csv").expecting(128)
        assertContains(wrong.errorText, "repr-digest")
        XCTAssertFalse((work.folder / "raw.csv").exists)
        let digest = ObjectID.of(blob).hex
        let other = try attempt("--sha256", BytePath(digest), server.url("raw.csv"), "raw.csv").expecting(128)
        assertContains(other.errorText, digest)
        XCTAssertFalse((work.folder / "raw.csv").exists)
        try assertNothingLeft()
        try attempt("--sha256", BytePath(ObjectID.of(table).hex.uppercased()), server.url("right/raw.csv"), "raw.csv").expecting(0)
        try assertContent("raw.csv", in: work, is: table)
    }

    func testSecretsOfURLsStayWithTheServer() throws {
        try server.serve(table, as: "raw.csv")
        let signed = server.url("private/raw.csv?token=geheim&format=csv")
        let first = try attempt(signed, "raw.csv").expecting(0)
        assertContains(first.errorText, "--update --url URL raw.csv")
        try work.git("commit", "--quiet", "-m", "Import")
        try assertAbsent("geheim", [first])
        assertContains(try record("raw.csv"), "format=csv")
        let update = try attempt("--update").expecting(1)
        assertContains(update.errorText, "--update --url URL raw.csv")
        try server.serve(blob, as: "raw.csv")
        let again = try attempt("--update", "--url", "-", "raw.csv", input: "\(signed)\n").expecting(0)
        try assertContent("raw.csv", in: work, is: blob)
        let user = BytePath("http://ada:geheim@127.0.0.1:\(server.port)/private/raw.csv")
        let basic = try attempt(user, "other.csv").expecting(0)
        let verbose = try attempt("--verbose", "-", "key.csv", input: "\(signed)&key=geheim\n").expecting(0)
        assertContains(verbose.errorText, "key=***")
        let refused = try attempt(BytePath("http://ada:gehe%69m2@127.0.0.1:\(server.port)/private/raw.csv"), "third.csv").expecting(128)
        try work.git("commit", "--quiet", "-m", "Update")
        try assertAbsent("geheim", [update, again, basic, verbose, refused])
        try assertAbsent("ada:", [basic, refused])
    }

    func testRedirectsLeadToWebServersAloneAndTakeNoCredentials() throws {
        try server.serve(table, as: "raw.csv")
        let other = try FileServer(laboratory.folder / "elsewhere")
        try other.serve(blob, as: "raw.csv")
        try attempt(server.url("moved/raw.csv"), "moved.csv").expecting(0)
        try assertContent("moved.csv", in: work, is: table)
        try attempt(BytePath("http://ada:geheim@127.0.0.1:\(server.port)/away/\(other.port)/raw.csv"), "away.csv").expecting(0)
        try assertContent("away.csv", in: work, is: blob)
        XCTAssertNotEqual(try server.requests().last?[4], "-")
        XCTAssertEqual(try other.requests().map { $0[4] }, ["-"])
        assertContains(try attempt(server.url("scheme/x"), "x.csv").expecting(128).errorText, "no web server's")
        XCTAssertFalse((work.folder / "x.csv").exists)
    }

    func testWebPageInPlaceOfDataIsPointedOut() throws {
        try server.serve(Array("<html>sign in</html>".utf8), as: "raw.csv")
        assertContains(try attempt(server.url("page/raw.csv"), "raw.csv").expecting(0).errorText, "web page")
        XCTAssertFalse(try attempt(server.url("page/raw.csv"), "raw.html").expecting(0).errorText.contains("web page"))
    }

    func testCommandLineIsChecked() throws {
        try server.serve(table, as: "raw.csv")
        try attempt(server.url("raw.csv")).expecting(129)
        try attempt("--check", server.url("raw.csv"), "raw.csv").expecting(129)
        try attempt("--name", "-x", server.url("raw.csv"), "raw.csv").expecting(129)
        try attempt(server.url("raw.csv"), "../raw.csv").expecting(128)
        try attempt(server.url("raw.csv"), "lineage/raw.csv").expecting(128)
        try attempt("ftp://example.org/raw.csv", "raw.csv").expecting(128)
        let dry = try attempt("--dry-run", server.url("raw.csv"), "raw.csv").expecting(0)
        assertContains(dry.text, "would import 'raw.csv'")
        XCTAssertEqual(try server.requests().count, 0)
        try attempt("--name", "raw", server.url("raw.csv"), "raw.csv").expecting(0)
        assertContains(try attempt(server.url("raw.csv"), "raw.csv").expecting(128).errorText, "the stage 'raw' makes already")
        assertContains(try attempt("--name", "raw", server.url("raw.csv"), "b.csv").expecting(128).errorText, "--name")
        assertContains(try attempt("--update", "nothing").expecting(128).errorText, "nothing was imported")
        XCTAssertEqual(try attempt("--update", "--json").expecting(0).text.contains("\"change\" : \"same\""), true)
    }
}
