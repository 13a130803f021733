import Platform
import TestSupport
import XCTest

@testable import Commands

final class AttributesFileTests: XCTestCase {
    private let data = " filter=data diff=data merge=data -text"

    private func pattern(_ text: String) -> AttributePattern { AttributePattern(bytes: text.utf8) }

    private func tracking(_ text: String, _ patterns: String...) -> String {
        var file = AttributesFile(Array(text.utf8))
        for pattern in patterns { _ = file.track(self.pattern(pattern)) }
        return String(decoding: file.content, as: UTF8.self)
    }

    private func untracking(_ text: String, _ pattern: String) -> String? {
        var file = AttributesFile(Array(text.utf8))
        return file.untrack(self.pattern(pattern)) ? String(decoding: file.content, as: UTF8.self) : nil
    }

    // MARK: track

    func testLineIsAddedAtTheEnd() {
        XCTAssertEqual(tracking("", "*.bin"), "*.bin\(data)\n")
        XCTAssertEqual(tracking("# mine\n*.c text\n", "*.bin"), "# mine\n*.c text\n*.bin\(data)\n")
    }

    func testLineEndsAreKept() {
        XCTAssertEqual(tracking("# a\r\n", "*.bin"), "# a\r\n*.bin\(data)\r\n")
        XCTAssertEqual(tracking("# a", "*.bin"), "# a\n*.bin\(data)")
        XCTAssertEqual(tracking("# a\r\n# b", "*.bin"), "# a\r\n# b\r\n*.bin\(data)")
        XCTAssertEqual(tracking("# a\n\n", "*.bin"), "# a\n\n*.bin\(data)\n")
    }

    func testTrackedPatternChangesNothing() {
        let texts = [
            "*.bin\(data)\n", "*.bin filter=data\n", "  *.bin\tfilter=data lockable\r\n", "\"*.bin\" filter=data",
            "*.bin -text\n*.bin filter=data\n*.bin diff\n", "\u{feff}*.bin filter=data\n",
        ]
        for text in texts {
            var file = AttributesFile(Array(text.utf8))
            XCTAssertEqual(file.track(pattern("*.bin")), .present, text)
            XCTAssertEqual(file.content, Array(text.utf8))
        }
    }

    func testLineThatGitPassesOverDoesNotCount() {
        let texts = [
            "# *.bin filter=data\n", "*.bin filter=data # large\n", "*.bin filter=data =x\n", "!*.bin filter=data\n",
            "*.bin filter=data \(String(repeating: "a", count: 2048))\n", "*.bin filter=data -filter\n",
            "*.bin filter=data\n*.bin !filter\n", "*.bin filter=data builtin_x\n",
        ]
        for text in texts {
            var file = AttributesFile(Array(text.utf8))
            XCTAssertEqual(file.track(pattern("*.bin")), .added, text)
        }
    }

    func testPatternOfLFSIsTakenOverInPlace() {
        XCTAssertEqual(
            tracking("# a\n*.bin  filter=lfs diff=lfs\tmerge=lfs -text lockable\r\n*.c text\n", "*.bin"),
            "# a\n*.bin  filter=data diff=data\tmerge=data -text lockable\r\n*.c text\n")
        XCTAssertEqual(tracking("*.bin filter=lfs diff=csv\n", "*.bin"), "*.bin filter=data diff=csv\n")
    }

    func testSamePatternInOtherWordsIsTheSame() {
        for (typed, written) in [("a b", "a[[:space:]]b"), ("a b", "\"a b\""), ("/a/b", "a/b"), ("a/b", "/a/b"), ("#a", "\\#a")] {
            XCTAssertEqual(tracking("\(written) filter=data\n", typed), "\(written) filter=data\n")
            XCTAssertEqual(untracking("\(written) filter=data\n", typed), "")
        }
        for (typed, written) in [("/a", "a"), ("a", "/a"), ("a/", "a"), ("*.bin", "*.Bin")] {
            XCTAssertNil(untracking("\(written) filter=data\n", typed), typed)
        }
    }

    // MARK: untrack

