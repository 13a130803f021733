import Platform
import TestSupport
import XCTest

@testable import Inspection

/// Tables in text, and what is said of them.
final class TableTests: XCTestCase {
    private func lines(_ text: String) throws -> [String] {
        try DataSummary.read(ByteSource(Array(text.utf8))).lines
    }

    private func rows(_ text: String, _ format: TableFormat = .delimited(by: UInt8(ascii: ","))) throws -> [[String]] {
        let reader = try TableReader(ByteSource(Array(text.utf8)), format)
        var rows: [[String]] = []
        while try reader.next() { rows.append(reader.cells.map { String(decoding: reader.value($0), as: UTF8.self) }) }
        return rows
    }

    // MARK: reading

    func testFieldsAreReadAsRFC4180HasThem() throws {
        XCTAssertEqual(try rows("a,b\n1,2\n"), [["1", "2"]])
        XCTAssertEqual(try rows("a,b\r\n1,2\r\n\r\n3,4"), [["1", "2"], ["3", "4"]], "line ends of two characters, none at the end")
        XCTAssertEqual(try rows("a,b\n\"x,\n\"\"y\"\"\",\"\"\n"), [["x,\n\"y\"", ""]])
        XCTAssertEqual(try rows("a,b\n\"x\"y,2\n"), [["\"x\"y", "2"]], "text behind a closing quote")
        XCTAssertEqual(try rows("a,b\n,\n"), [["", ""]])
        XCTAssertEqual(try rows("a,b\n1\n1,2,3\n"), [["1"], ["1", "2", "3"]])
        XCTAssertEqual(try rows("\u{feff}a,b\n1,2\n"), [["1", "2"]])
    }

    func testRowsThatEndAnywhereInTheWindowAreWhole() throws {
        // Rows of many lengths, so that the window of 1 MiB ends at every place of some.
        let fields = (0..<60_000).map { "\"r\($0)\",\"\(String(repeating: "x", count: $0 % 71)),\"\"\"" }
        let read = try rows("name,text\n" + fields.joined(separator: "\r\n"))
        XCTAssertEqual(read.count, fields.count)
        for (position, row) in read.enumerated() {
            XCTAssertEqual(row, ["r\(position)", String(repeating: "x", count: position % 71) + ",\""])
            if row.count != 2 { break }
        }
    }

    func testRowWithoutEndIsDamage() throws {
        let head = "a,b\n1,2\n3,4\n5,\""
        XCTAssertEqual(
            try lines(String(repeating: "1,2\n", count: 50_000) + "3,\"open\n").last, "damaged: a quote is opened in a row and not closed")
        let endless = Array(head.utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: 17 << 20)
        let reader = try TableReader(ByteSource(endless), .delimited(by: UInt8(ascii: ",")))
        var count = 0
        while try reader.next() { count += 1 }
        XCTAssertEqual(count, 2)
        XCTAssertEqual(reader.damage, "a row is longer than 16 MiB")
    }

    func testJSONLinesAreRowsOfTheirKeys() throws {
        XCTAssertEqual(try rows("{\"a\":1,\"b\":\"x\\\"}\"}\n{ \"b\" : [1,{\"c\":\"]\"}] , \"a\":null}\n", .jsonLines), [["1", "x\\\"}"], ["[1,{\"c\":\"]\"}]", "null"]])
        XCTAssertEqual(try rows("{}\n[1]\n7\n{\"a\":}\n{\"a\":1", .jsonLines), [[], ["[1]"], ["7"], ["{\"a\":}"], ["{\"a\":1"]])
    }

    // MARK: statistics

    func testColumnsAreSummedUp() throws {
        let text = "id,price,city,seen,ok,note\n1,0.5,Oslo,2026-01-02,true,\n2,1e2,Graz,2025-12-31,false,x\n3,NA,Oslo,2026-01-01,true,7\n"
        XCTAssertEqual(
            try lines(text),
            [
                "rows: 3", "columns: 6", "column id: integer, min 1, max 3, mean 2, distinct 3",
                "column price: float, min 0.5, max 100, mean 50.25, missing 1, distinct 2",
                "column city: text, length 4, distinct 2", "column seen: date, min 2025-12-31, max 2026-01-02, distinct 3",
                "column ok: boolean, distinct 2",
                "column note: mixed, integers 1, texts 1, min 7, max 7, mean 7, length 1, missing 1, distinct 2",
            ])
    }

