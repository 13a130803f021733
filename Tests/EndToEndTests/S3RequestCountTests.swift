import Platform
import TestSupport
import XCTest

/// How many requests a push makes that has little to do. `Tests/s3 requests` does the same with ten times as many.
final class S3RequestCountTests: S3TestCase {
    private let count = 1000
    private let handful = 6

    func testPushOfWhatIsKnownAsksNextToNothing() throws {
        let proxy = try FaultProxy(before: server, laboratory.scratch)
        try addStorage(url(endpoint: proxy.endpoint))
        for number in 0..<count {
            try work.write(SampleData.bytes(1000, seed: UInt64(number + 1)), to: BytePath("data/\(number % 10)/\(number).bin"))
        }
        try work.commit("Many")
        try work.git("push", "--quiet")
        var before = try proxy.requests()
        XCTAssertEqual(before.count { $0.method == "PUT" && $0.status == 200 }, count)
        XCTAssertLessThanOrEqual(before.count, count + handful)

        func requests(_ body: () throws -> Void) throws -> [String] {
            try body()
            let all = try proxy.requests()
            defer { before = all }
            return all.dropFirst(before.count).map { "\($0.method) \($0.target.prefix(80))" }
        }
        let nothingNew = try requests { try work.git("push", "--quiet") }
        XCTAssertEqual(nothingNew, [])
        let everything = try requests { try work.data("push", "--quiet", "--all") }
        XCTAssertLessThanOrEqual(everything.count, handful, "\(everything)")
        // Another Git remote, which has none of the commits.
        let other = try laboratory.bareRepository("other.git")
        let elsewhere = try requests { try work.git("push", "--quiet", other, "main") }
        XCTAssertLessThanOrEqual(elsewhere.count, handful, "\(elsewhere)")
        let oneMore = try requests {
            try work.write([1, 2, 3], to: "one more.bin")
            try work.commit("One more")
            try work.git("push", "--quiet")
        }
        XCTAssertLessThanOrEqual(oneMore.count, handful, "\(oneMore)")
        XCTAssertEqual(oneMore.count { $0.hasPrefix("PUT") }, 1)
    }
}
