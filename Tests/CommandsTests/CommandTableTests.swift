import Diagnostics
import Platform
import XCTest

@testable import Commands

final class CommandTableTests: XCTestCase {
    private struct Inner: Command {
        static let declaration = Declaration("inner", group: .files, summary: "be inside", operands: [Operands("PATH", "paths")])
        static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode { .success }
    }

    private struct Outer: Command {
        static let declaration = Declaration(
            "outer", group: .files, summary: "be outside", options: [CommonOptions.json], subcommands: [Inner.self],
            needsSubcommand: true)
        static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode { .success }
    }

    private let table = CommandTable([Outer.self, VersionCommand.self])

    private func run(_ arguments: BytePath...) throws -> (path: CommandPath, arguments: ParsedArguments) {
        switch table.invocation(for: arguments) {
        case .run(_, let parsed, let path): return (path, parsed)
        case .show(let text, _), .refuse(let text, _): throw UsageError(text)
        }
    }

    private func refusal(_ arguments: BytePath...) -> (first: Substring?, code: ExitCode)? {
        guard case .refuse(let text, let code) = table.invocation(for: arguments) else { return nil }
        return (text.split(separator: "\n").first, code)
    }

    func testSubcommandIsFound() throws {
        let (path, arguments) = try run("outer", "inner", "a", "b")
        XCTAssertEqual(path.typed, "git data outer inner")
        XCTAssertEqual(arguments.operands["PATH"], ["a", "b"])
    }

    func testWhatIsSaidEverywhereMayStandBeforeTheSubcommand() throws {
        XCTAssertTrue(try run("outer", "-q", "inner").arguments[CommonOptions.quiet])
        XCTAssertTrue(try run("outer", "inner", "-q").arguments[CommonOptions.quiet])
    }

    func testVersionOptionIsTheCommand() throws {
        XCTAssertEqual(try run("--version").path.typed, "git data version")
        XCTAssertTrue(try run("--version", "--json").arguments[CommonOptions.json])
    }

    func testMisusesEndWith129() {
        XCTAssertEqual(refusal("--nonsense")?.code.status, 129)
        XCTAssertEqual(refusal("--nonsense")?.first, "error: unknown option '--nonsense'")
        XCTAssertEqual(refusal("outer")?.code.status, 129)
        XCTAssertEqual(refusal("outer")?.first, "error: a subcommand is missing")
        XCTAssertEqual(refusal("outer", "iner")?.first, "error: unknown subcommand 'iner'; did you mean 'inner'?")
        XCTAssertEqual(refusal("outer", "iner")?.code.status, 129)
        XCTAssertEqual(refusal("version", "x")?.first, "error: unexpected argument 'x'")
        XCTAssertEqual(refusal("version", "x")?.code.status, 129)
    }

    func testUnknownCommandEndsWith1AndNamesTheSimilar() {
        guard case .refuse(let text, let code) = table.invocation(for: ["versoin"]) else { return XCTFail("taken") }
        XCTAssertEqual(code.status, 1)
        XCTAssertTrue(text.hasSuffix("The most similar command is\n\tversion\n"), text)
    }

    func testCommandNamesAreNotAbbreviated() {
        XCTAssertEqual(refusal("ver")?.code.status, 1)
    }

    func testUsageGoesToStandardOutputAndEndsWith129() {
        guard case .show(let text, let code) = table.invocation(for: ["outer", "inner", "-h"]) else { return XCTFail("not shown") }
        XCTAssertEqual(code, .usage)
        XCTAssertTrue(text.hasPrefix("usage: git data outer inner [PATH...]\n"), text)
    }

    func testHelpEndsWith0() {
        guard case .show(let text, let code) = table.invocation(for: ["outer", "--help"]) else { return XCTFail("not shown") }
        XCTAssertEqual(code, .success)
        XCTAssertTrue(text.hasPrefix("NAME\n    git-data-outer - be outside\n"), text)
    }

    func testNothingAtAllShowsTheCommandsAndEndsWith1() {
        guard case .show(let text, let code) = table.invocation(for: []) else { return XCTFail("not shown") }
        XCTAssertEqual(code, .failure)
        XCTAssertTrue(text.hasPrefix("usage: git data "), text)
    }
}
