import XCTest

@testable import HTTP

/// What a person sees of a URL has no secrets.
final class HTTPTraceTests: XCTestCase {
    func testUserAndPasswordAreHidden() {
        XCTAssertEqual(HTTPTrace.printable(url: "https://ada:pw@host:80/a@b?x=1"), "https://***@host:80/a@b?x=1")
        XCTAssertEqual(HTTPTrace.printable(url: "https://ada:p@w@host"), "https://***@host")
        XCTAssertEqual(HTTPTrace.printable(url: "https://host/a@b?mail=c@d"), "https://host/a@b?mail=c@d")
        // To Swift, a slash and the accent behind it are one character.
        XCTAssertEqual(HTTPTrace.printable(url: "https://\u{301}ada:pw@\u{301}host/?\u{301}&token=a"), "https://***@\u{301}host/?\u{301}&token=***")
    }

    func testSecretParametersAreHidden() {
        XCTAssertEqual(HTTPTrace.printable(url: "https://host/?a=1&X-Amz-Signature=abc&b=2"), "https://host/?a=1&X-Amz-Signature=***&b=2")
    }

    func testUserAndPasswordOfAURLAmongTheParametersAreHidden() {
        XCTAssertEqual(
            HTTPTrace.printable(url: "https://host/?next=https://ada:pw@other/&then=http://eve:q@third&mail=c@d"),
            "https://host/?next=https://***@other/&then=http://***@third&mail=c@d")
        // Found by libFuzzer: only the first `://` was looked at.
        let shown = HTTPTrace.printable(url: "ht//u/x?X-Amz-Credential=e:///a&n=://u:p@h&token=http://b/&c=d@e")
        XCTAssertEqual(shown, "ht//u/x?X-Amz-Credential=***&n=://***@h&token=***&c=d@e")
        XCTAssertEqual(HTTPTrace.printable(url: shown), shown)
    }
}
