import XCTest

@testable import S3

final class UTCTimeTests: XCTestCase {
    func testTextsOfATime() {
        XCTAssertEqual(UTCTime(seconds: 1_440_938_160).basic, "20150830T123600Z")
        XCTAssertEqual(UTCTime(seconds: 0).basic, "19700101T000000Z")
        XCTAssertEqual(UTCTime(seconds: -1).basic, "19691231T235959Z")
    }

    func testEveryDayComesBack() {
        for day in Int64(-1000)..<50_000 {
            let time = UTCTime(seconds: day * 86_400 + 12_345)
            guard UTCTime(timestamp: time.basic) == time else { return XCTFail("\(day): \(time.basic)") }
        }
        XCTAssertEqual(UTCTime(timestamp: "20240229T000000Z")?.basicDate, "20240229")
    }

    func testTimestampsOfManyWriters() {
        let expected = UTCTime(seconds: 1_767_323_045)
        for text in [
            "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.678901Z", "2026-01-02T04:04:05+01:00", "2026-01-01T22:04:05-0500",
            "2026-01-02T03:04:05UTC", "2026-01-02 03:04:05", "20260102T030405Z",
        ] {
            XCTAssertEqual(UTCTime(timestamp: text), expected, text)
        }
        for text in ["", "2026", "2026-01-02", "2026-13-02T03:04:05Z", "2026-01-02T03:04Z", "2026-01-02T03:04:05Zz", "+026-01-02T03:04:05Z"] {
            XCTAssertNil(UTCTime(timestamp: text), text)
        }
    }

    func testHTTPDates() {
        XCTAssertEqual(UTCTime(httpDate: "Sun, 06 Nov 1994 08:49:37 GMT"), UTCTime(seconds: 784_111_777))
        XCTAssertNil(UTCTime(httpDate: "Sunday, 06-Nov-94 08:49:37 GMT"))
    }
}
