import Digest
import XCTest

@testable import Commands

/// The mark of a collection as it lies at the remote.
final class CollectionMarkTests: XCTestCase {
    func testComesBackAsItWas() {
        let mark = CollectionMark(created: 5, due: 99, oids: [.of([1]), .of([2]), .of([3])])
        XCTAssertEqual(CollectionMark(mark.content), mark)
        for number in UInt8(1)...3 { XCTAssertTrue(mark.contains(.of([number]))) }
        for number in UInt8(4)...40 { XCTAssertFalse(mark.contains(.of([number]))) }
        XCTAssertEqual(CollectionMark(CollectionMark(created: 0, due: 0, oids: []).content)?.oids, [])
    }

    func testWhatIsNoMark() {
        let whole = CollectionMark(created: 5, due: 99, oids: [.of([1])]).content
        for length in 0..<whole.count { XCTAssertNil(CollectionMark(Array(whole.prefix(length))), "\(length)") }
        XCTAssertNil(CollectionMark(Array("git data collection 2\ncreated 1\ndue 2\nblobs 0\n".utf8)))
        let twice = String(decoding: whole, as: UTF8.self).replacing("blobs 1", with: "blobs 2") + ObjectID.of([1]).hex + "\n"
        XCTAssertNil(CollectionMark(Array(twice.utf8)), "a blob that stands there twice")
        XCTAssertNil(CollectionMark(Array("<html>\n\n\n".utf8)))
    }

    func testLinesThatAreNoOidsAreNone() {
        XCTAssertEqual(CollectionMark.oids([Array("../x".utf8)[...], Array(ObjectID.of([3]).hex.utf8)[...]]), [.of([3])])
    }
}
