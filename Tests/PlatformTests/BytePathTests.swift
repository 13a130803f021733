import Platform
import XCTest

final class BytePathTests: XCTestCase {
    func testPathEndsAtNUL() {
        XCTAssertEqual(BytePath(bytes: [97, 0, 98]), "a")
        XCTAssertEqual(BytePath("a\0b"), "a")
    }

    func testAppending() {
        let cases: [(BytePath, BytePath, BytePath)] = [
            ("a", "b", "a/b"), ("a/", "b", "a/b"), ("/", "b", "/b"), ("", "b", "b"), ("a", "/b", "/b"),
            ("a", "b/c", "a/b/c"), ("a", "", "a/"),
        ]
        for (folder, component, joined) in cases {
            XCTAssertEqual(folder.appending(component), joined, "\(folder) + \(component)")
        }
        XCTAssertEqual(BytePath("a") / "b", "a/b")
        XCTAssertEqual(BytePath("a").adding(suffix: ".lock"), "a.lock")
    }

    func testComponentsAndParent() {
        let cases: [(path: BytePath, components: [BytePath], last: BytePath, parent: BytePath)] = [
            ("a/b/c", ["a", "b", "c"], "c", "a/b"), ("/a", ["a"], "a", "/"), ("/", [], "/", "/"), ("", [], "", "."),
            ("a", ["a"], "a", "."), ("a/b/", ["a", "b"], "b", "a"), ("//a//b//", ["a", "b"], "b", "//a/"),
        ]
        for entry in cases {
            XCTAssertEqual(entry.path.components, entry.components, "\(entry.path)")
            XCTAssertEqual(entry.path.lastComponent, entry.last, "\(entry.path)")
            XCTAssertEqual(entry.path.parent, entry.parent, "\(entry.path)")
        }
    }

    func testNormalized() {
        let cases: [(BytePath, BytePath)] = [
            ("/a/./b/../c", "/a/c"), ("/../../a", "/a"), ("/", "/"), ("/..", "/"), ("a/../..", ".."), ("../../a", "../../a"),
            ("../a/../..", "../.."), ("a/..", ""), ("./a//b/", "a/b"), ("", ""), ("/a/b/../../..", "/"), ("...", "..."),
        ]
        for (path, normalized) in cases { XCTAssertEqual(path.normalized, normalized, "\(path)") }
    }

    func testAbsolute() {
        XCTAssertEqual(BytePath("b").absolute(from: "/a"), "/a/b")
        XCTAssertEqual(BytePath("/b").absolute(from: "/a"), "/b")
        XCTAssertTrue(BytePath("/b").isAbsolute)
        XCTAssertFalse(BytePath("").isAbsolute)
    }

    func testInsideIsByWholeComponents() {
        XCTAssertTrue(BytePath("data/a").isInside("data"))
        XCTAssertTrue(BytePath("data").isInside("data/"))
        XCTAssertFalse(BytePath("data2/a").isInside("data"))
        XCTAssertFalse(BytePath("data").isInside("data/a"))
        XCTAssertTrue(BytePath("data").isInside(""))
        XCTAssertTrue(BytePath("/data").isInside("/"))
        XCTAssertFalse(BytePath("/data/a").isInside("data"))
        XCTAssertFalse(BytePath("data/a").isInside("/data"))
        XCTAssertFalse(BytePath("/data").isInside(""))
    }

    func testRelative() {
        XCTAssertEqual(BytePath("/a/b/c").relative(to: "/a"), "b/c")
        XCTAssertEqual(BytePath("/a").relative(to: "/a/"), "")
        XCTAssertEqual(BytePath("/a/b").relative(to: "/"), "a/b")
        XCTAssertNil(BytePath("/ab").relative(to: "/a"))
        XCTAssertNil(BytePath("a").relative(to: "/a"))
    }

    func testEqualityIsThatOfBytes() {
        let composed = BytePath(bytes: [0xc3, 0xa9])
        let decomposed = BytePath(bytes: [0x65, 0xcc, 0x81])
        XCTAssertEqual(composed.text, decomposed.text)
        XCTAssertNotEqual(composed, decomposed)
        XCTAssertEqual(Set([composed, decomposed]).count, 2)
        XCTAssertLessThan(decomposed, composed)
        XCTAssertLessThan(BytePath("a"), "ab")
        XCTAssertLessThan(BytePath("a."), "a/")
    }

    func testDescriptionIsSafeForTerminal() {
        let cases: [(BytePath, String)] = [
            ("plain name", "plain name"), ("grüße/データ", "grüße/データ"), ("", ""), ("a\nb", "\"a\\nb\""),
            ("a\tb\rc", "\"a\\tb\\rc\""), ("quote\"", "\"quote\\\"\""), ("back\\slash", "\"back\\\\slash\""),
            ("\u{1b}[31m", "\"\\033[31m\""), ("\u{7f}", "\"\\177\""), ("\u{9b}31m", "\"\\302\\23331m\""),
            (BytePath(bytes: [0x61, 0xff, 0xfe]), "\"a\\377\\376\""), (BytePath(bytes: [1]), "\"\\001\""),
        ]
        for (path, description) in cases { XCTAssertEqual(path.description, description) }
        for byte in UInt8(1)...0xff {
            let description = BytePath(bytes: [byte]).description
            XCTAssertTrue(description.utf8.allSatisfy { (0x20...0x7e).contains($0) }, "byte \(byte)")
        }
    }

    func testLocalURLs() {
        let cases: [(BytePath, BytePath?)] = [
            ("/srv/a b", "/srv/a b"), ("/srv/a%20b", "/srv/a%20b"), ("file:///srv/a%20b", "/srv/a b"),
            ("file://localhost/srv", "/srv"), ("file:///a%2Fb%2fc", "/a/b/c"), ("file:///100%", "/100%"),
            ("file:///a%2", "/a%2"), ("file:///a%zz", "/a%zz"), ("file:///a%00b", "/a%00b"), ("file:///a%+1", "/a%+1"),
            ("file:///%ff", BytePath(bytes: [0x2f, 0xff])), ("file:///", "/"), ("file://host/srv", nil), ("file:srv", nil),
            ("srv", nil), ("", nil), ("s3://bucket", nil), ("https://example.org/x", nil), ("FILE:///x", nil),
        ]
        for (url, path) in cases { XCTAssertEqual(BytePath(localURL: url), path, "\(url)") }
    }

    func testCStringEndsWithNUL() {
        let path = BytePath(bytes: [0xff, 0x61])
        let bytes = path.withCString { start in (0..<3).map { UInt8(bitPattern: start[$0]) } }
        XCTAssertEqual(bytes, [0xff, 0x61, 0])
        XCTAssertFalse(path.isUTF8)
        XCTAssertTrue(BytePath("é").isUTF8)
    }
}
