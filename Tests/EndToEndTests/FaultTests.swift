import Platform
import TestSupport
import XCTest

/// Commands that write, run with faults of system calls: what is left must be sound, and running them again completes
/// them. `Tests/Faults/suite.py` does the work, with a library that it preloads into the programs.
///
/// `Tests/faults` runs it for long; `GIT_DATA_FAULT_SEED` repeats a run's choices.
final class FaultTests: EndToEndTestCase {
    /// How many commands are tried beside three that always are, and with how many faults each.
    private static let commands = 4, faults = 6
    /// Some calls come in another order each time, and a fault that was chosen finds no call to befall.
    private static let fewest = 30

    func testFaultsLeaveNothingBehindThatIsWrong() throws {
        let seed = Environment.value("GIT_DATA_FAULT_SEED")?.text ?? "\(Int.random(in: 0..<1_000_000))"
        let script = laboratory.installation.sources / "Tests/Faults/suite.py"
        // Those that were built with the tests: others may be linked statically, and cannot be reached.
        let build = try Environment.executable().parent
        let suite = try laboratory.run(
            "python3",
            ["-B", script, "--build", build, "--commands", BytePath("\(Self.commands)"), "--number", BytePath("\(Self.faults)"), "1", BytePath(seed)],
            limit: 900)
        let summary = suite.lines.last ?? ""
        if summary.hasPrefix("faults: skipped") { throw XCTSkip(summary) }
        print("\(summary), seed \(seed)")
        XCTAssertEqual(suite.status, 0, suite.description)
        let count = summary.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        XCTAssertGreaterThanOrEqual(count, Self.fewest, suite.description)
    }
}
