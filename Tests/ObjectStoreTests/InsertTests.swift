import Digest
import ObjectStore
import Platform
import TestSupport
import XCTest

final class InsertTests: StoreTestCase {
    func testInsertedBlobIsAtItsPlaceReadOnlyAndIntact() throws {
        let text = Array("height,weight\n180,75\n".utf8)
        let batch = BlobBatch(store: store)
        let oid = try insert(text, pieces: 5, into: batch)
        try batch.flush()

        XCTAssertEqual(oid, ObjectID.of(text))
        let place = scratch / BytePath("data/objects/\(oid.hex.prefix(2))/\(oid.hex.dropFirst(2).prefix(2))/\(oid.hex)")
        XCTAssertEqual(store.path(of: oid), place)
        XCTAssertEqual(try place.contents(), text)
        XCTAssertEqual(try place.status()?.permissions, 0o444)
        XCTAssertTrue(store.contains(oid))
        XCTAssertEqual(store.byteCount(of: oid), 21)
        XCTAssertEqual(try store.isIntact(oid), true)
        XCTAssertEqual(try content(of: oid), text)
        XCTAssertEqual(try scratch.files(below: "data/incoming"), [])
    }

    func testEmptyBlobIsStored() throws {
        let oid = try insert("")
        XCTAssertEqual(oid.hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        XCTAssertEqual(try content(of: oid), [])
    }

    func testAbsentBlobIsNowhere() throws {
        let oid = ObjectID.of([1, 2, 3])
        XCTAssertFalse(store.contains(oid))
        XCTAssertNil(store.location(of: oid))
        XCTAssertNil(store.byteCount(of: oid))
        XCTAssertNil(try store.isIntact(oid))
        XCTAssertNil(try content(of: oid))
        XCTAssertEqual(try entries(), [])
    }

    func testUmaskOfUserHolds() throws {
        let before = umask(0o027)
        defer { umask(before) }
        let oid = try insert("private")
        XCTAssertEqual(try store.path(of: oid).status()?.permissions, 0o440)
        XCTAssertEqual(try store.path(of: oid).parent.status()?.permissions, 0o750)
    }

    /// Of any length: what stays in memory, and what has a file.
    func testContentThatIsNotTheWantedBlobLeavesNothing() throws {
        for count in [10, 3 << 20] {
            let content = SampleData.bytes(count)
            let batch = BlobBatch(store: store)
            func insert(ifIts oid: ObjectID) throws -> Bool {
                var spool = BlobSpool(in: store)
                try content.withUnsafeBytes { try spool.write($0) }
                let isIt = try spool.insert(into: batch, ifIts: oid)
                try batch.flush()
                return isIt
            }
            XCTAssertFalse(try insert(ifIts: ObjectID.of([1])))
            XCTAssertEqual(try scratch.files(below: "data"), [])
            XCTAssertTrue(try insert(ifIts: ObjectID.of(content)))
            XCTAssertEqual(try self.content(of: ObjectID.of(content)), content)
            try store.remove(ObjectID.of(content))
        }
    }

    func testSpoolLetGoLeavesNothing() throws {
        do {
            var spool = BlobSpool(in: store)
            // More than is held in memory.
            for _ in 0..<8 { try SampleData.bytes(1 << 20).withUnsafeBytes { try spool.write($0) } }
            XCTAssertEqual(try scratch.files(below: "data/incoming").count, 1)
            XCTAssertEqual(spool.byteCount, 8 << 20)
        }
        XCTAssertEqual(try scratch.files(below: "data"), [])
    }

    func testSameContentTwiceInOneBatchIsOneBlob() throws {
        let batch = BlobBatch(store: store)
        let first = try insert([1, 2, 3], into: batch)
        XCTAssertEqual(try insert([1, 2, 3], into: batch), first)
        try batch.flush()
        XCTAssertEqual(try entries().map(\.oid), [first])
        XCTAssertEqual(try scratch.files(below: "data/incoming"), [])
    }

    func testInsertLeavesIntactBlobAlone() throws {
        let oid = try insert("once")
        let before = try XCTUnwrap(store.path(of: oid).status())
        XCTAssertEqual(try insert("once"), oid)
        XCTAssertEqual(try store.path(of: oid).status(), before)
    }

    func testInsertMendsTruncatedBlob() throws {
        let oid = try insert("the only good copy is the one that comes")
        let place = store.path(of: oid)
        try scratch.write("the only", to: try XCTUnwrap(place.relative(to: scratch.path)))
        XCTAssertEqual(try store.isIntact(oid), false)

        try insert("the only good copy is the one that comes")
        XCTAssertEqual(try store.isIntact(oid), true)
    }

    func testBatchOfManyBlobsIsFlushedTogether() throws {
        let batch = BlobBatch(store: store)
        var oids: [ObjectID] = []
        for value in 0..<100 { oids.append(try insert(Array("\(value)".utf8), into: batch)) }
        XCTAssertEqual(try scratch.files(below: "data/incoming").count, 100)
        XCTAssertFalse(store.objects.exists)
        try batch.flush()
        XCTAssertEqual(try scratch.files(below: "data/incoming"), [])
        XCTAssertEqual(try entries().map(\.oid), oids.sorted())
    }

    func testFullBatchFlushesItself() throws {
        let batch = BlobBatch(store: store)
        for value in 0..<4096 { try insert(Array("\(value)".utf8), into: batch) }
        XCTAssertEqual(try scratch.files(below: "data/incoming"), [])
        XCTAssertEqual(try entries().count, 4096)
    }

    func testBatchLetGoWithoutFlushStoresItsBlobs() throws {
        let oid = try insert([7], into: BlobBatch(store: store))
        XCTAssertTrue(store.path(of: oid).exists)
        XCTAssertEqual(try scratch.files(below: "data/incoming"), [])
    }

    func testAdoptedFileBecomesBlob() throws {
        try store.prepare()
        let text = Array("downloaded".utf8)
        let file = try scratch.write(text, to: "data/incoming/download-1")
        let batch = BlobBatch(store: store)
        try batch.adopt(file, as: .of(text))
        XCTAssertFalse(file.exists)
        try batch.flush()
        XCTAssertEqual(try content(of: .of(text)), text)
        XCTAssertEqual(try store.path(of: .of(text)).status()?.permissions, 0o444)
    }

    func testAdoptedPendingFileIsNotReadAgain() throws {
        try store.prepare()
        // The transfer agent, which has hashed every byte, writes under the pending name. What it says holds:
        // other bytes here show that they are not looked at.
        let oid = ObjectID.of(Array("downloaded".utf8))
        try scratch.write("not looked at", to: BytePath("data/incoming/\(oid.hex).pending"))
        let batch = BlobBatch(store: store)
        try batch.adopt(store.pendingPath(of: oid), as: oid)
        try batch.flush()
        XCTAssertEqual(try store.path(of: oid).contents(), Array("not looked at".utf8))
    }

    func testAdoptingFileThatIsGoneIsTypedError() throws {
        try store.prepare()
        let batch = BlobBatch(store: store)
        assertThrowsStoreError(try batch.adopt(store.incoming / "gone", as: .of([])), { $0.isAbsent })
    }
}
