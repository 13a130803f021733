import Git
import Platform
import Pointer
import Repository
import TestSupport
import XCTest

@testable import Commands

/// What is found is the same however many paths are kept, and in whatever portions the tree is looked through.
final class BroughtRawFilesTests: RepositoryTestCase {
    override func setUpWithError() throws {
        try super.setUpWithError()
        try scratch.write("*.bin filter=data\n", to: ".gitattributes")
    }

    /// Commits files past any filter.
    private func commit(_ files: [BytePath: [UInt8]]) throws -> GitObjectName {
        for (path, content) in files { try scratch.write(content, to: path) }
        try scratch.git("-c", "filter.data.clean=cat", "add", "-A")
        try scratch.git("commit", "-q", "-m", "x")
        return try XCTUnwrap(GitObjectName(hex: try scratch.git("rev-parse", "HEAD").line.bytes))
    }

    private func raw(_ number: Int) -> [UInt8] { SampleData.bytes(1500 + number, seed: UInt64(number)) }

    private func pointer(_ number: Int) -> [UInt8] {
        Pointer(oid: .of(raw(number)), byteCount: Int64(1500 + number), form: .gitData).text
    }

    /// All the ways to look, each with its outcome.
    private func looks(in commit: GitObjectName, excluding known: [GitObjectName]) throws -> [BroughtRawFiles] {
        try [(32 << 10, 1 << 20), (0, 1 << 20), (0, 0)].flatMap { commandLine, kept in
            try [(1, 1), (2, 3), (8192, 8192)].map { portion, candidates in
                var look = BroughtRawFiles()
                (look.commandLineLimit, look.keptLimit) = (commandLine, kept)
                (look.portionCount, look.candidateLimit) = (portion, candidates)
                try look.find(in: commit, excluding: known, repository)
                return look
            }
        }
    }

    func testOnlyWhatTheCommitsBringCountsInTheOrderOfTheTree() throws {
        let former = try commit([
            "a.bin": raw(1), "b.bin": raw(2), "c.bin": pointer(3), "d/e.bin": raw(4), "text": raw(5), "z.bin": raw(20),
        ])
        _ = try commit(["b.bin": raw(6), "f.bin": raw(7), "gone.bin": raw(8), "c.bin": raw(3), "plain": raw(9)])
        _ = try commit(["d/g.bin": raw(10), "h.bin": pointer(11), "i/\u{fc} \"odd\".bin": raw(12), "f.bin": pointer(7)])
        try scratch.git("rm", "-q", "--cached", "gone.bin")
        try (scratch.path / "gone.bin").removeFile()
        let end = try commit(["last.bin": raw(13), "empty.bin": []])
        let expected: [BroughtRawFiles.File] = [
            .init(path: "b.bin", byteCount: 1506), .init(path: "c.bin", byteCount: 1503), .init(path: "d/g.bin", byteCount: 1510),
            .init(path: "i/\u{fc} \"odd\".bin", byteCount: 1512), .init(path: "last.bin", byteCount: 1513),
        ]
        for look in try looks(in: end, excluding: [former]) {
            XCTAssertEqual(look.first, expected)
            XCTAssertEqual(look.count, 5)
        }
        for look in try looks(in: end, excluding: [end]) { XCTAssertEqual(look.count, 0) }
    }

    func testOfManyTheFirstAreKeptAndAllAreCounted() throws {
        let all = (10..<37).map { BytePath("\($0).bin") }
        let end = try commit(Dictionary(uniqueKeysWithValues: all.map { ($0, raw(1)) }))
        for look in try looks(in: end, excluding: []) {
            XCTAssertEqual(look.first.map(\.path), Array(all.prefix(10)))
            XCTAssertEqual(look.count, 27)
        }
    }
}
