import Digest
import ObjectStore
import Platform
import TestSupport
import XCTest

@testable import Commands

/// What a remote's listing has and nothing names, where neither is in memory.
final class ChosenBlobsTests: XCTestCase {
    private var scratch: ScratchFolder!
    private var store: ObjectStore!

    override func setUpWithError() throws {
        scratch = try ScratchFolder()
        store = ObjectStore(folder: scratch / "data")
    }

    override func tearDown() {
        (store, scratch) = (nil, nil)
    }

    private let oids = (0..<500).map { ObjectID.of(Array("\($0)".utf8)) }

    /// Runs of a few items, so that nearly all of them are read from the file.
    private func gathered(_ numbers: some Sequence<Int>) -> SortedBlobs {
        let blobs = SortedBlobs(in: store, runLimit: 7)
        for number in numbers { blobs.add(oids[number], byteCount: Int64(number)) }
        return blobs
    }

    private func all(_ blobs: ChosenBlobs) throws -> [ObjectID: Int64] {
        var found: [ObjectID: Int64] = [:]
        var last: ObjectID?
        try blobs.forEach { oid, byteCount in
            if let last { XCTAssertLessThan(last, oid) }
            last = oid
            found[oid] = byteCount
        }
        return found
    }

    private func expected(_ numbers: [Int]) -> [ObjectID: Int64] {
        Dictionary(uniqueKeysWithValues: numbers.map { (oids[$0], Int64($0)) })
    }

    func testNamedBlobsAreNeverChosenAndAllOthersAre() throws {
        let listed = gathered(Array(100..<400) + Array(100..<200))
        // Named also: what the remote has not.
        let named = gathered((0..<500).filter { $0 % 3 != 0 } + [102, 399])
        let (all, left) = try ChosenBlobs.sort(listed, without: named, in: store)
        XCTAssertEqual(all, 300)
        let numbers = (100..<400).filter { $0 % 3 == 0 && $0 != 102 && $0 != 399 }
        XCTAssertEqual(try self.all(left), expected(numbers))
        XCTAssertEqual(left.share.files, numbers.count)
        XCTAssertEqual(left.share.bytes, Int64(numbers.reduce(0, +)))
        let few = try left.filter { $0 == oids[105] || $0 == oids[396] || $0 == oids[104] }
        XCTAssertEqual(try self.all(few), expected([105, 396]))
        XCTAssertEqual(few.share.bytes, 501)
        for count in [1, 10, 1000] {
            var portions: [[ObjectID]] = []
            try left.forEachPortion(of: count) { portions.append($0) }
            XCTAssertEqual(portions.flatMap { $0 }, try self.all(left).keys.sorted())
            XCTAssertEqual(portions.count, (numbers.count + count - 1) / count)
        }
    }

    func testWhereEverythingIsNamedNothingIsLeft() throws {
        let (all, left) = try ChosenBlobs.sort(gathered(0..<50), without: gathered(0..<500), in: store)
        XCTAssertEqual(all, 50)
        XCTAssertTrue(left.isEmpty)
        XCTAssertFalse(try ChosenBlobs.sort(gathered(0..<50), without: gathered([]), in: store).left.isEmpty)
    }

    func testThoseAmongSomeAreFoundInAnyOrderAndMoreThanOnce() throws {
        let blobs = gathered((0..<500).filter { $0 % 2 == 0 })
        let asked = [499, 4, 3, 498, 4, 0, 251].map { oids[$0] }
        for _ in 0..<2 { XCTAssertEqual(try blobs.those(among: asked), Set([4, 498, 0].map { oids[$0] })) }
    }
}
