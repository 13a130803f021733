import Platform
import TestSupport
import XCTest

/// What the README shows works when pasted.
final class ReadmeTests: EndToEndTestCase {
    func testEveryLineOfTheTourWorks() throws {
        let readme = try XCTUnwrap((laboratory.installation.sources / "README.md").contents())
        let script = shellLines(of: "## Five minutes", in: String(decoding: readme, as: UTF8.self))
        XCTAssertGreaterThan(script.count, 30)
        // As a person has it who has told Git nothing yet.
        let names: [String: BytePath?] = [
            "TMPDIR": laboratory.folder, "GIT_AUTHOR_NAME": nil, "GIT_AUTHOR_EMAIL": nil, "GIT_COMMITTER_NAME": nil,
            "GIT_COMMITTER_EMAIL": nil,
        ]
        let run = try laboratory.run(
            "bash", ["-e", "-o", "pipefail", "-c", BytePath(script.joined(separator: "\n"))], with: names)
        XCTAssertEqual(run.status, 0, run.description)
        assertContains(run.text, "the same bytes")
        assertContains(run.text, "git data pointer 1")
        assertContains(run.text, "1000001 data/train.csv")
    }

    func testEveryCommandOfTheTableHasHelp() throws {
        let readme = try XCTUnwrap((laboratory.installation.sources / "README.md").contents())
        let section = section("## Commands", of: String(decoding: readme, as: UTF8.self))
        let names = section.filter { $0.hasPrefix("| `git data ") }.flatMap { line in
            line.split(separator: "|")[0].split(separator: "`").filter { $0.contains(where: \.isLetter) && $0.trimming(" ") != "," }
                .compactMap { $0.replacing("git data ", with: "").split(separator: " ").first.map(String.init) }
        }
        XCTAssertGreaterThan(names.count, 15)
        for name in Set(names) {
            let help = try laboratory.run("git", ["data", BytePath(name), "-h"])
            XCTAssertEqual(help.status, 129, help.description)
            XCTAssert(help.text.hasPrefix("usage: git data \(name)"), help.description)
        }
    }

    private func section(_ title: String, of text: String) -> [String] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        return Array(lines.drop { $0 != title }.dropFirst().prefix { !$0.hasPrefix("## ") })
    }

    /// The lines of the section's blocks that are marked as shell.
    private func shellLines(of title: String, in text: String) -> [String] {
        var lines: [String] = []
        var isInside = false
        for line in section(title, of: text) {
            if line.hasPrefix("```") { isInside = line == "```sh" } else if isInside { lines.append(line) }
        }
        return lines
    }
}

extension Substring {
    fileprivate func trimming(_ character: Character) -> Substring {
        drop { $0 == character }.reversed().drop { $0 == character }.reversed().reduce(into: Substring()) { $0.append($1) }
    }
}
