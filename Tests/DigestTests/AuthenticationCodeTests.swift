import Digest
import XCTest

/// Samples of RFC 4231, and a long message against itself.
final class AuthenticationCodeTests: XCTestCase {
    private func code(_ key: [UInt8], _ message: [UInt8]) -> String {
        String(decoding: Hexadecimal.encode(AuthenticationCode.sha256(key: key, message)), as: UTF8.self)
    }

    func testPublishedSamples() {
        let jefe = code(Array("Jefe".utf8), Array("what do ya want for nothing?".utf8))
        XCTAssertEqual(jefe, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        let short = code([UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8))
        XCTAssertEqual(short, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        let long = code(
            [UInt8](repeating: 0xaa, count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8))
        XCTAssertEqual(long, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }

    func testEmptyKeyAndMessageHaveACode() {
        XCTAssertEqual(code([], []), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
        // The key of one call is not that of the next.
        XCTAssertNotEqual(code([1], [2]), code([], [2]))
    }
}
