import Diagnostics
import Digest
import ObjectStore
import Platform
import Synchronization
import TestSupport
import Transfer
import XCTest

/// The session with the agent's real executable over a folder.
final class TransferSessionTests: TransferTestCase {
    private let lengths = [0, 1, 1000, 65_536, 1 << 20, (5 << 20) + 1] + Array(repeating: 3000, count: 40)

    private func mirror() throws -> ObjectStore {
        let other = ObjectStore(folder: scratch / "mirror")
        try other.prepare()
        return other
    }

    // MARK: There and back

    func testBlobsGoUpAndComeDown() throws {
        var lengths = lengths
        lengths[0] = 0
        let items = try fill(store, lengths: lengths)
        let session = try session()
        XCTAssertEqual(try session.existing(among: items.map(\.oid)), [])
        let up = try session.upload(items)
        XCTAssertEqual(Set(up.done), Set(items.map(\.oid)))
        XCTAssertEqual(up.failures.map(\.message), [])
        XCTAssertEqual(try session.existing(among: items.map(\.oid)), Set(items.map(\.oid)))
        try assertIntact(items, in: remote)
        XCTAssertEqual(try scratch.files(below: "remote/incoming"), [])

        let other = try mirror()
        let second = try self.session(store: other)
        var arrived: [ObjectID] = []
        let down = try second.download(items) { oid in
            XCTAssertTrue(other.path(of: oid).exists, "not in its place when said to have arrived")
            arrived.append(oid)
        }
        XCTAssertEqual(Set(down.done), Set(items.map(\.oid)))
        XCTAssertEqual(arrived.count, items.count)
        try assertIntact(items, in: other)
        XCTAssertEqual(try scratch.files(below: "mirror/incoming"), [])
        session.finish()
        second.finish()
    }

    func testWhatIsThereIsSkipped() throws {
        let items = try fill(store, lengths: [10, 20, 30])
        let session = try session()
        _ = try session.upload([items[0]])
        let up = try session.upload(items + items)
        XCTAssertEqual(up.skipped, [items[0].oid])
        XCTAssertEqual(Set(up.done), [items[1].oid, items[2].oid])
        XCTAssertEqual(up.done.count, 2)
        var arrived: [ObjectID] = []
        let down = try session.download(items + items) { arrived.append($0) }
        XCTAssertEqual(down.skipped, items.map(\.oid))
        XCTAssertEqual(arrived, items.map(\.oid))
        XCTAssertEqual(down.done, [])
    }

    func testWrongClaimsOfLengthKeepNoTrueOneFromArriving() throws {
        let items = try fill(store, lengths: [10, 20, 3000, 65_536])
        _ = try session().upload(items)
        let other = try mirror()
        let wrong = items.flatMap { item in
            [1, 2, -1, 1 << 40, .max - item.byteCount].map { TransferItem(oid: item.oid, byteCount: item.byteCount + $0) }
        }
        var arrived: [ObjectID] = []
        let down = try session(store: other).download(wrong + items.dropFirst() + wrong) { arrived.append($0) }
        XCTAssertEqual(Set(down.done), Set(items.dropFirst().map(\.oid)))
        XCTAssertEqual(arrived.count, 3)
        XCTAssertEqual(down.failures.map(\.oid), [items[0].oid], "nobody said the truth of it")
        try assertIntact(Array(items.dropFirst()), in: other)
    }

    func testNothingToDo() throws {
        let session = try session()
        XCTAssertEqual(try session.upload([]).done, [])
        XCTAssertEqual(try session.download([]) { _ in }.done, [])
        XCTAssertEqual(try session.existing(among: []), [])
        session.finish()
        session.finish()
    }

    func testListAndDelete() throws {
        let items = try fill(store, lengths: Array(1...1100))
        let session = try session()
        _ = try session.upload(items)
        var listed: [TransferItem] = []
        try session.list { listed.append($0) }
        XCTAssertEqual(listed.count, 1100)
        XCTAssertEqual(Set(listed), Set(items))
        let outcome = try session.delete(items.dropFirst().map(\.oid) + [.of([9])])
        XCTAssertEqual(outcome.done.count, 1100)
        listed = []
        try session.list { listed.append($0) }
        XCTAssertEqual(listed, [items[0]])
    }

    func testMoreBlobsThanTheAgentIsToldOfAtOnce() throws {
        let items = try fill(store, lengths: Array(1...1500))
        let session = try session()
        XCTAssertEqual(try session.upload(items).done.count, 1500)
        XCTAssertEqual(try session.existing(matching: items).count, 1500)
        let other = try mirror()
        XCTAssertEqual(try self.session(store: other).download(items) { _ in }.done.count, 1500)
        try assertIntact(items, in: other)
    }

