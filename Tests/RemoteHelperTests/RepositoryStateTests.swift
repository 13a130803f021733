import Digest
import Git
import Platform
import TestSupport
import XCTest

@testable import RemoteHelper

final class RepositoryStateTests: XCTestCase {
    private func full(digits: Int = 40) -> RepositoryState {
        var state = Sample.state(
            packs: [Sample.pack(1, tips: [1, 2], digits: digits), Sample.pack(2, tips: [3], bases: [1], generation: 3, digits: digits)])
        state.objectFormat = digits == 40 ? "sha1" : "sha256"
        // The same letter in two normal forms, and one that is behind all ASCII.
        state.refs = ["refs/heads/caf\u{e9}", "refs/heads/cafe\u{301}", "refs/heads/main", "refs/heads/\u{1f40d}"].enumerated().map {
            RepositoryState.Ref(name: BytePath($0.element), target: Sample.object($0.offset + 1, digits: digits))
        }
        state.refs.append(
            RepositoryState.Ref(
                name: "refs/tags/v1", target: Sample.object(8, digits: digits), peeled: Sample.object(1, digits: digits)))
        state.refs.sort { $0.name < $1.name }
        state.unused = [RepositoryState.UnusedPack(name: Sample.packName(5, digits: digits), since: 1_767_000_000)]
        state.condemned = [Sample.packName(6, digits: digits), Sample.packName(7, digits: digits)]
        state.removed = [RepositoryState.UnusedPack(name: Sample.packName(8, digits: digits), since: 1_767_000_001)]
        (state.collections, state.oldest) = (4, 3)
        return state
    }

    private func assertRoundTrip(_ state: RepositoryState, line: UInt = #line) throws {
        let bytes = try state.encoded()
        XCTAssertEqual(try RepositoryState(bytes, number: state.number), state, line: line)
        XCTAssertEqual(bytes.last, UInt8(ascii: "\n"), line: line)
        XCTAssertEqual(bytes.filter { $0 == UInt8(ascii: "\n") }.count, 1, line: line)
    }

    func testStatesComeBackAsTheyWere() throws {
        try assertRoundTrip(full())
        try assertRoundTrip(full(digits: 64))
        var empty = Sample.state(number: 1)
        empty.parent = nil
        try assertRoundTrip(empty)
    }

    func testRefsThatDifferInNormalFormAloneStayTwo() throws {
        let read = try RepositoryState(try full().encoded(), number: 7)
        XCTAssertEqual(read.refs.map(\.name.bytes), full().refs.map(\.name.bytes))
        XCTAssertEqual(read.ref("refs/heads/caf\u{e9}")?.target, Sample.object(1))
        XCTAssertEqual(read.ref("refs/heads/cafe\u{301}")?.target, Sample.object(2))
    }

    func testLettersThatJoinWithASpaceMayEndATagsName() throws {
        for letter in ["\u{600}", "\u{110bd}", "\u{301}", "\u{200d}", "\u{1f468}\u{200d}", "\u{d4e}", "\u{1f1e6}"] {
            for peeled in [nil, Sample.object(2)] {
                var state = Sample.state()
                state.refs = [RepositoryState.Ref(name: BytePath("refs/tags/v" + letter), target: Sample.object(1), peeled: peeled)]
                try assertRoundTrip(state)
            }
        }
    }

    func testEveryTruncationIsMalformed() throws {
        let bytes = try full().encoded().dropLast()
        for count in 0..<bytes.count {
            XCTAssertThrowsError(try RepositoryState(Array(bytes.prefix(count)), number: 7), "\(count)") {
                XCTAssert($0 is RepositoryState.Malformed)
            }
        }
    }

