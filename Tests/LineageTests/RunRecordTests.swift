import Digest
import Lineage
import Platform
import XCTest

final class RunRecordTests: XCTestCase {
    private func record() throws -> RunRecord {
        var causes = RunRecord.Causes()
        causes.command = "python train.py"
        causes.inputs = ["train.py": try XCTUnwrap(ContentID("git:" + String(repeating: "a1", count: 20)))]
        causes.parameters = ["params.json:seed": .integer(42), "params.json:rate": .number(0.1)]
        causes.environment = ["python": .object(["numpy": .text("2.1.0")])]
        causes.variables = ["SEED": .null]
        var record = RunRecord(causes)
        record.outputs = ["model.bin": .blob(.of(Array("model".utf8)))]
        record.metrics = ["m.json": .object(["accuracy": .number(0.975), "n": .integer(3), "loss": .number(.nan)])]
        record.started = 1_790_000_000
        record.milliseconds = 1234
        record.commit = String(repeating: "0", count: 40)
        record.author = "A <a@example.com>"
        return record
    }

    func testRecordIsReadAsItWasWritten() throws {
        let record = try record()
        let read = try RunRecord(record.text, file: "lineage/train.run.json")
        XCTAssertEqual(read.text, record.text)
        XCTAssertEqual(read.key, record.key)
        XCTAssertEqual(read.causes, record.causes)
        XCTAssertEqual(read.started, record.started)
        XCTAssertEqual(read.outputs, record.outputs)
    }

    func testNumbersAreWrittenAsTheyAreRead() throws {
        for number in [0, -0.0, 1, 0.5, 1e15, 1e16, -1e17, 1e18, 9.1e18, 9.3e18, 1e19, 1e300, .leastNonzeroMagnitude, 1234567890123456768, 0x1p53, 0x1p62, -0x1p63] {
            let line = CanonicalJSON.line(JSONValue.number(number))
            let read = try XCTUnwrap(JSONValue(json: line))
            XCTAssertEqual(read.double, number == 0 ? 0 : number)
            XCTAssertEqual(String(decoding: CanonicalJSON.line(read), as: UTF8.self), String(decoding: line, as: UTF8.self))
        }
    }

    func testKeyChangesWithEachCauseAndWithNothingElse() throws {
        let record = try record()
        var other = record
        (other.started, other.milliseconds, other.commit, other.author) = (1, 2, nil, nil)
        other.outputs = [:]
        XCTAssertEqual(other.key, record.key)
        let changes: [(inout RunRecord.Causes) -> Void] = [
            { $0.command = "python train.py " }, { $0.folder = "a" }, { $0.inputs["b"] = .blob(.of([1])) },
            { $0.parameters["params.json:seed"] = .text("42") }, { $0.environment = [:] }, { $0.variables["SEED"] = .text("") },
            { $0.source = ["url": "x"] },
        ]
        var keys: Set<ObjectID> = [record.key]
        for change in changes {
            var causes = record.causes
            change(&causes)
            XCTAssertTrue(keys.insert(causes.key).inserted)
        }
    }

    func testRecordsThatNobodyWroteAreRefused() throws {
        let text = String(decoding: try record().text, as: UTF8.self)
        let cases: [(String, String)] = [
            ("", "no record"), ("{}", "no record"), ("[]", "no record"),
            (text.replacing("\"version\" : 1", with: "\"version\" : 2"), "version 2"),
            ("{\"version\": 7}", "version 7"),
            (text.replacing("train.py", with: "other.py"), "edited by hand"),
            ("{\n<<<<<<< HEAD\n" + text, "merge conflict"), ("<<<<<<< HEAD\n" + text, "merge conflict"),
            (text.replacing("git:a1", with: "got:a1"), "no record"),
        ]
        for (text, reason) in cases {
            XCTAssertThrowsError(try RunRecord(Array(text.utf8), file: "lineage/x.run.json")) { error in
                guard case .record(let file, let found)? = error as? LineageError else { return XCTFail("\(error)") }
                XCTAssertEqual(file, "lineage/x.run.json")
                XCTAssertTrue(found.contains(reason), found)
            }
        }
    }

    /// Sums of times do not overflow, whatever somebody has written into a record.
    func testTimesThatCannotBeAreNotBelieved() throws {
        let text = String(decoding: try record().text, as: UTF8.self)
        for number in ["9223372036854775807", "-9223372036854775808"] {
            let read = try RunRecord(Array(text.replacing(": 1234", with: ": \(number)").utf8), file: "a")
            XCTAssertTrue((0...Int64.max / 2).contains(read.milliseconds))
            XCTAssertFalse((read.started * 1000).addingReportingOverflow(read.milliseconds).overflow)
        }
        let started = try XCTUnwrap(text.firstMatch(of: /"started" : "[^"]*"/)?.output)
        for time in ["9999999999-01-01T00:00:00Z", "-9999999999-01-01T00:00:00Z", "x"] {
            let read = try RunRecord(Array(text.replacing(started, with: "\"started\" : \"\(time)\"").utf8), file: "a")
            XCTAssertFalse(read.started.multipliedReportingOverflow(by: 1000).overflow)
        }
    }

    func testIdentitiesOfContents() throws {
        let digits = String(repeating: "0f", count: 32)
        for text in ["sha256:\(digits)", "git:\(digits)", "git:\(digits.prefix(40))", "folder:\(digits)"] {
            XCTAssertEqual(ContentID(text)?.description, text)
        }
        for text in ["", "sha256", "sha256:", "sha256:0F", "git:12", "md5:\(digits)", "sha256:\(digits)0"] { XCTAssertNil(ContentID(text)) }
        let one = ContentID.blob(.of([1])), two = ContentID.blob(.of([2]))
        let folder = ContentID.folder([(path: [97], id: one), (path: [98], id: two)])
        XCTAssertEqual(folder, ContentID.folder([(path: [98], id: two), (path: [97], id: one)]))
        XCTAssertNotEqual(folder, ContentID.folder([(path: [97], id: two), (path: [98], id: one)]))
        XCTAssertNotEqual(folder, ContentID.folder([(path: [97], id: one)]))
    }
}
