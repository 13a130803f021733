import Digest
import Lineage
import Platform
import XCTest

final class SourceReceiptTests: XCTestCase {
    private func receipt(_ change: (inout SourceReceipt) -> Void) -> SourceReceipt {
        var receipt = SourceReceipt()
        change(&receipt)
        return receipt
    }

    func testEverythingSurvivesTheRecord() {
        let receipt = receipt {
            $0.etag = "\"a\""
            $0.modified = "Fri, 02 Jan 2026 03:04:05 GMT"
            $0.revision = "v"
            $0.byteCount = 7
            $0.fileCount = 2
            $0.digest = .of([1])
            $0.listing = .of([2])
            $0.retrieved = "2026-01-02T03:04:05Z"
            $0.withheld = ["token"]
        }
        XCTAssertEqual(SourceReceipt(receipt.json), receipt)
        XCTAssertEqual(SourceReceipt(["etag": .integer(1), "size": .text("x"), "other": .null]), SourceReceipt())
    }

    func testStrongestEvidenceDecides() {
        let known = receipt {
            $0.etag = "\"a\""
            $0.modified = "m"
            $0.byteCount = 7
            $0.digest = .of([1])
        }
        let cases: [(SourceReceipt, SourceReceipt.Change)] = [
            (receipt { $0.digest = .of([1]); $0.etag = "\"b\"" }, .same),
            (receipt { $0.digest = .of([2]); $0.etag = "\"a\"" }, .changed),
            (receipt { $0.etag = "W/\"a\"" }, .same),
            (receipt { $0.etag = "\"b\""; $0.modified = "m"; $0.byteCount = 7 }, .changed),
            (receipt { $0.byteCount = 8; $0.modified = "m" }, .changed),
            (receipt { $0.byteCount = 7; $0.modified = "m" }, .same),
            (receipt { $0.byteCount = 7; $0.modified = "n" }, .changed),
            // The length may be missing: then a date alone says nothing.
            (receipt { $0.modified = "m" }, .undecided),
            (receipt { $0.byteCount = 7 }, .undecided),
            (SourceReceipt(), .undecided),
        ]
        for (now, expected) in cases { XCTAssertEqual(known.change(to: now), expected, "\(now)") }
    }

    func testListingThatDiffersIsNoChangeYet() {
        let known = receipt { $0.listing = .of([1]); $0.byteCount = 7; $0.digest = .of([1]) }
        XCTAssertEqual(known.change(to: receipt { $0.listing = .of([1]); $0.byteCount = 7 }), .same)
        XCTAssertEqual(known.change(to: receipt { $0.listing = .of([2]); $0.byteCount = 7 }), .undecided)
    }
}

final class SourceURLTests: XCTestCase {
    func testSecretsAreTakenOut() {
        let cases: [(String, String, [String])] = [
            ("https://example.org/a.csv", "https://example.org/a.csv", []),
            ("https://ada:geheim@example.org/a.csv#x", "https://example.org/a.csv", ["password"]),
            ("https://ada@example.org/a.csv", "https://example.org/a.csv", ["password"]),
            ("https://example.org/a?format=csv&token=1", "https://example.org/a?format=csv", ["token"]),
            ("https://b.example.org/k?X-Amz-Signature=1&X-Amz-Date=2&v=3", "https://b.example.org/k?v=3", ["X-Amz-Signature", "X-Amz-Date"]),
            ("https://example.org/k?sv=1&se=2&sig=3", "https://example.org/k", ["sv", "se", "sig"]),
            ("https://example.org/k?author=ada&sv=1", "https://example.org/k?author=ada&sv=1", []),
            ("https://example.org?access_token=1", "https://example.org", ["access_token"]),
            ("ssh://git@example.org/r.git", "ssh://git@example.org/r.git", []),
            ("ssh://git:pw@example.org/r.git", "ssh://example.org/r.git", ["password"]),
            ("s3://lab/a.csv?endpoint=https://s3.example.org", "s3://lab/a.csv?endpoint=https://s3.example.org", []),
            ("git@example.org:r.git", "git@example.org:r.git", []),
            ("https://ada:pw@\u{301}b/\u{301}?\u{301}a=1&token=2&\u{301}x", "https://\u{301}b/\u{301}?\u{301}a=1&\u{301}x", ["password", "token"]),
        ]
        for (url, text, withheld) in cases {
            let found = SourceURL(BytePath(url))
            XCTAssertEqual(found.text, text)
            XCTAssertEqual(found.withheld, withheld, url)
        }
    }

    func testFileNameIsTheLastComponent() {
        let cases: [(String, String?)] = [
            ("https://example.org/x/raw%20data.csv?v=1", "raw data.csv"), ("https://example.org/", nil), ("https://example.org", nil),
            ("https://example.org/x/", nil), ("https://example.org/..", nil), ("s3://lab/k/a.bin", "a.bin"),
        ]
        for (url, name) in cases { XCTAssertEqual(SourceURL(BytePath(url)).fileName, name, url) }
    }

    func testStageNameOfAPathIsSafe() {
        let cases = [
            ("data/raw.csv", "data/raw.csv"), ("my data/ä b.csv", "my_data/__b.csv"), (".hidden/-x", "_hidden/_x"), ("a:b", "a_b"),
        ]
        for (path, name) in cases {
            XCTAssertEqual(StageName(importing: BytePath(path))?.text, name)
        }
        XCTAssertNil(StageName(importing: ""))
    }
}
