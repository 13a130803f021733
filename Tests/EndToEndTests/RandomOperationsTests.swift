import Platform
import TestSupport
import XCTest

/// Random operations of Git and of git data on two clones with a remote, each against a twin in which the data are
/// plain files: after every step both look alike, nothing lacks its data, and every blob that anything names is
/// somewhere, also after a kill.
///
/// `Tests/random STEPS [SEED]` runs it for long. The seed chooses hooks, a shared store and a second data remote, and
/// all that is done; only the moments of the kills are the machine's.
final class RandomOperationsTests: EndToEndTestCase {
    func testTwinsLookAlikeAndNoBlobIsLostAfterEveryStep() throws {
        let steps = Environment.value("GIT_DATA_RANDOM_STEPS").flatMap { Int($0.text) } ?? 25
        let seed = Environment.value("GIT_DATA_RANDOM_SEED").flatMap { UInt64($0.text) } ?? UInt64.random(in: 0..<1_000_000)
        let stage = try RandomStage(laboratory, seed: seed)
        print("random: seed \(seed): \(stage.choices)")
        do {
            try stage.begin()
            while stage.step < steps { try stage.playStep() }
            try stage.finish()
        } catch {
            let last = stage.journal.suffix(20).map { "  \($0)" }.joined(separator: "\n")
            XCTFail("seed \(seed), step \(stage.step): \(error)\nthe last operations:\n\(last)\nagain: Tests/random \(steps) \(seed)")
        }
        let tally = stage.tally.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        print("random: \(stage.step) steps, \(stage.ledger.count) blobs looked after in \(stage.ledger.checks) checks: \(tally)")
    }
}
