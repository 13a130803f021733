import Remote
import XCTest

/// Names of documents lead nowhere else.
final class DocumentNameTests: XCTestCase {
    func testNames() {
        for text in ["a", "gc/mark", "git/states/12.json", "a-b/c.d/0", "git/HEAD"] {
            XCTAssertEqual(DocumentName(text)?.text, text)
        }
        for text in [
            "", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.hidden", "a b", "a\n", "é", "objects", "objects/ab/cd",
            "incoming/x", "-a", String(repeating: "a", count: 200),
        ] {
            XCTAssertNil(DocumentName(text), text)
        }
        XCTAssertEqual(DocumentName("gc")?.appending("x")?.text, "gc/x")
        XCTAssertNil(DocumentName("gc")?.appending("../x"))
    }
}
