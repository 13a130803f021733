import Digest
import ObjectStore
import Platform
import TestSupport
import XCTest

/// Blobs between their last byte and their flush, and what killed processes leave.
final class PendingTests: StoreTestCase {
    func testUnflushedBlobIsFoundByAnotherStore() throws {
        let batch = BlobBatch(store: store)
        let oid = try insert([1, 2, 3], into: batch)
        XCTAssertTrue(pending(oid).exists)

        let other = ObjectStore(folder: store.folder)
        XCTAssertEqual(try content(of: oid, in: other), [1, 2, 3])
        try other.settle()
        XCTAssertTrue(store.path(of: oid).exists)
        XCTAssertFalse(pending(oid).exists)
        // The batch that lost its pending file to the rescue finds its work done.
        try batch.flush()
        XCTAssertEqual(try store.isIntact(oid), true)
    }

    func testWriterKilledBeforeFlushLosesNothing() throws {
        let peer = try TestPeer.start(["insert-and-die", store.folder, "survives"])
        let said = try XCTUnwrap(peer.output?.read(until: 10))
        XCTAssertEqual(peer.wait(), .killed(signal: 9))
        let oid = ObjectID.of(Array("survives".utf8))
        XCTAssertEqual(said, oid.hexBytes)
        XCTAssertFalse(store.path(of: oid).exists)

        XCTAssertEqual(try content(of: oid), Array("survives".utf8))
        try store.settle()
        XCTAssertEqual(try content(of: oid), Array("survives".utf8))
        XCTAssertEqual(try scratch.files(below: "data/incoming"), [])
    }

    func testWriterKilledMidwayLeavesOnlyJunkInIncoming() throws {
        let peer = try TestPeer.start(["spool-and-die", store.folder, "half of it"])
        XCTAssertEqual(peer.wait(), .killed(signal: 9))
        XCTAssertEqual(try entries(), [])
        XCTAssertFalse(store.contains(.of(Array("half of it".utf8))))
        XCTAssertEqual(try scratch.files(below: "data").count, 1)

        try store.sweepIncoming(olderThan: 3600)
        XCTAssertEqual(try scratch.files(below: "data").count, 1, "it may belong to a process that still writes")
        try store.sweepIncoming(olderThan: -1)
        XCTAssertEqual(try scratch.files(below: "data"), [])
    }

    func testDamagedPendingBlobIsNeverTrusted() throws {
        let oid = ObjectID.of(Array("what it should be".utf8))
        try store.prepare()
        for garbage in ["", "what it should", "what it should bE", String(repeating: "\0", count: 17)] {
            try scratch.write(garbage, to: BytePath("data/incoming/\(oid.hex).pending"))
            XCTAssertFalse(store.contains(oid))
            XCTAssertNil(try content(of: oid))
            XCTAssertNil(try store.isIntact(oid))
            XCTAssertFalse(store.path(of: oid).exists)
        }
    }

    func testInsertOverDamagedPendingBlobStoresGoodOne() throws {
        let text = Array("what it should be".utf8)
        try store.prepare()
        try scratch.write("garbage", to: BytePath("data/incoming/\(ObjectID.of(text).hex).pending"))
        let batch = BlobBatch(store: store)
        let oid = try insert(text, into: batch)
        try batch.flush()
        XCTAssertEqual(try content(of: oid), text)
        XCTAssertEqual(try scratch.files(below: "data/incoming"), [])
    }

    func testPendingFolderOrLinkIsNoBlob() throws {
        let oid = ObjectID.of([1])
        try (store.incoming / "\(oid.hex).pending").makeFolders()
        XCTAssertFalse(store.contains(oid))
        XCTAssertNil(try content(of: oid))
    }

    func testSweepPublishesGoodPendingBlobsAndSetsDamagedAside() throws {
        try store.prepare()
        let good = Array("good".utf8)
        let lost = ObjectID.of(Array("lost".utf8))
        try scratch.write(good, to: BytePath("data/incoming/\(ObjectID.of(good).hex).pending"))
        try scratch.write("lo", to: BytePath("data/incoming/\(lost.hex).pending"))
        try scratch.write("junk", to: "data/incoming/spool-abc")
        try (store.incoming / "folder").makeFolders()

        try store.sweepIncoming(olderThan: -1)
        XCTAssertEqual(try entries().map(\.oid), [.of(good)])
        XCTAssertEqual(try (store.damaged / lost.hex).contents(), Array("lo".utf8))
        XCTAssertEqual(try scratch.files(below: "data/incoming"), [])
    }

    func testSweepOfStoreWithoutIncomingDoesNothing() throws {
        try store.sweepIncoming(olderThan: 0)
        XCTAssertFalse(store.folder.exists)
    }
}
