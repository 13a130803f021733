import Git
import Platform
import XCTest

@testable import RemoteHelper

final class HelperConversationTests: XCTestCase {
    private func requests(_ lines: [String]) -> [HelperConversation.Request] {
        var conversation = HelperConversation()
        return lines.compactMap { conversation.receive(Array($0.utf8)) }
    }

    private func push(_ source: BytePath?, _ destination: BytePath, isForced: Bool = false) -> HelperConversation.Push {
        let text = (isForced ? "+" : "") + (source?.text ?? "") + ":" + destination.text
        return HelperConversation.Push(refspec: Array(text.utf8)[...])!
    }

    func testSingleLines() {
        XCTAssertEqual(requests(["capabilities"]), [.capabilities])
        XCTAssertEqual(requests(["list"]), [.list(forPush: false)])
        XCTAssertEqual(requests(["list for-push"]), [.list(forPush: true)])
        XCTAssertEqual(requests(["list for-pushing"]), [.list(forPush: false)])
        XCTAssertEqual(requests(["option verbosity 2"]), [.option(name: "verbosity", value: "2")])
        XCTAssertEqual(requests(["option object-format"]), [.option(name: "object-format", value: "")])
        XCTAssertEqual(requests(["option cas a b:c"]), [.option(name: "cas", value: "a b:c")])
        XCTAssertEqual(requests([""]), [.end])
    }

    func testFetchesOfOneBatchComeTogetherAndOnce() {
        let (one, two) = (Sample.object(1), Sample.object(2))
        let found = requests(["fetch \(one) refs/heads/main", "fetch \(two) refs/heads/a b", "fetch \(one) HEAD", "", ""])
        XCTAssertEqual(found.count, 2)
        guard case .fetch(let wanted)? = found.first else { return XCTFail("\(found)") }
        XCTAssertEqual(Set(wanted), [one, two])
        XCTAssertEqual(wanted.count, 2)
        XCTAssertEqual(found.last, .end)
    }

    func testManyRepeatedFetchesComeOnce() {
        let lines = (0..<300).map { "fetch \(Sample.object($0 % 100)) refs/heads/b\($0)" }
        guard case .fetch(let wanted)? = requests(lines + [""]).first else { return XCTFail("no fetch") }
        XCTAssertEqual(wanted.count, 100)
    }

    func testFetchesOfOneBatchAreNotInTheNext() {
        let found = requests(["fetch \(Sample.object(1)) a", "", "fetch \(Sample.object(2)) b", ""])
        XCTAssertEqual(found, [.fetch([Sample.object(1)]), .fetch([Sample.object(2)])])
    }

    func testObjectsOfBothFormatsAreFetched() {
        let long = Sample.object(1, digits: 64)
        XCTAssertEqual(requests(["fetch \(long) refs/heads/main", ""]), [.fetch([long])])
    }

    func testPushesOfOneBatchComeInTheirOrder() {
        let found = requests(["push refs/heads/a:refs/heads/b", "push +HEAD:refs/heads/c", "push :refs/heads/d", "push +:refs/heads/e", "", ""])
        XCTAssertEqual(
            found,
            [
                .push([
                    push("refs/heads/a", "refs/heads/b"), push("HEAD", "refs/heads/c", isForced: true), push(nil, "refs/heads/d"),
                    push(nil, "refs/heads/e", isForced: true),
                ]), .end,
            ])
    }

    func testPartsOfRefspecs() {
        let forced = push("HEAD", "refs/heads/c", isForced: true)
        XCTAssert(forced.isForced)
        XCTAssertEqual([forced.source, forced.destination], ["HEAD", "refs/heads/c"])
        XCTAssertNil(push(nil, "refs/heads/d").source)
        XCTAssertFalse(push(nil, "refs/heads/d").isForced)
    }

    func testOwnRequestsHaveWords() {
        XCTAssertEqual(requests(["data-log"]), [.own("data-log", [])])
        XCTAssertEqual(requests(["data-log 5"]), [.own("data-log", ["5"])])
        XCTAssertEqual(requests(["data-restore 3 refs/heads/a refs/heads/b"]), [.own("data-restore", ["3", "refs/heads/a", "refs/heads/b"])])
        XCTAssertEqual(requests(["data-gc 0  0"]), [.own("data-gc", ["0", "0"])])
        XCTAssertEqual(requests(["data-head"]), [.own("data-head", [])])
    }

