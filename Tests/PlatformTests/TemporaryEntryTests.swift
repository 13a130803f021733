import Platform
import TestSupport
import XCTest

final class TemporaryEntryTests: XCTestCase {
    private var scratch: ScratchFolder!

    override func setUpWithError() throws {
        scratch = try ScratchFolder()
    }

    override func tearDown() {
        scratch = nil
    }

    private func folder() throws -> Descriptor {
        try Descriptor.open(scratch.path, [.read, .folder])
    }

    private func entry(_ content: String, in folder: borrowing Descriptor) throws -> TemporaryEntry {
        let entry = try TemporaryEntry(in: folder, prefix: ".new-", permissions: 0o644)
        try entry.descriptor.write(Array(content.utf8))
        return entry
    }

    private func content(_ name: BytePath) throws -> String? {
        try (scratch / name).contents().map { String(decoding: $0, as: UTF8.self) }
    }

    func testEntryThatIsNotCommittedIsGone() throws {
        let folder = try folder()
        do {
            let entry = try entry("new", in: folder)
            XCTAssertEqual(try scratch.path.entries().count, 1)
            _ = consume entry
        }
        XCTAssertEqual(try scratch.path.entries(), [])
    }

    func testEntryTakesAFreeNameOnly() throws {
        let folder = try folder()
        var entry = try entry("new", in: folder)
        XCTAssertTrue(try entry.commit(as: "file", in: folder))
        var second = try self.entry("second", in: folder)
        XCTAssertFalse(try second.commit(as: "file", in: folder))
        XCTAssertEqual(try content("file"), "new")
        _ = consume second
        XCTAssertEqual(try scratch.path.entries(), ["file"])
    }

    func testEntryTakesThePlaceOfAFile() throws {
        let folder = try folder()
        try scratch.write("old", to: "file")
        let standing = try XCTUnwrap(folder.status(ofEntry: "file"))
        var entry = try entry("new", in: folder)
        XCTAssertTrue(try entry.commit(as: "file", in: folder, inPlaceOf: standing))
        XCTAssertEqual(try content("file"), "new")
        XCTAssertEqual(try entry.descriptor.status().inode, try folder.status(ofEntry: "file")?.inode)
        _ = consume entry
        XCTAssertEqual(try scratch.path.entries(), ["file"])
    }

    func testEntryDoesNotTakeThePlaceOfAChangedFile() throws {
        let folder = try folder()
        try scratch.write("old", to: "file")
        let standing = try XCTUnwrap(folder.status(ofEntry: "file"))
        for change in ["mine", nil] {
            if let change { try scratch.write(change, to: "file") } else { try (scratch / "file").removeFile() }
            var entry = try entry("new", in: folder)
            XCTAssertFalse(try entry.commit(as: "file", in: folder, inPlaceOf: standing))
            _ = consume entry
            XCTAssertEqual(try content("file"), change)
        }
        XCTAssertEqual(try scratch.path.entries(), [])
    }

    /// Somebody saves at the very moment: whoever is first, what they saved stands there in the end.
    func testFileSavedInTheLastMomentIsNeverLost() throws {
        let folder = try folder()
        let file = scratch / "file"
        for round in 0..<1500 {
            try scratch.write("old", to: "file")
            let saved = try scratch.write("mine \(round)", to: "saved")
            let standing = try XCTUnwrap(folder.status(ofEntry: "file"))
            var entry = try entry("new", in: folder)
            let isStarted = Monitor(false)
            let saver = WorkerThread {
                _ = isStarted.wait { $0 ? true : nil }
                for _ in 0..<round % 8 { _ = availableProcessorCount() }
                try? saved.rename(to: file)
            }
            isStarted.change { $0 = true }
            _ = try entry.commit(as: "file", in: folder, inPlaceOf: standing)
            saver.join()
            _ = consume entry
            XCTAssertEqual(try content("file"), "mine \(round)")
        }
        XCTAssertEqual(try scratch.path.entries(), ["file"])
    }
}
