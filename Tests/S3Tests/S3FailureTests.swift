import Platform
import Remote
import XCTest

@testable import S3

/// What each error of S3 says to a person, and whether trying again is worth it.
final class S3FailureTests: XCTestCase {
    private let context = FailureContext(
        place: "'s3://lab/x'", bucket: "lab", server: "https://h", action: "write", accessKeyID: "AKID", region: "us-east-1")

    private func failure(_ status: Int, _ body: String, headers: [String: String] = [:], isAnonymous: Bool = false) -> S3Failure {
        var context = self.context
        if isAnonymous { (context.accessKeyID, context.looked) = (nil, ["here", "there"]) }
        return S3Failure(WebResponse(status: status, headers: headers, body: Array(body.utf8)), context)
    }

    private func document(_ code: String, _ more: String = "") -> String {
        "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>m</Message><RequestId>R1</RequestId>\(more)</Error>"
    }

    func testEveryCodeThatUsersMeet() {
        let cases: [(status: Int, code: String, kind: RemoteError.Kind, isTransient: Bool, words: String)] = [
            (404, "NoSuchBucket", .unreachable, false, "there is no bucket 'lab' at https://h"),
            (404, "NoSuchKey", .absent, false, "not at 's3://lab/x'"),
            (403, "AccessDenied", .denied, false, "the access key 'AKID' may not write at 's3://lab/x'"),
            (403, "InvalidAccessKeyId", .denied, false, "does not know the access key 'AKID'"),
            (403, "SignatureDoesNotMatch", .denied, false, "secret access key does not fit the access key 'AKID'"),
            (400, "ExpiredToken", .denied, false, "aws sso login"),
            (400, "InvalidToken", .denied, false, "get new credentials"),
            (403, "RequestTimeTooSkewed", .denied, false, "clock"),
            (301, "PermanentRedirect", .other, false, "another region than 'us-east-1'"),
            (503, "SlowDown", .unreachable, true, "fewer requests"),
            (500, "InternalError", .unreachable, true, "try again later"),
            (409, "ConditionalRequestConflict", .unreachable, true, "try again later"),
            (400, "BadDigest", .damaged, false, "not those that were sent"),
            (403, "QuotaExceeded", .full, false, "no room"),
            (403, "InvalidObjectState", .denied, false, "archived"),
            (400, "InvalidBucketName", .unreachable, false, "no name for a bucket"),
            (418, "Unheard", .other, false, "https://h refuses to write: m"),
            (503, "Unheard", .unreachable, true, "trouble of its own"),
        ]
        for expected in cases {
            let found = failure(expected.status, document(expected.code))
            XCTAssertEqual(found.error.kind, expected.kind, expected.code)
            XCTAssertEqual(found.error.isTransient, expected.isTransient, expected.code)
            XCTAssert(found.error.message.contains(expected.words), found.error.message)
            XCTAssert(found.error.message.hasSuffix("(\(expected.code), request R1)"), found.error.message)
            XCTAssertEqual(found.code, expected.code)
        }
    }

    func testWhatAServerRepeatsOfTheCredentialsIsHidden() {
        let signature = String(repeating: "0a", count: 32), token = "FwoGZXIvYXdzEJr//////////wEaDKs" + String(repeating: "x9+", count: 20)
        let said = """
            you said Authorization: AWS4-HMAC-SHA256 Credential=AKID/day, SignedHeaders=host;x, Signature=\(signature); \
            x-amz-security-token: \(token) and https://ada:geheim@h/x?X-Amz-Signature=\(signature)&amp;token=kurz, Basic YWRhOng=
            """
        let message = failure(418, "<Error><Code>Odd</Code><Message>\(said)</Message></Error>").error.message
        for secret in [signature, token, "geheim", "kurz", "YWRhOng="] { XCTAssertFalse(message.contains(secret), message) }
        XCTAssert(message.contains("refuses to write: you said Authorization:"), message)
        let plain = "no such thing as lab/objects/ab/\(signature), try https://docs.example.org/errors"
        XCTAssert(failure(418, "<Error><Code>Odd</Code><Message>\(plain)</Message></Error>").error.message.contains(plain))
    }

    func testRegionOfARedirectIsNamed() {
        let found = failure(400, document("AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"))
        XCTAssert(found.error.message.contains("is in the region 'eu-west-1'"), found.error.message)
    }

    func testWebPagesAreNoAnswers() {
        for (status, page) in [(200, "<!DOCTYPE html><p>Sign in</p>"), (403, " <HTML>"), (511, "")] {
            let found = failure(status, page)
            XCTAssertEqual(found.error.kind, .unreachable)
            XCTAssert(found.error.message.contains("a web page answers instead of S3"), found.error.message)
            XCTAssertFalse(found.error.isTransient)
        }
    }

    func testAnswersThatAreNoXML() {
        for body in ["", "upstream error", "<Error><Code>NoSuchBucket</Code>", "{}"] {
            let found = failure(502, body)
            XCTAssertTrue(found.error.isTransient)
            XCTAssert(found.error.message.hasSuffix("(status 502)"), found.error.message)
            XCTAssertNil(found.code)
        }
        XCTAssert(failure(200, "hello").error.message.contains("not S3's"))
        XCTAssertEqual(failure(407, "").error.kind, .denied)
    }

    func testDenialWithoutCredentialsNamesWhereTheyWereLookedFor() {
        let found = failure(403, document("AccessDenied"), isAnonymous: true)
        XCTAssert(found.error.message.hasPrefix("there are no credentials to write at 's3://lab/x'; looked in here, there"), found.error.message)
    }

    func testRetryAfterIsKeptWhereTryingAgainIsWorthIt() {
        XCTAssertEqual(failure(503, "", headers: ["retry-after": "7"]).error.retryAfter, .seconds(7))
        XCTAssertEqual(failure(503, "", headers: ["retry-after": "99999"]).error.retryAfter, .seconds(300))
        XCTAssertNil(failure(503, "", headers: ["retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"]).error.retryAfter)
        XCTAssertNil(failure(403, "", headers: ["retry-after": "7"]).error.retryAfter)
    }

    func testWhatServersSendCannotWriteToTheTerminal() {
        let found = failure(418, "<Error><Code>A&#x9b;B</Code><Message>\u{7f}\u{1b}[2J</Message></Error>")
        XCTAssertFalse(found.error.message.unicodeScalars.contains { $0.value < 0x20 || (0x7f..<0xa0).contains($0.value) })
    }
}
