import Platform
import Synchronization
import TestSupport
import XCTest

/// Plays scenarios under each of the circumstances.
class ScenarioTestCase: XCTestCase {
    override func setUp() {
        TestProcess.makeHermetic()
    }

    /// Plays a scenario under all circumstances at once, each in a laboratory of its own.
    /// - Parameters:
    ///   - name: what is done, in plain words.
    ///   - scenario: the steps; what it throws is reported as that step's failure.
    func play(
        _ name: String, in modes: [Scenario.Mode] = Scenario.Mode.played, file: StaticString = #filePath, line: UInt = #line,
        _ scenario: @escaping (Scenario) throws -> Void
    ) {
        let steps = Steps(play: scenario)
        let failures = Failures()
        concurrently(count: modes.count, threads: availableProcessorCount()) { index in
            do {
                try steps.play(try Scenario(name, modes[index]))
            } catch {
                failures.texts.withLock { $0.append("\(error)") }
            }
        }
        for text in failures.texts.withLock({ $0 }) { XCTFail(text, file: file, line: line) }
    }

    private struct Steps: @unchecked Sendable {
        // Safety: the steps share nothing but the test case, in which XCTest notes failures, and which waits for them.
        let play: (Scenario) throws -> Void
    }

    private final class Failures: Sendable {
        let texts = Mutex<[String]>([])
    }
}
