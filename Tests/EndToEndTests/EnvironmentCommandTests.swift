import Digest
import Foundation
import Platform
import TestSupport
import XCTest

/// `git data environment`, on records written by hand.
final class EnvironmentCommandTests: EndToEndTestCase {
    private var work: Worktree!
    private var ids: [String] = []

    override func setUpWithError() throws {
        try super.setUpWithError()
        work = try laboratory.project().work
        ids = []
        for numpy in ["2.0.1", "2.1.0"] {
            ids.append(try environment("\"packages\": {\"numpy\": \"\(numpy)\", \"pip\": \"24\"}, \"program\": \"/usr/bin/python3\", \"version\": \"3.11.2\""))
        }
        try record("train", ids[0])
        try record("prepare/all", ids[0])
        try work.commit("One")
        try record("train", ids[1])
    }

    override func tearDown() {
        work = nil
        super.tearDown()
    }

    private func environment(_ python: String, _ more: String = "") throws -> String {
        let text = "{\"version\": 1, \"interpreters\": {\"python\": {\(python)}}, \"memory\": 16\(more)}\n"
        let id = ObjectID.of(Array(text.utf8)).hex
        try work.write(text, to: BytePath("lineage/environments/\(id).json"))
        return id
    }

    private func record(_ stage: String, _ environment: String?) throws {
        // The key of causes that are empty but for their objects, as the record's reader computes it.
        let causes = "{}"
        let id = environment.map { "\"environmentRecord\": \"\($0)\"," } ?? ""
        try work.write(
            """
            {"version": 1, "key": "\(ObjectID.of(Array(causes.utf8)).hex)", "causes": \(causes), "outputs": {}, \(id)
            "clean": true, "started": "2026-01-02T03:04:05Z", "milliseconds": 1, "exit": 0}
            """, to: BytePath("lineage/\(stage).run.json"))
    }

    func testShowNamesStagesRevisionsAndIds() throws {
        for name in ["train", "lineage/train.run.json", "lineage/train.stage", String(ids[1].prefix(4)), ids[1]] {
            let text = try work.data("environment", "show", BytePath(name)).text
            assertContains(text, "environment \(ids[1].prefix(12))")
            assertContains(text, "\npython\n")
            assertContains(text, "  numpy    2.1.0\n")
            assertContains(text, "python\n  3.11.2\n")
            assertContains(text, "memory, GiB\n  16\n")
        }
        assertContains(try work.data("environment", "show", "HEAD:train").text, "environment \(ids[0].prefix(12)) (train)\n")
        assertContains(try work.data("environment", "show", "HEAD").text, "environment \(ids[0].prefix(12)) (prepare/all, train)\n")
        // The index knows what the worktree has lost.
        try work.git("add", ".")
        try (work.folder / "lineage/environments/\(ids[1]).json").removeFile()
        assertContains(try work.data("environment", "show", BytePath(String(ids[1].prefix(8)))).text, "2.1.0")
        assertContains(try work.data("environment", "show", "train").text, "2.1.0")
        struct Report: Decodable { let id: String, stages: [String] }
        let reports = try JSONDecoder().decode([Report].self, from: Data(try work.data("environment", "show", "--json", "HEAD").output))
        XCTAssertEqual(reports.map(\.id), [ids[0]])
        XCTAssertEqual(reports.map(\.stages), [["prepare/all", "train"]])
    }

    func testDiffPrintsOnlyWhatDiffers() throws {
        let expected = "python\n  ~ numpy: 2.0.1 → 2.1.0\n"
        XCTAssertEqual(try work.data("environment", "diff", "HEAD:train", "train").text, expected)
        XCTAssertEqual(try work.data("environment", "diff", "HEAD", "train").text, expected)
        XCTAssertEqual(try work.data("environment", "diff", BytePath(ids[0]), BytePath(ids[1])).text, expected)
        XCTAssertEqual(try work.data("environment", "diff", "--exit-code", "train", "train").text, "")
        let different = try work.attempt("data", "environment", "diff", "--exit-code", "HEAD:train", "train")
        XCTAssertEqual(different.status, 1, different.description)
        XCTAssertEqual(different.text, expected)
        XCTAssertEqual(try work.attempt("data", "environment", "diff", "--quiet", "HEAD:train", "train").text, "")
        struct Report: Decodable {
            struct Difference: Decodable { let group: String, name: String, old: String?, new: String? }
            let old: String, new: String, differences: [Difference]
        }
        let report = try JSONDecoder().decode(Report.self, from: Data(try work.data("environment", "diff", "--json", "HEAD:train", "train").output))
        XCTAssertEqual([report.old, report.new], ids)
        XCTAssertEqual(report.differences.map(\.name), ["numpy"])
        XCTAssertEqual(report.differences.first?.new, "2.1.0")
    }

    func testWhatIsHereNowIsComparedWithTheInterpreterOfTheRecord() throws {
        let present = try work.data("environment", "diff", "train", with: ["OMP_NUM_THREADS": "3", "HF_TOKEN": "secret"]).text
        assertContains(present, "  - numpy: 2.1.0\n")
        assertContains(present, "  + OMP_NUM_THREADS: 3\n")
        XCTAssertFalse(present.contains("secret"), present)
        let turned = try work.data("environment", "diff", "now", "train", with: ["OMP_NUM_THREADS": "3"]).text
        assertContains(turned, "  + numpy: 2.1.0\n")
        try work.git("config", "data.environmentVariables", "MODE, API_TOKEN")
        let now = try work.data("environment", "show", with: ["MODE": "fast", "API_TOKEN": "secret"]).text
        assertContains(now, "  MODE")
        XCTAssertFalse(now.contains("secret"), now)
        XCTAssertFalse(now.contains(laboratory.folder.text), now)
        XCTAssertEqual(try work.data("environment", "show", "now", with: ["MODE": "fast"]).text, try work.data("environment", "show", with: ["MODE": "fast"]).text)
    }

    func testWhatCannotBeShownIsExplained() throws {
        try record("bare", nil)
        let damaged = try environment("\"version\": \"\\u001b[31mred\"")
        try record("hostile", damaged)
        XCTAssertFalse(try work.data("environment", "show", "hostile").text.contains("\u{1b}"))
        try work.write("{}", to: BytePath("lineage/environments/\(damaged).json"))
        let cases: [(BytePath, String)] = [
            ("missing", "'missing' is no stage that has run, no id of an environment and no revision"),
            ("HEAD:missing", "stage 'missing' has not run in 'HEAD'"), ("nowhere:train", "'nowhere' is no stage"),
            ("bare", "the record of stage 'bare' names no environment"), ("hostile", "it is no record of an environment"),
            ("abcdef", "is no stage that has run"),
        ]
        for (what, reason) in cases {
            let outcome = try work.attempt("data", "environment", "show", what)
            XCTAssertEqual(outcome.status, 128, outcome.description)
            assertContains(outcome.errorText, reason)
        }
        XCTAssertEqual(try work.attempt("data", "environment").status, 129)
        XCTAssertEqual(try work.attempt("data", "environment", "diff").status, 129)
        // Two environments of one revision are not one.
        try record("bare", ids[1])
        try record("train", ids[0])
        try record("hostile", ids[0])
        try work.commit("Two")
        let outcome = try work.attempt("data", "environment", "diff", "HEAD")
        XCTAssertEqual(outcome.status, 128)
        assertContains(outcome.errorText, "hint: HEAD:bare")
    }
}
