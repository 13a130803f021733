import Platform
import TestSupport
import XCTest

/// The README keeps its word: its tour runs as it stands there.
final class ReadmeTests: XCTestCase {
    private func readme() throws -> String {
        let file = BytePath(#filePath).parent.parent.parent / "README.md"
        return String(decoding: try XCTUnwrap(file.contents()), as: UTF8.self)
    }

    /// The lines of all shell blocks between a heading and the next.
    private func shellLines(below heading: String) throws -> [Substring] {
        var lines: [Substring] = []
        var isInSection = false
        var isInBlock = false
        for line in try readme().split(separator: "\n", omittingEmptySubsequences: false) {
            if !isInBlock, line.hasPrefix("## ") { isInSection = line == "## \(heading)" }
            if line.hasPrefix("```") {
                isInBlock = isInSection && line == "```sh"
            } else if isInBlock {
                lines.append(line)
            }
        }
        return lines
    }

    func testEveryLineOfTheTourWorks() throws {
        let laboratory = try Laboratory()
        let lines = try shellLines(below: "Five minutes")
        XCTAssertGreaterThan(lines.count, 30)
        let script = "set -ex\n" + lines.joined(separator: "\n")
        let outcome = try laboratory.run("sh", ["-c", BytePath(script)], with: ["TMPDIR": laboratory.folder]).expecting(0)
        XCTAssertTrue(outcome.lines.contains("the same bytes"), outcome.description)
        XCTAssertTrue(outcome.lines.contains("1000001 data/train.csv"), outcome.description)
        // The last line counts rows where a pointer stood.
        XCTAssertEqual(outcome.lines.last, "1000001 data/train.csv", outcome.description)
    }

    func testEveryCommandIsInTheTable() throws {
        let help = try Laboratory().data(["help"]).text
        let table = try readme()
        for line in help.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard line.hasPrefix("    "), let name = words.first, words.count > 1, name.allSatisfy({ $0.isLowercase || $0 == "-" }),
                name.first != "-", try Laboratory().run("git", ["data", BytePath(String(name)), "-h"]).status == 129
            else { continue }
            XCTAssertTrue(table.contains("`git data \(name)") || table.contains("`\(name)`"), "'\(name)' is not in the README")
        }
    }
}
