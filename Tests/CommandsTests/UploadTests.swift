import Diagnostics
import Digest
import ObjectStore
import Platform
import Pointer
import Synchronization
import TestSupport
import Transfer
import XCTest

@testable import Commands
@testable import Repository

/// A push whose blobs are asked about and sent in several portions.
final class UploadTests: XCTestCase {
    private final class Recorder: ProgressObserver {
        let ticks = Mutex<[ProgressTick]>([])
        func advance(to tick: ProgressTick) { ticks.withLock { $0.append(tick) } }
    }

    private var laboratory: Laboratory!
    private var work: Worktree!
    private var origin: BytePath!
    private var repository: Repository!
    private let recorder = Recorder()
    private let contents = (0..<8).map { SampleData.bytes(1000 + $0, seed: UInt64($0)) }

    /// Eight files of which the first two are on the remote.
    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        laboratory = try Laboratory()
        (work, origin) = try laboratory.project()
        for (number, content) in contents.enumerated() {
            try work.write(content, to: BytePath("\(number).bin"))
            // So that Git, which this process asks without our filter, knows it by its times.
            try laboratory.run("touch", ["-d", "2020-01-01", work.folder / "\(number).bin"]).expecting(0)
            try work.commit("File \(number)")
            if number == 1 { try work.git("push", "--quiet") }
        }
        repository = try Repository.find(from: work.folder)
    }

    override func tearDown() {
        (repository, work, laboratory) = (nil, nil, nil)
    }

    private func blobs() throws -> PushedBlobs {
        let repository = try XCTUnwrap(repository)
        return try PushedBlobs(repository) { try repository.forEachReachedPointer(from: ["HEAD"], isStrict: true, $0) }
    }

    private func upload() throws -> Upload {
        let context = CommandContext(output: Output(isQuiet: true, isVerbose: false), table: Interface.table)
        var upload = Upload(context: context, repository: repository, remote: try repository.dataRemote())
        upload.portionCount = 4
        return upload
    }

    private func session() throws -> TransferSession {
        try TransferSession(
            agent: TransferSession.agentExecutable(),
            destination: TransferDestination(url: try repository.dataRemote().url, mayCreate: true, name: "data"),
            store: repository.store(), transfers: nil, progress: recorder)
    }

    func testEveryPortionIsAskedAboutAndSent() throws {
        let (upload, session, blobs) = (try upload(), try session(), try blobs())
        defer { session.finish() }
        let plan = try upload.plan(blobs, session)
        let total = contents[2...].reduce(0) { $0 + Int64($1.count) }
        XCTAssertEqual(plan.present, 2)
        XCTAssertEqual(plan.total, ProgressTick(filesTotal: 6, bytesTotal: total))
        XCTAssertEqual(try upload.send(plan, session).map(\.message), [])
        for content in contents { XCTAssert(try remoteBlob(of: content, in: origin).contents() == content) }
        let ticks = recorder.ticks.withLock { $0 }
        XCTAssertTrue(ticks.allSatisfy { $0.filesTotal == 6 && $0.bytesTotal == total }, "\(ticks)")
        XCTAssertEqual(ticks.last, ProgressTick(filesDone: 6, filesTotal: 6, bytesDone: total, bytesTotal: total))
        XCTAssertTrue(zip(ticks, ticks.dropFirst()).allSatisfy { $0.bytesDone <= $1.bytesDone && $0.filesDone <= $1.filesDone })
    }

    func testLostBlobsOfEveryPortionAreNamedAndOthersFail() throws {
        for number in 2..<8 {
            try work.localBlob(of: contents[number]).removeFile()
            // The others stand in the worktree.
            if number % 2 == 0 { try work.write([1], to: BytePath("\(number).bin")) }
        }
        let (upload, session, blobs) = (try upload(), try session(), try blobs())
        defer { session.finish() }
        let dry = try upload.plan(blobs, session)
        XCTAssertEqual(dry.lost.map(\.path), ["2.bin", "4.bin", "6.bin"])
        XCTAssertEqual(dry.total.filesTotal, 3)
        XCTAssertFalse(work.localBlob(of: contents[3]).exists)
        let plan = try upload.plan(blobs, session, isRescuing: true)
        XCTAssertEqual(plan.lost.map(\.path), ["2.bin", "4.bin", "6.bin"])
        for number in [3, 5, 7] { XCTAssertTrue(work.localBlob(of: contents[number]).exists, "\(number)") }
        try work.localBlob(of: contents[5]).removeFile()
        XCTAssertEqual(try upload.send(plan, session).map(\.oid), [.of(contents[5])])
        XCTAssertTrue(remoteBlob(of: contents[7], in: origin).exists)
    }

    func testRunSendsAllAndKeepsNothingThatStandsInTheWorktree() throws {
        try work.git("config", "data.keep", "pushed")
        try work.write([1], to: "7.bin")
        XCTAssertTrue(try upload().run(try blobs()))
        for (number, content) in contents.enumerated() {
            XCTAssert(try remoteBlob(of: content, in: origin).contents() == content)
            XCTAssertEqual(work.localBlob(of: content).exists, number == 7, "\(number)")
        }
    }

    func testFirstPointerDecidesAboutTheLength() throws {
        let lines = [
            "version https://git-lfs.github.com/spec/v1", "ext-0-foo sha256:\(ObjectID.of([8]).hex)",
            "oid sha256:\(ObjectID.of([9]).hex)", "size 5",
        ]
        guard case .pointer(let extended) = Pointer.recognize(Array((lines.joined(separator: "\n") + "\n").utf8)), extended.isExtended
        else { return XCTFail("no extended pointer") }
        let form = extended.form
        let oids = (0..<5).map { ObjectID.of([UInt8($0)]) }.sorted()
        let name = try XCTUnwrap(try repository.reachedPointers(from: ["HEAD"]).first).blob
        func pointer(_ number: Int, _ byteCount: Int64, _ path: BytePath, _ form: Pointer.Form = .gitData) -> ReachedPointer {
            ReachedPointer(pointer: Pointer(oid: oids[number], byteCount: byteCount, form: form), path: path, blob: name)
        }
        let reached = [
            pointer(4, 9, "e"), pointer(0, 7, "b"), pointer(0, 5, "a"), pointer(1, 0, "empty"), pointer(2, 5, "extended", form),
            pointer(3, 5, "extended", form), pointer(3, 6, "plain"), pointer(0, 6, "c"),
        ]
        let blobs = try PushedBlobs(repository) { body in for pointer in reached { body(pointer) } }
        var portions: [[TransferItem]] = []
        try blobs.forEachPortion(of: 2) { portions.append($0) }
        XCTAssertEqual(
            portions,
            [[TransferItem(oid: oids[0], byteCount: 7), TransferItem(oid: oids[3], byteCount: 6)], [TransferItem(oid: oids[4], byteCount: 9)]])
        var (all, plain): ([ObjectID], [ObjectID]) = ([], [])
        try blobs.forEach { all.append($0) }
        try blobs.forEachPlain { plain.append($0) }
        XCTAssertEqual(all, oids)
        XCTAssertEqual(plain, [oids[0], oids[1], oids[3], oids[4]])
        XCTAssertEqual(try blobs.pointers(to: [oids[0], oids[3]]).map(\.path), ["b", "plain"])
        XCTAssertEqual(try blobs.paths(of: [oids[3]]), [oids[3]: "extended"])
        XCTAssertThrowsError(try blobs.pointers(to: [oids[1]]), "lost, and not named")
    }
}
