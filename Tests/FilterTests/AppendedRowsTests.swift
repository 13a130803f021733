import Platform
import TestSupport
import XCTest

@testable import Filter

/// Rows that both sides added at the end.
final class AppendedRowsTests: XCTestCase {
    private func rows(_ text: String) -> AppendedRows? {
        var rows = AppendedRows(markerSize: 3, label: "x")
        for line in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            guard rows.take(Array(line)) else { return nil }
        }
        return rows
    }

    func testConflictAtTheEnd() throws {
        let found = try XCTUnwrap(rows("a\nb\n<<< x\nc\n||| x\n===\nd\ne\n>>> x"))
        XCTAssertEqual(found.start, 4)
        XCTAssertTrue(found.isComplete)
        XCTAssertEqual(found.ours, [Array("c".utf8)])
        XCTAssertEqual(found.theirs, [Array("d".utf8), Array("e".utf8)])
    }

    func testOtherConflictsAreNot() {
        XCTAssertNil(rows("<<< x\nc\n||| x\nb\n===\nd\n>>> x"), "a row of the base")
        XCTAssertNil(rows("<<< x\nc\n||| x\n===\nd\n>>> x\nz"), "something behind it")
        XCTAssertEqual(rows("a\n<<< y\nb")?.isComplete, false, "no marker of ours")
    }

    func testLineEndsOfWindowsAreKept() throws {
        let found = try XCTUnwrap(rows("a\r\n<<< x\r\nc\r\n||| x\r\n===\r\nd\r\n>>> x\r"))
        XCTAssertEqual(found.ours, [Array("c\r".utf8)])
        XCTAssertTrue(found.isComplete)
    }

    private func areDistinct(_ format: RowFormat, _ ours: [String], _ theirs: [String], base: String) throws -> Bool {
        let scratch = try ScratchFolder()
        let file = try scratch.write(base, to: "base")
        return try format.areDistinct(ours.map { Array($0.utf8) }, theirs.map { Array($0.utf8) }, base: file)
    }

    func testKeysCountWhereTheBaseHasKeys() throws {
        let keyed = "id,v\n1,a\n2,a\n"
        XCTAssertTrue(try areDistinct(.delimited, ["3,x"], ["4,y"], base: keyed))
        XCTAssertFalse(try areDistinct(.delimited, ["3,x"], ["3,y"], base: keyed))
        XCTAssertFalse(try areDistinct(.delimited, ["\"3\",x"], ["3,y"], base: keyed))
        XCTAssertTrue(try areDistinct(.delimited, ["a,3"], ["a,4"], base: "k,v\na,1\na,2\n"), "no keys")
        XCTAssertFalse(try areDistinct(.delimited, ["a,3"], ["a,3"], base: "k,v\na,1\na,2\n"), "equal rows")
    }

    func testQuotedFieldThatGoesOnIsNotARow() throws {
        XCTAssertFalse(try areDistinct(.delimited, ["3,\"x"], ["4,y"], base: "id,v\n"))
    }

    func testRecordsWithOneNameAreNotDistinct() throws {
        XCTAssertTrue(try areDistinct(.jsonLines, ["{\"id\": 3}"], ["{\"id\": \"3\"}"], base: ""))
        XCTAssertFalse(try areDistinct(.jsonLines, ["{\"id\": 3, \"v\": 1}"], ["{\"id\":3}"], base: ""))
        XCTAssertTrue(try areDistinct(.jsonLines, ["{\"v\": 3}"], ["{\"v\": 4}"], base: ""))
    }
}
