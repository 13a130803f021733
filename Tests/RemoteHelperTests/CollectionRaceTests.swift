import Git
import Platform
import Remote
import TestSupport
import XCTest

@testable import RemoteHelper

/// What happens while a repository is tidied. Whatever it is, the newest state names only what is there, and clones are
/// whole.
final class CollectionRaceTests: XCTestCase {
    private var scratch: ScratchFolder!
    private var repository: RemoteRepository!
    private var ada: RemoteClone!
    private var bob: RemoteClone!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
        repository = RemoteRepository(place: scratch / "place")
        (ada, bob) = (try RemoteClone(scratch, "ada"), try RemoteClone(scratch, "bob"))
        try ada.commit("first", on: "main")
        try repository.push("main:refs/heads/main", from: ada.path)
        try bob.git("fetch", "-q", ada.path, "main")
        try bob.git("checkout", "-q", "-B", "main", "FETCH_HEAD")
    }

    override func tearDown() { (scratch, repository, ada, bob) = (nil, nil, nil, nil) }

    /// Clones with Git and the built helper.
    private func assertCloneIsWhole(line: UInt = #line) throws {
        let laboratory = try Laboratory(isInstalled: false)
        try laboratory.git(["clone", "--quiet", "--mirror", BytePath("data::\(repository.place)"), "clone.git"])
        try laboratory.git(["fsck", "--full", "--strict", "--no-dangling"], in: laboratory.folder / "clone.git")
        let refs = try laboratory.git(["for-each-ref", "--format=%(objectname) %(refname)"], in: laboratory.folder / "clone.git").lines
        XCTAssertEqual(refs, try repository.newest()?.refs.map { "\($0.target) \($0.name)" }, line: line)
    }

    func testPushThatLandsDuringACollectionStays() throws {
        let (repository, ada) = (repository!, ada!)
        try ada.commit("second", on: "main")
        try repository.push("main:refs/heads/main", from: ada.path)
        try ada.commit("of ada", on: "ada", from: "main")
        let report = try repository.collect(from: bob.path, beforeState: [{ try repository.push("ada:refs/heads/ada", from: ada.path) }])
        let state = try repository.check(scratch)
        XCTAssertEqual(state.refs.map(\.name), ["refs/heads/ada", "refs/heads/main"])
        XCTAssertEqual(state.packs.count, 1)
        XCTAssertEqual([report.packsAfter, report.statesRemoved], [1, 2])
        try assertCloneIsWhole()
    }

    func testRefThatIsDeletedDuringACollectionIsCollected() throws {
        let (repository, ada) = (repository!, ada!)
        let commit = try ada.commit("of ada", on: "ada", from: "main")
        try repository.push("ada:refs/heads/ada", from: ada.path)
        try repository.collect(from: bob.path, beforeState: [{ try repository.push(":refs/heads/ada", from: ada.path) }])
        let state = try repository.check(scratch)
        XCTAssertEqual(state.refs.map(\.name), ["refs/heads/main"])
        XCTAssertFalse(state.packs.flatMap(\.tips).contains(commit))
        XCTAssertEqual(try StateLog(remote: FolderRemote(repository.place)).numbers().first, state.oldest)
        try assertCloneIsWhole()
    }

    func testPastThatIsRestoredDuringACollectionIsComplete() throws {
        let (repository, ada) = (repository!, ada!)
        try ada.commit("of ada", on: "ada", from: "main")
        try repository.push("ada:refs/heads/ada", from: ada.path)
        try repository.push(":refs/heads/ada", from: ada.path)
        try repository.collect(from: bob.path, beforeState: [{ try repository.restore(2, from: ada.path) }])
        XCTAssertEqual(try repository.check(scratch).refs.map(\.name), ["refs/heads/ada", "refs/heads/main"])
        // What a collection has dropped cannot be restored.
        try repository.push(":refs/heads/ada", from: ada.path)
        try repository.collect(from: bob.path)
        XCTAssertThrowsError(try repository.restore(2, from: ada.path))
        XCTAssertEqual(try repository.check(scratch).refs.map(\.name), ["refs/heads/main"])
    }

    func testPastThatIsKeptCanBeRestored() throws {
        try ada.commit("of ada", on: "ada", from: "main")
        try repository.push("ada:refs/heads/ada", from: ada.path)
        try repository.push(":refs/heads/ada", from: ada.path)
        try repository.collect(from: bob.path, expiring: false)
        try repository.restore(2, from: ada.path)
        XCTAssertEqual(try repository.check(scratch).refs.map(\.name), ["refs/heads/ada", "refs/heads/main"])
        try assertCloneIsWhole()
    }

    func testPastOfThisSecondIsForgottenToo() throws {
        let secret = try ada.commit("secret", on: "main")
        try repository.push("main:refs/heads/main", from: ada.path)
        try ada.git("reset", "-q", "--hard", "HEAD~1")
        try repository.push("+main:refs/heads/main", from: ada.path)
        try repository.forget(from: bob.path)
        let state = try repository.check(scratch)
        XCTAssertEqual(state.oldest, 3)
        let clone = try RemoteClone(scratch, "clone")
        for pack in state.packs { try clone.git("unpack-objects", "-q", from: repository.place / "git/objects/pack/\(pack.name.text).pack") }
        try clone.git("cat-file", "-e", BytePath(bytes: state.refs[0].target.hex))
        XCTAssertThrowsError(try clone.git("cat-file", "-e", BytePath("\(secret)")))
    }

    func testRefsThatCannotBeTogetherAreNotRestored() throws {
        try ada.commit("below", on: "below", from: "main")
        try repository.push("below:refs/heads/a/b", from: ada.path)
        try repository.push(":refs/heads/a/b", "below:refs/heads/a", "below:refs/heads/a-b", from: ada.path)
        XCTAssertThrowsError(try repository.restore(2, ["refs/heads/a/b"], from: ada.path)) {
            XCTAssertEqual(HelperError($0).message, "'refs/heads/a' exists; cannot create 'refs/heads/a/b'")
        }
        XCTAssertEqual(try repository.newest()?.number, 3)
    }

    func testTwoCollectionsAtOnceLeaveOnePack() throws {
        let (repository, ada) = (repository!, ada!)
        for name in ["one", "two"] {
            try ada.commit(name, on: BytePath(name), from: "main")
            try repository.push("\(name):refs/heads/\(name)", from: ada.path)
        }
        try repository.collect(from: bob.path, beforeState: [{ try repository.collect(from: ada.path) }])
        XCTAssertEqual(try repository.check(scratch).packs.count, 1)
        // Between condemning and removing.
        try ada.commit("three", on: "three", from: "main")
        try repository.push("three:refs/heads/three", from: ada.path)
        try repository.collect(
            from: bob.path, beforeState: [{}, { try repository.collect(from: ada.path) }], beforeRemoval: [{ try repository.collect(from: ada.path) }])
        XCTAssertEqual(try repository.check(scratch).packs.count, 1)
        XCTAssertEqual(try (repository.place / "git/objects/pack").entries().count, 2)
        try assertCloneIsWhole()
    }

    func testCollectionWithNothingToDoMendsTheDerivedFiles() throws {
        try repository.collect(from: bob.path)
        let state = try XCTUnwrap(repository.newest())
        let head = repository.place / "git/HEAD"
        try head.removeFile()
        try repository.collect(from: bob.path)
        XCTAssertEqual(try repository.newest(), state)
        XCTAssertEqual(try head.contents(), DerivedFiles.head(state))
    }

    // MARK: On the way

    func testPacksArePutTogetherWhateverHappensMeanwhile() throws {
        let (repository, bob) = (repository!, bob!)
        for number in 2..<32 {
            try ada.commit("\(number)", on: "main")
            try repository.push("main:refs/heads/main", from: ada.path)
        }
        XCTAssertEqual(try repository.newest()?.packs.count, 31)
        try ada.commit("32", on: "main")
        let other = RemoteRepository(place: scratch / "other")
        _ = try Finished("/bin/cp", ["-r", repository.place, other.place])

        // Another push lands between this one's and its housekeeping.
        try bob.commit("of bob", on: "bob", from: "main")
        try repository.push(
            "main:refs/heads/main", from: ada.path, beforeState: [{}, { try repository.push("bob:refs/heads/bob", from: bob.path) }])
        let state = try repository.check(scratch)
        // Bob has put them together, and who was slower has not done it again.
        XCTAssertEqual(state.packs.map(\.generation).filter { $0 == 1 }.count, 1)
        XCTAssertEqual(state.packs.count, 18)
        XCTAssertEqual(state.unused.count, 16)
        try assertCloneIsWhole()

        // All is packed anew there.
        try other.push("main:refs/heads/main", from: ada.path, beforeState: [{}, { try other.collect(from: bob.path) }])
        XCTAssertEqual(try other.check(scratch).packs.count, 1)
    }

    // MARK: At random

    /// One thing that somebody does, which may have another in it, at its worst moment.
    private static func step(
        _ repository: RemoteRepository, _ clones: [RemoteClone], _ random: Monitor<SeededRandom>, depth: Int
    ) throws {
        func number(_ count: Int) -> Int { random.change { Int.random(in: 0..<count, using: &$0) } }
        let events: [@Sendable () throws -> Void] = (0..<3).map { _ in
            guard depth < 3, number(3) > 0 else { return {} }
            return { try step(repository, clones, random, depth: depth + 1) }
        }
        let kill: @Sendable () throws -> Void = { throw RemoteError(.interrupted, "killed") }
        let clone = clones[min(depth, clones.count - 1)]
        do {
            switch number(10) {
            case 0..<2: try repository.collect(from: clone.path, expiring: number(2) == 0, pruning: number(3) > 0, beforeState: events, beforeRemoval: [events[2]])
            case 2: try repository.collect(from: clone.path, beforeRemoval: [kill])
            case 3: try repository.push("+:refs/heads/b\(number(3))", from: clone.path, beforeState: events)
            case 4: try repository.restore(number(try repository.newest()?.number ?? 1) + 1, from: clone.path)
            default:
                if number(2) == 0 { try clone.commit("\(number(1 << 40))", on: "work") }
                let isKilled = number(4) == 0
                try repository.push(
                    "+work:refs/heads/b\(number(3))", "+work~1:refs/heads/b\(number(3))/x", from: clone.path, beforeState: isKilled ? [kill] : events)
            }
        } catch let error as RemoteError where [.interrupted, .other, .absent].contains(error.kind) {
            // Killed, or within another's that was; or what was read has been collected.
        } catch let error as HelperError where error.message.hasPrefix("there is no state") {
        }
    }

    func testNothingThatTheNewestStateNamesIsEverMissing() throws {
        let seed = Environment.value("GIT_DATA_RANDOM_SEED").flatMap { UInt64($0.text) } ?? UInt64.random(in: 0..<1_000_000)
        let random = Monitor(SeededRandom(seed: seed))
        let clones = try (0..<3).map { try RemoteClone(scratch, BytePath("clone-\($0)")) }
        for clone in clones {
            try clone.git("fetch", "-q", ada.path, "main")
            try clone.git("checkout", "-q", "-B", "work", "FETCH_HEAD")
            try clone.commit("begin", on: "work")
        }
        let count = Environment.value("GIT_DATA_RANDOM_STEPS").flatMap { Int($0.text) } ?? 8
        for number in 0..<count {
            try Self.step(repository, clones, random, depth: 0)
            do { try repository.check(scratch) } catch { return XCTFail("seed \(seed), step \(number): \(error)") }
        }
        try assertCloneIsWhole()
    }
}
