import Digest
import Platform
import Remote
import TestSupport
import XCTest

@testable import S3

/// A real server behind a network that changes what is sent: bytes, lengths, whole answers.
final class DamagingNetworkTests: NetworkTestCase {
    private func blobThatIsThere(_ length: Int) throws -> Source {
        let blob = try source(length)
        XCTAssertEqual(try upload(blob, to: try laboratory.remote(HTTPExchange())), .sent)
        return blob
    }

    // MARK: bytes

    func testDownloadWhoseBytesAreChangedEndsCorrect() throws {
        let blob = try blobThatIsThere(11 << 20)
        try proxy.set(#"{"match": "GET", "flip_down": 3000000}"#)
        XCTAssertEqual(try download(blob, from: try patientRemote()) == blob.bytes, true)
        // It was read again, not only once.
        XCTAssertGreaterThan(try proxy.requests().reduce(0) { $0 + $1.down }, 2 * blob.byteCount)
    }

    func testObjectThatIsDamagedItselfIsSaidToBe() throws {
        let blob = try source(2 << 20)
        var changed = blob.bytes
        changed[1_000_000] ^= 1
        try laboratory.plant(blob.oid, changed)
        let error = failure { _ = try download(blob, from: try patientRemote()) }
        XCTAssertEqual(error?.kind, .damaged)
        XCTAssertFalse((scratch / "part").exists)
    }

    func testUploadWhoseBytesAreChangedIsRefusedByTheServerAndSentAgain() throws {
        for length in [3 << 20, 17 << 20] {
            let blob = try source(length)
            try proxy.set(#"{"match": "PUT", "flip_up": 1000000, "first": 3}"#)
            XCTAssertEqual(try upload(blob, to: try patientRemote()), .sent)
            XCTAssertEqual(try download(blob, from: try laboratory.remote(HTTPExchange())) == blob.bytes, true)
        }
        XCTAssertEqual(try proxy.requests().count { $0.method == "PUT" && $0.status == 400 }, 6)
    }

    // MARK: lengths

    func testAnswersThatAreTooShortAreReadOn() throws {
        for length in [2 << 20, 21 << 20] {
            let blob = try blobThatIsThere(length)
            try proxy.set(#"{"match": "GET", "truncate": 1000000, "every": 2, "first": 6}"#)
            XCTAssertEqual(try download(blob, from: try patientRemote()) == blob.bytes, true, "\(length)")
            try proxy.set(#"{"match": "GET", "truncate": 1000000, "first": 1}"#)
            XCTAssertEqual(try download(blob, from: try patientRemote()) == blob.bytes, true, "\(length)")
        }
        XCTAssertGreaterThan(try proxy.requests().count { $0.down == 1_000_000 }, 3)
    }

    func testListThatIsCutShortIsNotBelieved() throws {
        let remote = try patientRemote()
        let blobs = (0..<30).map { ObjectID.of([$0]) }
        for oid in blobs { try laboratory.plant(oid, [1]) }
        try proxy.set(#"{"match": "list-type", "truncate": 1500, "first": 2}"#)
        do throws(RemoteError) {
            let found = try remote.existing(among: blobs)
            XCTAssertEqual(found.count, 30)
        } catch {
            // To say that the answer is none is as good.
            XCTAssert(error.message.contains("S3"), error.message)
        }
    }

    // MARK: somebody else

    private static let page = #"""
        {"status": 200, "headers": {"content-type": "text/html"}, "body": "<!DOCTYPE html><html><body>Welcome, guest!</body></html>"}
        """#

    /// A network that wants its users to sign in first answers everything with its page.
    func testPageInPlaceOfS3IsNoAnswer() throws {
        let there = try blobThatIsThere(1000)
        let (new, large) = (try source(2000), try source(11 << 20))
        try proxy.set("{\"answer\": \(Self.page)}")
        let many = (0..<40).map { ObjectID.of([$0]) }
        let attempts: [(String, (S3Remote) throws -> Void)] = [
            ("few questions", { _ = try $0.existing(among: [new.oid]) }),
            ("many questions", { _ = try $0.existing(among: many) }),
            ("list", { try $0.forEachBlob { _ throws(RemoteError) in } }),
            ("upload", { try self.upload(new, to: $0) }),
            ("upload in parts", { try self.upload(large, to: $0) }),
            ("download", { _ = try self.download(there, from: $0) }),
        ]
        for (name, attempt) in attempts {
            let error = failure { try attempt(try remote()) }
            XCTAssert([.unreachable, .other].contains(error?.kind), "\(name): \(String(describing: error))")
            XCTAssert(error?.message.contains("endpoint") == true, "\(name): \(String(describing: error))")
        }
        try proxy.set()
        XCTAssertEqual(try remote().existing(among: [there.oid, new.oid, large.oid]), [there.oid: 1000])
    }

    func testPageAfterTheQuestionIsNoSuccessOfAnUpload() throws {
        let blob = try source(2000)
        try proxy.set("{\"match\": \"PUT\", \"answer\": \(Self.page)}")
        XCTAssertNotNil(failure { try upload(blob, to: try remote()) })
        XCTAssertEqual(try laboratory.remote(HTTPExchange()).existing(among: [blob.oid]), [:])
    }
}
