import Platform
import TestSupport
import XCTest

/// What a server that lies must not bring about, each as a test of its own.
final class NetworkTruthTests: XCTestCase {
    override func setUp() { TestProcess.makeHermetic() }

    /// Plays a journey with faults at the requests of a kind, each for good.
    private func play(_ journey: NetworkJourney, _ kind: String, _ faults: [String], line: UInt = #line) throws -> [Outcome] {
        let bench = try NetworkBench()
        let request = try XCTUnwrap(try bench.begin(journey).first { $0.kind.hasPrefix(kind) }, line: line)
        return try NetworkFault.all(trap: bench.trap).filter { faults.contains($0.name) }.map { fault in
            let result = try bench.play(request, fault, forGood: true)
            XCTAssert(result.isSpoilt, line: line)
            return result.outcome
        }
    }

    /// Before, what pushes had asked to be kept was deleted where the server would not let it be read.
    func testSweepDeletesNothingWhereItCannotReadWhatPushesNeed() throws {
        for outcome in try play(.sweep, "GET /test-bucket/~/gc/keep/", ["403 AccessDenied", "404 NoSuchKey", "damaged down"]) {
            XCTAssertEqual(outcome.status, 128, outcome.description)
        }
    }

    /// Before, a list of other keys than were asked for was one without notes.
    func testSweepDeletesNothingWhereTheListOfNotesIsAnother() throws {
        let kind = "GET /test-bucket?encoding-type=url&list-type=2&prefix=~%2Fgc%2Fkeep%2F"
        for outcome in try play(.sweep, kind, ["other keys", "an empty list", "truncated"]) {
            XCTAssertEqual(outcome.status, 128, outcome.description)
        }
    }

    /// Before, an answer of 304 to a question without any condition was taken for an import that is up to date.
    func testImportOfWhatIsNotHereIsNotUpToDate() throws {
        XCTAssertEqual(try play(.importFromWeb, "GET", ["304"]).map(\.status), [128])
        XCTAssertEqual(try play(.importFromBucket, "GET", ["304"]).map(\.status), [128])
    }

    /// Before, an empty success without any of S3's headers replaced the file by nothing.
    func testEmptyAnswerIsNoNewVersion() throws {
        XCTAssertEqual(try play(.updateFromBucket, "GET", ["200 nothing", "status 299"]).map(\.status), [1, 1])
    }

    /// Before, a push went on where its note, which keeps blobs from a sweep, was not made.
    func testPushWaitsForItsNoteToBeMade() throws {
        let bench = try NetworkBench()
        let requests = try bench.begin(.pushOfMarked)
        let note = try XCTUnwrap(requests.first { $0.kind.hasPrefix("PUT /test-bucket/~/gc/keep/") })
        for fault in NetworkFault.all(trap: bench.trap) where ["412 PreconditionFailed", "409 ConditionalRequestConflict"].contains(fault.name) {
            let outcome = try bench.play(note, fault, forGood: true).outcome
            XCTAssertEqual(outcome.status, 1, outcome.description)
            let words = fault.name.hasPrefix("412") ? "does not take down" : "try again later"
            XCTAssert(outcome.errorText.contains(words), outcome.description)
        }
    }

    /// What stays there says what to do.
    func testPullBehindABadNetworkDoesNotBlameOthers() throws {
        for outcome in try play(.fetch, "GET", ["500", "refused"]) {
            XCTAssert(outcome.errorText.contains("hint: try again"), outcome.description)
            XCTAssertFalse(outcome.errorText.contains("push --all"), outcome.description)
        }
    }

    /// Before, nothing was said for as long as the server asked to wait.
    func testLongPauseIsTold() throws {
        let bench = try NetworkBench()
        let request = try XCTUnwrap(try bench.begin(.fetch).first { $0.kind.hasPrefix("GET") })
        let outcome = try bench.play(request, .longPause, forGood: false).outcome
        XCTAssertEqual(outcome.status, 0, outcome.description)
        XCTAssertEqual(outcome.errorText.split(separator: "\n").count { $0.hasSuffix("; trying again in 11 s") }, 1, outcome.description)
    }
}
