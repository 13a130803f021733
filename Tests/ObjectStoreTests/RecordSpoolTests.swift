import ObjectStore
import Platform
import TestSupport
import XCTest

/// Records are read in the order in which they were added, with little memory.
final class RecordSpoolTests: StoreTestCase {
    private func records(_ count: Int) -> [[UInt8]] {
        (0..<count).map { number in [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: number * 7 % 300) }
    }

    private func all(of spool: RecordSpool) throws -> [[UInt8]] {
        var reader = spool.reader()
        var found: [[UInt8]] = []
        while let record = try reader.next() { found.append(record) }
        return found
    }

    func testRecordsComeBackInTheirOrder() throws {
        for limit in [1, 100, 70_000, 1 << 20] {
            let spool = RecordSpool(in: store, limit: limit)
            let records = records(3000)
            for record in records { spool.add(record) }
            XCTAssertEqual(spool.count, 3000)
            for _ in 0..<2 { XCTAssertEqual(try all(of: spool), records, "limit \(limit)") }
            // Who has begun to read sees what was there; who begins later, all.
            var reader = spool.reader()
            spool.add([1, 2, 3])
            var count = 0
            while try reader.next() != nil { count += 1 }
            XCTAssertEqual(count, 3000)
            XCTAssertEqual(try all(of: spool), records + [[1, 2, 3]])
        }
    }

    func testRecordLongerThanAWindow() throws {
        let spool = RecordSpool(in: store, limit: 1000)
        let records: [[UInt8]] = [[1], [UInt8](repeating: 7, count: 200_000), [], [UInt8](repeating: 8, count: 70_000), [2]]
        for record in records { spool.add(record) }
        XCTAssertEqual(try all(of: spool), records)
    }

    func testNothingIsLeftInTheStore() throws {
        let spool = RecordSpool(in: store, limit: 10)
        for record in records(100) { spool.add(record) }
        XCTAssertEqual(try store.incoming.entries(), [])
    }

    func testWhereNothingCanBeWrittenAllStaysInMemory() throws {
        try store.folder.makeFolders()
        try store.incoming.replaceContents(with: Array("in the way".utf8))
        let spool = RecordSpool(in: store, limit: 10)
        let records = records(200)
        for record in records { spool.add(record) }
        XCTAssertEqual(try all(of: spool), records)
    }

    func testEachRecordIsFoundWhereItWasPut() throws {
        for limit in [1, 100, 70_000, 1 << 20] {
            let spool = RecordSpool(in: store, limit: limit)
            let records = records(1000) + [[UInt8](repeating: 9, count: 100_000)]
            let positions = records.map { spool.add($0) }
            for (position, record) in zip(positions, records).reversed() {
                XCTAssertEqual(try spool.record(at: position), record, "limit \(limit)")
            }
        }
    }
}
