import Digest
import XCTest

@testable import Commands

/// The mark of a collection as it lies at the remote.
final class CollectionMarkTests: XCTestCase {
    func testComesBackAsItWas() {
        let mark = CollectionMark(created: 5, due: 99, oids: [.of([1]), .of([2])])
        XCTAssertEqual(CollectionMark(mark.content), mark)
        XCTAssertEqual(CollectionMark(CollectionMark(created: 0, due: 0, oids: []).content)?.oids, [])
    }

    func testWhatIsNoMark() {
        let whole = CollectionMark(created: 5, due: 99, oids: [.of([1])]).content
        for length in 0..<whole.count { XCTAssertNil(CollectionMark(Array(whole.prefix(length))), "\(length)") }
        XCTAssertNil(CollectionMark(Array("git data collection 2\ncreated 1\ndue 2\nblobs 0\n".utf8)))
        XCTAssertNil(CollectionMark(Array("<html>\n\n\n".utf8)))
    }

    func testLinesThatAreNoOidsAreNone() {
        XCTAssertEqual(CollectionMark.oids([Array("../x".utf8)[...], Array(ObjectID.of([3]).hex.utf8)[...]]), [.of([3])])
    }
}
