import Digest
import Platform
import Remote
import TestSupport
import XCTest

@testable import S3

/// What `git data remote check` finds out about buckets that do not do everything.
final class S3ExaminationTests: XCTestCase {
    private var laboratory: S3Laboratory!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        laboratory = try S3Laboratory()
    }

    private func findings(
        options: String = "", variables: [String: String] = [:],
        fault: @escaping @Sendable (WebRequest) -> FaultyExchange.Fault? = { _ in nil }
    ) throws -> [RemoteFinding.Subject: RemoteFinding] {
        let remote = try laboratory.remote(laboratory.exchange(fault: fault), options: options, variables: variables)
        var found: [RemoteFinding.Subject: RemoteFinding] = [:]
        try remote.examine { found[$0.subject] = $0 }
        return found
    }

    private func error(_ code: String, _ status: Int) -> FaultyExchange.Fault {
        .answer(WebResponse(status: status, body: Array("<Error><Code>\(code)</Code></Error>".utf8)))
    }

    func testPlaceAndCredentialsAreNamed() throws {
        let found = try findings()
        XCTAssertEqual(found[.place]?.message.contains(laboratory.server.endpoint), true, "\(found)")
        XCTAssertEqual(found[.credentials]?.message, "the access key 'testkey' from the environment")
    }

    func testWhoMayNotListIsToldWhatFollows() throws {
        let denied = error("AccessDenied", 403)
        let found = try findings { $0.url.contains("list-type") ? denied : nil }
        XCTAssertEqual(found[.list]?.outcome, .lacks)
        XCTAssertEqual(found[.write]?.outcome, .works)
        XCTAssertEqual(found[.delete]?.outcome, .works)
    }

    func testWhoMayNotWriteIsToldAndNothingMoreIsTried() throws {
        let denied = error("AccessDenied", 403)
        let found = try findings { $0.method == "PUT" ? denied : nil }
        XCTAssertEqual(found[.list]?.outcome, .works)
        XCTAssertEqual(found[.write]?.outcome, .fails)
        XCTAssertNil(found[.read])
    }

    func testWhoMayNotDeleteIsToldWhatStays() throws {
        let denied = error("AccessDenied", 403)
        let found = try findings { $0.method == "DELETE" && !$0.url.contains("uploadId") ? denied : nil }
        XCTAssertEqual(found[.delete]?.outcome, .lacks)
        XCTAssertEqual(found[.delete]?.message.contains("objects/"), true, "\(found)")
    }

    func testServerThatKnowsNoConditions() throws {
        let unknown = error("NotImplemented", 501)
        let found = try findings { $0.headers.contains { $0.name == "if-none-match" } ? unknown : nil }
        XCTAssertEqual(found[.exclusive]?.outcome, .lacks)
    }

    func testServerThatKnowsNoParts() throws {
        let unknown = error("NotImplemented", 501)
        let found = try findings { $0.method == "POST" ? unknown : nil }
        XCTAssertEqual(found[.parts]?.outcome, .fails)
        XCTAssertEqual(found[.delete] == nil || found[.delete]?.outcome == .works, true)
    }

    func testServerThatHidesUnfinishedUploads() throws {
        let denied = error("AccessDenied", 403)
        let found = try findings { $0.method == "GET" && $0.url.contains("uploads=") ? denied : nil }
        XCTAssertEqual(found[.parts]?.outcome, .works)
        XCTAssertEqual(found[.resume]?.outcome, .lacks)
    }

    func testWrongSecretEndsItAtOnce() throws {
        let remote = try laboratory.remote(laboratory.exchange(), variables: ["AWS_SECRET_ACCESS_KEY": "wrong"])
        var subjects: [RemoteFinding.Subject] = []
        XCTAssertThrowsError(try remote.examine { subjects.append($0.subject) }) { error in
            XCTAssertEqual((error as? RemoteError)?.kind, .denied)
        }
        XCTAssertEqual(subjects, [.place, .credentials])
    }

    func testUnfinishedUploadsAreListedWithTheirAge() throws {
        let remote = try laboratory.remote(laboratory.exchange())
        let oid = ObjectID.of([1])
        let before = UTCTime.now
        _ = try remote.multipart.begin(remote.keys.key(of: oid), Cancellation())
        var uploads: [UnfinishedUpload] = []
        try remote.forEachUnfinishedUpload { upload throws(RemoteError) in uploads.append(upload) }
        XCTAssertEqual(uploads.map(\.oid), [oid])
        let begun = try XCTUnwrap(uploads.first?.begun)
        XCTAssertLessThan(abs(begun - before.seconds), 120)
    }
}
