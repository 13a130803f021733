import XCTest

@testable import Commands

/// Failures as they are listed.
final class CausesTests: XCTestCase {
    func testOneFileIsOneLine() {
        XCTAssertEqual(Causes.list([("a.bin", "gone")]), "\ta.bin (gone)")
    }

    func testFilesOfOneCauseShareIt() {
        XCTAssertEqual(
            Causes.list([("a", "gone"), ("b", "denied"), ("c", "gone")]), "gone:\n\ta\n\tc\n\tb (denied)")
    }

    func testLongListsAreCut() {
        let items = (1...12).map { (name: "\($0)", cause: "gone") }
        XCTAssertEqual(Causes.list(items, limit: 2), "gone:\n\t1\n\t2\n\t… and 10 more")
        XCTAssertEqual(Causes.list(items).split(separator: "\n").count, 13)
    }
}
