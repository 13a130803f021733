import Digest
import ObjectStore
import Platform
import TestSupport
import XCTest

final class VerificationTests: StoreTestCase {
    private func overwrite(_ oid: ObjectID, with text: String, in folder: BytePath = "data/objects") throws {
        try scratch.write(text, to: folder / oid.shardedPath, permissions: 0o444)
    }

    func testEveryChangedByteIsFound() throws {
        let oid = try insert("0123456789")
        for position in 0..<10 {
            var bytes = Array("0123456789".utf8)
            bytes[position] ^= 1
            try overwrite(oid, with: String(decoding: bytes, as: UTF8.self))
            XCTAssertEqual(try store.isIntact(oid), false)
        }
        for count in 0..<10 {
            try overwrite(oid, with: String("0123456789".prefix(count)))
            XCTAssertEqual(try store.isIntact(oid), false)
        }
    }

    func testBlobSetAsideKeepsItsBytesAndIsNoLongerHere() throws {
        let oid = try insert("good")
        try overwrite(oid, with: "g00d")
        let kept = try store.setAside(oid)
        XCTAssertEqual(kept, store.damaged / oid.hex)
        XCTAssertEqual(try kept.contents(), Array("g00d".utf8))
        XCTAssertFalse(store.contains(oid))
        XCTAssertEqual(try entries(), [])

        XCTAssertEqual(try insert("good"), oid)
        XCTAssertEqual(try store.isIntact(oid), true)
    }

    func testBlobSetAsideTwiceKeepsBothBytes() throws {
        let oid = try insert("good")
        try overwrite(oid, with: "first damage")
        let first = try store.setAside(oid)
        try insert("good")
        try overwrite(oid, with: "second damage")
        let second = try store.setAside(oid)
        XCTAssertNotEqual(first, second)
        XCTAssertEqual(try first.contents(), Array("first damage".utf8))
        XCTAssertEqual(try second.contents(), Array("second damage".utf8))
    }

    func testSettingAbsentBlobAsideIsTypedError() throws {
        assertThrowsStoreError(try store.setAside(.of([1])), { $0.isAbsent })
    }

    func testRemoveTakesBlobAndEmptyFolders() throws {
        let oid = try insert("1")
        let other = try insert("2")
        try store.remove(oid)
        XCTAssertFalse(store.contains(oid))
        XCTAssertFalse((store.objects / String(oid.hex.prefix(2))).exists)
        XCTAssertTrue(store.contains(other))
        try store.remove(oid)
    }

    func testForeignFilesArePassedOver() throws {
        let oid = try insert("mine")
        let objects: BytePath = "data/objects"
        let misplaced = ObjectID.of([9])
        try scratch.write("x", to: objects / "README")
        try scratch.write("x", to: objects / "ab/README")
        try scratch.write("x", to: objects / "AB/cd/\(oid.hex)")
        try scratch.write("x", to: objects / "abc/cd/\(oid.hex)")
        try scratch.write("x", to: objects / BytePath(bytes: Array("ab/cd/".utf8) + [0xff, 0x0a]))
        try scratch.write("x", to: objects / "ff/ff/\(misplaced.hex)")
        try scratch.write("x", to: objects / "\(oid.shardedPath).tmp")
        try (scratch / objects / ObjectID.of([8]).shardedPath).makeFolders()
        XCTAssertEqual(try entries().map(\.oid), [oid])
        XCTAssertEqual(try entries().map(\.byteCount), [4])
    }

    func testEntriesComeInOrderOfNames() throws {
        for value in 0..<50 { try insert("\(value)") }
        let oids = try entries().map(\.oid)
        XCTAssertEqual(oids, oids.sorted())
        XCTAssertEqual(oids.map(\.hex), oids.map(\.hex).sorted())
    }

    // MARK: alternates

    private func storeWithAlternate() -> ObjectStore {
        ObjectStore(folder: store.folder, alternates: [scratch / "lfs/objects"])
    }

    func testBlobOfAlternateIsReadWhereItIs() throws {
        let store = storeWithAlternate()
        let oid = ObjectID.of(Array("from git-lfs".utf8))
        try overwrite(oid, with: "from git-lfs", in: "lfs/objects")
        XCTAssertTrue(store.contains(oid))
        XCTAssertEqual(store.byteCount(of: oid), 12)
        XCTAssertEqual(try store.isIntact(oid), true)
        XCTAssertEqual(try content(of: oid, in: store), Array("from git-lfs".utf8))
        XCTAssertFalse(store.folder.exists)

        // What is added again is not stored twice.
        XCTAssertEqual(try insert("from git-lfs", into: store), oid)
        XCTAssertFalse(store.path(of: oid).exists)
        XCTAssertEqual(try scratch.files(below: "lfs"), [BytePath("lfs/objects") / oid.shardedPath])
    }

    func testDamagedBlobOfAlternateDoesNotSwallowGoodOne() throws {
        let store = storeWithAlternate()
        let oid = ObjectID.of(Array("from git-lfs".utf8))
        for damage in ["", "from git-lf", "From git-lfs"] {
            try overwrite(oid, with: damage, in: "lfs/objects")
            XCTAssertEqual(try store.isIntact(oid), false)
            XCTAssertEqual(try insert("from git-lfs", into: store), oid)
            XCTAssertEqual(try store.isIntact(oid), true)
            XCTAssertEqual(try content(of: oid, in: store), Array("from git-lfs".utf8))
            XCTAssertEqual(try (scratch / "lfs/objects" / oid.shardedPath).contents(), Array(damage.utf8))
            try store.remove(oid)
        }
    }

    func testDamagedBlobOfAlternateIsNoLongerHereOnceSetAside() throws {
        let store = storeWithAlternate()
        let oid = ObjectID.of(Array("from git-lfs".utf8))
        try overwrite(oid, with: "From git-lfs", in: "lfs/objects")
        XCTAssertTrue(store.contains(oid))
        XCTAssertEqual(try store.setAside(oid), scratch / "lfs/objects" / oid.shardedPath)
        XCTAssertEqual(try scratch.files(below: "lfs"), [BytePath("lfs/objects") / oid.shardedPath])

        // What asks next fetches it, or stores it.
        let other = storeWithAlternate()
        XCTAssertFalse(other.contains(oid))
        XCTAssertNil(try content(of: oid, in: other))
        try insert("from git-lfs", into: other)
        XCTAssertEqual(try other.isIntact(oid), true)
    }

    func testIntactBlobOfAlternateIsNotSetAside() throws {
        let store = storeWithAlternate()
        let oid = ObjectID.of(Array("from git-lfs".utf8))
        try overwrite(oid, with: "from git-lfs", in: "lfs/objects")
        assertThrowsStoreError(try store.setAside(oid), { $0.isAbsent })
        XCTAssertTrue(store.contains(oid))
    }

    func testOwnBlobIsPreferredToAlternate() throws {
        let store = storeWithAlternate()
        let oid = try insert("mine", into: store)
        try overwrite(oid, with: "other", in: "lfs/objects")
        XCTAssertEqual(try content(of: oid, in: store), Array("mine".utf8))
        try store.remove(oid)
        XCTAssertTrue((scratch / "lfs/objects" / oid.shardedPath).exists)
    }
}
