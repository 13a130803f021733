import Digest
import Remote
import XCTest

final class SourcePlaceTests: XCTestCase {
    private func answer(status: Int = 200, isBucket: Bool = false, _ headers: [String: String]) -> SourceAnswer {
        SourceAnswer(status: status, isBucket: isBucket) { headers[$0] }
    }

    private func digest(_ algorithm: MessageDigest.Algorithm, of bytes: [UInt8]) -> [UInt8] {
        var digest = MessageDigest(algorithm)
        digest.update(bytes)
        return digest.finalize()
    }

    func testDigestsAreReadFromAllHeaders() {
        // printf hello | openssl sha256 -binary | base64, and md5
        let sha = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=", md5 = "XUFAKrxLKna5cZ2REBfFkg=="
        let bytes = Array("hello".utf8)
        let both = answer(["repr-digest": "sha-256=:\(sha):, unknown=:AA==:", "content-md5": md5])
        XCTAssertEqual(both.checks.map(\.digest), [digest(.sha256, of: bytes), digest(.md5, of: bytes)])
        XCTAssertEqual(answer(["digest": "SHA-256=\(sha)"]).checks.map(\.digest), [digest(.sha256, of: bytes)])
        // That of a part is not that of the file.
        XCTAssertEqual(answer(status: 206, ["content-md5": md5, "content-range": "bytes 2-4/5"]).checks, [])
        for nonsense in ["sha-256=\(sha)", "sha-256=:x:", "sha-256", "sha-256=:" + md5 + ":", "=::"] {
            XCTAssertEqual(answer(["repr-digest": nonsense]).checks, [], nonsense)
        }
    }

    func testEntityTagOfABucketIsADigestWhereItCanBe() {
        let tag = "\"5d41402abc4b2a76b9719d911017c592\""
        XCTAssertEqual(answer(isBucket: true, ["etag": tag]).checks.map(\.digest), [digest(.md5, of: Array("hello".utf8))])
        XCTAssertEqual(answer(isBucket: false, ["etag": tag]).checks, [])
        XCTAssertEqual(answer(isBucket: true, ["etag": "\"5d41402abc4b2a76b9719d911017c592-2\""]).checks, [])
        XCTAssertEqual(answer(isBucket: true, ["etag": tag, "x-amz-server-side-encryption": "aws:kms"]).checks, [])
        let composite = ["x-amz-checksum-sha256": "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=", "x-amz-checksum-type": "COMPOSITE"]
        XCTAssertEqual(answer(isBucket: true, composite).checks, [])
        XCTAssertEqual(answer(isBucket: true, ["x-amz-version-id": "null"]).version, nil)
    }

    func testRangeTellsStartAndLength() {
        let part = answer(status: 206, ["content-range": "bytes 5-9/10", "content-length": "5"])
        XCTAssertEqual(part.first, 5)
        XCTAssertEqual(part.byteCount, 10)
        XCTAssertEqual(answer(status: 416, ["content-range": "bytes */10"]).byteCount, 10)
        XCTAssertEqual(answer(["content-length": "5"]).byteCount, 5)
        XCTAssertNil(answer(status: 206, ["content-length": "5"]).byteCount)
    }

    func testEntityTagsAreCompared() {
        XCTAssertTrue(SourceAnswer.areEqual("W/\"a\"", "\"a\""))
        XCTAssertFalse(SourceAnswer.areEqual("\"a\"", "\"b\""))
        XCTAssertTrue(SourceAnswer.isStrong("\"a\""))
        for weak in ["W/\"a\"", "a", "\"\"", ""] { XCTAssertFalse(SourceAnswer.isStrong(weak), weak) }
    }

    func testLengthsBelowZeroAreNone() {
        XCTAssertNil(answer(["content-length": "-9223372036854775808"]).byteCount)
        let part = answer(status: 206, ["content-range": "bytes 5-9/-9223372036854775808"])
        XCTAssertEqual(part.first, 5)
        XCTAssertNil(part.byteCount)
    }
}
