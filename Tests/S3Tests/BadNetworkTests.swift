import Platform
import Remote
import TestSupport
import XCTest

@testable import S3

/// A real server behind a network that breaks, stands still, or has no room.
final class BadNetworkTests: NetworkTestCase {
    func testConnectionsThatAreCutOnTheirWayUp() throws {
        try assertArrives(
            2 << 20, up: #"{"match": "PUT", "cut_up": 700000, "first": 4}"#, down: #"{"match": "GET", "cut_down": 300000, "first": 5}"#)
        XCTAssertEqual(try proxy.requests().count { $0.method == "PUT" && $0.status == 0 && $0.up == 700_000 }, 4)
        XCTAssertEqual(try proxy.requests().count { $0.method == "GET" && $0.down == 300_000 }, 5)
    }

    func testPartsAndRangesThatAreCut() throws {
        try assertArrives(
            21 << 20, up: #"{"match": "partNumber", "cut_up": 3000000, "every": 2, "first": 20}"#,
            down: #"{"match": "GET", "cut_down": 3000000, "every": 2, "first": 30}"#)
        XCTAssertGreaterThan(try proxy.requests().count { $0.up == 3_000_000 && $0.status == 0 }, 0)
    }

    func testConnectionsThatEndInGoodOrderTooSoon() throws {
        try assertArrives(
            9 << 20, up: #"{"refuse": true, "first": 3}"#, down: #"{"match": "GET", "close_down": 2000000, "first": 8}"#)
    }

    func testConnectionsThatAlwaysEndTooSoon() throws {
        let blob = try source(1 << 20)
        try upload(blob, to: try remote())
        try proxy.set(#"{"match": "GET", "close_down": 40000, "every": 1}"#)
        XCTAssertEqual(try download(blob, from: try patientRemote()) == blob.bytes, true)
        // None of them came for nothing.
        XCTAssertEqual(try proxy.requests().count { $0.down == 40_000 }, 26)
        try proxy.set(#"{"match": "GET", "close_down": 4000, "every": 1}"#)
        XCTAssertEqual(failure { _ = try self.download(blob, from: try self.patientRemote()) }?.kind, .unreachable)
        XCTAssertEqual(try proxy.requests().count { $0.down == 4_000 }, 6)
    }

    func testServerThatIsGoneIsUnreachable() throws {
        let remote = try laboratory.remote(HTTPExchange(), options: "?endpoint=http://127.0.0.1:1")
        XCTAssertEqual(failure { _ = try remote.existing(among: [.of([1])]) }?.kind, .unreachable)
    }

    // MARK: troubles of the server's

    func testStormOfErrorsPasses() throws {
        for (status, code) in [(500, "InternalError"), (502, "")] {
            let rule = "{\"every\": 2, \"first\": 40, \"answer\": \(refusal(status, code))}"
            try assertArrives(12 << 20, up: rule, down: rule)
            XCTAssertGreaterThan(try proxy.requests().count { $0.status == status }, 3)
            // The next round finds nothing there.
            try proxy.set()
            try remote().delete(.of(SampleData.bytes(12 << 20)))
        }
    }

    func testErrorThatStaysEndsInAMessage() throws {
        try proxy.set("{\"answer\": \(refusal(503, "ServiceUnavailable"))}")
        let error = failure { try upload(try source(1000), to: try patientRemote()) }
        XCTAssertEqual(error?.kind, .unreachable)
        XCTAssert(error?.message.contains("try again later") == true, "\(String(describing: error))")
        // The first attempt and five more, of one question each.
        XCTAssertEqual(try proxy.requests().count, 6)
    }

    func testServerThatAsksForPatienceGetsIt() throws {
        try proxy.set("{\"match\": \"PUT\", \"first\": 2, \"answer\": \(refusal(503, "SlowDown", retryAfter: 7))}")
        let waited = Monitor(Duration.zero)
        let remote = RetryingRemote(try remote(), wait: { time in waited.change { $0 += time } })
        try upload(try source(1000), to: remote)
        let total = waited.change { $0 }
        XCTAssertGreaterThanOrEqual(total, .seconds(14))
        XCTAssertLessThan(total, .seconds(16))
    }

    // MARK: slowness

    func testSlowBytesArrive() throws {
        // Longer than the patience, and never without a byte.
        try assertArrives(2 << 20, up: #"{"kibps": 3000}"#, down: #"{"kibps": 500}"#, patience: .seconds(3))
        XCTAssertEqual(try proxy.requests().count { $0.status == 0 }, 0)
    }

    func testStandstillIsGivenUpAndTriedAgain() throws {
        try assertArrives(
            6 << 20, up: #"{"match": "POST|PUT", "kibps": 0.0001, "first": 2}"#,
            down: #"{"match": "GET", "stall": 60, "stall_after": 100000, "first": 2}"#, patience: .milliseconds(1500))
        XCTAssertEqual(try proxy.requests().count { $0.method == "GET" && $0.down == 100_000 }, 2)
    }

    // MARK: TLS

    private func encrypted(certificates: Bool) throws -> S3Remote {
        let server = laboratory.server
        let bundle = certificates ? server.authority : nil
        let configuration = try ToolConfiguration(ProcessVariables { $0 == "AWS_CA_BUNDLE" ? bundle : nil })
        return try laboratory.remote(HTTPExchange(configuration), options: "?endpoint=\(server.encryptedEndpoint)")
    }

    func testPrivateAuthorityIsTrustedWhereTheAWSToolsTrustIt() throws {
        let blob = try source(12 << 20)
        let remote = try encrypted(certificates: true)
        XCTAssertEqual(try upload(blob, to: remote), .sent)
        XCTAssertEqual(try download(blob, from: remote) == blob.bytes, true)
    }

    func testUnknownAuthorityIsRefused() throws {
        let error = failure { _ = try encrypted(certificates: false).existing(among: [.of([1])]) }
        XCTAssertEqual(error?.kind, .unreachable)
        XCTAssertEqual(error?.isTransient, false)
    }

    func testBucketInTheHostName() throws {
        let server = laboratory.server
        let blob = try source(1000)
        let remote = try laboratory.remote(
            HTTPExchange(), options: "?addressing=virtual&endpoint=http://\(server.domain):\(server.port)")
        XCTAssertEqual(try upload(blob, to: remote), .sent)
        XCTAssertEqual(try laboratory.remote(HTTPExchange()).existing(among: [blob.oid]), [blob.oid: 1000])
    }
}
