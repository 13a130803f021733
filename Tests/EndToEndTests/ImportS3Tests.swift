import Digest
import Platform
import TestSupport
import XCTest

/// Objects of a real server's bucket.
final class ImportS3Tests: S3TestCase {
    private let content = SampleData.bytes(2_000_000, seed: 31)

    /// Puts an object into the bucket: a data remote's blob is one.
    private func upload(_ content: [UInt8], in remote: Worktree) throws -> BytePath {
        try remote.write(content, to: "object.bin")
        try remote.commit("Object \(content.count)")
        try remote.git("push", "--quiet")
        return BytePath("s3://\(server.bucket)/\(prefix)/objects/\(ObjectID.of(content).shardedPath)?endpoint=\(server.endpoint)")
    }

    func testObjectIsImportedAndAskedAgain() throws {
        try addStorage(url())
        let object = try upload(content, in: work)
        let project = try laboratory.repository("project")
        let outcome = try project.data("import", object, "model.bin")
        assertContains(outcome.text, "imported 'model.bin'")
        try assertContent("model.bin", in: project, is: content)
        assertContains(try project.readText("lineage/model.bin.run.json"), "\"sha256\" : \"\(ObjectID.of(content).hex)\"")
        try project.git("commit", "--quiet", "-m", "Import")
        try project.data("import", "--update", "--check")
        try project.data("import", "--update")
        XCTAssertEqual(try project.changes(), [])
        let absent = try project.attempt("data", "import", BytePath("s3://\(server.bucket)/\(prefix)/none?endpoint=\(server.endpoint)"), "none.bin")
        XCTAssertEqual(absent.status, 128)
        XCTAssertFalse((project.folder / "none.bin").exists)
        let secret = try XCTUnwrap(server.credentials["AWS_SECRET_ACCESS_KEY"])
        XCTAssertEqual(try project.shell("grep -rlaF '\(secret)' .").text, "")
    }

    func testEndpointThatOnlyTheProjectNamesIsNotAsked() throws {
        try addStorage(url())
        let object = try upload(content, in: work)
        try work.data("import", object, "copy.bin")
        try work.commit("Import")
        try work.git("push", "--quiet")
        let clone = try laboratory.cloneOfPointers(origin)
        let refused = try clone.attempt("data", "import", "--update").expecting(1)
        assertContains(refused.errorText, "you have not trusted yet")
        try clone.data("import", "--update", "--trust", "copy.bin")
    }

    func testAnswersThatAreCutOrDamagedAreMended() throws {
        try addStorage(url())
        let large = SampleData.bytes(7 << 20, seed: 32)
        _ = try upload(large, in: work)
        let proxy = try FaultProxy(before: server, laboratory.scratch)
        let object = BytePath("s3://\(server.bucket)/\(prefix)/objects/\(ObjectID.of(large).shardedPath)?endpoint=\(proxy.endpoint)")
        let project = try laboratory.repository("project")
        try proxy.set(#"{"match": "GET .*objects", "first": 2, "cut_down": 2500000}"#)
        try project.data("import", object, "cut.bin")
        try assertContent("cut.bin", in: project, is: large)
        XCTAssertEqual(try proxy.requests().filter { $0.status == 206 }.count, 2, "the rest alone was asked for")
        try proxy.set(#"{"match": "GET .*objects", "first": 1, "flip_down": 3000000}"#)
        try project.data("import", object, "flipped.bin")
        try assertContent("flipped.bin", in: project, is: large)
        try proxy.set(#"{"match": "GET .*objects", "flip_down": 3000000}"#)
        let damaged = try project.attempt("data", "import", object, "damaged.bin").expecting(128)
        assertContains(damaged.errorText, "is not what its header")
        XCTAssertFalse((project.folder / "damaged.bin").exists)
    }
}
