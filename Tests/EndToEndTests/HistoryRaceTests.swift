import Platform
import TestSupport
import XCTest

/// Many clients push at once: whoever was told that a push is done finds it in the end, whatever happened to others.
///
/// `Tests/history CLIENTS PUSHES` runs it for long.
final class HistoryRaceTests: S3TestCase {
    private func number(_ name: String, _ short: Int) -> Int {
        Environment.value("GIT_DATA_RACE_\(name)").flatMap { Int($0.text) } ?? short
    }

    private func race(_ url: BytePath, killing: Double = 0, isCollecting: Bool = false, _ what: String) throws {
        let seed = Environment.value("GIT_DATA_RACE_SEED").flatMap { UInt64($0.text) } ?? UInt64.random(in: 0..<1_000_000)
        let race = HistoryRace(laboratory, url: url)
        try race.begin()
        let (clients, pushes) = (number("CLIENTS", 3), number("PUSHES", 4))
        do {
            try race.run(clients: clients, pushes: pushes, killing: killing, isCollecting: isCollecting, seed: seed)
            let commits = try race.check()
            race.tally.withLock { tally in
                print("race: \(what), seed \(seed): \(tally.landed.count) pushes of \(clients) clients landed, \(tally.rejections) rejected, \(tally.kills) killed, \(tally.collections) collections; \(commits) commits")
            }
            // Of killed pushes some were done; nobody pushes anything else.
            XCTAssertEqual(commits, clients * pushes + 1, "seed \(seed)")
        } catch {
            XCTFail("\(what), seed \(seed): \(error)")
        }
    }

    private var placeURL: BytePath { BytePath("data::\(laboratory.folder)/place") }

    func testInAFolder() throws { try race(placeURL, "folder") }

    func testInAFolderWithKills() throws { try race(placeURL, killing: 0.4, "folder, kills") }

    func testInAFolderThatIsPackedAnewMeanwhile() throws { try race(placeURL, killing: 0.2, isCollecting: true, "folder, collected") }

    func testAtAnS3ServerThatIsPackedAnewMeanwhile() throws {
        try race(BytePath("data::\(url())"), killing: 0.2, isCollecting: true, "S3, collected")
    }

    func testAtAnS3Server() throws { try race(BytePath("data::\(url())"), "S3") }

    func testAtAnS3ServerWithKills() throws { try race(BytePath("data::\(url())"), killing: 0.4, "S3, kills") }
}