    func testOtherLinesAreMalformed() {
        for line in [
            "fetch", "fetch ", "fetch 123 refs/heads/main", "fetch refs/heads/main", "push", "push refs/heads/a", "push a:", "push :", "push +:", "push +",
            "option", "option ", "import refs/heads/a", "export", "connect git-upload-pack", "stateless-connect git-upload-pack", "data-other",
            "LIST", "\u{0}", " ", "capabilities\r",
        ] {
            XCTAssertEqual(requests([line]), [.malformed(BytePath(line))], line)
        }
    }
}

final class HelperOptionsTests: XCTestCase {
    private var options = HelperOptions()

    private func set(_ name: String, _ value: BytePath) -> HelperOptions.Answer { options.set(name, value) }

    func testFlagsAreTrueOrFalse() {
        let flags: [(String, KeyPath<HelperOptions, Bool>)] = [
            ("progress", \.showsProgress), ("dry-run", \.isDryRun), ("atomic", \.isAtomic), ("cloning", \.isCloning),
            ("check-connectivity", \.checksConnectivity),
        ]
        for (name, flag) in flags {
            XCTAssertFalse(options[keyPath: flag], name)
            XCTAssertEqual(set(name, "true"), .ok)
            XCTAssert(options[keyPath: flag], name)
            XCTAssertEqual(set(name, "maybe"), .error("'maybe' is neither 'true' nor 'false'"))
            XCTAssert(options[keyPath: flag], name)
            XCTAssertEqual(set(name, "false"), .ok)
            XCTAssertFalse(options[keyPath: flag], name)
        }
    }

    func testVerbosityIsANumber() {
        XCTAssertEqual(set("verbosity", "0"), .ok)
        XCTAssertEqual(options.verbosity, 0)
        XCTAssertEqual(set("verbosity", "-1"), .ok)
        for evil: BytePath in ["", "loud", "1 2", "99999999999999999999"] {
            XCTAssertEqual(set("verbosity", evil), .error("'\(evil)' is no verbosity"))
        }
        XCTAssertEqual(options.verbosity, -1)
    }

    func testObjectFormatIsAskedForByValueOrWithout() {
        for value: BytePath in ["", "true", "sha1", "sha256"] {
            options = HelperOptions()
            XCTAssertEqual(set("object-format", value), .ok)
            XCTAssert(options.asksForObjectFormat)
        }
        options = HelperOptions()
        XCTAssertEqual(set("object-format", "md5"), .error("unknown object format 'md5'"))
        XCTAssertFalse(options.asksForObjectFormat)
    }

    func testWhatAWholeCloneCannotHaveIsUnsupportedAndNoted() {
        for name in ["depth", "deepen-since", "deepen-not", "deepen-relative", "filter"] {
            XCTAssertEqual(set(name, "1"), .unsupported)
        }
        XCTAssertEqual(options.ignored, ["depth", "deepen-since", "deepen-not", "deepen-relative", "filter"])
        options.ignored = []
        // `git fetch --unshallow` asks for all.
        XCTAssertEqual(set("depth", "2147483647"), .unsupported)
        XCTAssertEqual(set("followtags", "true"), .unsupported)
        XCTAssertEqual(set("pushcert", "true"), .unsupported)
        XCTAssertEqual(set("", ""), .unsupported)
        XCTAssertEqual(options.ignored, [])
    }

    func testLeasesAreReadPlainAndQuoted() {
        let object = Sample.object(1)
        let zeros = String(repeating: "0", count: 40)
        let cases: [(String, BytePath, GitObjectName?)] = [
            ("refs/heads/main:\(object)", "refs/heads/main", object),
            ("refs/heads/new:\(zeros)", "refs/heads/new", nil),
            ("refs/heads/long:\(Sample.object(2, digits: 64))", "refs/heads/long", Sample.object(2, digits: 64)),
            ("\"refs/heads/caf\\303\\251:\(object)\"", "refs/heads/caf\u{e9}", object),
            ("\"refs/heads/\\377:\(zeros)\"", BytePath(bytes: Array("refs/heads/".utf8) + [0xff]), nil),
            ("\"refs/heads/a:\(object)\"", "refs/heads/a", object),
        ]
        for (text, ref, expected) in cases {
            options = HelperOptions()
            XCTAssertEqual(set("cas", BytePath(text)), .ok, text)
            XCTAssertEqual(options.leases, [HelperOptions.Lease(ref: ref, expected: expected)], text)
        }
    }

    func testOtherLeasesAreErrors() {
        for text in ["", "refs/heads/main", "refs/heads/main:", "refs/heads/main:123", "\"", "\"\"", "\"refs/heads/a:\\", ":"] {
            XCTAssertEqual(set("cas", BytePath(text)), .error("'\(BytePath(text))' is no expectation of a ref"), text)
        }
        XCTAssertEqual(options.leases, [])
    }
}
