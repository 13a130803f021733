import Digest
import ObjectStore
import Platform
import TestSupport
import XCTest

/// Disks that are full, folders that may not be written, files where folders should be.
final class RefusingFileSystemTests: StoreTestCase {
    private func smallDisk(_ byteCount: Int) throws -> SmallFileSystem {
        do {
            return try SmallFileSystem(byteCount: byteCount, on: scratch / "disk")
        } catch let error as NotPossibleHere {
            throw XCTSkip(error.reason)
        }
    }

    private func insertSomething(in store: ObjectStore) throws {
        try insert([1, 2, 3], into: BlobBatch(store: store))
    }

    func testFullDiskLeavesNothingHalfWritten() throws {
        let disk = try smallDisk(256 << 10)
        let store = ObjectStore(folder: disk.path / "data")
        let small = try insert("fits", into: store)
        var random = SeededRandom(seed: 1)
        let big = random.bytes(1 << 20)
        let batch = BlobBatch(store: store)
        assertThrowsStoreError(try insert(big, pieces: 16, into: batch), { $0.isFull })
        XCTAssertFalse(store.contains(.of(big)))
        XCTAssertEqual(try scratch.files(below: "disk/data/incoming"), [])
        XCTAssertEqual(try content(of: small, in: store), Array("fits".utf8))

        // There is room again at once.
        let other = random.bytes(100 << 10)
        let oid = try insert(other, into: batch)
        try batch.flush()
        XCTAssertEqual(try store.isIntact(oid), true)
    }

    func testReadOnlyDiskServesWhatItHasAndRefusesMore() throws {
        let disk = try smallDisk(256 << 10)
        let store = ObjectStore(folder: disk.path / "data")
        let oid = try insert("before", into: store)
        let waiting = Array("pending".utf8)
        try scratch.write(waiting, to: BytePath("disk/data/incoming/\(ObjectID.of(waiting).hex).pending"))
        do { try disk.makeReadOnly() } catch let error as NotPossibleHere { throw XCTSkip(error.reason) }

        XCTAssertEqual(try content(of: oid, in: store), Array("before".utf8))
        assertThrowsStoreError(try insertSomething(in: store), { $0.isDenied })
        assertThrowsStoreError(try store.remove(oid), { $0.isDenied })
        assertThrowsStoreError(try store.setAside(oid), { $0.isDenied })
        XCTAssertEqual(try content(of: .of(waiting), in: store), nil)
    }

    func testFolderOfAnotherUserIsTypedError() throws {
        try XCTSkipIf(TestProcess.isRoot, "root may write everywhere")
        try (scratch / "data").makeFolders()
        try Descriptor.open(scratch / "data", [.read, .folder]).setPermissions(0o555)
        defer { try? Descriptor.open(scratch / "data", [.read, .folder]).setPermissions(0o755) }
        assertThrowsStoreError(try insertSomething(in: store), { $0.isDenied })
        assertThrowsStoreError(try store.prepare(), { $0.isDenied })
    }

    func testFileInPlaceOfStoreIsTypedError() throws {
        try scratch.write("a file", to: "data")
        assertThrowsStoreError(try insertSomething(in: store), { $0.path != nil })
        XCTAssertFalse(store.contains(.of([])))
        XCTAssertEqual(try entries(), [])
        assertThrowsStoreError(try store.prepare(), { $0.path != nil })
    }

    func testFileInPlaceOfShardFolderFailsFlushAndKeepsBlob() throws {
        let text = Array("blocked".utf8)
        let oid = ObjectID.of(text)
        let blocker = BytePath("data/objects") / String(oid.hex.prefix(2))
        try scratch.write("a file", to: blocker)
        let batch = BlobBatch(store: store)
        try insert(text, into: batch)
        assertThrowsStoreError(try batch.flush(), { $0.path != nil })
        XCTAssertTrue(pending(oid).exists)

        try (scratch / blocker).removeFile()
        try batch.flush()
        XCTAssertEqual(try content(of: oid), text)
    }
}
