import Digest
import Platform
import TestSupport
import XCTest

/// A crowd, and what must be true when it has gone.
class ConcurrentTestCase: EndToEndTestCase {
    private(set) var crowd: Crowd!
    /// Of all tests of the process, for the line at its end.
    nonisolated(unsafe) private static var tally = (processes: 0, losers: 0, checks: 0)

    override func setUpWithError() throws {
        try super.setUpWithError()
        crowd = Crowd(laboratory)
    }

    override class func tearDown() {
        print("concurrent: \(tally.processes) processes at once, \(tally.losers) had to give way, \(tally.checks) checks of all blobs, 0 lost")
        super.tearDown()
    }

    override func tearDown() {
        crowd = nil
        super.tearDown()
    }

    /// Runs commands at once, each of which succeeds, or gives way and says for what.
    /// - Parameter words: of the messages of those that give way.
    /// - Returns: those that gave way.
    @discardableResult
    func run(
        _ commands: [Crowd.Command], givingWay words: [String] = [], file: StaticString = #filePath, line: UInt = #line
    ) throws -> [Crowd.Ending] {
        let endings = try crowd.run(commands)
        Self.tally.processes += endings.count
        let losers = endings.filter { $0.ending != .exited(0) }
        for loser in losers where !words.contains(where: { loser.said.contains($0) }) {
            XCTFail("\(loser)", file: file, line: line)
        }
        Self.tally.losers += losers.count
        return losers
    }

    func file(_ number: Int, _ round: Int = 0) -> [UInt8] { SampleData.bytes(2_000 + number * 371, seed: UInt64(round * 1000 + number)) }

    /// Git and git data find nothing wrong, no lock is left, the index can be used, and every blob that anything names
    /// is in a store or at the remote.
    func assertSound(
        _ worktrees: [Worktree], places: [BytePath], file: StaticString = #filePath, line: UInt = #line
    ) throws {
        Self.tally.checks += 1
        for worktree in worktrees {
            let common = BytePath(try worktree.git("rev-parse", "--path-format=absolute", "--git-common-dir").lines[0])
            let locks = try laboratory.run("find", [common, "-name", "*.lock"], in: laboratory.folder).lines
            XCTAssertEqual(locks, [], "locks are left", file: file, line: line)
            XCTAssertEqual(try worktree.git("fsck", "--no-dangling").text, "", file: file, line: line)
            let fsck = try worktree.attempt("data", "fsck")
            XCTAssertEqual(fsck.status, 0, "\(fsck)", file: file, line: line)
            XCTAssertEqual(try laboratory.scratch.files(below: common / "data/damaged"), [], file: file, line: line)
            try worktree.git("status", "--porcelain")
        }
        let ledger = BlobLedger(worktrees.map { ($0.folder.lastComponent.description, $0.folder) }, in: laboratory)
        try ledger.check(
            after: "the crowd", places.map { BlobLedger.Place(name: $0.description, folder: $0) }, worktrees: [])
        XCTAssertGreaterThan(ledger.count, 0, "nothing is named, so that nothing was looked at", file: file, line: line)
    }
}
