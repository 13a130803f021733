import XCTest

@testable import Commands

final class TextTableTests: XCTestCase {
    private var table: TextTable {
        var table = TextTable(["key", "value", "note"])
        table.add([.init("a"), .init("1.5", isNumber: true), .init("x")])
        table.add([.init("long"), .init("-10", isNumber: true), .init("")])
        table.add([.init("né"), .init(""), .init("y\u{1b}[31m\nz")])
        return table
    }

    func testColumnsAreAlignedAndNumbersToTheRight() {
        XCTAssertEqual(table.lines(), ["key   value  note", "a       1.5  x", "long    -10", "né           y\\u{1b}[31m\\nz"])
    }

    func testLinesAreCutAtTheWidthAlone() {
        XCTAssertEqual(table.lines(width: 14), ["key   value  …", "a       1.5  x", "long    -10", "né           …"])
    }

    func testMixedColumnIsText() {
        var table = TextTable(["v"])
        table.add([.init("10", isNumber: true)])
        table.add([.init("text")])
        XCTAssertEqual(table.lines(), ["v", "10", "text"])
    }

    func testCSVQuotesWhatNeedsIt() {
        var table = TextTable(["a,b", "c"])
        table.add([.init("x\"y"), .init("1")])
        table.add([.init("l\nm"), .init(" ")])
        XCTAssertEqual(String(decoding: table.csv, as: UTF8.self), "\"a,b\",c\n\"x\"\"y\",1\n\"l\nm\", \n")
    }
}
