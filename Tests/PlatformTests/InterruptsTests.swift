import Glibc
import Platform
import TestSupport
import XCTest

/// Lock files, and what is left when a process is told to end.
final class InterruptsTests: XCTestCase {
    private var scratch: ScratchFolder!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        // A shell starts what it puts in the background with signals ignored, and children inherit that.
        for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, SIG_DFL) }
        scratch = try ScratchFolder()
    }

    override func tearDown() { scratch = nil }

    private func makeLock(_ target: BytePath) throws {
        _ = try LockFile(for: target)
    }

    func testLockIsExclusiveAndRemovedWithItsOwner() throws {
        let target = scratch / "index"
        do {
            let lock = try LockFile(for: target)
            try lock.descriptor.write([1])
            XCTAssertTrue((scratch / "index.lock").exists)
            XCTAssertThrowsError(try makeLock(target)) { XCTAssertEqual(($0 as? SystemError)?.isExisting, true) }
            XCTAssertTrue((scratch / "index.lock").exists, "who did not get the lock does not remove it")
        }
        XCTAssertEqual(try scratch.files(), [])
        try makeLock(target)
    }

    func testCommittedLockIsTheFile() throws {
        let target = try scratch.write("old", to: "index")
        let lock = try LockFile(for: target, permissions: 0o600)
        try lock.descriptor.write(Array("new".utf8))
        XCTAssertEqual(try target.contents(), Array("old".utf8))
        try lock.commit()
        XCTAssertEqual(try target.contents(), Array("new".utf8))
        XCTAssertEqual(try target.status()?.permissions, 0o600)
        XCTAssertEqual(try scratch.files(), ["index"])
    }

    func testCommitDoesNotRemoveTheNextOwnersLock() throws {
        // Others take the lock again and again; whoever's commit removed another's lock would let two in.
        let target = try scratch.write("", to: "counter")
        let failures = Monitor<[String]>([])
        let path = target
        concurrently(count: 8, threads: 8) { _ in
            var rounds = 0
            while rounds < 50 {
                do {
                    let lock = try LockFile(for: path)
                    let content = try path.contents() ?? []
                    try lock.descriptor.write(content + [UInt8(ascii: "x")])
                    try lock.commit()
                    rounds += 1
                } catch let error as SystemError where error.isExisting {
                    sched_yield()
                } catch {
                    failures.change { $0.append("\(error)") }
                    return
                }
            }
        }
        XCTAssertEqual(failures.change { $0 }, [])
        XCTAssertEqual(try target.contents()?.count, 400)
        XCTAssertEqual(try scratch.files(), ["counter"])
    }

    func testLockThatCannotBeCommittedIsRemoved() throws {
        try scratch.write("", to: "index/file")
        func commit() throws {
            let lock = try LockFile(for: scratch / "index")
            try lock.commit()
        }
        XCTAssertThrowsError(try commit()) { XCTAssertEqual(($0 as? SystemError)?.call, "rename") }
        XCTAssertEqual(try scratch.files(), ["index/file"])
    }

    private func peer(_ arguments: [BytePath]) throws -> ChildProcess {
        let peer = try TestPeer.start(arguments)
        XCTAssertNotNil(try peer.output?.read(until: 10))
        return peer
    }

    /// Sends a signal and waits; the child's input stays open meanwhile, as its end would end the child too.
    private func end(_ peer: ChildProcess, by signal: Int32) -> ChildProcess.Ending {
        let input = peer.takeInput()
        peer.send(signal: signal)
        return withExtendedLifetime(input) { peer.wait() }
    }

    func testSignalsRemoveLockAndEndTheProcessAsSignalsDo() throws {
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            let peer = try peer(["lock", scratch / "index"])
            XCTAssertEqual(try scratch.files(), ["index.lock"])
            XCTAssertEqual(end(peer, by: signal), .killed(signal: signal))
            XCTAssertEqual(try scratch.files(), [])
        }
    }

    func testSignalRemovesTemporaryFiles() throws {
        let peer = try peer(["temporary", scratch.path])
        XCTAssertEqual(try scratch.files().count, 1)
        XCTAssertEqual(end(peer, by: SIGINT), .killed(signal: SIGINT))
        XCTAssertEqual(try scratch.files(), [])
    }

    func testSignalRunsEndActions() throws {
        let file = try scratch.write("", to: "file")
        let peer = try peer(["end-action", file])
        XCTAssertEqual(end(peer, by: SIGTERM), .killed(signal: SIGTERM))
        XCTAssertFalse(file.exists)
    }

    func testProcessThatEndsByItselfRunsNoEndAction() throws {
        let file = try scratch.write("", to: "file")
        let peer = try peer(["end-action", file])
        try peer.closeInput()
        XCTAssertEqual(peer.wait(), .exited(0))
        XCTAssertTrue(file.exists)
    }

    func testIgnoredSignalStaysIgnored() throws {
        // As under nohup: a process started with SIGHUP ignored is not ended by it.
        let script: BytePath = "trap '' HUP; exec \"$0\" lock \"$1\""
        let peer = try ChildProcess(
            "/bin/sh", ["-c", script, try TestPeer.executable(), scratch / "index"], input: .pipe, output: .pipe)
        XCTAssertNotNil(try peer.output?.read(until: 10))
        peer.send(signal: SIGHUP)
        try peer.closeInput()
        XCTAssertEqual(peer.wait(), .exited(0))
    }

    func testKilledProcessLeavesItsLockForOthersToSee() throws {
        let peer = try peer(["lock", scratch / "index"])
        peer.send(signal: SIGKILL)
        peer.wait()
        XCTAssertThrowsError(try makeLock(scratch / "index")) { XCTAssertEqual(($0 as? SystemError)?.isExisting, true) }
    }
}
