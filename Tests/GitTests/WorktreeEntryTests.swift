@testable import Git
import Platform
import TestSupport
import XCTest

final class WorktreeEntryTests: XCTestCase {
    func testNamesThatGitRefusesAreForbidden() {
        let names: [BytePath] = [
            "", ".", "..", ".git", ".GIT", ".Git", "git~1", "GIT~1", ".git.", ".git ", ".git. .", "git~1 .",
            ".git:stream", ".git::$INDEX_ALLOCATION", ".git\\x", ".g\u{200c}it", "\u{feff}.git", ".gi\u{202e}t", ".git\u{206f}",
        ]
        for name in names { XCTAssertFalse(WorktreeEntry.isAllowed(name), "\(name)") }
    }

    func testNamesThatOnlyLookLikeThemAreAllowed() {
        let names: [BytePath] = [
            ".gitattributes", ".github", "git", "git~2", "git~10", ".git2", "x.git", "...", "..a", " .git", ".gi", ".git-data",
            BytePath(bytes: [0x2e, 0x67, 0x69, 0x74, 0xff]), BytePath(bytes: [0xe2, 0x80]), "\u{200b}.git",
        ]
        for name in names { XCTAssertTrue(WorktreeEntry.isAllowed(name), "\(name)") }
    }

    func testPathsThatLeaveTheWorktreeAreForbidden() throws {
        let scratch = try ScratchFolder()
        for path: BytePath in ["", "/a", "../a", "a/../b", "a//b", "a/", "./a", "a/.git/hooks/x", ".GIT/config", "a/git~1/x"] {
            XCTAssertThrowsError(try find(path, scratch), "\(path)") {
                XCTAssertEqual($0 as? WorktreePathError, .forbidden(path))
            }
        }
        XCTAssertEqual(try scratch.path.entries(), [])
    }

    private func find(_ path: BytePath, _ scratch: ScratchFolder, making: Bool = true) throws -> BytePath? {
        guard let entry = try WorktreeEntry.find(path, under: scratch.path, makingFolders: making) else { return nil }
        return entry.folder.path?.appending(entry.name)
    }

    func testFoldersAreMadeOnlyWhenAsked() throws {
        let scratch = try ScratchFolder()
        XCTAssertNil(try find("a/b/file", scratch, making: false))
        XCTAssertFalse((scratch / "a").exists)
        XCTAssertEqual(try find("a/b/file", scratch), scratch / "a/b/file")
        XCTAssert((scratch / "a/b").isFolder)
        XCTAssertEqual(try find("a/b/file", scratch, making: false), scratch / "a/b/file")
    }

    func testLinkOnTheWayIsRefused() throws {
        let scratch = try ScratchFolder()
        try (scratch / "real/deep").makeFolders()
        _ = try Finished("/bin/ln", ["-s", "real", scratch / "linked"])
        for path: BytePath in ["linked/file", "linked/deep/file", "linked/new/file"] {
            XCTAssertThrowsError(try find(path, scratch)) {
                XCTAssertEqual($0 as? WorktreePathError, .link(scratch / "linked"))
            }
        }
        XCTAssertFalse((scratch / "real/new").exists)
    }

    func testFileOnTheWayIsRefused() throws {
        let scratch = try ScratchFolder()
        try scratch.write([1], to: "a")
        XCTAssertThrowsError(try find("a/b", scratch)) {
            XCTAssertEqual($0 as? WorktreePathError, .notFolder(scratch / "a"))
        }
    }

    func testMissingTopIsAnError() throws {
        let scratch = try ScratchFolder()
        XCTAssertThrowsError(try WorktreeEntry.find("a", under: scratch / "gone", makingFolders: true)?.name) {
            guard case .system(let error)? = $0 as? WorktreePathError else { return XCTFail("\($0)") }
            XCTAssert(error.isAbsent)
        }
    }
}
