import Digest
import ObjectStore
import Platform
import Synchronization
import TestSupport
import XCTest

/// Blobs that are whole and may wait for the disk, and content that turns out to be there already.
final class SettlingTests: StoreTestCase {
    private final class Calls: Sendable {
        let count = Mutex(0)
    }

    private let calls = Calls()

    private func laterBatch() -> BlobBatch {
        BlobBatch(store: store) { [calls] _ in calls.count.withLock { $0 += 1 } }
    }

    override func setUpWithError() throws {
        try super.setUpWithError()
        try scratch.write("", to: "noted")
        let file = try Descriptor.open(scratch / "noted", .read)
        try XCTSkipUnless(file.setAttribute("user.test", [1]), "this file system has no extended attributes")
    }

    func testBlobIsServedBeforeItIsOnTheDisk() throws {
        let batch = laterBatch()
        let oid = try insert([1, 2, 3], into: batch)
        try batch.flush()
        XCTAssertEqual(calls.count.withLock { $0 }, 1)
        XCTAssertTrue(pending(oid).exists)
        XCTAssertTrue(store.contains(oid))
        XCTAssertEqual(try content(of: oid), [1, 2, 3])
        XCTAssertEqual(store.byteCount(of: oid), 3)
        XCTAssertEqual(try entries(), [])
        XCTAssertEqual(store.unsettledByteCount(), 3)

        try store.settle()
        XCTAssertEqual(try entries().map(\.oid), [oid])
        XCTAssertFalse(pending(oid).exists)
        XCTAssertEqual(store.unsettledByteCount(), 0)
        // Nothing is left for a second.
        try batch.flush()
        XCTAssertEqual(calls.count.withLock { $0 }, 1)
    }

    func testPendingNameOfABlobThatIsInItsPlaceGoes() throws {
        // Two who fetch from the same disk at once: a second name for the file that the first has put into its place.
        let batch = laterBatch()
        let oid = try insert([1, 2, 3], into: batch)
        try store.settle()
        try store.path(of: oid).link(to: pending(oid))
        try store.settle()
        XCTAssertEqual(try store.incoming.entries(), [])
        XCTAssertEqual(try content(of: oid), [1, 2, 3])
    }

    func testSettlingDeletesWhatIsOfNoUseAnyMore() throws {
        try store.prepare()
        try scratch.write("old", to: "old")
        try (scratch / "old").rename(to: store.retiredPath())
        try scratch.write("part", to: "data/incoming/abc.part")
        try store.settle()
        XCTAssertEqual(try store.incoming.entries(), ["abc.part"])
    }

    func testManyBlobsSettleAtOnceWhileOthersLook() throws {
        let batch = laterBatch()
        let oids = try (0..<200).map { try insert(Array("\($0)".utf8), into: batch) }
        let store = self.store!
        concurrently(count: 8, threads: 4) { number in
            if number % 2 == 0 { try? store.settle() }
            for oid in oids { if !store.contains(oid) { XCTFail("\(oid) is gone") } }
        }
        try store.settle()
        XCTAssertEqual(try entries().count, 200)
        XCTAssertEqual(try scratch.files(below: "data/incoming"), [])
    }

    func testPathOfBlobIsGivenOnceItIsSettled() throws {
        let oid = try insert([4], into: laterBatch())
        XCTAssertEqual(store.location(of: oid), store.path(of: oid))
        XCTAssertTrue(store.path(of: oid).exists)
    }

    func testBatchThatFlushesItselfMakesDurableWhatAnotherHasLeft() throws {
        let oid = try insert([5], into: laterBatch())
        XCTAssertTrue(pending(oid).exists)
        let batch = BlobBatch(store: store)
        XCTAssertEqual(try insert([5], into: batch), oid)
        try batch.flush()
        XCTAssertTrue(store.path(of: oid).exists)
    }

    func testNoteOfAnEarlierRunOfTheSystemIsVoid() throws {
        let good = Array("good".utf8), lost = Array("lost".utf8)
        for content in [good, lost] { try insert(content, into: laterBatch()) }
        for content in [good, lost] {
            let path = pending(.of(content))
            try Descriptor.open(path, .read).setPermissions(0o644)
            let file = try Descriptor.open(path, .readWrite)
            XCTAssertTrue(file.setAttribute("user.git-data", [UInt8](repeating: 1, count: 20)))
            // What a machine without power has lost reads as zeros.
            if content == lost { try file.write([0, 0, 0, 0]) }
        }
        try store.settle()
        XCTAssertEqual(try entries(), [], "nothing is trusted unread")
        XCTAssertEqual(try content(of: .of(good)), good)
        XCTAssertFalse(store.contains(.of(lost)))
    }

