import XCTest

@testable import S3

final class RequestBudgetTests: XCTestCase {
    func testBytesUnderWayAreASmallShareOfWhatHasSucceeded() {
        let limit = { RequestBudget.byteLimit(first: 24, succeeded: $0) }
        XCTAssertEqual(limit(0), 24)
        XCTAssertEqual(limit(240), 24)
        XCTAssertEqual(limit(500), 50)
        XCTAssertEqual(limit(1_000_000), 96)
    }
}
