import Digest
import XCTest

/// Samples of NIST, "Secure Hashing": the examples with intermediate values of FIPS 180.
final class MessageDigestTests: XCTestCase {
    private static let samples: [(message: [UInt8], sha1: String, sha256: String)] = [
        (
            [], "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        ),
        (
            Array("abc".utf8), "a9993e364706816aba3e25717850c26c9cd0d89d",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        ),
        (
            Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            Array(
                "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"
                    .utf8), "a49b2446a02c645bf419f995b67091253a04a259",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
        (
            [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000), "34aa973cd4c4daa4f61eeb2bdbad27316534016f",
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        ),
    ]

    private func digest(_ algorithm: MessageDigest.Algorithm, _ pieces: [[UInt8]]) -> String {
        var digest = MessageDigest(algorithm)
        for piece in pieces { digest.update(piece) }
        return String(decoding: Hexadecimal.encode(digest.finalize()), as: UTF8.self)
    }

    func testPublishedSamples() {
        for sample in Self.samples {
            XCTAssertEqual(digest(.sha1, [sample.message]), sample.sha1)
            XCTAssertEqual(digest(.sha256, [sample.message]), sample.sha256)
        }
    }

    func testEverySplitGivesTheSameDigest() {
        // Longer than two blocks of either algorithm.
        let message = (0..<150).map { UInt8($0) }
        let whole = digest(.sha256, [message])
        for first in 0...message.count {
            XCTAssertEqual(digest(.sha256, [Array(message[..<first]), Array(message[first...])]), whole)
            let second = (first + message.count) / 2
            let pieces = [Array(message[..<first]), [], Array(message[first..<second]), Array(message[second...])]
            XCTAssertEqual(digest(.sha256, pieces), whole)
        }
        XCTAssertEqual(digest(.sha256, message.map { [$0] }), whole)
    }

    func testDigestsHaveTheirLengths() {
        XCTAssertEqual(MessageDigest(.sha1).finalize().count, MessageDigest.Algorithm.sha1.byteCount)
        XCTAssertEqual(MessageDigest(.sha256).finalize().count, ObjectID.byteCount)
    }

    func testEmptyBufferChangesNothing() {
        var digest = MessageDigest(.sha256)
        digest.update(UnsafeRawBufferPointer(start: nil, count: 0))
        digest.update([UInt8]())
        let bytes = digest.finalize()
        XCTAssertEqual(bytes, MessageDigest(.sha256).finalize())
    }

    func testBlobHasherCountsAndNames() {
        var hasher = BlobHasher()
        XCTAssertEqual(hasher.byteCount, 0)
        for byte in Array("abc".utf8) {
            [byte].withUnsafeBytes { hasher.update($0) }
        }
        XCTAssertEqual(hasher.byteCount, 3)
        let oid = hasher.finish()
        XCTAssertEqual(oid.hex, Self.samples[1].sha256)
    }
}
