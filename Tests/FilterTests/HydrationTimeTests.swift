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

    func testNoFileIsOlderThanTheCommandNorMuchOlderThanItself() throws {
        for name: BytePath in ["a.bin", "b.bin"] { try bench.add(name, [UInt8](name.bytes)) }
        try bench.commit()
        func modified(_ name: BytePath, since: FileStatus.Time) throws -> FileStatus.Time {
            try bench.hydrate(bench.files.filter { $0.path == name }, since: since)
            return try XCTUnwrap((bench.worktree / name).status()?.modified)
        }
        let recent = FileStatus.Time.now
        XCTAssertEqual(try modified("a.bin", since: recent), recent)
        let longAgo = FileStatus.Time(seconds: recent.seconds - 3600, nanoseconds: recent.nanoseconds)
        let second = try modified("b.bin", since: longAgo)
        let earliest = FileStatus.Time(seconds: recent.seconds - 1, nanoseconds: recent.nanoseconds)
        let latest = FileStatus.Time(seconds: FileStatus.Time.now.seconds - 1, nanoseconds: 999_999_999)
        XCTAssert(earliest <= second && second <= latest, "\(earliest) \(second)")
    }

    func testLargeContentIsCleanAtOnce() throws {
        try bench.add("large.bin", [UInt8](repeating: 1, count: 65 << 20))
        try bench.commit()
        XCTAssertNil(try bench.hydrate().indexMessage)
        XCTAssertEqual(try bench.git.query(["status", "--porcelain"]).output, [])
        XCTAssertEqual(try bench.filterRuns, 0)
    }
}