    func testPathsNeedNotBeText() throws {
        let folder = scratch.path / BytePath(bytes: [0xfe, 0x20, 0x25, 0xff])
        try (folder / "remote").makeFolders()
        let odd = ObjectStore(folder: folder / "local")
        let items = try fill(odd, lengths: [100])
        XCTAssertEqual(try session(to: folder / "remote", store: odd).upload(items).done, items.map(\.oid))
        try odd.remove(items[0].oid)
        XCTAssertEqual(try session(to: folder / "remote", store: odd).download(items) { _ in }.done, items.map(\.oid))
        try assertIntact(items, in: odd)
    }

    func testProgressEndsWhereTheWorkEnds() throws {
        final class Recorder: ProgressObserver {
            let ticks = Mutex<[ProgressTick]>([])
            func advance(to tick: ProgressTick) { ticks.withLock { $0.append(tick) } }
        }
        let items = try fill(store, lengths: [100, 200, 1 << 20])
        let recorder = Recorder()
        _ = try session(progress: recorder).upload(items)
        let ticks = recorder.ticks.withLock { $0 }
        let total = Int64(300 + (1 << 20))
        XCTAssertEqual(ticks.last, ProgressTick(filesDone: 3, filesTotal: 3, bytesDone: total, bytesTotal: total))
        XCTAssertTrue(zip(ticks, ticks.dropFirst()).allSatisfy { $0.bytesDone <= $1.bytesDone })
    }

    // MARK: What can be wrong with a blob

    func testEachBlobFailsForItself() throws {
        let items = try fill(store, lengths: [100, 200, 300, 400])
        let absent = TransferItem(oid: .of([1, 2, 3]), byteCount: 3)
        // One damaged here, one of another length there.
        try plant(Array(repeating: 0, count: 200), as: items[1].oid, in: "local")
        try plant([1], as: items[2].oid, in: "remote")
        let session = try session()
        XCTAssertEqual(try session.existing(among: items.map(\.oid)), [])
        let up = try session.upload(items + [absent])
        XCTAssertEqual(Set(up.done), [items[0].oid, items[3].oid])
        XCTAssertEqual(up.kinds, [items[1].oid: .damaged, items[2].oid: .damaged, absent.oid: .absent])
        XCTAssertNil(try remote.isIntact(items[1].oid))
        XCTAssertEqual(remote.byteCount(of: items[2].oid), 1)

        let other = try mirror()
        try plant(Array(repeating: 0, count: 400), as: items[3].oid, in: "remote")
        let down = try self.session(store: other).download(items + [absent]) { XCTAssertEqual($0, items[0].oid) }
        XCTAssertEqual(down.done, [items[0].oid])
        XCTAssertEqual(
            down.kinds,
            [items[1].oid: .absent, items[2].oid: .damaged, items[3].oid: .damaged, absent.oid: .absent])
        XCTAssertEqual(try scratch.files(below: "mirror/incoming"), [])
        XCTAssertEqual(try scratch.files(below: "mirror/objects").count, 1)
    }

    func testPartialDownloadOfEarlierProcessGoesOn() throws {
        let items = try fill(remote, lengths: [3 << 20])
        let whole = try XCTUnwrap(try remote.path(of: items[0].oid).contents())
        try scratch.write(Array(whole.prefix(2 << 20)), to: BytePath("local/incoming/\(items[0].oid.hex).part"))
        XCTAssertEqual(try session().download(items) { _ in }.done, items.map(\.oid))
        try assertIntact(items, in: store)
        XCTAssertEqual(try scratch.files(below: "local/incoming"), [])
    }

    func testDownloadOfClientThatDiedIsNotFetchedAgain() throws {
        let items = try fill(remote, lengths: [100_000])
        let bytes = try XCTUnwrap(try remote.path(of: items[0].oid).contents())
        // The agent had verified it; the client never came to take it over.
        try scratch.write(bytes, to: BytePath("local/incoming/\(items[0].oid.hex).pending"))
        let outcome = try session().download(items) { _ in }
        XCTAssertEqual(outcome.skipped, [items[0].oid])
        try assertIntact(items, in: store)
        XCTAssertEqual(try scratch.files(below: "local/incoming"), [])
    }

