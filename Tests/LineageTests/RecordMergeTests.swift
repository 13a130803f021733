import Digest
import Lineage
import Platform
import XCTest

final class RecordMergeTests: XCTestCase {
    private let file: BytePath = "lineage/train.run.json"

    private func record(seed: Int64, output: [UInt8], started: Int64, accuracy: Double) -> RunRecord {
        var causes = RunRecord.Causes()
        causes.command = "train"
        causes.parameters = ["params.json:seed": .integer(seed)]
        var record = RunRecord(causes)
        record.outputs = ["model": .blob(.of(output))]
        record.metrics = ["m.json": .object(["accuracy": .number(accuracy)])]
        record.started = started
        record.author = "Ada <ada@example.org>"
        return record
    }

    func testTheLaterOfTwoEqualRunsStays() {
        let (one, two) = (record(seed: 1, output: [1], started: 10, accuracy: 0.5), record(seed: 1, output: [1], started: 20, accuracy: 0.5))
        XCTAssertEqual(RecordMerge.merge(ours: one.text, theirs: two.text, markerSize: 7, file: file), .merged(two.text))
        XCTAssertEqual(RecordMerge.merge(ours: two.text, theirs: one.text, markerSize: 7, file: file), .merged(two.text))
    }

    func testRunsThatDifferAreAConflictThatHasBothWhole() throws {
        let (one, two) = (record(seed: 1, output: [1], started: 10, accuracy: 0.5), record(seed: 2, output: [2], started: 20, accuracy: 0.75))
        guard case .conflict(let text, let ours, let theirs) = RecordMerge.merge(ours: one.text, theirs: two.text, markerSize: 9, file: file) else {
            return XCTFail("no conflict")
        }
        XCTAssertEqual(ours, "ran 1970-01-01T00:00:10Z by Ada, seed = 1, accuracy 0.5")
        XCTAssertEqual(theirs, "ran 1970-01-01T00:00:20Z by Ada, seed = 2, accuracy 0.75")
        let parts = String(decoding: text, as: UTF8.self).components(separatedBy: "=========\n")
        XCTAssertEqual(parts.count, 2)
        XCTAssertEqual(parts[0], "<<<<<<<<< ours: \(ours)\n" + String(decoding: one.text, as: UTF8.self))
        XCTAssertTrue(RunRecord.isInConflict(text.map { $0 }))
        XCTAssertThrowsError(try RunRecord(text, file: file))
    }

    func testTheSameCausesWithOtherOutputsAreAConflict() {
        let (one, two) = (record(seed: 1, output: [1], started: 10, accuracy: 0.5), record(seed: 1, output: [2], started: 20, accuracy: 0.5))
        guard case .conflict = RecordMerge.merge(ours: one.text, theirs: two.text, markerSize: 7, file: file) else { return XCTFail("no conflict") }
    }

    func testWhatIsNoRecordIsLeftToOthers() {
        let one = record(seed: 1, output: [1], started: 10, accuracy: 0.5)
        XCTAssertEqual(RecordMerge.merge(ours: one.text, theirs: [], markerSize: 7, file: file), .unreadable)
        XCTAssertEqual(RecordMerge.merge(ours: Array("x".utf8), theirs: one.text, markerSize: 7, file: file), .unreadable)
    }
}
