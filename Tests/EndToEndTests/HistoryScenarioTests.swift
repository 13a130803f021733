import Platform
import TestSupport
import XCTest

/// Operations that move along the history or make more of it.
final class HistoryScenarioTests: ScenarioTestCase {
    private typealias Files = ScenarioTemplate

    func testSwitchAndCheckout() {
        play("switch and checkout") { scenario in
            try scenario.git("switch", "--quiet", "side")
            try scenario.git("switch", "--quiet", "-")
            try scenario.git("checkout", "--quiet", "clash")
            try scenario.git("checkout", "--quiet", "--detach", "side~1")
            try scenario.git("switch", "--quiet", "-c", "new", "base")
            try scenario.git("checkout", "--quiet", "--orphan", "root", status: nil)
        }
    }
}
