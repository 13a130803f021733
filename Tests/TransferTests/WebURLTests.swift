import Agent
import XCTest

final class WebURLTests: XCTestCase {
    func testPartsOfAURL() throws {
        let url = try XCTUnwrap(WebURL("HTTPS://ada:p%40ss@Example.org:8443/a b/ä?x=1#part".utf8))
        XCTAssertEqual(url.userInfo, "ada:p%40ss")
        XCTAssertEqual(url.text, "https://example.org:8443/a%20b/%C3%A4?x=1")
        XCTAssertEqual(WebURL("http://h?x".utf8)?.text, "http://h/?x")
        for other in ["file:///etc/passwd", "ftp://h/x", "http:/x", "http://", "http://@/x", "x", ""] {
            XCTAssertNil(WebURL(other.utf8), other)
        }
    }

    func testWhereRedirectsLead() throws {
        let url = try XCTUnwrap(WebURL("https://h:1/a/b?q".utf8))
        let cases: [(String, String?)] = [
            ("/c", "https://h:1/c"), ("c?d", "https://h:1/a/c?d"), ("?r", "https://h:1/a/b?r"), ("//o/x", "https://o/x"),
            ("http://o/x", "http://o/x"), ("file:///etc/passwd", nil), ("javascript:x", nil), ("c/d:e", "https://h:1/a/c/d:e"),
        ]
        for (location, expected) in cases { XCTAssertEqual(url.following(location)?.text, expected, location) }
        XCTAssertFalse(url.hasOrigin(of: try XCTUnwrap(WebURL("http://h:1/".utf8))))
        XCTAssertTrue(url.hasOrigin(of: try XCTUnwrap(WebURL("https://H:1/x".utf8))))
        XCTAssertTrue(url.mayLead(to: try XCTUnwrap(WebURL("https://o/".utf8))))
        XCTAssertFalse(url.mayLead(to: try XCTUnwrap(WebURL("http://h:1/".utf8))))
        XCTAssertTrue(try XCTUnwrap(WebURL("http://o/".utf8)).mayLead(to: url))
        // What was given for the first place is not given to the next.
        XCTAssertNil(try XCTUnwrap(WebURL("https://ada:x@h/".utf8)).following("/y")?.userInfo)
    }
}
