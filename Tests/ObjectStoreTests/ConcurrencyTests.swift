import Digest
import ObjectStore
import Platform
import Synchronization
import TestSupport
import XCTest

final class ConcurrencyTests: StoreTestCase {

    func testThreadsWithOneBatchEach() throws {
        let failures = Mutex<[String]>([])
        let store = self.store!
        concurrently(count: 8, threads: 8) { thread in
            do {
                let batch = BlobBatch(store: store)
                // Half of the blobs are everybody's, the others one thread's own.
                for value in 0..<100 {
                    let own = value % 2 == 0 ? 0 : thread + 1
                    _ = try Self.insert(Array("\(own) \(value)".utf8), batch)
                    if value % 7 == thread % 7 { try batch.flush() }
                }
                try batch.flush()
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        XCTAssertEqual(failures.withLock { $0 }, [])
        try assertIntact(count: 50 + 8 * 50)
    }

    func testThreadsThatShareOneBatchFindTheirBlobsInPlaceAfterFlush() throws {
        let failures = Mutex<[String]>([])
        let store = self.store!
        let batch = BlobBatch(store: store)
        concurrently(count: 8, threads: 8) { thread in
            do {
                for value in 0..<60 {
                    let oid = try Self.insert(Array("\(thread) \(value)".utf8), batch)
                    try batch.flush()
                    if !store.path(of: oid).exists { failures.withLock { $0.append("\(thread) \(value)") } }
                }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        try batch.flush()
        XCTAssertEqual(failures.withLock { $0 }, [])
        try assertIntact(count: 8 * 60)
    }

    func testProcessesWithSameAndDifferentBlobs() throws {
        // Each writes 200 blobs, the second half of which the next one writes as well.
        let peers = try (0..<6).map { process in
            try TestPeer.start(["insert", store.folder, BytePath("\(process * 100)"), "200"])
        }
        for peer in peers { XCTAssertEqual(peer.wait(), .exited(0)) }
        try assertIntact(count: 700)
    }

    func testProcessesWithSameBlobs() throws {
        let peers = try (0..<6).map { _ in try TestPeer.start(["insert", store.folder, "0", "150"]) }
        for peer in peers { XCTAssertEqual(peer.wait(), .exited(0)) }
        try assertIntact(count: 150)
    }

    func testRemovalOfFoldersWhileOthersInsertLosesNothing() throws {
        let peers = try (0..<3).map { process in
            try TestPeer.start(["insert", store.folder, BytePath("\(process * 300)"), "300"])
        }
        // A prune makes folders empty and removes them while the others make and fill them.
        for value in 10_000..<10_300 {
            try store.remove(try insert("\(value) \(value) \(value)"))
        }
        for peer in peers { XCTAssertEqual(peer.wait(), .exited(0)) }
        try assertIntact(count: 900)
    }

    private static func insert(_ content: [UInt8], _ batch: BlobBatch) throws -> ObjectID {
        var spool = BlobSpool(in: batch.store)
        try content.withUnsafeBytes { try spool.write($0) }
        return try spool.insert(into: batch)
    }

    private func assertIntact(count: Int, file: StaticString = #filePath, line: UInt = #line) throws {
        let found = try entries()
        XCTAssertEqual(found.count, count, file: file, line: line)
        for entry in found { XCTAssertEqual(try store.isIntact(entry.oid), true, file: file, line: line) }
        XCTAssertEqual(try scratch.files(below: "data/incoming"), [], file: file, line: line)
        XCTAssertEqual(try scratch.files(below: "data/damaged"), [], file: file, line: line)
    }
}
