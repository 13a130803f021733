import Digest
import Glibc
import ObjectStore
import Platform
import TestSupport
import Transfer
import XCTest

/// The agent's executable as a process: how it begins, and every way in which it ends.
final class AgentProcessTests: TransferTestCase {
    private func start() throws -> ChildProcess {
        try ChildProcess(agent(), [], input: .pipe, output: .pipe, errors: .null)
    }

    private func say(_ request: AgentRequest, to child: ChildProcess) throws {
        try XCTUnwrap(child.input).write(AgentWire.line(request))
        try child.input?.flush()
    }

    private func hear(_ child: ChildProcess) throws -> AgentReply {
        let line = try XCTUnwrap(XCTUnwrap(child.output).read(until: 10))
        return try XCTUnwrap(AgentWire.message(AgentReply.self, line), String(decoding: line, as: UTF8.self))
    }

    private func begin(_ child: ChildProcess) throws {
        let terms = AgentExtension(
            url: AgentPath.encode(scratch / "remote"), create: false, incoming: AgentPath.encode(scratch / "incoming"))
        try say(AgentRequest(event: "init", gitData: terms), to: child)
        XCTAssertEqual(try hear(child), AgentReply(gitData: AgentExtension()))
    }

    /// Starts an upload that takes a while, and returns when it has begun to write.
    private func beginLongUpload(_ child: ChildProcess) throws {
        let file = scratch / "long"
        try Descriptor.open(file, [.write, .create]).truncate(to: 4 << 30)
        try say(
            AgentRequest(event: "upload", oid: ObjectID.of([1]).hex, size: 4 << 30, path: AgentPath.encode(file)),
            to: child)
        while try scratch.files(below: "remote/incoming").isEmpty { pause(.milliseconds(1)) }
    }

    func testEndOfInputEndsAgentAndItsUploads() throws {
        let child = try start()
        try begin(child)
        try beginLongUpload(child)
        try child.closeInput()
        XCTAssertEqual(child.wait(), .exited(0))
        XCTAssertEqual(try scratch.files(below: "remote"), [])
    }

    func testSignalEndsAgentAndItsUploads() throws {
        for signal in [SIGINT, SIGTERM] {
            let child = try start()
            try begin(child)
            try beginLongUpload(child)
            child.send(signal: signal)
            XCTAssertEqual(child.wait(), .killed(signal: signal))
            XCTAssertEqual(try scratch.files(below: "remote"), [])
        }
    }

    func testTerminateLetsWorkEnd() throws {
        let items = try fill(store, lengths: [5 << 20, 10])
        let child = try start()
        try begin(child)
        for item in items {
            let path = AgentPath.encode(store.path(of: item.oid))
            try say(AgentRequest(event: "upload", oid: item.oid.hex, size: item.byteCount, path: path), to: child)
        }
        try say(AgentRequest(event: "terminate"), to: child)
        var completed: Set<String> = []
        while let line = try child.output?.read(until: 10) {
            let reply = try XCTUnwrap(AgentWire.message(AgentReply.self, line))
            if reply.event == "complete", reply.error == nil { completed.insert(reply.oid ?? "") }
        }
        XCTAssertEqual(child.wait(), .exited(0))
        XCTAssertEqual(completed, Set(items.map(\.oid.hex)))
        try assertIntact(items, in: remote)
    }

    func testClientThatStopsListeningEndsAgent() throws {
        let items = try fill(store, lengths: Array(1...200))
        let child = try start()
        try begin(child)
        _ = child.takeOutput()
        for item in items {
            let path = AgentPath.encode(store.path(of: item.oid))
            // The agent may be gone before the last request.
            try? say(AgentRequest(event: "upload", oid: item.oid.hex, size: item.byteCount, path: path), to: child)
        }
        XCTAssertEqual(child.wait(), .exited(0))
        try assertNothingDamaged(in: remote)
        XCTAssertEqual(try scratch.files(below: "remote/incoming"), [])
    }

    func testNonsenseEndsAgentWithFailure() throws {
        let finished = try Finished(agent(), [], input: Array("hello\n".utf8))
        XCTAssertEqual(finished.ending, .exited(128))
        XCTAssertNotNil(AgentWire.message(AgentReply.self, finished.output)?.error)
        XCTAssert(String(decoding: finished.errors, as: UTF8.self).contains("not a message"))
    }

    func testRefusedRemoteEndsAgentWithFailure() throws {
        let finished = try Finished(agent(), [scratch / "nowhere"], input: Array("{\"event\":\"init\"}\n".utf8))
        XCTAssertEqual(finished.ending, .exited(1))
        let fault = try XCTUnwrap(AgentWire.message(AgentReply.self, finished.output)?.error)
        XCTAssert(fault.message.contains("nowhere"), fault.message)
    }

    func testSilentClientIsNoFailure() throws {
        XCTAssertEqual(try Finished(agent(), [], input: []).ending, .exited(0))
    }

    func testVersionAndUsage() throws {
        let version = try Finished(agent(), ["--version"])
        XCTAssertEqual(version.ending, .exited(0))
        XCTAssert(version.text.hasPrefix("git-data-transfer ") && version.text.hasSuffix("\n"), version.text)
        for arguments: [BytePath] in [["--help"], ["-x"], ["one", "two"]] {
            let usage = try Finished(agent(), arguments)
            XCTAssertEqual(usage.ending, .exited(129))
            XCTAssertEqual(usage.output, [])
            XCTAssert(String(decoding: usage.errors, as: UTF8.self).contains("usage: git-data-transfer"))
        }
    }
}
