import Diagnostics
import Digest
import Git
import ObjectStore
import Platform
import Repository
import TestSupport
import XCTest

@testable import Commands

/// What is gathered of a history is the same in whatever portions it comes.
final class MigrationContentsTests: RepositoryTestCase {
    private func blob(_ content: [UInt8]) throws -> GitObjectName {
        let answer = try scratch.git(["hash-object", "-w", "--stdin"], input: content)
        return try XCTUnwrap(GitObjectName(hex: answer.line.bytes))
    }

    private func content(_ number: Int) -> [UInt8] { Array("content \(number)\0".utf8) }

    /// Ten files have had six contents.
    private func contents() throws -> MigrationContents {
        let contents = MigrationContents(in: try repository.store())
        for number in 0..<20 {
            let path = BytePath("\(number % 3)/\(number % 10).\(number % 2 == 0 ? "bin" : "csv")")
            let version = HistoryCatalogue.Version(folder: number % 3, path: path, blob: try blob(content(number * number % 7)))
            contents.add(version, byteCount: Int64(content(0).count))
        }
        try contents.seal()
        return contents
    }

    func testEachContentIsCountedOnceAsTheFirstThatTurnedUp() throws {
        let contents = try contents()
        // Squares modulo 7 are 0, 1, 2 and 4.
        XCTAssertEqual(contents.count, 4)
        XCTAssertEqual(contents.byteCount, 4 * Int64(content(0).count))
        XCTAssertEqual(contents.folders, [0, 1, 2])
        var firsts: [Bool] = []
        try contents.forEach { firsts.append($0.isFirst) }
        XCTAssertEqual(firsts, (0..<20).map { [0, 1, 2, 3].contains($0) })
        let rows = try contents.types.counted()
        XCTAssertEqual(rows.map(\.pattern.shown), ["*.bin", "*.csv"])
        XCTAssertEqual(rows.map(\.versions), [2, 2])
        XCTAssertEqual(rows.map(\.files), [10, 10])
        for count in [1, 2, 3, 4, 5] {
            var portions: [[GitObjectName]] = []
            try contents.forEachPortion(of: count) { portions.append($0.map(\.blob)) }
            XCTAssertEqual(portions.flatMap { $0 }, try [0, 1, 4, 2].map { try blob(content($0)) })
            XCTAssert(portions.allSatisfy { $0.count <= count })
        }
    }

    func testConversionIsTheSameInAnyRounds() throws {
        for round in [1, 3, 100] {
            let contents = try contents()
            let conversion = try MigrateConversion(repository, count: contents.count, byteCount: contents.byteCount, progress: SilentProgress())
            let converted = try conversion.run(contents, roundCount: round)
            XCTAssertEqual(converted.count, 4)
            XCTAssertEqual(converted.byteCount, contents.byteCount)
            for number in [0, 1, 2, 4] {
                let new = try XCTUnwrap(try converted.find(try blob(content(number))))
                XCTAssertEqual(new.byteCount, Int64(content(number).count))
                let text = try scratch.git("cat-file", "blob", BytePath(bytes: new.name.hex)).output
                XCTAssertEqual(text, Array("git data pointer 1\noid sha256:\(ObjectID.of(content(number)).hex)\nsize \(new.byteCount)\n".utf8))
                XCTAssert(try repository.store().contains(.of(content(number))))
            }
            XCTAssertNil(try converted.find(try blob(content(3))))
        }
    }
}