    func testDamagedPendingBlobIsReplaced() throws {
        let items = try fill(remote, lengths: [100_000])
        try scratch.write([UInt8](repeating: 0, count: 100_000), to: BytePath("local/incoming/\(items[0].oid.hex).pending"))
        XCTAssertEqual(try session().download(items) { _ in }.done, [items[0].oid])
        try assertIntact(items, in: store)
        XCTAssertEqual(try scratch.files(below: "local/incoming"), [])
    }

    func testFullLocalDiskFailsTheBlobAndRoomLetsItArrive() throws {
        let disk: SmallFileSystem
        do { disk = try SmallFileSystem(byteCount: 1 << 20, on: scratch / "disk") } catch let error as NotPossibleHere {
            throw XCTSkip(error.reason)
        }
        let items = try fill(remote, lengths: [200_000, 2 << 20])
        let small = ObjectStore(folder: disk.path / "data")
        let outcome = try session(store: small).download(items) { _ in }
        XCTAssertEqual(outcome.done, [items[0].oid])
        XCTAssertEqual(outcome.kinds, [items[1].oid: .full])
        try assertIntact([items[0]], in: small)
    }

    func testTwoSessionsDownloadTheSameBlobsAtOnce() throws {
        let items = try fill(remote, lengths: Array(repeating: 100_000, count: 30) + [8 << 20, 8 << 20])
        for _ in 0..<5 {
            ScratchFolder.removeTree(scratch / "local")
            let results = Monitor<[String]>([])
            let (store, agent, url) = (store!, try agent(), scratch / "remote")
            concurrently(count: 3, threads: 3) { _ in
                do throws(TransferError) {
                    let session = try TransferSession(
                        agent: agent, destination: TransferDestination(url: url, mayCreate: false, name: "r"),
                        store: store, transfers: nil, progress: SilentProgress())
                    let outcome = try session.download(items) { _ in }
                    let failures = outcome.failures.map(\.message)
                    let count = outcome.done.count + outcome.skipped.count
                    results.change { $0 += failures + (count == 32 ? [] : ["\(count)"]) }
                } catch {
                    results.change { $0.append("\(error)") }
                }
            }
            XCTAssertEqual(results.change { $0 }, [])
            try assertIntact(items, in: store)
            XCTAssertEqual(try scratch.files(below: "local/incoming"), [])
        }
    }

    // MARK: What can be wrong with the remote

    private func assertRemoteError(
        _ kind: TransferFailure.Kind, naming name: String, _ body: @autoclosure () throws -> TransferSession,
        file: StaticString = #filePath, line: UInt = #line
    ) {
        XCTAssertThrowsError(try body(), file: file, line: line) { error in
            guard case .remote(let found, let message)? = error as? TransferError else {
                return XCTFail("\(error)", file: file, line: line)
            }
            XCTAssertEqual(found, kind, message, file: file, line: line)
            XCTAssert(message.contains(name), message, file: file, line: line)
        }
    }

    func testMissingFolderIsSaidAtOnce() throws {
        assertRemoteError(.other, naming: "nowhere", try session(to: scratch / "nowhere"))
        assertRemoteError(.other, naming: "nowhere", try session(to: scratch / "nowhere/data", mayCreate: true))
    }

    func testUnknownSchemeIsSaidWithoutSecrets() throws {
        assertRemoteError(.other, naming: "gopher", try session(to: "gopher://me:secret@host/x"))
        XCTAssertThrowsError(try session(to: "gopher://me:secret@host/x")) { XCTAssertFalse("\($0)".contains("secret")) }
    }

    func testFileURLs() throws {
        let items = try fill(store, lengths: [10])
        for prefix in ["file://", "file://localhost"] {
            let url = BytePath(prefix + (scratch / "remote").text)
            let outcome = try session(to: url).upload(items)
            XCTAssertEqual(outcome.failures.map(\.message), [])
        }
        try assertIntact(items, in: remote)
    }

    func testFolderOfAnotherUserIsDenied() throws {
        guard TestProcess.isRoot, let setpriv = Environment.findProgram("setpriv") else {
            throw XCTSkip("only root can become somebody else")
        }
        let items = try fill(store, lengths: [10, 20])
        try Descriptor.open(scratch / "remote", [.read, .folder]).setPermissions(0o755)
        let other = try script("exec '\(setpriv)' --reuid=65534 --regid=65534 --clear-groups \"$AGENT\"")
        let outcome = try session(other).upload(items)
        XCTAssertEqual(outcome.kinds, [items[0].oid: .denied, items[1].oid: .denied])
        XCTAssertEqual(try scratch.files(below: "remote"), [])
    }
}
