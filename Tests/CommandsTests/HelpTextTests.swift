import Diagnostics
import Platform
import TestSupport
import XCTest

@testable import Commands

final class HelpTextTests: XCTestCase {
    private var table: CommandTable { Interface.table }

    private func paths() -> [[BytePath]] {
        table.commands.flatMap { command -> [[BytePath]] in
            let name = BytePath(command.declaration.name)
            return [[name]] + command.declaration.subcommands.map { [name, BytePath($0.declaration.name)] }
        }
    }

    private func shown(_ arguments: [BytePath]) -> String {
        guard case .show(let text, _) = table.invocation(for: arguments) else { return "" }
        return text
    }

    func testAllTextsFitIntoEightyColumns() {
        var texts = [shown([]), shown(["--help"])]
        for path in paths() { texts += [shown(path + ["-h"]), shown(path + ["--help"])] }
        for text in texts {
            XCTAssertFalse(text.isEmpty)
            XCTAssertTrue(text.hasSuffix("\n"))
            for line in text.split(separator: "\n") {
                // What is to be pasted is not broken.
                XCTAssertTrue(line.count <= 80 || line.hasPrefix("        "), String(line))
                XCTAssertFalse(line.hasSuffix(" "), "'\(line)'")
            }
        }
    }

    func testHelpNamesEveryOption() {
        for command in table.commands {
            let declaration = command.declaration
            let text = shown([BytePath(declaration.name), "--help"])
            if case .nowhere = declaration.optionOrder { continue }
            for option in declaration.options {
                XCTAssertTrue(text.contains("-\(option.name)") || text.contains("]\(option.name)"), "\(declaration.name) --\(option.name)")
            }
        }
    }

    func testOverviewNamesEveryCommandButPlumbing() {
        let lines = shown([]).split(separator: "\n").filter { $0.hasPrefix("   ") }
        let names = lines.compactMap { $0.split(separator: " ").first.map(String.init) }
        for command in table.commands {
            let declaration = command.declaration
            XCTAssertEqual(names.contains(declaration.name), declaration.group != .plumbing, declaration.name)
        }
    }

    func testLongWordHasALineOfItsOwn() {
        let word = String(repeating: "x", count: 90)
        XCTAssertEqual(TextLayout.wrapped("a \(word) b", indent: 2), ["  a", "  " + word, "  b"])
    }

    // MARK: man pages

    func testManPagesHaveNoWarnings() throws {
        guard let mandoc = Environment.findProgram("mandoc") else { throw XCTSkip("there is no mandoc") }
        let scratch = try ScratchFolder()
        for page in table.manualPages(version: Version.current) {
            let file = try scratch.write(page.text, to: BytePath(page.fileName))
            let lint = try Finished(mandoc, ["-Tlint", "-Wwarning", file])
            // A date would have to be kept in step with the text.
            let complaints = lint.text.split(separator: "\n").filter { !$0.contains("missing date") }
            XCTAssertEqual(complaints, [], page.fileName)
        }
    }

    func testManRendersEveryPageWithoutWarnings() throws {
        guard let man = Environment.findProgram("man") else { throw XCTSkip("there is no man") }
        let scratch = try ScratchFolder()
        for page in table.manualPages(version: Version.current) {
            let file = try scratch.write(page.text, to: BytePath(page.fileName))
            let rendered = try Finished(
                man, ["--warnings", "-l", file], environment: Environment.changed(adding: [("MANWIDTH", "80"), ("LC_ALL", "C.UTF-8")]))
            if rendered.ending != .exited(0) { throw XCTSkip("this man cannot render a file") }
            XCTAssertEqual(String(decoding: rendered.errors, as: UTF8.self), "", page.fileName)
            XCTAssertTrue(rendered.text.contains("SEE ALSO"), page.fileName)
        }
    }

    func testManPageKeepsWhatIsToBePasted() throws {
        guard let mandoc = Environment.findProgram("mandoc") else { throw XCTSkip("there is no mandoc") }
        let scratch = try ScratchFolder()
        let sections = [
            ManualPage.Section(
                title: "EXAMPLES",
                blocks: [.literal([".x 'a' \"b\" \\n --opt ~/^`c`", "'y"]), .paragraph("`-x` is 'it' … and .so")])
        ]
        let file = try scratch.write(TroffManual.text(sections, name: "git-data-x", version: "1"), to: "x.1")
        let rendered = try Finished(mandoc, ["-Tutf8", file]).text.replacing(/.\u{8}/, with: "")
        XCTAssertTrue(rendered.contains(".x 'a' \"b\" \\n --opt ~/^`c`\n"), rendered)
        XCTAssertTrue(rendered.contains("'y\n"), rendered)
        XCTAssertTrue(rendered.contains("-x is 'it' … and .so"), rendered)
    }

    func testPageFileNamesAreTheCommands() {
        let names = table.manualPages(version: "1").map(\.fileName)
        XCTAssertEqual(names.first, "git-data.1")
        XCTAssertTrue(names.contains("git-data-ls-files.1"))
        XCTAssertEqual(Set(names).count, table.commands.count + 1)
    }
}
