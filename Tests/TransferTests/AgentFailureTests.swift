import Diagnostics
import Digest
import ObjectStore
import Platform
import TestSupport
import Transfer
import XCTest

/// Agents that are missing, die, fall silent or talk nonsense: the session survives them all.
final class AgentFailureTests: TransferTestCase {
    private let accept = #"read request; echo '{"gitData":{"version":1}}'"#

    private func assertAgentFails(
        _ text: String, patience: Duration = .seconds(60), file: StaticString = #filePath, line: UInt = #line,
        _ body: () throws -> Void
    ) {
        XCTAssertThrowsError(try body(), file: file, line: line) { error in
            guard case .agentFailed(let message)? = error as? TransferError else {
                return XCTFail("\(error)", file: file, line: line)
            }
            XCTAssert(message.contains(text), message, file: file, line: line)
        }
    }

    func testMissingAgentIsNamed() throws {
        XCTAssertThrowsError(try session(scratch / "no-agent")) { error in
            guard case .agentNotFound(let path)? = error as? TransferError else { return XCTFail("\(error)") }
            XCTAssertEqual(path, scratch / "no-agent")
        }
    }

    func testAgentThatCannotStart() throws {
        let agent = try scratch.write("#!/nonexistent/shell\n", to: "agent", permissions: 0o755)
        XCTAssertThrowsError(try session(agent)) { error in
            guard case .agentFailed? = error as? TransferError else { return XCTFail("\(error)") }
        }
    }

    func testAgentThatEndsAtOnce() throws {
        let agent = try script("exit 7")
        assertAgentFails("status 7") { _ = try session(agent) }
    }

    func testAgentThatTalksNonsense() throws {
        for words in ["echo hello", "echo '[]'", "printf '\\033[2J\\n'", "echo '{\"event\":5}'"] {
            let agent = try script("\(words); cat >/dev/null")
            assertAgentFails("no message") { _ = try session(agent) }
        }
        let agent = try script("cat /dev/zero")
        assertAgentFails("line without an end") { _ = try session(agent) }
    }

    func testControlCharactersOfAgentAreNotRepeated() throws {
        let agent = try script("printf '\\033[2J\\n'; cat >/dev/null")
        XCTAssertThrowsError(try session(agent)) { XCTAssertFalse("\($0)".contains("\u{1b}")) }
    }

    func testAgentOfAnotherVersion() throws {
        for answer in ["{}", #"{"gitData":{"version":2}}"#] {
            let agent = try script("read request; echo '\(answer)'; cat >/dev/null")
            assertAgentFails("another version") { _ = try session(agent) }
        }
    }

    func testAgentThatNeverReadsNorSpeaks() throws {
        let agent = try script("exec sleep 1000")
        assertAgentFails("does not answer") { _ = try session(agent, patience: .milliseconds(300)) }
    }

    func testAgentThatStopsReading() throws {
        let agent = try script("\(accept)\nexec sleep 1000")
        let items = try fill(store, lengths: Array(1...3000))
        let session = try session(agent, patience: .milliseconds(300))
        let outcome = try session.upload(items)
        XCTAssertEqual(outcome.failures.count, 3000)
        XCTAssertEqual(Set(outcome.failures.map(\.kind)), [.agent])
        XCTAssert(outcome.failures[0].message.contains("does not answer"), outcome.failures[0].message)
    }

    func testAgentThatIsAliveMayTakeItsTime() throws {
        let items = try fill(store, lengths: [1])
        let alive = #"for i in 1 2 3 4 5 6; do echo '{"event":"alive"}'; sleep 0.2; done"#
        let answer = #"echo '{"event":"complete","oid":"\#(items[0].oid.hex)"}'"#
        let agent = try script("\(accept)\nread request\n\(alive)\n\(answer)\ncat >/dev/null")
        let session = try session(agent, patience: .milliseconds(700))
        XCTAssertEqual(try session.upload(items).done, [items[0].oid])
    }

    func testAgentThatDiesMidwayFailsTheRest() throws {
        let items = try fill(store, lengths: [1, 2, 3])
        let answer = #"echo '{"event":"complete","oid":"\#(items[1].oid.hex)"}'"#
        let agent = try script("\(accept)\nread request\n\(answer)\nkill -9 $$")
        let session = try session(agent)
        let outcome = try session.upload(items)
        XCTAssertEqual(outcome.done, [items[1].oid])
        XCTAssertEqual(outcome.kinds, [items[0].oid: .agent, items[2].oid: .agent])
        XCTAssert(outcome.failures[0].message.contains("signal 9"), outcome.failures[0].message)
        // It stays dead, and says so.
        assertAgentFails("signal 9") { _ = try session.existing(among: [items[0].oid]) }
        XCTAssertEqual(try session.upload([items[0]]).kinds, [items[0].oid: .agent])
    }

