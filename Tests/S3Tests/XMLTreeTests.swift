import TestSupport
import XCTest

@testable import S3

final class XMLTreeTests: XCTestCase {
    private func tree(_ text: String) -> XMLTree? { XMLTree(Array(text.utf8)) }

    func testAnswersOfServers() throws {
        let list = try XCTUnwrap(tree("""
            <?xml version="1.0" encoding="UTF-8"?>
            <!-- made by hand --><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
              <IsTruncated>false</IsTruncated>
              <Contents><Key>a&amp;b&#x41;&#66;</Key><Size>5</Size><ETag>&quot;x&quot;</ETag></Contents>
              <Contents><Key><![CDATA[<c>]]></Key><Size>6</Size><Owner/></Contents>
            </ListBucketResult>

            """))
        XCTAssertEqual(list.name, "ListBucketResult")
        XCTAssertEqual(list.text("IsTruncated"), "false")
        XCTAssertEqual(list.all("Contents").map { $0.text("Key") }, ["a&bAB", "<c>"])
        XCTAssertEqual(list["Contents"]?.text("ETag"), "\"x\"")
        XCTAssertEqual(tree("<s:Error xmlns:s='x'><s:Code>A</s:Code></s:Error>")?.text("Code"), "A")
    }

    func testWhatIsNoDocument() {
        for text in [
            "", " ", "text", "<a>", "<a></b>", "<a/><b/>", "<a/>text", "<a b></a>", "<a b=c/>", "<a b='<'/>", "<a>&x;</a>",
            "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>&amp</a>", "<!DOCTYPE html><html></html>", "<a><!-- </a>", "<1/>", "< a/>",
            "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "<a>&#+5;</a>", "<a b='1'c='2'/>", "<a/ >", "{\"json\": 1}",
        ] {
            XCTAssertNil(tree(text), text)
        }
        XCTAssertNil(XMLTree(Array("<a>".utf8) + [0xff] + Array("</a>".utf8)))
        XCTAssertNil(tree(String(repeating: "<a>", count: 100) + String(repeating: "</a>", count: 100)))
    }

    func testEveryTruncationIsNoDocument() {
        let text = "<?xml version='1.0'?><a x=\"1\"><b>&lt;é<![CDATA[]]]]></b><!-- c --><d/></a>"
        XCTAssertEqual(tree(text)?.text("b"), "<é]]")
        for length in 0..<text.utf8.count { XCTAssertNil(XMLTree(Array(text.utf8.prefix(length))), "\(length)") }
    }

    func testRandomDamageIsSurvived() {
        var random = SeededRandom(seed: 5)
        let sound = Array("<?xml version='1.0'?><a><b c='d'>&lt;x</b><!-- e --><f/><![CDATA[g]]></a>".utf8)
        var sane = 0
        for _ in 0..<20_000 {
            var bytes = sound
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                default: bytes.insert(bytes.randomElement(using: &random) ?? 0, at: place)
                }
            }
            if XMLTree(bytes) != nil { sane += 1 }
        }
        XCTAssertGreaterThan(sane, 5000)
        XCTAssertLessThan(sane, 20_000)
    }
}