    func testChangedBytesAreAnotherStateOrMalformed() throws {
        let bytes = try full().encoded()
        var random = SeededRandom(seed: 11)
        for _ in 0..<3000 {
            var changed = bytes
            for _ in 0...Int.random(in: 0...2, using: &random) {
                changed[Int.random(in: changed.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            do {
                let state = try RepositoryState(changed, number: 7)
                for ref in state.refs { XCTAssert(RefName.isValid(ref.name)) }
                // Whatever is read can be written, and can be counted with.
                XCTAssertEqual(try RepositoryState(try state.encoded(), number: 7), state)
                XCTAssertGreaterThanOrEqual(state.packs.map(\.pack.byteCount).reduce(0, +), 0)
            } catch {
                XCTAssert(error is RepositoryState.Malformed, "\(error)")
            }
        }
    }

    // MARK: Documents of others

    /// The reason against a document in which one text stands in the place of another.
    private func reason(_ old: String, _ new: String, line: UInt = #line) throws -> String? {
        let text = String(decoding: try full().encoded(), as: UTF8.self)
        XCTAssert(text.contains(old), "nothing to change: \(old)", line: line)
        do {
            _ = try RepositoryState(Array(text.replacing(old, with: new, maxReplacements: 1).utf8), number: 7)
            return nil
        } catch let error as RepositoryState.Malformed {
            return error.reason
        }
    }

    func testNumberOfAnotherStateIsMalformed() throws {
        XCTAssertEqual(try reason("\"number\":7", "\"number\":8"), "it says that it is number 8")
        XCTAssertThrowsError(try RepositoryState(try full().encoded(), number: 0))
    }

    func testOtherVersionsAreNamedWhateverTheyHold() throws {
        XCTAssertEqual(try reason("\"version\":1", "\"version\":2"), "it is of version 2, which a newer git data has written")
        XCTAssertThrowsError(try RepositoryState(Array("{\"version\":3,\"trees\":[]}".utf8), number: 1)) {
            XCTAssertEqual(($0 as? RepositoryState.Malformed)?.reason, "it is of version 3, which a newer git data has written")
        }
    }

    func testNamesThatLeadElsewhereAreMalformed() throws {
        let name = Sample.packName(1).text
        for evil in ["../../objects", "pack-../../../etc", "pack-" + String(repeating: "A", count: 40), "pack-", "", name + "/x", name + "\\n"] {
            XCTAssertEqual(try reason("\"name\":\"\(name)\"", "\"name\":\"\(evil)\""), "it holds what is no name of a pack", evil)
        }
        for old in [5, 6, 8] {
            XCTAssertEqual(try reason(Sample.packName(old).text, "../x"), "it holds what is no name of a pack")
        }
    }

    func testNamesThatAreNoRefsAreMalformed() throws {
        for evil in ["refs/heads/a\\nb", "refs/heads/..", "HEAD", "refs/heads/a\\u0000b", "../../config", "refs/heads/", "main", ""] {
            XCTAssertEqual(try reason(" refs/heads/main\"", " " + evil + "\""), "it holds what is no name of a ref", evil)
            XCTAssertEqual(try reason("\"head\":\"refs/heads/main\"", "\"head\":\"\(evil)\""), "it holds what is no name of a ref", evil)
        }
        // A space is where a field ends.
        XCTAssertEqual(try reason(" refs/heads/main\"", " refs/heads/a b\""), "it holds what is no name of an object")
        XCTAssertEqual(try reason(" refs/heads/main\"", " refs/heads/a b c\""), "it holds what is no ref")
        XCTAssertEqual(try reason(" refs/heads/main\"", "\""), "it holds what is no ref")
        XCTAssertEqual(try reason("refs/heads/cafe\u{301}", "refs/heads/caf\u{e9}"), "it names a ref twice")
    }

    func testObjectsOfAnotherFormatAreMalformed() throws {
        let short = Sample.object(1).description
        for evil in [String(short.dropLast()), short + "0", short + String(repeating: "0", count: 24), short.uppercased(), String(repeating: "0", count: 40)] {
            XCTAssertEqual(try reason("\"\(short) refs", "\"\(evil) refs"), "it holds what is no name of an object", evil)
            XCTAssertEqual(try reason("[\"\(short)\"", "[\"\(evil)\""), "it holds what is no name of an object", evil)
        }
        XCTAssertEqual(try reason("\"sha1\"", "\"sha256\""), "it holds what is no name of an object")
        XCTAssertEqual(try reason("\"sha1\"", "\"md5\""), "its object format is unknown")
        XCTAssertEqual(try reason(Sample.pack(1).pack.oid.hex, "00"), "it describes a pack by what is no SHA-256")
    }

    func testNumbersThatCannotBeAreMalformed() throws {
        for number in ["-1", "9223372036854775807", "9223372036854775808", "1e300", "0.5", "\"1\"", "null"] {
            for field in ["\"bytes\":1000", "\"indexBytes\":1072", "\"objects\":3", "\"generation\":3", "\"collections\":4", "\"oldest\":3"] {
                let name = field.prefix { $0 != ":" }
                // What is not there at all is allowed for two of them.
                if number == "null", field.contains("collections") || field.contains("oldest") { continue }
                XCTAssertNotNil(try reason(field, "\(name):\(number)"), "\(name) \(number)")
            }
        }
        XCTAssertEqual(try reason("\"oldest\":3", "\"oldest\":8"), "it says that the oldest state is 8")
        XCTAssertEqual(try reason("\"oldest\":3", "\"oldest\":0"), "it says that the oldest state is 0")
    }

    func testDeeplyNestedAndForeignDocumentsAreMalformed() throws {
        let deep = String(repeating: "[", count: 100_000)
        for text in [deep, "{\"version\":1,\"refs\":\(deep)", "[]", "null", "{}", "\"x\"", "<html>", "\u{0}", "{\"version\":1}"] {
            XCTAssertThrowsError(try RepositoryState(Array(text.utf8), number: 1), String(text.prefix(20))) {
                XCTAssert($0 is RepositoryState.Malformed)
            }
        }
        XCTAssertNil(try reason("\"version\":1", "\"unknown\":{\"a\":[1]},\"version\":1"))
    }

    func testSuccessorIsTheNextWithTheSameContent() {
        let next = full().successor("head", by: "Bob <bob@example.org>")
        XCTAssertEqual(next.number, 8)
        XCTAssertEqual(next.parent, full().id)
        XCTAssertNotEqual(next.id, full().id)
        XCTAssertEqual(next.refs, full().refs)
        XCTAssertEqual(next.condemned, full().condemned)
        XCTAssertEqual(next.removed, full().removed)
        XCTAssertEqual([next.action, next.author], ["head", "Bob <bob@example.org>"])
    }
}
