import Digest
import Platform
import TestSupport
import XCTest

/// A laboratory for each test.
class EndToEndTestCase: XCTestCase {
    private(set) var laboratory: Laboratory!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        laboratory = try Laboratory()
    }

    override func tearDown() {
        laboratory = nil
    }

    /// Git sees nothing to do, and every file named has this content.
    func assertClean(_ worktree: Worktree, file: StaticString = #filePath, line: UInt = #line) throws {
        XCTAssertEqual(try worktree.changes(), [], "git status in '\(worktree.folder)'", file: file, line: line)
    }

    /// Compares bytes, without printing megabytes where they differ.
    func assertContent(
        _ path: BytePath, in worktree: Worktree, is expected: [UInt8], file: StaticString = #filePath, line: UInt = #line
    ) throws {
        let content = try worktree.read(path)
        guard content != expected else { return }
        let shown = String(decoding: content.prefix(200), as: UTF8.self)
        XCTFail("'\(path)' has \(content.count) bytes, expected \(expected.count): \(shown)", file: file, line: line)
    }

    /// Git stores the pointer for this content.
    func assertPointer(
        _ path: BytePath, in worktree: Worktree, for content: [UInt8], file: StaticString = #filePath, line: UInt = #line
    ) throws {
        let stored = String(decoding: try worktree.stored(path).prefix(300), as: UTF8.self)
        XCTAssertEqual(stored, String(decoding: pointerText(for: content), as: UTF8.self), file: file, line: line)
    }

    func assertContains(_ text: String, _ part: String, file: StaticString = #filePath, line: UInt = #line) {
        XCTAssert(text.contains(part), "'\(part)' is not in: \(text)", file: file, line: line)
    }
}
