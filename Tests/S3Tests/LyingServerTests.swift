import Digest
import Platform
import Remote
import TestSupport
import XCTest

@testable import S3

/// A real server behind a proxy that lies: about documents, about lists, and about what it has done.
final class LyingServerTests: NetworkTestCase {
    private let document = DocumentName(known: "gc/mark")
    private let content = Array("a document of some length, so that there is something to damage\n".utf8)
    private static let page = #""answer": {"status": 200, "headers": {}, "body": "<!DOCTYPE html><html>Welcome!</html>"}"#

    // MARK: documents

    func testDocumentThatIsDamagedOnItsWayIsReadAgain() throws {
        let remote = try patientRemote()
        try remote.replace(document, content)
        try proxy.set(#"{"match": "^GET .*gc/mark", "first": 2, "flip_down": 20}"#)
        XCTAssertEqual(try remote.read(document), content)
        XCTAssertEqual(try proxy.requests().count { $0.isSpoilt }, 2)
    }

    func testDocumentOfAServerWhoseTagsAreNoDigestsIsRead() throws {
        let remote = try patientRemote()
        let tag = String(repeating: "0", count: 32)
        try proxy.set(#"{"match": "^GET .*gc/mark", "edit": {"headers": {"etag": "\"\#(tag)\"", "x-amz-checksum-sha256": null}}}"#)
        try remote.replace(document, content)
        XCTAssertEqual(try remote.read(document), content)
    }

    func testPageIsNoDocument() throws {
        let remote = try patientRemote()
        try proxy.set("{\"match\": \"^GET\", \(Self.page)}")
        XCTAssertEqual(failure { _ = try remote.read(document) }?.message.contains("web page"), true)
    }

    func testDeletionIsNotBelievedFromAPage() throws {
        let remote = try patientRemote()
        try remote.replace(document, content)
        try proxy.set("{\"match\": \"^DELETE\", \(Self.page)}")
        XCTAssertNotNil(failure { try remote.remove(document) })
        XCTAssertNotNil(failure { try remote.delete(.of([1])) })
        XCTAssertEqual(try remote.read(document), content)
    }

    // MARK: lists

    func testListThatDoesNotEndIsGivenUp() throws {
        try laboratory.plant(.of([1]), [1])
        let remote = try patientRemote()
        try remote.replace(document, content)
        try proxy.set(#"{"match": "list-type", "edit": {"replace": [["<IsTruncated>false", "<NextContinuationToken>t{n}</NextContinuationToken><IsTruncated>true"]]}}"#)
        XCTAssertEqual(failure { try remote.forEachBlob { _ throws(RemoteError) in } }?.message.contains("does not end"), true)
        XCTAssertEqual(failure { _ = try remote.documents(in: DocumentName(known: "gc"), after: nil, limit: .max) }?.message.contains("does not end"), true)
    }

    func testListOfAnotherPlaceIsNotBelieved() throws {
        let remote = try patientRemote()
        try remote.replace(document, content)
        try proxy.set(#"{"match": "list-type", "edit": {"replace": [["<Contents>.*</Contents>", ""], ["<Prefix>[^<]*</Prefix>", "<Prefix>other/</Prefix>"]]}}"#)
        XCTAssertNotNil(failure { _ = try remote.documents(in: DocumentName(known: "gc"), after: nil, limit: .max) })
    }

    func testListOfOtherKeysIsNotBelieved() throws {
        let remote = try patientRemote()
        try remote.replace(document, content)
        try proxy.set(#"{"match": "list-type", "edit": {"replace": [["<Key>[^<]*</Key>", "<Key>other/key</Key>"]]}}"#)
        XCTAssertNotNil(failure { _ = try remote.documents(in: DocumentName(known: "gc"), after: nil, limit: .max) })
    }

    // MARK: what was done

    func testUploadOfWhichTheServerHasOtherBytesIsNoSuccess() throws {
        let sum = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        try proxy.set(#"{"match": "^PUT", "first": 1, "edit": {"headers": {"x-amz-checksum-sha256": "\#(sum)"}}}"#)
        let blob = try source(1000)
        XCTAssertEqual(failure { try upload(blob, to: try remote()) }?.message.contains("other bytes"), true)
    }

    func testClockThatIsWrongIsSaidToBeSo() throws {
        let error = #"{"status": 403, "headers": {"date": "Fri, 02 Jan 2026 03:04:05 GMT"}, "body": "<Error><Code>RequestTimeTooSkewed</Code></Error>"}"#
        try proxy.set("{\"answer\": \(error)}")
        let found = failure { _ = try remote().read(document) }
        XCTAssertEqual(found?.message.contains("min ahead of that of"), true, "\(String(describing: found))")
    }
}
