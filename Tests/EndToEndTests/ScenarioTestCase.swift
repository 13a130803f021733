import TestSupport
import XCTest

/// Plays scenarios under each of the circumstances.
class ScenarioTestCase: XCTestCase {
    override func setUp() {
        TestProcess.makeHermetic()
    }

    /// - Parameters:
    ///   - name: what is done, in plain words.
    ///   - scenario: the steps; what it throws is reported as that step's failure.
    func play(
        _ name: String, in modes: [Scenario.Mode] = Scenario.Mode.played, file: StaticString = #filePath, line: UInt = #line,
        _ scenario: (Scenario) throws -> Void
    ) {
        for mode in modes {
            do { try scenario(try Scenario(name, mode)) } catch { XCTFail("\(error)", file: file, line: line) }
        }
    }
}
