import Git
import Platform
import Remote
import TestSupport
import XCTest

@testable import RemoteHelper

/// What happens between a push's look at the remote and its state. Whatever it is, the newest state names only what is
/// there.
final class PushRaceTests: XCTestCase {
    private var scratch: ScratchFolder!
    private var repository: RemoteRepository!
    private var ada: RemoteClone!
    private var bob: RemoteClone!
    private var main: GitObjectName!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
        repository = RemoteRepository(place: scratch / "place")
        (ada, bob) = (try RemoteClone(scratch, "ada"), try RemoteClone(scratch, "bob"))
        main = try ada.commit("first", on: "main")
        try repository.push("main:refs/heads/main", from: ada.path)
        try bob.git("fetch", "-q", ada.path, "main")
        try bob.git("checkout", "-q", "-B", "main", "FETCH_HEAD")
    }

    override func tearDown() { (scratch, repository, ada, bob, main) = (nil, nil, nil, nil, nil) }

    private func packs() throws -> Set<BytePath> {
        Set(try (repository.place / "git/objects/pack").entries().filter { $0.text.hasSuffix(".pack") })
    }

    func testAnotherBranchThatLandsFirstStays() throws {
        let (repository, bob) = (repository!, bob!)
        try bob.commit("of bob", on: "bob", from: "main")
        let own = try ada.commit("of ada", on: "ada", from: "main")
        let refused = try repository.push("ada:refs/heads/ada", from: ada.path, beforeState: [{ try repository.push("bob:refs/heads/bob", from: bob.path) }])
        XCTAssertEqual(refused, [:])
        let state = try repository.check(scratch)
        XCTAssertEqual(state.refs.map(\.name), ["refs/heads/ada", "refs/heads/bob", "refs/heads/main"])
        XCTAssertEqual(state.ref("refs/heads/ada")?.target, own)
        XCTAssertEqual(state.packs.count, 3)
    }

    func testPackIsKnownForWhatIsInItAlone() throws {
        let own = try ada.commit("of ada", on: "ada", from: "main")
        try repository.push("ada:refs/heads/ada", "main:refs/heads/copy", from: ada.path)
        let packs = try repository.check(scratch).packs
        XCTAssertEqual(packs.map(\.tips), [[main], [own]])
        XCTAssertEqual(packs.map(\.bases), [[], [main]])
    }

    func testSameBranchIsRefusedInGitsWords() throws {
        let (repository, bob) = (repository!, bob!)
        let other = try bob.commit("of bob", on: "main")
        try ada.commit("of ada", on: "main")
        let refused = try repository.push("main:refs/heads/main", from: ada.path, beforeState: [{ try repository.push("main:refs/heads/main", from: bob.path) }])
        XCTAssertEqual(refused, ["refs/heads/main": "fetch first"])
        XCTAssertEqual(try repository.check(scratch).ref("refs/heads/main")?.target, other)
    }

    func testRefThatBecomesPossibleMeanwhileIsComplete() throws {
        let (repository, bob) = (repository!, bob!)
        try repository.push("main:refs/heads/a", from: bob.path)
        try ada.commit("below", on: "below", from: "main")
        try ada.commit("beside", on: "beside", from: "main")
        let refused = try repository.push(
            "beside:refs/heads/beside", "below:refs/heads/a/b", from: ada.path,
            beforeState: [{ try repository.push(":refs/heads/a", from: bob.path) }])
        XCTAssertEqual(refused, [:])
        let state = try repository.check(scratch)
        XCTAssertEqual(state.refs.map(\.name), ["refs/heads/a/b", "refs/heads/beside", "refs/heads/main"])
    }

    func testPackThatLeansOnWhatIsCollectedMeanwhileIsMadeAnew() throws {
        let (repository, bob) = (repository!, bob!)
        try ada.commit("side", on: "side", from: "main")
        try repository.push("side:refs/heads/side", from: ada.path)
        try ada.commit("topic", on: "topic", from: "side")
        let refused = try repository.push(
            "topic:refs/heads/topic", from: ada.path,
            beforeState: [{
                try repository.push(":refs/heads/side", from: bob.path)
                try repository.collect(from: bob.path)
            }])
        XCTAssertEqual(refused, [:])
        let state = try repository.check(scratch)
        XCTAssertEqual(state.refs.map(\.name), ["refs/heads/main", "refs/heads/topic"])
    }

    func testHistoryThatIsCutHereIsRefusedWhereItsBeginningIsDroppedMeanwhile() throws {
        let (repository, bob) = (repository!, bob!)
        try ada.commit("side", on: "side", from: "main")
        try repository.push("side:refs/heads/side", from: ada.path)
        let shallow = try RemoteClone(scratch, "shallow")
        try shallow.git("fetch", "-q", "--depth=1", BytePath("file://\(ada.path)"), "side:side")
        try shallow.commit("topic", on: "topic", from: "side")
        XCTAssertThrowsError(
            try repository.push(
                "topic:refs/heads/topic", from: shallow.path,
                beforeState: [{
                    try repository.push(":refs/heads/side", from: bob.path)
                    try repository.collect(from: bob.path)
                }])
        ) { XCTAssertEqual(HelperError($0).message, "shallow update not allowed") }
        XCTAssertEqual(try repository.check(scratch).refs.map(\.name), ["refs/heads/main"])
    }

    func testNumberThatComesFreeIsNoWayIntoThePast() throws {
        let (repository, bob) = (repository!, bob!)
        let own = try ada.commit("of ada", on: "ada", from: "main")
        let refused = try repository.push(
            "ada:refs/heads/ada", from: ada.path,
            beforeState: [{
                for name in ["one", "two", "three"] {
                    try bob.commit(name, on: BytePath(name), from: "main")
                    try repository.push("\(name):refs/heads/\(name)", from: bob.path)
                }
                try repository.collect(from: bob.path)
            }])
        XCTAssertEqual(refused, [:])
        let state = try repository.check(scratch)
        XCTAssertEqual(state.refs.map(\.name), ["refs/heads/ada", "refs/heads/main", "refs/heads/one", "refs/heads/three", "refs/heads/two"])
        XCTAssertEqual(state.ref("refs/heads/ada")?.target, own)
        XCTAssertEqual(try (repository.place / "git/info/refs").contents(), DerivedFiles.refs(state))
        XCTAssertEqual(try (repository.place / "git/objects/info/packs").contents(), DerivedFiles.packs(state))
    }

    func testFirstPushesOfTwoFormatsLeaveTheRepositoryOfTheFirst() throws {
        let other = RemoteRepository(place: scratch / "other")
        let modern = try RemoteClone(scratch, "modern", ["--object-format=sha256"])
        try modern.commit("modern", on: "main")
        XCTAssertThrowsError(
            try other.push("main:refs/heads/ada", from: ada.path, beforeState: [{ try other.push("main:refs/heads/main", from: modern.path) }])
        ) { XCTAssertEqual(HelperError($0).message, "the repository at the remote names objects by sha256, and this one by sha1") }
        XCTAssertEqual(try other.newest()?.objectFormat, "sha256")
    }

    func testTagWhoseNameEndsInAnyLetterLeavesAReadableState() throws {
        for letter in ["\u{600}", "\u{301}", "\u{200d}"] {
            try ada.git("tag", "-a", "-m", "A tag", BytePath("v" + letter))
            XCTAssertEqual(try repository.push("refs/tags/v\(letter):refs/tags/v\(letter)", from: ada.path), [:])
            XCTAssertEqual(try repository.check(scratch).ref(BytePath("refs/tags/v" + letter))?.peeled, main)
        }
    }

    // MARK: Packs that are removed

    func testPackThatWasThereAndIsRemovedMeanwhileComesUnderAnotherName() throws {
        let (repository, bob) = (repository!, bob!)
        try ada.commit("of ada", on: "ada", from: "main")
        try repository.pushKilled("ada:refs/heads/ada", from: ada.path)
        let stray = try packs().subtracting(repository.newest()!.packs.map { BytePath($0.name.text + ".pack") })
        XCTAssertEqual(stray.count, 1)
        try repository.collect(from: bob.path, pruning: false)
        XCTAssert(try packs().isSuperset(of: stray))
        // The same pack again: it is there already. It is condemned, removed and forgotten before the state is made.
        // Nothing of the past goes, so that no objects are dropped.
        let collections = try repository.newest()?.collections
        let refused = try repository.push(
            "ada:refs/heads/ada", from: ada.path, beforeState: [{ try repository.collect(from: bob.path, expiring: false) }])
        XCTAssertEqual(refused, [:])
        let state = try repository.check(scratch)
        XCTAssertEqual(state.collections, collections)
        XCTAssertEqual(state.refs.map(\.name), ["refs/heads/ada", "refs/heads/main"])
        XCTAssert(try packs().isDisjoint(with: stray))
    }

    func testPackThatIsCondemnedIsNotNamed() throws {
        let (repository, bob) = (repository!, bob!)
        try ada.commit("of ada", on: "ada", from: "main")
        try repository.pushKilled("ada:refs/heads/ada", from: ada.path)
        // The collection is killed when the pack is condemned, and nothing is removed.
        XCTAssertThrowsError(try repository.collect(from: bob.path, beforeRemoval: [{ throw RemoteError(.interrupted, "killed") }]))
        let condemned = try XCTUnwrap(repository.newest()).condemned
        XCTAssert(try packs().isSuperset(of: condemned.map { BytePath($0.text + ".pack") }))
        XCTAssertEqual(try repository.push("ada:refs/heads/ada", from: ada.path), [:])
        let state = try repository.check(scratch)
        XCTAssert(Set(state.packs.map(\.name)).isDisjoint(with: condemned))
        // A push completes what the collection has left, and nobody may bring these back for a while.
        XCTAssertEqual(state.removed.map(\.name), condemned)
        XCTAssert(try packs().isDisjoint(with: condemned.map { BytePath($0.text + ".pack") }))
    }

    func testSlowCollectionRemovesNothingThatCameBack() throws {
        let (repository, ada, bob) = (repository!, ada!, bob!)
        try ada.commit("of ada", on: "ada", from: "main")
        try repository.pushKilled("ada:refs/heads/ada", from: ada.path)
        try repository.collect(
            from: bob.path,
            beforeRemoval: [{
                // Another removes the same packs, and the same push comes again, before this one does.
                try repository.collect(from: ada.path)
                try repository.push("ada:refs/heads/ada", from: ada.path)
            }])
        XCTAssertEqual(try repository.check(scratch).refs.map(\.name), ["refs/heads/ada", "refs/heads/main"])
    }

    func testSamePackIsMadeAnewAsOftenAsItIsRemoved() throws {
        try ada.commit("of ada", on: "ada", from: "main")
        var seen: Set<BytePath> = []
        // There are fewer ways than these to compress so little.
        for _ in 0..<7 {
            try repository.pushKilled("ada:refs/heads/ada", from: ada.path)
            let named = Set(try repository.newest()!.packs.map { BytePath($0.name.text + ".pack") })
            let strays = try packs().subtracting(named)
            XCTAssertEqual(strays.count, 1)
            XCTAssert(seen.isDisjoint(with: strays))
            seen.formUnion(strays)
            try repository.collect(from: bob.path)
        }
        XCTAssertEqual(try repository.push("ada:refs/heads/ada", from: ada.path), [:])
        try repository.check(scratch)
    }
}
