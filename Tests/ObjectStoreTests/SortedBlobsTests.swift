import Digest
import ObjectStore
import Platform
import TestSupport
import XCTest

/// Blobs that are gathered in any order are read in that of their oids, with little memory.
final class SortedBlobsTests: StoreTestCase {
    /// What was gathered, in the order in which it was.
    private func gather(_ count: Int, distinct: Int, into blobs: SortedBlobs) -> [[Int64]: ObjectID] {
        var random = SeededRandom(seed: 3)
        var items: [[Int64]: ObjectID] = [:]
        for _ in 0..<count {
            let number = Int64.random(in: 0..<Int64(distinct), using: &random)
            let (oid, note) = (ObjectID.of(Array("\(number)".utf8)), Int64.random(in: 0..<3, using: &random))
            blobs.add(oid, byteCount: number, note: note)
            items[[number, note]] = oid
        }
        return items
    }

    private func all(_ blobs: SortedBlobs) throws -> [SortedBlobs.Item] {
        var (reader, items): (SortedBlobs.Reader, [SortedBlobs.Item]) = (try blobs.reader(), [])
        while let item = try reader.next() { items.append(item) }
        return items
    }

    private func check(_ blobs: SortedBlobs, file: StaticString = #filePath, line: UInt = #line) throws {
        let gathered = gather(5000, distinct: 2000, into: blobs)
        let wanted = gathered.sorted { ($0.value, $0.key[1]) < ($1.value, $1.key[1]) }
        for _ in 0..<2 {
            let items = try all(blobs)
            XCTAssertEqual(items.map(\.oid), wanted.map(\.value), file: file, line: line)
            XCTAssertEqual(items.map { [$0.byteCount, $0.note] }, wanted.map(\.key), file: file, line: line)
        }
    }

    func testRunsAreMergedAndWhatWasGatheredTwiceComesOnce() throws {
        try check(SortedBlobs(in: store, runLimit: 700))
        XCTAssertEqual(try store.incoming.entries(), [], "the file has no name")
    }

    func testFewNeedNoFile() throws {
        try check(SortedBlobs(in: store))
        XCTAssertFalse(store.incoming.exists)
    }

    func testStoreThatCannotBeWrittenToKeepsThemInMemory() throws {
        try store.folder.makeFolders()
        try store.incoming.replaceContents(with: Array("in the way".utf8))
        try check(SortedBlobs(in: store, runLimit: 700))
    }

    func testWhatIsAddedBehindAReaderIsThereForTheNext() throws {
        let blobs = SortedBlobs(in: store, runLimit: 2)
        let oids = (0..<5).map { ObjectID.of([$0]) }
        for oid in oids.prefix(3) { blobs.add(oid) }
        XCTAssertEqual(try all(blobs).map(\.oid), oids.prefix(3).sorted())
        for oid in oids.suffix(2) { blobs.add(oid) }
        XCTAssertEqual(try all(blobs).map(\.oid), oids.sorted())
    }

    func testLookingUpInOrderGivesTheLeastNote() throws {
        let blobs = SortedBlobs(in: store, runLimit: 100)
        let gathered = gather(3000, distinct: 500, into: blobs)
        var least: [ObjectID: Int64] = [:]
        for (key, oid) in gathered { least[oid] = min(least[oid] ?? key[1], key[1]) }
        var reader = try blobs.reader()
        for oid in (0..<1000).map({ ObjectID.of(Array("\($0)".utf8)) }).sorted() {
            XCTAssertEqual(try reader.first(of: oid)?.note, least[oid])
            XCTAssertEqual(try reader.first(of: oid)?.note, least[oid], "asked again")
        }
    }

    func testOthersAreTakenOver() throws {
        let (one, other) = (SortedBlobs(in: store, runLimit: 10), SortedBlobs(in: store, runLimit: 10))
        for number in 0..<50 as Range<UInt8> { (number % 2 == 0 ? one : other).add(.of([number]), note: Int64(number)) }
        try one.add(other)
        XCTAssertEqual(Set(try all(one).map(\.note)), Set(0..<50))
    }

    private func checkFinder(_ blobs: SortedBlobs, file: StaticString = #filePath, line: UInt = #line) throws {
        let gathered = gather(5000, distinct: 2000, into: blobs)
        let finder = try blobs.finder()
        let least = Dictionary(gathered.map { ($0.value, $0.key) }) { $0[1] < $1[1] ? $0 : $1 }
        for (oid, numbers) in least {
            let item = try XCTUnwrap(try finder.first(of: oid), file: file, line: line)
            XCTAssertEqual([item.byteCount, item.note], numbers, file: file, line: line)
        }
        for number in 2000..<3000 { XCTAssertNil(try finder.first(of: ObjectID.of(Array("\(number)".utf8))), file: file, line: line) }
        XCTAssertEqual(Set(try all(blobs).map(\.oid)), Set(least.keys), "all are still read", file: file, line: line)
    }

    func testEachIsFoundInAnyOrderAndNothingElse() throws {
        try checkFinder(SortedBlobs(in: store, runLimit: 700))
        XCTAssertEqual(try store.incoming.entries(), [], "the file has no name")
        XCTAssertNil(try SortedBlobs(in: store).finder().first(of: ObjectID.of([1])))
    }

    func testEachIsFoundWhereNothingCanBeWritten() throws {
        try store.folder.makeFolders()
        try store.incoming.replaceContents(with: Array("in the way".utf8))
        try checkFinder(SortedBlobs(in: store, runLimit: 700))
    }
}
