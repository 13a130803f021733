import Digest
import Platform
import XCTest

@testable import S3

final class KnownBlobsTests: XCTestCase {
    private let oids = (0..<100).map { ObjectID.of([$0]) }

    func testFewAreAskedManyAreListed() {
        let known = KnownBlobs()
        XCTAssertEqual(known.step(count: 12), .ask)
        XCTAssertEqual(known.step(count: 1), .list)
    }

    func testListThatIsTooLongIsLeftUntilEnoughIsWanted() {
        let known = KnownBlobs()
        XCTAssertEqual(known.step(count: 100), .list)
        XCTAssertFalse(known.isWorthListing(pages: 10))
        known.finishList([:], .abandoned)
        XCTAssertEqual(known.step(count: 10), .ask)
        XCTAssertEqual(known.step(count: 10), .list)
        XCTAssertTrue(known.isWorthListing(pages: 10))
        known.finishList([oids[0]: 5], .complete)
        XCTAssertEqual(known.step(count: 1000), .done)
        XCTAssertEqual(known.knowledge(of: oids[0]), .present(byteCount: 5))
        XCTAssertEqual(known.knowledge(of: oids[1]), .absent)
    }

    func testRefusedListIsNotAskedForAgain() {
        let known = KnownBlobs()
        XCTAssertEqual(known.step(count: 100), .list)
        known.finishList([:], .refused)
        XCTAssertEqual(known.step(count: 100_000), .ask)
        XCTAssertEqual(known.knowledge(of: oids[0]), .unknown)
    }

    func testBrokenListIsBegunAgain() {
        let known = KnownBlobs()
        XCTAssertEqual(known.step(count: 100), .list)
        known.finishList([:], .broken)
        XCTAssertEqual(known.step(count: 1), .list)
    }

    func testListDoesNotForgetWhatWasUploadedMeanwhile() {
        let known = KnownBlobs()
        known.setAbsent(oids[2])
        _ = known.step(count: 100)
        known.setPresent(oids[1], byteCount: 7)
        known.finishList([oids[2]: 3], .complete)
        XCTAssertEqual(known.sort(oids).present, [oids[1]: 7, oids[2]: 3])
        XCTAssertEqual(known.sort(oids).unknown, [])
    }

    func testOthersWaitForTheList() {
        let known = KnownBlobs()
        XCTAssertEqual(known.step(count: 100), .list)
        let steps = Monitor<[KnownBlobs.Step]>([])
        let thread = WorkerThread { [steps] in
            let step = known.step(count: 5)
            steps.change { $0.append(step) }
        }
        known.finishList([:], .complete)
        thread.join()
        XCTAssertEqual(steps.change { $0 }, [.done])
    }
}
