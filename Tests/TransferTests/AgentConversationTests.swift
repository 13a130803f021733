import Agent
import Digest
import Platform
import Transfer
import XCTest

/// The agent's protocol without an agent: what may be said when, and what it means.
final class AgentConversationTests: XCTestCase {
    private let oid = ObjectID.of([1])

    private func receive(_ conversation: inout AgentConversation, _ text: String) -> AgentConversation.Action {
        conversation.receive(Array(text.utf8))
    }

    /// A conversation whose `init` was Git LFS's.
    private func plain() -> AgentConversation {
        var conversation = AgentConversation()
        _ = receive(&conversation, #"{"event":"init","operation":"upload","remote":"origin","concurrent":true}"#)
        return conversation
    }

    /// A conversation whose `init` was ours.
    private func extended() -> AgentConversation {
        var conversation = AgentConversation()
        _ = receive(&conversation, #"{"event":"init","gitData":{"version":1,"url":"/r"}}"#)
        return conversation
    }

    // MARK: init

    func testInitOfGitLFS() {
        var conversation = AgentConversation()
        let action = receive(
            &conversation,
            #"{"event":"init","operation":"download","remote":"origin","concurrent":true,"concurrenttransfers":3}"#)
        var terms = AgentConversation.Terms()
        terms.transfers = 1
        XCTAssertEqual(action, .open(terms))
    }

    func testInitOfGitLFSWithURLInPlaceOfName() {
        for url in ["/srv/data", "file:///srv/data"] {
            var conversation = AgentConversation()
            guard case .open(let terms) = receive(&conversation, #"{"event":"init","remote":"\#(url)"}"#) else {
                return XCTFail("not opened")
            }
            XCTAssertEqual(terms.url, BytePath(url))
        }
    }

    func testInitWithExtension() {
        var conversation = AgentConversation()
        let action = receive(
            &conversation,
            #"{"event":"init","gitData":{"version":1,"url":"/a%ff%25","create":true,"incoming":"/i","transfers":7,"new":0}}"#)
        var terms = AgentConversation.Terms()
        terms.isExtended = true
        terms.url = BytePath(bytes: [0x2f, 0x61, 0xff, 0x25])
        terms.mayCreate = true
        terms.incoming = "/i"
        terms.transfers = 7
        XCTAssertEqual(action, .open(terms))
    }

    func testAnythingBeforeInitBreaksOff() {
        for text in [#"{"event":"upload"}"#, #"{"event":"exists","id":1,"oids":[]}"#, #"{"event":""}"#] {
            var conversation = AgentConversation()
            guard case .breakOff = receive(&conversation, text) else { return XCTFail(text) }
        }
    }

    func testNoMessageBreaksOff() {
        for text in ["hello", "{", "[]", "{}", #"{"event":1}"#, "\u{0}", #"{"event":"init"} x"#, #""init""#] {
            for conversation in [AgentConversation(), plain(), extended()] {
                var conversation = conversation
                guard case .breakOff = receive(&conversation, text) else { return XCTFail(text) }
            }
        }
    }

    func testTerminateEndsAtAnyTime() {
        for conversation in [AgentConversation(), plain(), extended()] {
            var conversation = conversation
            XCTAssertEqual(receive(&conversation, #"{"event":"terminate"}"#), .end)
        }
    }

    // MARK: Transfers

    func testTransfersOfGitLFS() {
        var conversation = plain()
        XCTAssertEqual(
            receive(
                &conversation,
                #"{"event":"upload","oid":"\#(oid.hex)","size":5,"path":"/a%20b","action":{"href":"x"}}"#),
            .perform(.upload(oid, byteCount: 5, from: "/a%20b")))
        XCTAssertEqual(
            receive(&conversation, #"{"event":"download","oid":"\#(oid.hex)","size":5,"action":null}"#),
            .perform(.download(oid, byteCount: 5, to: nil)))
    }

    func testRequestsOfTheExtension() {
        var conversation = extended()
        XCTAssertEqual(
            receive(&conversation, #"{"event":"upload","oid":"\#(oid.hex)","size":5,"path":"/a%20b"}"#),
            .perform(.upload(oid, byteCount: 5, from: "/a b")))
        XCTAssertEqual(
            receive(&conversation, #"{"event":"download","oid":"\#(oid.hex)","size":0,"path":"/x"}"#),
            .perform(.download(oid, byteCount: 0, to: "/x")))
        XCTAssertEqual(
            receive(&conversation, #"{"event":"exists","id":3,"oids":["\#(oid.hex)"]}"#),
            .perform(.exists(id: 3, [oid])))
        XCTAssertEqual(receive(&conversation, #"{"event":"list","id":4}"#), .perform(.list(id: 4)))
        XCTAssertEqual(receive(&conversation, #"{"event":"delete","oid":"\#(oid.hex)"}"#), .perform(.delete(oid)))
    }

    func testExtensionIsRefusedToGitLFS() {
        var conversation = plain()
        for text in [
            #"{"event":"exists","id":3,"oids":[]}"#, #"{"event":"list","id":4}"#,
            #"{"event":"delete","oid":"\#(oid.hex)"}"#,
        ] {
            guard case .answer(let reply) = receive(&conversation, text) else { return XCTFail(text) }
            XCTAssertNotNil(reply.error)
        }
    }

    func testUnknownAndIncompleteRequestsAreAnsweredAndTheRestGoesOn() {
        var conversation = extended()
        let hex = oid.hex
        for (text, event, answeredOID, id) in [
            (#"{"event":"dance","id":9}"#, "dance", nil, 9),
            (#"{"event":"polish","oid":"\#(hex)"}"#, "complete", hex, nil),
            (#"{"event":"upload","oid":"\#(hex)","size":5}"#, "complete", hex, nil),
            (#"{"event":"upload","oid":"\#(hex)","path":"/x"}"#, "complete", hex, nil),
            (#"{"event":"upload","oid":"\#(hex)","size":-1,"path":"/x"}"#, "complete", hex, nil),
            (#"{"event":"upload","oid":"\#(hex)","size":1,"path":"/%x"}"#, "complete", hex, nil),
            (#"{"event":"download","oid":"../../etc","size":1,"path":"/x"}"#, "complete", "../../etc", nil),
            (#"{"event":"download","oid":"\#(hex.uppercased())","size":1,"path":"/x"}"#, "complete", hex.uppercased(), nil),
            (#"{"event":"exists","id":2,"oids":["short"]}"#, "exists", nil, 2),
            (#"{"event":"init","id":5}"#, "init", nil, 5),
        ] as [(String, String, String?, Int?)] {
            guard case .answer(let reply) = receive(&conversation, text) else { return XCTFail(text) }
            XCTAssertNotNil(reply.error, text)
            XCTAssertEqual(reply.event, event, text)
            XCTAssertEqual(reply.oid, answeredOID, text)
            XCTAssertEqual(reply.id, id, text)
        }
        XCTAssertEqual(receive(&conversation, #"{"event":"list","id":4}"#), .perform(.list(id: 4)))
    }

    // MARK: questions about the remote

    func testFilesOfServersAreFetchedWhereThereIsNoRemote() {
        var sources = AgentConversation()
        guard case .open(let terms) = receive(&sources, #"{"event":"init","gitData":{"version":1,"sources":true}}"#) else {
            return XCTFail("not opened")
        }
        XCTAssertTrue(terms.isForSources)
        let request = #"{"event":"fetch","id":4,"path":"/a%20b","source":{"url":"https://h/%25x","etag":"\"e\"","size":3,"checksOnly":true}}"#
        var order = AgentConversation.SourceOrder(url: "https://h/%x")
        (order.etag, order.byteCount, order.isCheck) = ("\"e\"", 3, true)
        XCTAssertEqual(receive(&sources, request), .perform(.fetch(id: 4, order, to: "/a b")))
        for incomplete in [#"{"event":"fetch","id":4,"path":"/a"}"#, #"{"event":"fetch","path":"/a","source":{"url":"x"}}"#] {
            guard case .answer(let reply) = receive(&sources, incomplete) else { return XCTFail(incomplete) }
            XCTAssertNotNil(reply.error)
        }
        var remote = AgentConversation()
        _ = receive(&remote, #"{"event":"init","gitData":{"version":1,"url":"/x"}}"#)
        guard case .answer = receive(&remote, request) else { return XCTFail("a remote's agent fetches nothing else") }
    }

    func testExaminationAndUnfinishedUploadsNeedTheExtension() {
        for (event, job) in [("examine", AgentConversation.Job.examine(id: 3)), ("unfinished", .unfinished(id: 3))] {
            var ours = extended()
            XCTAssertEqual(receive(&ours, #"{"event":"\#(event)","id":3}"#), .perform(job))
            guard case .answer(let reply) = receive(&ours, #"{"event":"\#(event)"}"#) else { return XCTFail("no answer") }
            XCTAssertNotNil(reply.error)
            var theirs = plain()
            guard case .answer(let refusal) = receive(&theirs, #"{"event":"\#(event)","id":3}"#) else {
                return XCTFail("no answer")
            }
            XCTAssertNotNil(refusal.error)
        }
    }
}
