import Platform
import Remote
import TestSupport
import XCTest

@testable import RemoteHelper

final class StateLogTests: XCTestCase {
    private var scratch: ScratchFolder!
    private var remote: FolderRemote!
    private var log: StateLog { StateLog(remote: remote) }

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
        remote = try FolderRemote(scratch.path)
    }

    override func tearDown() { (scratch, remote) = (nil, nil) }

    /// Makes documents of states, which only have to be there.
    private func make(_ numbers: some Sequence<Int>) throws {
        try (scratch / "git/states").makeFolders()
        for number in numbers { try Descriptor.open(scratch / BytePath(Layout.state(number).text), [.write, .create]).write([1]) }
    }

    private func hint(_ text: String) throws { try remote.replace(Layout.hint, Array(text.utf8)) }

    // MARK: Names

    func testNumbersHaveNamesInTheirOrder() {
        let numbers = [1, 9, 10, 99, 100, 999, 1000, 123_456_789, 9_999_999_999]
        let names = numbers.map { Layout.state($0) }
        XCTAssertEqual(names.first?.text, "git/states/0000000001.json")
        XCTAssertEqual(names.map(\.text), names.map(\.text).sorted())
        XCTAssertEqual(names.map { Layout.number(of: $0) }, numbers)
    }

    func testOtherNamesAreNoNumbers() {
        for name in [
            "0000000000.json", "1.json", "00000000001.json", "10000000000.json", "9223372036854775807.json", "0000000001.JSON", "0000000001", "000000000a.json",
            "0000000001.json.bak", "README", "x.json", "0000000001.json-x1",
        ] {
            XCTAssertNil(Layout.number(of: DocumentName("git/states/" + name)!), name)
        }
        XCTAssertNil(Layout.number(of: DocumentName("git/other/0000000001.json")!))
    }

    // MARK: The newest

    func testNewestIsFoundAmongAnyNumberOfStates() throws {
        XCTAssertEqual(try log.newestNumber(), 0)
        XCTAssertEqual(try log.newestNumber(from: 5), 0)
        XCTAssertEqual(try log.numbers(), [])
        var made = 0
        for count in [1, 999, 1000, 1001, 2500] {
            try make((made + 1)...count)
            made = count
            for start in count > 1 ? [0, count, count + 1] : [0, 1, 2, 3, .max, .min] {
                XCTAssertEqual(try log.newestNumber(from: start), count, "\(count) from \(start)")
            }
            XCTAssertEqual(try log.numbers().count, count)
        }
    }

    func testHintsHelpWhereTheyAreGoodAndDoNoHarmElsewhere() throws {
        try make(1...2500)
        for text in ["1\n", "-9223372036854775808\n", "2501\n", "9223372036854775807\n", "24e2\n"] {
            try hint(text)
            for start in text == "2501\n" ? [0, 3000] : [0] {
                XCTAssertEqual(try log.newestNumber(from: start), 2500, "'\(text)' from \(start)")
            }
        }
        func listings() throws -> Int {
            let watched = WatchedRemote(remote)
            _ = try StateLog(remote: watched).newestNumber()
            return watched.events.change { $0.listings }
        }
        try hint("2400\n")
        XCTAssertEqual(try listings(), 2)
        try remote.remove(Layout.hint)
        XCTAssertEqual(try listings(), 3)
    }

    func testNewestIsFoundWhereTheFirstStatesWereRemoved() throws {
        try make(1100...2300)
        for start in [0, 1, 1099, 1100, 2300, 2301] { XCTAssertEqual(try log.newestNumber(from: start), 2300) }
    }

    func testRepositoryBegunAnewIsFoundFromANumberBeyondItsEnd() throws {
        try make(1...3)
        XCTAssertEqual(try log.newestNumber(from: 50), 3)
        try make(4...1500)
        XCTAssertEqual(try log.newestNumber(from: 5000), 1500)
    }

    func testForeignFilesAmongTheStatesAreNotStates() throws {
        try make(1...40)
        for name in ["README", "0000000001.json.bak", "0000009999.txt", "99999999999.json", "zzz", ".hidden", "a b"] {
            try scratch.write("x", to: BytePath("git/states/\(name)"))
        }
        for start in [0, 20, 40, 9999] { XCTAssertEqual(try log.newestNumber(from: start), 40) }
        XCTAssertEqual(try log.numbers(), Array(1...40))
    }

    func testWholePagesOfForeignFilesHideNothing() throws {
        try make([5])
        for number in 0..<1100 { try scratch.write("", to: BytePath("git/states/0000000000-\(number)")) }
        XCTAssertEqual(try log.newestNumber(), 5)
        XCTAssertEqual(try log.newestNumber(from: 7), 5)
    }

    func testStateThatCannotBeReadIsAnError() throws {
        XCTAssertNil(try log.newest())
        XCTAssertNil(try log.state(3))
        try make(1...1)
        XCTAssertThrowsError(try log.newest()) { error in
            XCTAssert(HelperError(error).message.hasPrefix("state 1 of the repository at '\(scratch.path)' is not to be read: it is no JSON"), "\(error)")
        }
    }

    // MARK: Making

    private func first() throws -> RepositoryState {
        let state = RepositoryState.beginning(objectFormat: "sha1").successor("push", by: "Ada <ada@example.org>")
        guard case .made = try log.append(state, isSoleWriter: false) else { throw Unexpected("not made") }
        return state
    }

    private func append(_ state: RepositoryState, isSoleWriter: Bool = false, to remote: (any Remote)? = nil) throws -> Bool {
        switch try StateLog(remote: remote ?? self.remote).append(state, isSoleWriter: isSoleWriter) {
        case .made: true
        case .taken: false
        }
    }

    func testStateIsMadeOnceWhoeverElseWantsTo() throws {
        for isSoleWriter in [false, true] {
            let state = try log.newest() ?? first()
            let (one, other) = (state.successor("push", by: "Ada"), state.successor("push", by: "Bob"))
            XCTAssert(try append(one, isSoleWriter: isSoleWriter))
            XCTAssertFalse(try append(other, isSoleWriter: isSoleWriter))
            XCTAssertEqual(try log.newest(), one)
        }
    }

    func testOwnStateIsKnownAgainWhereTheAnswerWasLost() throws {
        let next = try first().successor("push", by: "Ada")
        let remote = self.remote!
        // The first attempt had come through.
        let watched = WatchedRemote(remote, beforeState: [{ _ = try remote.create(Layout.state(next.number), next.encoded()) }])
        XCTAssert(try append(next, to: watched))
    }

    func testStateThatIsRemovedWhileItIsComparedIsTaken() throws {
        let next = try first().successor("push", by: "Ada")
        try make([2])
        // One that cannot be read is no state of ours either.
        XCTAssertThrowsError(try append(next))
    }

    func testStateThatNobodyCouldReadIsNotMade() throws {
        var next = try first().successor("push", by: "Ada")
        next.refs = [RepositoryState.Ref(name: "refs/heads/main", target: Sample.object(1, digits: 64))]
        XCTAssertThrowsError(try append(next)) { XCTAssert(HelperError($0).message.contains("nothing was changed")) }
        next.refs = [RepositoryState.Ref(name: BytePath(bytes: Array("refs/heads/".utf8) + [0xff]), target: Sample.object(1))]
        XCTAssertThrowsError(try append(next))
        XCTAssertEqual(try log.newestNumber(), 1)
    }

    func testHintIsWrittenNowAndThen() throws {
        var state = try first()
        state.number = 499
        XCTAssert(try append(state.successor("push", by: "")))
        XCTAssertEqual(try remote.read(Layout.hint), Array("500\n".utf8))
        state.number = 500
        XCTAssert(try append(state.successor("push", by: "")))
        XCTAssertEqual(try remote.read(Layout.hint), Array("500\n".utf8))
    }

    func testNewestNumberBehindAStateThatLedToIt() throws {
        let one = try first()
        XCTAssertEqual(try log.newestNumber(behind: one), 1)
        let two = one.successor("push", by: "")
        XCTAssert(try append(two))
        XCTAssertEqual(try log.newestNumber(behind: one), 2)
        XCTAssert(try append(two.successor("push", by: "")))
        XCTAssertEqual(try log.newestNumber(behind: one), 3)
        XCTAssertEqual(try log.newestNumber(behind: two), 3)
    }

    func testNewestNumberBehindAStateThatWasPassedBy() throws {
        let one = try first()
        let (two, late) = (one.successor("push", by: ""), one.successor("push", by: "late"))
        XCTAssert(try append(two))
        XCTAssert(try append(two.successor("push", by: "")))
        // The number comes free, and somebody slow takes it.
        try remote.remove(Layout.state(2))
        XCTAssert(try append(late))
        XCTAssertNil(try log.newestNumber(behind: late))
        try remote.remove(Layout.state(3))
        try make([9])
        XCTAssertNil(try log.newestNumber(behind: late))
    }

    // MARK: Conditions

    func testFolderCreatesOnceAndKeepsNothingOfTheTrial() throws {
        for _ in 0..<20 { XCTAssert(try log.canCreateOnce()) }
        XCTAssertEqual(try remote.documents(in: DocumentName("git/probe")!), [])
    }

    func testPlacesThatDoNotKeepTheConditionAreFound() throws {
        for manner in [
            CarelessRemote.Manner.overwrites, .forgets, .fails(RemoteError(.other, "501 Not Implemented")),
        ] {
            let careless = CarelessRemote(manner)
            XCTAssertFalse(try StateLog(remote: careless).canCreateOnce(), "\(manner)")
            XCTAssertEqual(careless.removed.change { $0 }, 1)
        }
    }

    func testPlacesThatCannotBeAskedAreErrors() throws {
        for error in [
            RemoteError(.denied, "no"), RemoteError(.unreachable, "gone"), RemoteError(.full, "full"), RemoteError(.other, "busy", isTransient: true),
        ] {
            XCTAssertThrowsError(try StateLog(remote: CarelessRemote(.fails(error))).canCreateOnce()) {
                XCTAssertEqual($0 as? RemoteError, error)
            }
        }
    }
}
