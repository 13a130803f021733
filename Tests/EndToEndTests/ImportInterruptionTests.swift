import Platform
import TestSupport
import XCTest

/// Imports that are killed, interrupted, or cut by the server.
final class ImportInterruptionTests: ImportTestCase {
    private let blob = SampleData.bytes(1_000_000, seed: 11)

    /// Of the download that has come furthest.
    private func arrivedByteCount() throws -> Int64 {
        let incoming = work.folder / ".git/data/incoming"
        return try incoming.exists ? incoming.entries().map { try (incoming / $0).status()?.byteCount ?? 0 }.max() ?? 0 : 0
    }

    func testInterruptedDownloadGoesOn() throws {
        let large = SampleData.bytes(3 << 20, seed: 5)
        try server.serve(large, as: "large.bin")
        let run = try KilledRun(["data", "import", server.url("slow/large.bin"), "large.bin"], in: work.folder, laboratory)
        var random = SeededRandom(seed: 1)
        while try arrivedByteCount() < 200_000 { pause(.milliseconds(20)) }
        _ = try run.kill(all: true, after: .zero, &random)
        XCTAssertFalse((work.folder / "large.bin").exists)
        XCTAssertEqual(try work.changes(), [])
        try attempt(server.url("slow/large.bin"), "large.bin").expecting(0)
        try assertContent("large.bin", in: work, is: large)
        let last = try XCTUnwrap(server.requests().last)
        XCTAssertTrue(last[2].hasPrefix("bytes="), "\(last)")
        XCTAssertEqual(last[5], "206")
        try assertNothingLeft()
    }

    func testInterruptLeavesOnlyWhatTheNextAttemptNeeds() throws {
        let large = SampleData.bytes(2 << 20, seed: 5)
        try server.serve(large, as: "large.bin")
        let ended = try work.shell(
            "git data import \(server.url("slow/large.bin")) data/large.bin & pid=$!; "
                + "until [ -n \"$(find .git/data -name '*.part' -size +100k 2>/dev/null)\" ]; do sleep 0.05; done; kill -TERM $pid; wait $pid")
        XCTAssertEqual(ended.status, 143, ended.description)
        XCTAssertEqual(try work.changes(), [])
        XCTAssertFalse((work.folder / "data").exists)
        XCTAssertFalse((work.folder / "lineage").exists)
        try attempt(server.url("slow/large.bin"), "data/large.bin").expecting(0)
        try assertContent("data/large.bin", in: work, is: large)
        XCTAssertEqual(try server.requests().last?[5], "206")
        try assertNothingLeft()
    }

    func testImportThatIsKilledAnywhereIsRepeated() throws {
        try server.serve(blob, as: "raw.bin")
        let seed = UInt64.random(in: 0..<1_000_000)
        var random = SeededRandom(seed: seed)
        for round in 0..<8 {
            let path = BytePath("killed-\(round).bin")
            let run = try KilledRun(["data", "import", server.url("raw.bin"), path], in: work.folder, laboratory)
            _ = try run.kill(all: true, after: .milliseconds(Int.random(in: 20..<500, using: &random)), &random)
            if (work.folder / path).exists { try assertContent(path, in: work, is: blob) }
            // Git's own, which Git tells its users to remove.
            for lock in [".git/index.lock", ".git/config.lock"] as [BytePath] { try (work.folder / lock).removeFile() }
            let again = try attempt(server.url("raw.bin"), path)
            XCTAssertEqual(again.status, 0, "seed \(seed), round \(round): \(again.description)")
            try assertContent(path, in: work, is: blob)
            try attempt("--update", "--check", path).expecting(0)
        }
        try assertNothingLeft()
    }

    func testFileThatChangesBetweenTwoAttemptsIsNotMixed() throws {
        try server.serve(blob, as: "raw.bin")
        let run = try KilledRun(["data", "import", server.url("slow/raw.bin"), "raw.bin"], in: work.folder, laboratory)
        var random = SeededRandom(seed: 1)
        while try arrivedByteCount() < 100_000 { pause(.milliseconds(20)) }
        _ = try run.kill(all: true, after: .zero, &random)
        let other = SampleData.bytes(900_000, seed: 12)
        try server.serve(other, as: "raw.bin")
        try attempt(server.url("slow/raw.bin"), "raw.bin").expecting(0)
        try assertContent("raw.bin", in: work, is: other)
    }

    func testTransientTroublesAreMet() throws {
        let large = SampleData.bytes(6 << 20, seed: 6)
        try server.serve(large, as: "raw.bin")
        try attempt(server.url("busy/raw.bin"), "busy.bin").expecting(0)
        try attempt(server.url("cut/raw.bin"), "cut.bin").expecting(0)
        for name in ["busy.bin", "cut.bin"] as [BytePath] { try assertContent(name, in: work, is: large) }
        XCTAssertGreaterThan(try server.requests().filter { $0[5] == "206" }.count, 4)
        let absent = try attempt(server.url("none.csv"), "none.csv").expecting(128)
        assertContains(absent.errorText, "has no such file")
        try assertNothingLeft()
    }
}
