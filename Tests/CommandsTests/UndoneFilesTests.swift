import Digest
import ObjectStore
import Platform
import TestSupport
import Transfer
import XCTest

@testable import Commands

/// What a command could not do is told in a bounded space.
final class UndoneFilesTests: XCTestCase {
    func testTheFirstAreNamedAndTheOthersCounted() {
        var files = UndoneFiles()
        for number in 0..<UndoneFiles.nameLimit + 5 { files.add(.init(path: BytePath("\(number)"), reason: "gone")) }
        XCTAssertEqual(files.count, UndoneFiles.nameLimit + 5)
        let lines = files.list.split(separator: "\n")
        XCTAssertEqual(lines.first, "gone:")
        XCTAssertEqual(lines.count, UndoneFiles.nameLimit + 2)
        XCTAssertEqual(lines.last, "\t… and 5 more")

        var all = UndoneFiles()
        all.add(.init(path: "top", reason: "full", hints: ["free some space"]))
        all.add(files, in: "module")
        XCTAssertEqual(all.count, UndoneFiles.nameLimit + 6)
        XCTAssertEqual(all.named.count, UndoneFiles.nameLimit)
        XCTAssertEqual(all.named.prefix(2).map(\.path), ["top", "module/0"])
        XCTAssertEqual(all.hints, [["free some space"], nil])
        XCTAssertTrue(all.list.hasSuffix("\t… and 6 more"))
    }

    func testEveryBlobHasItsReason() throws {
        let scratch = try ScratchFolder()
        let failures = FetchFailures(in: ObjectStore(folder: scratch / "store"))
        XCTAssertTrue(failures.isEmpty)
        let oids = (0..<70_000).map { ObjectID.of(Array("\($0)".utf8)) }
        for (number, oid) in oids.enumerated() {
            failures.add(TransferFailure(oid: oid, kind: number % 3 == 0 ? .absent : .denied, message: "reason \(number % 3)"))
        }
        try failures.seal()
        XCTAssertEqual(failures.kinds, [.absent, .denied])
        XCTAssertFalse(failures.isEmpty)
        for (number, oid) in oids.enumerated() where number % 7 == 0 {
            XCTAssertEqual(try failures.reason(for: oid), "reason \(number % 3)")
        }
        XCTAssertNil(try failures.reason(for: ObjectID.of([])))
    }
}
