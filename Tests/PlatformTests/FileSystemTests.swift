import Platform
import TestSupport
import XCTest

final class FileSystemTests: XCTestCase {
    private var scratch: ScratchFolder!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
    }

    override func tearDown() { scratch = nil }

    /// A name that no text can be.
    private let oddName = BytePath(bytes: [0x61, 0x0a, 0xff, 0x22, 0x20])

    private func link(_ name: BytePath, to target: String) throws {
        let finished = try Finished("/bin/ln", ["-s", BytePath(target), scratch / name])
        XCTAssertEqual(finished.ending, .exited(0))
    }

    func testStatusTellsKinds() throws {
        let file = try scratch.write("12345", to: oddName, permissions: 0o640)
        try link("link", to: "nowhere")
        let status = try XCTUnwrap(file.status())
        XCTAssertEqual(status.kind, .regular)
        XCTAssertEqual(status.byteCount, 5)
        XCTAssertEqual(status.permissions, 0o640)
        XCTAssertFalse(status.isExecutable)
        XCTAssertEqual(try scratch.path.status()?.kind, .folder)
        XCTAssertEqual(try (scratch / "link").status()?.kind, .link)
        XCTAssertNil(try (scratch / "link").status(followingLinks: true))
        XCTAssertFalse((scratch / "link").exists)
        XCTAssertEqual(try BytePath("/dev/null").status()?.kind, .other)
        XCTAssertNil(try (scratch / "nothing").status())
        XCTAssertNil(try (file / "below a file").status())
    }

    func testSameContentNeedsSameFileUnchanged() throws {
        let file = try scratch.write("1", to: "a")
        let before = try XCTUnwrap(file.status())
        XCTAssertTrue(before.isSameContent(as: try XCTUnwrap(file.status())))
        try Descriptor.open(file, [.write, .append]).write([1])
        XCTAssertFalse(before.isSameContent(as: try XCTUnwrap(file.status())))
        XCTAssertLessThan(before.modified, FileStatus.Time(seconds: before.modified.seconds + 1, nanoseconds: 0))
    }

    func testMakeFoldersMakesAllAndIsContentWithWhatIsThere() throws {
        let deep = scratch / "a/b/c/d"
        try deep.makeFolders()
        XCTAssertTrue(deep.isFolder)
        try deep.makeFolders()
        try scratch.write("", to: "file")
        XCTAssertThrowsError(try (scratch / "file/below").makeFolders())
    }

    func testEntriesAreBytesWithoutDots() throws {
        try scratch.write("", to: oddName)
        try scratch.write("", to: ".hidden")
        XCTAssertEqual(try scratch.path.entries().sorted(), [".hidden", oddName])
        XCTAssertThrowsError(try (scratch / "nothing").entries()) { error in
            XCTAssertEqual((error as? SystemError)?.isAbsent, true)
        }
    }

    func testRemoveAndRename() throws {
        let first = try scratch.write("1", to: "first")
        let second = try scratch.write("2", to: "second")
        XCTAssertThrowsError(try first.renameExclusively(to: second)) { error in
            XCTAssertEqual((error as? SystemError)?.isExisting, true)
        }
        XCTAssertEqual(try second.contents(), [0x32])
        try first.rename(to: second)
        XCTAssertEqual(try second.contents(), [0x31])
        try second.renameExclusively(to: first)
        try first.link(to: second)
        XCTAssertEqual(try first.status()?.linkCount, 2)
        XCTAssertThrowsError(try first.link(to: second))
        try first.removeFile()
        try first.removeFile()
        XCTAssertFalse(first.exists)
        XCTAssertFalse(scratch.path.removeEmptyFolder())
    }

    func testLinksAreResolvedOnlyWhenAsked() throws {
        try scratch.write("content", to: "real/file")
        try link("link", to: "real")
        XCTAssertEqual(try (scratch / "link").linkTarget(), "real")
        XCTAssertEqual(try (scratch / "link/file").resolved(), scratch / "real/file")
        XCTAssertTrue((scratch / "link").isFolder)
        XCTAssertThrowsError(try (scratch / "nothing").resolved())
    }

    func testContentsOfARegularFileAlone() throws {
        let file = try scratch.write("0123456789", to: "file")
        XCTAssertEqual(try file.regularContents(), Array("0123456789".utf8))
        XCTAssertEqual(try file.regularContents(limit: 3), Array("012".utf8))
        XCTAssertNil(try (scratch / "absent").regularContents())
        XCTAssertNil(try scratch.path.regularContents())
        XCTAssertEqual(symlink("\(file)", "\(scratch / "link")"), 0)
        XCTAssertNil(try (scratch / "link").regularContents())
        // Nobody writes to it.
        XCTAssertEqual(mkfifo("\(scratch / "pipe")", 0o600), 0)
        XCTAssertNil(try (scratch / "pipe").regularContents())
    }

    func testContentsWithLimitAndOfNothing() throws {
        let file = try scratch.write("0123456789", to: "file")
        XCTAssertEqual(try file.contents(), Array("0123456789".utf8))
        XCTAssertEqual(try file.contents(limit: 3), Array("012".utf8))
        XCTAssertEqual(try file.contents(limit: 0), [])
        XCTAssertNil(try (scratch / "nothing").contents())
        XCTAssertThrowsError(try scratch.path.contents())
    }

    func testReplacedContentsAreWholeAndLeaveNoOtherFile() throws {
        let file = try scratch.write("old", to: "file")
        let before = try file.status()?.inode
        try file.replaceContents(with: Array("new".utf8), permissions: 0o600)
        XCTAssertEqual(try file.contents(), Array("new".utf8))
        XCTAssertNotEqual(try file.status()?.inode, before)
        XCTAssertEqual(try file.status()?.permissions, 0o600)
        XCTAssertEqual(try scratch.files(), ["file"])
        XCTAssertThrowsError(try (scratch / "no folder/file").replaceContents(with: []))
    }

    func testReplacingContentsOfFolderFailsAndLeavesNoOtherFile() throws {
        try scratch.write("", to: "folder/file")
        XCTAssertThrowsError(try (scratch / "folder").replaceContents(with: [1]))
        XCTAssertEqual(try scratch.files(), ["folder/file"])
    }

    func testExecutableFile() throws {
        XCTAssertTrue(try scratch.write("#!/bin/sh\n", to: "yes", permissions: 0o755).isExecutableFile)
        XCTAssertFalse(try scratch.write("#!/bin/sh\n", to: "no", permissions: 0o644).isExecutableFile)
        XCTAssertFalse(scratch.path.isExecutableFile)
    }

    func testThereIsRoomOnThisDisk() throws {
        XCTAssertGreaterThan(try scratch.path.availableByteCount(), 0)
        XCTAssertThrowsError(try (scratch / "nothing").availableByteCount())
    }

    // MARK: temporary files

    func testTemporaryFileIsGoneUnlessCommitted() throws {
        do {
            let file = try TemporaryFile(in: scratch.path)
            try file.descriptor.write([1])
            XCTAssertEqual(try scratch.files().count, 1)
        }
        XCTAssertEqual(try scratch.files(), [])
        let file = try TemporaryFile(in: scratch.path, prefix: "spool-", permissions: 0o600)
        XCTAssertTrue(file.path.lastComponent.text.hasPrefix("spool-"))
        try file.descriptor.write([1])
        try file.commit(to: scratch / "final")
        XCTAssertEqual(try scratch.files(), ["final"])
        XCTAssertEqual(try (scratch / "final").status()?.permissions, 0o600)
    }

    func testTemporaryFileThatCannotBeCommittedIsGone() throws {
        func commit() throws {
            let file = try TemporaryFile(in: scratch.path)
            try file.commit(to: scratch / "no folder/final")
        }
        XCTAssertThrowsError(try commit()) { XCTAssertEqual(($0 as? SystemError)?.isAbsent, true) }
        XCTAssertEqual(try scratch.files(), [])
    }

    func testFinishedTemporaryFileStays() throws {
        let file = try TemporaryFile(in: scratch.path)
        let path = file.path
        file.finish()
        XCTAssertTrue(path.exists)
    }
}
