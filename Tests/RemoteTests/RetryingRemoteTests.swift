import Digest
import Platform
import Remote
import XCTest

/// Patience: what is tried again, how often, and how soon.
final class RetryingRemoteTests: XCTestCase {
    private let busy = RemoteError(.unreachable, "busy", isTransient: true)
    private let broken = RemoteError(.denied, "no")
    private let waits = Monitor<[Duration]>([])

    private func retrying(_ fake: FakeRemote, attempts: Int = 3, leastProgress: Int64 = 10) -> RetryingRemote {
        let policy = RetryingRemote.Policy(
            attempts: attempts, firstDelay: .milliseconds(100), longestDelay: .milliseconds(150), leastProgress: leastProgress)
        return RetryingRemote(fake, policy: policy, wait: { [waits] duration in waits.change { $0.append(duration) } })
    }

    func testTransientErrorsAreMetWithPatience() throws {
        let fake = FakeRemote(script: [busy, busy, nil])
        XCTAssertEqual(try retrying(fake).existing(among: []), [:])
        XCTAssertEqual(fake.requests.count, 3)
        let waits = waits.change { $0 }
        XCTAssertEqual(waits.count, 2)
        XCTAssert(waits.allSatisfy { $0 > .zero && $0 <= .milliseconds(150) }, "\(waits)")
    }

    func testPatienceEnds() throws {
        let fake = FakeRemote(script: [busy, busy, busy, nil])
        XCTAssertThrowsError(try retrying(fake).delete(.of([1]))) { XCTAssertEqual($0 as? RemoteError, busy) }
        XCTAssertEqual(fake.requests.count, 3)
    }

    func testLastingErrorsAreFinal() throws {
        let fake = FakeRemote(script: [broken, nil])
        XCTAssertThrowsError(try retrying(fake).existing(among: [])) { XCTAssertEqual($0 as? RemoteError, broken) }
        XCTAssertEqual(fake.requests.count, 1)
        XCTAssertEqual(waits.change { $0 }, [])
    }

    func testUploadCountsItsBytesAnew() throws {
        let fake = FakeRemote(script: [busy, nil])
        let control = TransferControl()
        XCTAssertEqual(try retrying(fake).upload(.of([1]), byteCount: 10, from: "x", control), .sent)
        XCTAssertEqual(control.bytesSoFar, 10)
    }

    func testRemoteThatAsksForPatienceGetsIt() throws {
        let error = RemoteError(.unreachable, "busy", isTransient: true, retryAfter: .seconds(1))
        let fake = FakeRemote(script: [error, nil])
        try retrying(fake).delete(.of([1]))
        XCTAssertEqual(waits.change { $0 }.reduce(.zero, +), .seconds(1))
    }

    func testEachPauseIsToldBeforeItBegins() throws {
        let error = RemoteError(.unreachable, "busy", isTransient: true, retryAfter: .seconds(30))
        let told = Monitor<[String]>([])
        let remote = RetryingRemote(
            FakeRemote(script: [error, nil]), notice: { error, pause in told.change { $0.append("\(error.message) \(pause.components.seconds)") } },
            wait: { _ in XCTAssertEqual(told.change { $0 }, ["busy 30"]) })
        try remote.delete(.of([1]))
        XCTAssertEqual(told.change { $0 }, ["busy 30"])
    }

    func testUploadThatMovesOnHasAllItsAttemptsAgain() throws {
        let fake = FakeRemote(script: [busy, busy, busy, busy, nil])
        fake.state.withLock { $0.keptParts = 10 }
        let control = TransferControl()
        XCTAssertEqual(try retrying(fake).upload(.of([1]), byteCount: 100, from: "x", control), .sent)
        XCTAssertEqual(fake.requests.count, 5)
        let other = FakeRemote(script: [busy, busy, busy, busy, nil])
        XCTAssertThrowsError(try retrying(other).upload(.of([1]), byteCount: 100, from: "x", control))
        XCTAssertEqual(other.requests.count, 3)
    }

    func testDownloadGoesOnWhereItStopped() throws {
        let blob = (0..<100).map { UInt8($0) }
        let fake = FakeRemote([blob], script: [busy, busy, busy, busy, nil], bytesBeforeFailure: 15, pieceSize: 10)
        var received: [UInt8] = []
        // Five attempts where three are allowed: each moves on.
        try retrying(fake).download(.of(blob), from: 0, TransferControl()) { piece throws(RemoteError) in
            received += piece
        }
        XCTAssertEqual(received, blob)
        XCTAssertEqual(fake.requests, ["download 0", "download 15", "download 30", "download 45", "download 60"])
    }

    func testDownloadThatHardlyMovesOnEnds() throws {
        let blob = (0..<200).map { UInt8($0) }
        let script = [RemoteError?](repeating: busy, count: 20)
        let never = FakeRemote([blob], script: script, bytesBeforeFailure: 15, pieceSize: 10)
        XCTAssertThrowsError(try retrying(never, leastProgress: 100).download(.of(blob), from: 0, TransferControl()) { _ throws(RemoteError) in })
        XCTAssertEqual(never.requests.count, 3)
        // What several attempts bring together counts: the third, at 45, and the sixth, at 90.
        let slow = FakeRemote([blob], script: [busy, busy, busy, busy, busy, busy, nil], bytesBeforeFailure: 15, pieceSize: 10)
        try retrying(slow, attempts: 4, leastProgress: 40).download(.of(blob), from: 0, TransferControl()) { _ throws(RemoteError) in }
        XCTAssertEqual(slow.requests.count, 7)
    }

    func testDownloadThatDoesNotMoveOnEnds() throws {
        let fake = FakeRemote([[1, 2]], script: [busy, busy, busy, nil])
        XCTAssertThrowsError(
            try retrying(fake).download(.of([1, 2]), from: 0, TransferControl()) { _ throws(RemoteError) in })
        XCTAssertEqual(fake.requests.count, 3)
    }

    func testListThatHasBegunIsNotBegunAgain() throws {
        let fake = FakeRemote([[1]], script: [busy, nil])
        var seen = 0
        XCTAssertThrowsError(try retrying(fake).forEachBlob { _ throws(RemoteError) in seen += 1 })
        XCTAssertEqual(seen, 1)
        let empty = FakeRemote(script: [busy, nil])
        try retrying(empty).forEachBlob { _ throws(RemoteError) in }
        XCTAssertEqual(empty.requests.count, 2)
    }

    func testInterruptionEndsWaiting() throws {
        let fake = FakeRemote(script: [busy, busy, busy])
        let control = TransferControl()
        control.cancellation.cancel()
        XCTAssertThrowsError(try retrying(fake).upload(.of([1]), byteCount: 1, from: "x", control)) { error in
            XCTAssertEqual((error as? RemoteError)?.kind, .interrupted)
        }
        XCTAssertEqual(fake.requests.count, 1)
        XCTAssertEqual(waits.change { $0 }, [])
    }
}
