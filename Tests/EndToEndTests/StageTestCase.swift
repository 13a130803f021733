import Digest
import Platform
import TestSupport
import XCTest

/// A pipeline of two stages in shell: 'clean' makes data of a table and a parameter, 'train' a model and metrics of that.
class StageTestCase: EndToEndTestCase {
    private(set) var work: Worktree!
    private(set) var origin: BytePath!

    override func setUpWithError() throws {
        try super.setUpWithError()
        (work, origin) = try laboratory.project()
        try work.write("1\n2\n3\n4\n5\n", to: "raw.csv")
        try work.write(#"{"clean": {"rows": 3, "unused": 1}, "train": {"rate": 0.5}}"# + "\n", to: "params.json")
        // NULs make it data; the size is beyond what stays in Git.
        try work.write("head -n \"$(sed 's/.*rows\": \\([0-9]*\\).*/\\1/' params.json)\" raw.csv > clean.out\nprintf '\\0' >> clean.out\n", to: "clean.sh")
        try work.write("{ cat clean.out; printf 'model'; } > model.out\nprintf '{\"size\": %s}\\n' \"$(wc -c < model.out)\" > metrics.json\n", to: "train.sh")
        try work.commit("Scripts")
    }

    override func tearDown() {
        work = nil
        super.tearDown()
    }

    /// Runs both stages and commits what they made.
    func runPipeline() throws {
        try work.data("run", "-i", "clean.sh", "-i", "raw.csv", "-p", "params.json:clean.rows", "-o", "clean.out", "--", "sh", "clean.sh")
        try work.data("run", "-i", "train.sh", "-i", "clean.out", "-o", "model.out", "-m", "metrics.json", "--", "sh", "train.sh")
        try work.commit("Pipeline")
    }

    /// The stages that would run.
    func stale(file: StaticString = #filePath, line: UInt = #line) throws -> [String] {
        let answer = try work.attempt("data", "repro", "--dry-run")
        let names = answer.lines.filter { !$0.hasPrefix("\t") }.map { String($0.prefix { $0 != ":" }) }
        XCTAssertEqual(answer.status, names.isEmpty ? 0 : 1, answer.errorText, file: file, line: line)
        return names
    }

    /// The stages that a command says it ran.
    func ran(_ outcome: Outcome) -> [String] {
        outcome.errorText.split(separator: "\n").filter { $0.hasPrefix("[") && !$0.contains("] taken from") }
            .map { String($0.dropFirst().prefix { $0 != "]" }) }
    }

    func record(_ stage: String) throws -> String {
        try work.readText(BytePath("lineage/\(stage).run.json"))
    }

    func head() throws -> String {
        try work.git("rev-parse", "HEAD").line
    }
}
