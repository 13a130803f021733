import XCTest

@testable import S3

final class PartPlanTests: XCTestCase {
    func testTenThousandPartsAlwaysSuffice() {
        let mebibyte: Int64 = 1 << 20
        var sizes: [Int64] = [1, 5 * mebibyte, 5 * mebibyte + 1, 50_000 * mebibyte, 50_000 * mebibyte + 1, 5 << 40, (5 << 40) - 1]
        for power in 20..<43 { sizes += [1 << power - 1, 1 << power, 1 << power + 1] }
        for size in sizes {
            let plan = PartPlan(byteCount: size)
            XCTAssertLessThanOrEqual(plan.count, 10_000, "\(size)")
            XCTAssertGreaterThanOrEqual(plan.partByteCount, 5 * mebibyte)
            XCTAssertLessThanOrEqual(plan.partByteCount, 5 << 30)
            XCTAssertEqual(plan.offset(of: plan.count) + plan.byteCount(of: plan.count), size)
            XCTAssertGreaterThan(plan.byteCount(of: plan.count), 0)
            XCTAssertEqual(plan.byteCount(of: 1), min(size, plan.partByteCount))
        }
    }

    func testChecksumsAreWrittenInBase64() {
        for (text, expected) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("\u{3bf}\u{3ff}", "zr/Pvw==")] {
            XCTAssertEqual(Base64.encode(Array(text.utf8)), expected)
        }
    }

    func testContentRanges() {
        XCTAssertEqual(ContentRange("bytes 0-9/100")?.total, 100)
        XCTAssertEqual(ContentRange("bytes 5-9/*")?.first, 5)
        XCTAssertEqual(ContentRange("bytes */100")?.total, 100)
        for text in ["", "bytes", "bytes 9-5/10", "lines 0-1/2", "bytes 1/2", "bytes a-b/c"] { XCTAssertNil(ContentRange(text), text) }
    }
}
