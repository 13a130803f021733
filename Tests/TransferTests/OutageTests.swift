import Remote
import XCTest

@testable import Agent

/// When the agent gives up on a remote as a whole.
final class OutageTests: XCTestCase {
    private let gone = RemoteError(.unreachable, "gone", isTransient: true)

    func testManyFailuresInARowAreAnOutage() {
        let outage = Outage()
        for _ in 0..<23 { outage.note(gone, .download) }
        XCTAssertNil(outage.error)
        outage.note(gone, .upload)
        XCTAssertEqual(outage.error, gone)
    }

    func testASuccessInBetweenIsHope() {
        let outage = Outage()
        for _ in 0..<100 {
            for _ in 0..<20 { outage.note(gone, .upload) }
            outage.noteSuccess()
        }
        XCTAssertNil(outage.error)
    }

    func testReasonsOfSingleBlobsDoNotCount() {
        let outage = Outage()
        for kind in [RemoteError.Kind.absent, .damaged, .interrupted, .other] {
            for _ in 0..<100 { outage.note(RemoteError(kind, "its own"), .download) }
        }
        for _ in 0..<100 { outage.note(RemoteError(.denied, "archived"), .download) }
        XCTAssertNil(outage.error)
    }

    func testDenialOfUploadsIsAnOutage() {
        let outage = Outage()
        for _ in 0..<24 { outage.note(RemoteError(.denied, "no"), .upload) }
        XCTAssertEqual(outage.error?.kind, .denied)
    }
}