    func testJSONLinesAreSummedUp() throws {
        XCTAssertEqual(
            try lines("{\"id\":1,\"tags\":[\"a\"]}\n{\"id\":2.5,\"name\":\"x\"}\n{\"id\":null}\nnot json\n"),
            [
                "rows: 4", "columns: 3", "lines without an object: 1", "column id: float, min 1, max 2.5, mean 1.75, missing 2, distinct 2",
                "column tags: nested, missing 3, distinct 1", "column name: text, length 1, missing 3, distinct 1",
            ])
    }

    func testHeaderIsToldFromRows() throws {
        XCTAssertEqual(try lines("1,2\n3,4\n").prefix(3), ["rows: 2", "columns: 2", "header: none"])
        XCTAssertEqual(try lines(",a\n0,x\n1,y\n").prefix(2), ["rows: 2", "columns: 2"], "the unnamed index of pandas")
        XCTAssertEqual(try lines("a,a\nx,y\n").prefix(3), ["rows: 2", "columns: 2", "header: none"])
        XCTAssertEqual(try lines("a;b\n1;2\n3;4\n")[2], "delimiter: semicolon")
        XCTAssertEqual(try lines("a\tb\n1\t2\n3\t4\n")[2], "delimiter: tabulator")
    }

    func testNumbersAreExact() throws {
        let cases: [(cells: [String], expected: String)] = [
            (["9223372036854775807", "-9223372036854775808"], "integer, min -9223372036854775808, max 9223372036854775807, mean 0, distinct 2"),
            (["0.1", "0.12345678901234567", "1e308", "-4.9e-324"], "float, min -5e-324, max 1e+308, mean 2.5e+307, distinct 4"),
            (["12345678901234567890", "1"], "float, min 1, max 1.2345678901234567e+19, mean 6.17284e+18, distinct 2"),
            (["+5", "007"], "integer, min 5, max 7, mean 6, distinct 2"),
            (["inf", "-Infinity"], "float, min -inf, max inf, distinct 2"),
            (["1_000", "0x1f"], "text, length 4…5, distinct 2"), (["-", "."], "text, length 1, distinct 2"),
            (["2026-13-01", "1.2.3"], "text, length 5…10, distinct 2"),
            (["2026-01-01 10:00", "2026-01-01T09:00:00Z"], "time, min 2026-01-01 10:00, max 2026-01-01T09:00:00Z, distinct 2"),
        ]
        for (cells, expected) in cases {
            let text = "row,value\n" + cells.enumerated().map { "r\($0),\($1)\n" }.joined()
            XCTAssertEqual(try lines(text).last, "column value: \(expected)")
        }
    }

    func testDifferentValuesAreCountedUpToALimit() throws {
        let repeated = "a,b\n" + (0..<5000).map { "\($0 / 2 % 1001),x\($0 % 1000)\n" }.joined()
        XCTAssert(try lines(repeated)[2].hasSuffix("distinct > 1000"))
        XCTAssert(try lines(repeated)[3].hasSuffix("distinct 1000"))
        let rising = "a,b\n" + (0..<5000).map { "\($0),y\($0 ^ 5)\n" }.joined()
        XCTAssert(try lines(rising)[2].hasSuffix("distinct 5000"))
        XCTAssert(try lines(rising)[3].hasSuffix("distinct 5000"), "what may be a key is counted on")
    }

    func testControlCharactersStayInTheFile() throws {
        let text = "id,a\u{1b}[31mb\n1,x\n2,\u{202e}y\n"
        for line in try lines(text) { XCTAssertFalse(line.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202e }, line) }
        XCTAssert(try lines(text).contains { $0.hasPrefix("column a\\u{1b}[31mb") })
    }

    func testWideTablesAreCountedWhereTheyAreNotListed() throws {
        let header = (0..<5000).map { "c\($0)" }.joined(separator: ",")
        let row = (0..<5000).map { "\($0)" }.joined(separator: ",")
        let summary = try DataSummary.read(ByteSource(Array("\(header)\n\(row)\n\(row)\n".utf8)))
        XCTAssertEqual(summary.lines.prefix(2), ["rows: 2", "columns: 5000"])
        XCTAssertEqual(summary.parts.count, TableReader.columnLimit)
        XCTAssertEqual(summary.lines.last, "and 904 more")
    }
}
