import Git
import Platform
import Repository
import TestSupport
import XCTest

@testable import Commands

/// Patterns as Git understands them, by asking it.
final class AttributePatternTests: XCTestCase {
    override func setUp() { TestProcess.makeHermetic() }

    private static let names: [BytePath] = [
        "plain.bin", "a b.bin", " lead", "trail ", "two  spaces", "\"quoted\"", "\"half", "it's", "#hash", "!bang", "-dash", "ünï.bin", "日本",
        "[x].bin", "[attr]x", "a[b c]d", "star*", "what?", "back\\slash", "end\\", "\\lead", "tab\tx", "new\nline", "cr\rx", "bell\u{7}", "a,b;c&d",
        "x filter=lfs", BytePath(bytes: [0xff, 0xfe, 0x20, 0x5c]), "sub/o \"q\" \\.csv", "deep/[1]/ü/x y", "\u{7f}",
    ]

    private func filters(_ attributes: [UInt8], of paths: [BytePath], in repository: ScratchRepository) throws -> [BytePath: BytePath] {
        try repository.write(attributes, to: ".gitattributes")
        return try Git(in: repository.path).attribute("filter", of: paths)
    }

    private func line(_ pattern: AttributePattern) -> [UInt8] { AttributesFile.line(for: pattern) + [10] }

    func testExactPatternMatchesItsPathAndNoOther() throws {
        let repository = try ScratchRepository()
        for name in Self.names {
            let found = try filters(line(AttributePattern(exactly: name)), of: Self.names, in: repository)
            XCTAssertEqual(found, [name: "data"], "\(name)")
        }
    }

    func testWrittenPatternReadsAsItWas() {
        var random = SeededRandom(seed: 4)
        let alphabet = Array(" \t\n\"\\#![]*?/a\u{7f}ü".utf8)
        for _ in 0..<5000 {
            let bytes = (0..<Int.random(in: 1...8, using: &random)).compactMap { _ in alphabet.randomElement(using: &random) }
            let pattern = AttributePattern(bytes: bytes)
            guard bytes.first != UInt8(ascii: "!") else { continue }
            XCTAssertEqual(AttributeLine(AttributesFile.line(for: pattern))?.pattern.key, pattern.key, pattern.path.description)
        }
    }

    /// Escaping for the line changes nothing of what a pattern matches: that is what it matches among
    /// quoted lines, of which Git takes the bytes as they are.
    func testWrittenPatternMatchesWhatTheTypedOneDoes() throws {
        let repository = try ScratchRepository()
        let patterns = [
            "*.bin", "a b*", "* *", "#*", "[[]*", "[x]*", "a[[]b c]d", "what\\?", "star\\*", "*\\\\*", "\"*", "*ü*", "sub/*", "**/x y", "deep/**", "[!a]*", "[a-c ]*",
        ]
        for text in patterns {
            let pattern = AttributePattern(bytes: text.utf8)
            var quoted: [UInt8] = [0x22]
            for byte in pattern.bytes { quoted += byte == 0x22 || byte == 0x5c ? [0x5c, byte] : [byte] }
            let expected = try filters(quoted + Array("\" filter=data\n".utf8), of: Self.names, in: repository)
            let found = try filters(line(pattern), of: Self.names, in: repository)
            // `[[:space:]]` matches other blanks as well as the space that was typed.
            let isBlankAlone = text.contains(" ") && !text.contains("[") && !text.contains("\\")
            let surplus = found.keys.filter { expected[$0] == nil && !(isBlankAlone && $0.bytes.contains { $0 == 9 || $0 == 10 || $0 == 13 }) }
            XCTAssertEqual(surplus, [], text)
            XCTAssertEqual(expected.keys.filter { found[$0] == nil }, [], text)
            XCTAssertFalse(expected.isEmpty, "\(text) matches nothing here and proves nothing")
        }
    }

    func testProbeAnswersAsTheFileWould() throws {
        let scratch = try ScratchRepository()
        let repository = try Repository.find(from: scratch.path)
        let probe = AttributeProbe(repository: repository)
        let folders: [BytePath] = ["", "deep", "deep/[1]", "we ird\\"]
        let patterns = ["*.bin", "/x*", "*/*", "**", "ü/*", "/ü/x y", "[1]/**", "x y"]
        for folder in folders {
            let candidates = Self.names + Self.names.map { folder.appending($0) }
            for text in patterns {
                let pattern = AttributePattern(bytes: text.utf8)
                let file = folder.appending(".gitattributes")
                try scratch.write(line(pattern), to: file)
                let expected = try Git(in: scratch.path).attribute("filter", of: candidates).keys
                try (scratch.path / file).removeFile()
                let found = try probe.paths(matching: [pattern], of: folder, among: candidates)
                XCTAssertEqual(found, Set(expected), "\(text) in '\(folder)'")
            }
        }
        XCTAssertEqual(try (scratch.path / ".git").entries().filter { $0.bytes.starts(with: ".tmp".utf8) }, [])
    }

    func testNamesOfMacrosAreKnown() {
        XCTAssertTrue(AttributePattern(bytes: "[attr]x".utf8).isMacro)
        XCTAssertFalse(AttributePattern(bytes: "[attr]".utf8).isMacro)
        XCTAssertFalse(AttributePattern(exactly: "[attr]x").isMacro)
        XCTAssertNil(AttributeLine(Array("[attr]x filter=data".utf8)))
    }
}
