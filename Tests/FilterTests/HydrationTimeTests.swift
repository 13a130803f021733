import Platform
import XCTest

/// The times of hydrated files, by which Git and other tools judge what has changed.
final class HydrationTimeTests: XCTestCase {
    private var bench: HydrationBench!

    override func setUpWithError() throws { bench = try HydrationBench() }

    override func tearDown() { bench = nil }

    func testFilesBearTheTimeAtWhichHydrationBegan() throws {
        for number in 0..<3 { try bench.add(BytePath("\(number).bin"), [UInt8](repeating: 1, count: 3_000_000)) }
        try bench.commit()
        let before = FileStatus.Time.now
        try bench.hydrate()
        let after = FileStatus.Time.now
        let times = try (0..<3).map { try XCTUnwrap((bench.worktree / BytePath("\($0).bin")).status()?.modified) }
        XCTAssertEqual(times, [FileStatus.Time](repeating: times[0], count: 3))
        XCTAssert(before <= times[0] && times[0] <= after, "\(before) \(times[0]) \(after)")
    }

    func testLargeContentIsCleanAtOnce() throws {
        try bench.add("large.bin", [UInt8](repeating: 1, count: 65 << 20))
        try bench.commit()
        XCTAssertNil(try bench.hydrate().indexMessage)
        XCTAssertEqual(try bench.git.query(["status", "--porcelain"]).output, [])
        XCTAssertEqual(try bench.filterRuns, 0)
    }
}
