import Platform
import TestSupport
import XCTest

/// `git archive` holds real data.
final class ArchiveTests: EndToEndTestCase {
    private let content = SampleData.bytes(400_000)
    private let table = Array(SampleData.table(rows: 100).utf8)

    private func project() throws -> (work: Worktree, origin: BytePath) {
        let (work, origin) = try laboratory.project()
        try work.write(content, to: "data/model.bin")
        try work.write(table, to: "secret.csv")
        try work.write("code\n", to: "code.txt")
        let attributes = try work.readText(".gitattributes")
        try work.write(attributes + "secret.csv export-ignore\n", to: ".gitattributes")
        try work.commit("Data")
        try work.git("push", "--quiet")
        return (work, origin)
    }

    private func assertArchive(of worktree: Worktree, line: UInt = #line) throws {
        let out = worktree.folder.parent / "out"
        try laboratory.run("rm", ["-rf", out]).expecting(0)
        try out.makeFolders()
        let made = try worktree.shell("git archive HEAD | tar -x -C ../out")
        XCTAssertEqual(made.status, 0, made.description, line: line)
        let unpacked = Worktree(folder: out, in: laboratory)
        try assertContent("data/model.bin", in: unpacked, is: content, line: line)
        try assertContent("code.txt", in: unpacked, is: Array("code\n".utf8), line: line)
        XCTAssertFalse((out / "secret.csv").exists, line: line)
    }

    func testArchiveHasRealBytesAndLeavesOutWhatAttributesSay() throws {
        let (work, _) = try project()
        try assertArchive(of: work)
    }

    /// After a prune that the worktree does not show, and in a clone that never had the data.
    func testArchiveFetchesWhatIsNotHere() throws {
        let (work, origin) = try project()
        for content in [content, table] { try work.localBlob(of: content).removeFile() }
        try assertArchive(of: work)
        let clone = try laboratory.cloneOfPointers(origin)
        XCTAssertFalse(clone.localBlob(of: content).exists)
        try assertArchive(of: clone)
        // What the archive leaves out is not fetched for it.
        XCTAssertFalse(clone.localBlob(of: table).exists)
    }

    func testPrunedBlobsOfAnOlderCommitAreFetchedForItsArchive() throws {
        let (work, _) = try project()
        try work.write(SampleData.bytes(1000, seed: 9), to: "data/model.bin")
        try work.commit("Newer")
        try work.git("push", "--quiet")
        try work.git("config", "data.pruneRecentDays", "0")
        try work.data("prune", "--quiet")
        XCTAssertFalse(work.localBlob(of: content).exists)
        let listed = try work.shell("git archive HEAD~1 data/model.bin | tar -xOf - data/model.bin")
        XCTAssertEqual(listed.status, 0, listed.errorText)
        XCTAssertTrue(listed.output == content)
    }
}
