import Diagnostics
import Platform
import XCTest

@testable import Commands

/// What every command declares is sound.
final class DeclarationTests: XCTestCase {
    private var all: [(path: String, declaration: Declaration)] {
        func below(_ declaration: Declaration, _ path: String) -> [(String, Declaration)] {
            [(path, declaration)]
                + declaration.subcommands.flatMap { below($0.declaration, "\(path) \($0.declaration.name)") }
        }
        return Interface.table.commands.flatMap { below($0.declaration, $0.declaration.name) }
    }

    private func isLowerCaseName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d }
            && name.first != "-" && name.last != "-"
    }

    func testNamesAreLowerCaseAndUsedOnce() {
        let names = Interface.table.commands.map { $0.declaration.name }
        XCTAssertEqual(Set(names).count, names.count)
        for (path, declaration) in all {
            XCTAssertTrue(isLowerCaseName(declaration.name), path)
            let subcommands = declaration.subcommands.map { $0.declaration.name }
            XCTAssertEqual(Set(subcommands).count, subcommands.count, path)
        }
    }

    func testEachOptionIsDeclaredOnce() {
        for (path, declaration) in all {
            var spellings = declaration.options.flatMap { CompletedCommand.spellings(of: $0) }
            spellings += ["-h", "--help"]
            XCTAssertEqual(Set(spellings).count, spellings.count, "\(path): \(spellings)")
            for option in declaration.options {
                XCTAssertTrue(isLowerCaseName(option.name), "\(path) --\(option.name)")
                XCTAssertFalse(option.name.hasPrefix("no-"), "\(path) --\(option.name)")
                XCTAssertTrue(option.short?.isLetter ?? true, "\(path) --\(option.name)")
                XCTAssertTrue(option.short?.isASCII ?? true, "\(path) --\(option.name)")
            }
        }
    }

    func testSummariesAreShortAndWithoutFullStop() {
        for (path, declaration) in all {
            let texts = [declaration.summary] + declaration.options.map(\.summary) + declaration.operands.map(\.summary)
                + declaration.exitCodes.map(\.summary) + declaration.examples.map(\.summary)
            for text in texts {
                XCTAssertFalse(text.isEmpty, path)
                XCTAssertFalse(text.hasSuffix("."), "\(path): \(text)")
                XCTAssertFalse(text.contains("\n"), "\(path): \(text)")
                XCTAssertEqual(text.filter { $0 == "`" }.count % 2, 0, "\(path): \(text)")
            }
            XCTAssertEqual(declaration.summary.first?.isUppercase, false, path)
        }
    }

    func testValueNamesAreCapital() {
        for (path, declaration) in all {
            for name in declaration.operands.map(\.name) + declaration.options.compactMap({ $0.syntax?.name }) {
                XCTAssertEqual(name, name.uppercased(), path)
            }
        }
    }

    func testOnlyTheLastOperandIsOpen() {
        for (path, declaration) in all {
            XCTAssertTrue(declaration.operands.dropLast().allSatisfy { $0.maximum != nil }, path)
            let names = declaration.operands.map(\.name)
            XCTAssertEqual(Set(names).count, names.count, path)
        }
    }

    func testExitCodesStandOnceAndInOrder() {
        for (path, declaration) in all {
            let codes = declaration.exitCodes.map(\.code.status)
            XCTAssertEqual(codes, Array(Set(codes)).sorted(), path)
            XCTAssertTrue(codes.starts(with: [0]), path)
        }
    }

    func testSeeAlsoNamesCommands() {
        for (path, declaration) in all {
            for name in declaration.seeAlso {
                XCTAssertNotNil(Interface.table.declaration(named: name), "\(path): \(name)")
                XCTAssertNotEqual(name, declaration.name, path)
            }
        }
    }

    func testEveryCommandIsListedOrPlumbing() {
        let listed = CommandGroup.allCases.flatMap { Interface.table.declarations(in: $0) }
        XCTAssertEqual(listed.count, Interface.table.commands.count)
    }

    /// Each `git data …` in an example is a command line that is understood.
    func testExamplesAreUnderstood() throws {
        var count = 0
        for (path, declaration) in all {
            for example in declaration.examples {
                XCTAssertTrue(example.command.contains("git data "), "\(path): \(example.command)")
                for words in Self.calls(in: example.command) {
                    count += 1
                    guard case .run = Interface.table.invocation(for: words) else {
                        XCTFail("\(path): \(example.command)")
                        continue
                    }
                }
            }
        }
        XCTAssertGreaterThan(count, 10)
    }

    /// The arguments behind each `git data`, up to what belongs to the shell.
    private static func calls(in line: String) -> [[BytePath]] {
        line.replacing("&&", with: "|").replacing("||", with: "|").replacing(";", with: "|").split(separator: "|").compactMap { part in
            let words = part.split(separator: " ").map { $0.replacing("'", with: "").replacing("\"", with: "") }
            guard words.starts(with: ["git", "data"]) else { return nil }
            return words.dropFirst(2).prefix { $0 != ">" }.map { BytePath(String($0)) }
        }
    }
}