    func testOnlyOurAttributesAreTaken() {
        XCTAssertEqual(untracking("*.bin\(data) lockable\n", "*.bin"), "*.bin lockable\n")
        XCTAssertEqual(untracking("*.bin diff=csv filter=data  merge=union\r\n", "*.bin"), "*.bin diff=csv  merge=union\r\n")
        XCTAssertEqual(untracking("a\n*.bin\(data)\nb\n", "*.bin"), "a\nb\n")
        XCTAssertEqual(untracking("*.bin filter=data\n*.bin -text\n*.bin filter=data", "*.bin"), "*.bin -text")
    }

    func testOtherFiltersStay() {
        XCTAssertNil(untracking("*.bin filter=lfs\n*.bin -text\n#*.bin filter=data\n", "*.bin"))
        XCTAssertNil(untracking("", "*.bin"))
    }

    // MARK: exceptions

    func testExceptionsComeLastAndGo() {
        var file = AttributesFile(Array("*.c text\n".utf8))
        _ = file.track(pattern("*"))
        file.except([".gitattributes"])
        _ = file.track(pattern("**"))
        file.except([".gitattributes"])
        XCTAssertEqual(
            String(decoding: file.content, as: UTF8.self),
            "*.c text\n*\(data)\n**\(data)\n.gitattributes !filter !diff !merge !text\n")
        file.removeExceptions([".gitattributes"])
        XCTAssertEqual(String(decoding: file.content, as: UTF8.self), "*.c text\n*\(data)\n**\(data)\n")
    }

    // MARK: any file

    /// Files of the lines that people write, and of any bytes between.
    private func randomFile(_ random: inout SeededRandom) -> [UInt8] {
        let lines = [
            "# a comment", "", "   ", "*.c text", "*.csv filter=data", "*.bin\(data)", "a[[:space:]]b filter=lfs diff=lfs merge=lfs -text",
            "\"q \\\"x\\\" \\303\\274\" filter=data lockable", "[attr]big filter=data -text", "!neg filter=data", "* text=auto", "\"open filter=data",
            "\\#x filter=data", "/only/here filter=data", "bad filter=data # comment",
        ]
        let count = Int.random(in: 0...8, using: &random)
        var content: [UInt8] = Bool.random(using: &random) ? [] : [0xef, 0xbb, 0xbf]
        for position in 0..<count {
            if Int.random(in: 0...5, using: &random) == 0 {
                content += random.bytes(Int.random(in: 0...20, using: &random))
            } else {
                content += Array((lines.randomElement(using: &random) ?? "").utf8)
            }
            let isLast = position == count - 1
            if !isLast || Bool.random(using: &random) { content += Bool.random(using: &random) ? [13, 10] : [10] }
        }
        return content
    }

    func testAnyFileIsReadWithoutLoss() {
        var random = SeededRandom(seed: 1)
        for _ in 0..<3000 {
            let content = randomFile(&random)
            XCTAssertEqual(AttributesFile(content).content, content)
        }
    }

    func testTrackAndUntrackGiveTheFileBack() {
        var random = SeededRandom(seed: 2)
        for _ in 0..<3000 {
            let content = randomFile(&random)
            var file = AttributesFile(content)
            let pattern = AttributePattern(bytes: "new\(Int.random(in: 0...9, using: &random)) x*".utf8)
            XCTAssertEqual(file.track(pattern), .added)
            XCTAssertEqual(file.dataPatterns.last?.key, pattern.key)
            XCTAssertEqual(file.track(pattern), .present)
            XCTAssertTrue(file.untrack(pattern))
            XCTAssertEqual(file.content, content, BytePath(bytes: content).description)
        }
    }

    func testOtherLinesStayByteForByte() {
        var random = SeededRandom(seed: 3)
        for _ in 0..<3000 {
            let content = randomFile(&random)
            let bin = pattern("*.bin")
            var file = AttributesFile(content)
            _ = file.track(bin)
            _ = file.untrack(pattern("*.csv"))
            func others(_ content: [UInt8]) -> [ArraySlice<UInt8>] {
                // Line ends do not count: one may be added where the last line had none.
                content.dropFirst(content.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0).split(separator: 10).map { line in
                    line.lastIndex { $0 != 13 }.map { line[...$0] } ?? []
                }.filter { line in
                    !line.isEmpty && !["*.bin", "*.csv"].contains { line.starts(with: $0.utf8) }
                }
            }
            XCTAssertEqual(others(file.content), others(content), BytePath(bytes: content).description)
        }
    }
}