    // MARK: content that is there already

    private func spool(_ content: [UInt8], guessing blob: [UInt8]) throws -> ObjectID {
        let store = self.store!
        let oid = ObjectID.of(blob)
        var spool = BlobSpool(in: store) { BlobGuess(oid, in: store) }
        for start in stride(from: 0, to: content.count, by: 700_001) {
            try content[start..<min(start + 700_001, content.count)].withUnsafeBytes { try spool.write($0) }
        }
        let batch = BlobBatch(store: store)
        let found = try spool.insert(into: batch)
        try batch.flush()
        return found
    }

    func testContentOfTheGuessIsNotWrittenAgain() throws {
        // More than waits for the thread in memory, so that a file would be seen.
        let blob = SampleData.bytes(12 << 20, seed: 1)
        let oid = try insertWhole(blob)
        let store = self.store!
        var spool = BlobSpool(in: store) { BlobGuess(oid, in: store) }
        try blob.withUnsafeBytes { try spool.write($0) }
        XCTAssertEqual(try scratch.files(below: "data/incoming"), [])
        let found = try spool.insert(into: BlobBatch(store: store))
        XCTAssertEqual(found, oid)
        XCTAssertEqual(try entries().map(\.oid), [oid])
    }

    func testContentThatDepartsFromTheGuessIsStoredWhole() throws {
        let blob = SampleData.bytes(5 << 20, seed: 2)
        let oid = try insertWhole(blob)
        var variants: [[UInt8]] = []
        for position in [0, 1 << 20, (3 << 20) + 17, blob.count - 1] {
            var changed = blob
            changed[position] ^= 1
            variants.append(changed)
        }
        variants += [Array(blob.prefix(3 << 20)), blob + [1], blob + blob]
        for isVerified in [true, false] {
            // Another time of modification, and the note is void: all is hashed.
            if !isVerified { try store.path(of: oid).touch() }
            XCTAssertEqual(try store.open(oid)?.isNotedVerified, isVerified)
            XCTAssertEqual(try spool(blob, guessing: blob), oid)
            for content in variants {
                XCTAssertEqual(try spool(content, guessing: blob), .of(content))
                XCTAssertEqual(try store.isIntact(.of(content)), true)
                try store.remove(.of(content))
            }
            XCTAssertEqual(try store.isIntact(oid), true)
            XCTAssertEqual(try entries().count, 1)
            XCTAssertEqual(try scratch.files(below: "data/incoming"), [])
        }
    }

    func testContentOfAVerifiedBlobIsNotHashed() throws {
        // A file that is noted as verified, and bears another blob's name, tells whether anybody hashes.
        let content = SampleData.bytes(5 << 20, seed: 4), other: [UInt8] = [1, 2, 3]
        try insertWhole(content)
        try insertWhole(other)
        try store.path(of: .of(other)).removeFile()
        try store.path(of: .of(content)).link(to: store.path(of: .of(other)))
        XCTAssertEqual(try spool(content, guessing: other), .of(other))
        try store.path(of: .of(other)).touch()
        XCTAssertEqual(try spool(content, guessing: other), .of(content))
    }

    func testDamagedGuessDamagesNothing() throws {
        let blob = SampleData.bytes(5 << 20, seed: 3)
        let oid = try insertWhole(blob)
        var damaged = blob
        damaged[4 << 20] ^= 1
        try store.path(of: oid).removeFile()
        try store.path(of: oid).replaceContents(with: damaged)
        // Content that is what the damage has made is stored under its own name.
        XCTAssertEqual(try spool(damaged, guessing: blob), .of(damaged))
        XCTAssertEqual(try store.isIntact(.of(damaged)), true)
    }

    @discardableResult
    private func insertWhole(_ content: [UInt8]) throws -> ObjectID {
        let batch = BlobBatch(store: store)
        let oid = try insert(content, into: batch)
        try batch.flush()
        return oid
    }
}