    func testAnswersAboutOtherBlobsAreIgnored() throws {
        let items = try fill(store, lengths: [1])
        let hex = items[0].oid.hex
        let agent = try script(
            """
            \(accept)
            read request
            echo '{"event":"complete","oid":"\(ObjectID.of([7]).hex)"}'
            echo '{"event":"complete","oid":"../x"}'
            echo '{"event":"dance"}'
            echo '{"event":"complete","oid":"\(hex)","error":{"code":1,"message":"m","kind":"from the future"}}'
            echo '{"event":"complete","oid":"\(hex)"}'
            cat >/dev/null
            """)
        let outcome = try session(agent).upload(items)
        XCTAssertEqual(outcome.done, [])
        XCTAssertEqual(outcome.kinds, [items[0].oid: .other])
    }

    func testDownloadThatIsSaidToBeThereAndIsNot() throws {
        let item = TransferItem(oid: .of([1]), byteCount: 1)
        let agent = try script(
            "\(accept)\nread request\necho '{\"event\":\"complete\",\"oid\":\"\(item.oid.hex)\"}'\ncat >/dev/null")
        XCTAssertThrowsError(try session(agent).download([item]) { _ in XCTFail("arrived") }) { error in
            guard case .store? = error as? TransferError else { return XCTFail("\(error)") }
        }
        XCTAssertFalse(store.contains(item.oid))
    }

    // MARK: Killed at random

    /// The real agent, whose process id is in `pid`.
    private func mortalAgent() throws -> BytePath {
        try script("echo $$ >'\(scratch / "pid")'; exec \"$AGENT\"")
    }

    private func killSoon(_ random: inout SeededRandom) throws {
        let delay = Duration.microseconds(Int.random(in: 0...40_000, using: &random))
        let file = scratch / "pid"
        WorkerThread.detach {
            pause(delay)
            if let text = try? file.contents(), let id = Int32(String(decoding: text, as: UTF8.self).filter(\.isNumber)) {
                _ = try? Finished("/bin/kill", ["-9", BytePath("\(id)")])
            }
        }
    }

    func testKilledUploadsLoseNothingAndAreCompletedLater() throws {
        var random = SeededRandom(seed: 5)
        let items = try fill(store, lengths: Array(repeating: 200_000, count: 30) + Array(1...60))
        let agent = try mortalAgent()
        for _ in 0..<15 {
            ScratchFolder.removeTree(scratch / "remote")
            try (scratch / "remote").makeFolders()
            let session = try session(agent)
            try killSoon(&random)
            let outcome = try session.upload(items)
            XCTAssertEqual(outcome.done.count + outcome.failures.count, items.count)
            XCTAssertTrue(outcome.failures.allSatisfy { $0.kind == .agent })
            // What was said to be there is there, and nothing there is wrong.
            for oid in outcome.done { XCTAssertEqual(try remote.isIntact(oid), true) }
            try assertNothingDamaged(in: remote)

            let again = try self.session().upload(items)
            XCTAssertEqual(again.failures.map(\.message), [])
            XCTAssertEqual(again.done.count + again.skipped.count, items.count)
            try assertIntact(items, in: remote)
        }
    }

    func testKilledDownloadsLoseNothingAndAreCompletedLater() throws {
        var random = SeededRandom(seed: 6)
        let items = try fill(remote, lengths: Array(repeating: 200_000, count: 30) + Array(1...60))
        let agent = try mortalAgent()
        for _ in 0..<15 {
            ScratchFolder.removeTree(scratch / "local")
            let session = try session(agent)
            try killSoon(&random)
            var arrived: Set<ObjectID> = []
            let outcome = try session.download(items) { arrived.insert($0) }
            XCTAssertEqual(arrived, Set(outcome.done))
            XCTAssertEqual(outcome.done.count + outcome.failures.count, items.count)
            try assertNothingDamaged(in: store)
            for oid in outcome.done { XCTAssertTrue(store.path(of: oid).exists) }

            let again = try self.session().download(items) { _ in }
            XCTAssertEqual(again.failures.map(\.message), [])
            try assertIntact(items, in: store)
            XCTAssertEqual(try scratch.files(below: "local/incoming"), [])
        }
    }
}
