import Git
import Platform
import XCTest

@testable import RemoteHelper

final class PushPlanTests: XCTestCase {
    private let state = Sample.state([("refs/heads/main", 1), ("refs/heads/side", 2), ("refs/heads/deep/er", 3), ("refs/tags/v1", 4)])

    private func update(
        _ ref: BytePath, _ target: Int?, listed: Int? = nil, isCommit: Bool = true, isForced: Bool = false,
        lease: HelperOptions.Lease? = nil, obstacle: PushPlan.Obstacle? = nil
    ) -> PushPlan.Update {
        PushPlan.Update(
            ref: ref, target: target.map { Sample.object($0) }, peeled: nil, isCommit: isCommit, isForced: isForced, lease: lease,
            listed: listed.map { Sample.object($0) }, obstacle: obstacle)
    }

    private func lease(_ ref: BytePath, _ expected: Int?) -> HelperOptions.Lease {
        HelperOptions.Lease(ref: ref, expected: expected.map { Sample.object($0) })
    }

    private func refused(_ updates: [PushPlan.Update], isAtomic: Bool = false) -> [BytePath: String] {
        PushPlan(updates, on: state, isAtomic: isAtomic).refused
    }

    private func assertRefused(_ update: PushPlan.Update, _ reason: String?, line: UInt = #line) {
        let plan = PushPlan([update], on: state, isAtomic: false)
        XCTAssertEqual(plan.refused[update.ref], reason, line: line)
        XCTAssertEqual(plan.accepted, reason == nil ? [update] : [], line: line)
    }

    func testFastForwardsNewRefsAndDeletionsAreAccepted() {
        assertRefused(update("refs/heads/main", 10, listed: 1), nil)
        assertRefused(update("refs/heads/new", 10), nil)
        assertRefused(update("refs/heads/side", nil, listed: 2), nil)
        assertRefused(update("refs/tags/blob", 10, isCommit: false), nil)
        assertRefused(update("refs/heads/nowhere", nil), nil)
    }

    func testObstaclesAreRefusedInGitsWords() {
        let words: [(PushPlan.Obstacle, String)] = [
            (.fetchFirst, "fetch first"), (.needsForce, "needs force"), (.tagExists, "already exists"),
        ]
        for (obstacle, reason) in words {
            assertRefused(update("refs/heads/main", 10, listed: 1, obstacle: obstacle), reason)
            assertRefused(update("refs/heads/main", 10, listed: 1, isForced: true, obstacle: obstacle), nil)
            assertRefused(update("refs/heads/main", 10, listed: 1, lease: lease("refs/heads/main", 1), obstacle: obstacle), nil)
            // What it is already, it may be.
            assertRefused(update("refs/heads/main", 1, listed: 1, obstacle: obstacle), nil)
        }
    }

    func testRefsThatOthersHaveChangedSinceAreRefused() {
        assertRefused(update("refs/heads/main", 10, listed: 9), "fetch first")
        assertRefused(update("refs/heads/main", nil, listed: 9), "fetch first")
        assertRefused(update("refs/heads/main", 10), "fetch first")
        assertRefused(update("refs/heads/gone", 10, listed: 9), "fetch first")
        assertRefused(update("refs/heads/main", 10, listed: 9, isForced: true), "changed by somebody else meanwhile")
        // They wanted the same.
        assertRefused(update("refs/heads/main", 1, listed: 9), nil)
        assertRefused(update("refs/heads/gone", nil, listed: 9), nil)
    }

    func testLeasesCountMoreThanForce() {
        assertRefused(update("refs/heads/main", 10, listed: 1, isForced: true, lease: lease("refs/heads/main", 2)), "stale info")
        assertRefused(update("refs/heads/main", 10, listed: 1, lease: lease("refs/heads/main", nil)), "stale info")
        assertRefused(update("refs/heads/new", 10, lease: lease("refs/heads/new", 1)), "stale info")
        assertRefused(update("refs/heads/new", 10, lease: lease("refs/heads/new", nil)), nil)
        assertRefused(update("refs/heads/side", nil, listed: 2, lease: lease("refs/heads/side", 2)), nil)
        assertRefused(update("refs/heads/side", nil, listed: 2, lease: lease("refs/heads/side", 1)), "stale info")
        // Expected, but not what Git had been told.
        assertRefused(update("refs/heads/main", 10, listed: 9, lease: lease("refs/heads/main", 1)), "fetch first")
    }

    func testCurrentBranchIsNotDeletedEvenByForce() {
        assertRefused(update("refs/heads/main", nil, listed: 1), "deletion of the current branch prohibited")
        assertRefused(update("refs/heads/main", nil, listed: 1, isForced: true), "deletion of the current branch prohibited")
    }

    func testNamesThatAreNoneAreRefused() {
        for name in ["main", "HEAD", "refs/heads/a b", "refs/heads/a..b", "refs/heads/.a", "refs/heads/", "refs/heads/a\nb"] {
            assertRefused(update(BytePath(name), 10), "funny refname")
        }
        assertRefused(update(BytePath(bytes: Array("refs/heads/".utf8) + [0xff]), 10), "funny refname")
        assertRefused(update("refs/heads/caf\u{e9}", 10), nil)
    }

    func testBranchesNameCommitsAlone() {
        assertRefused(update("refs/heads/new", 10, isCommit: false), "branches can only name commits")
        assertRefused(update("refs/notes/new", 10, isCommit: false), nil)
    }

    func testOneRefTwiceIsRefusedBothTimes() {
        let plan = PushPlan([update("refs/heads/a", 10), update("refs/heads/b", 10), update("refs/heads/a", 11)], on: state, isAtomic: false)
        XCTAssertEqual(plan.refused, ["refs/heads/a": "multiple updates for one ref"])
        XCTAssertEqual(plan.accepted.map(\.ref), ["refs/heads/b"])
    }

    // MARK: Refs that would be folders of others

    func testNewRefsConflictWithRefsThatAreThere() {
        XCTAssertEqual(
            refused([update("refs/heads/main/x", 10)]), ["refs/heads/main/x": "'refs/heads/main' exists; cannot create 'refs/heads/main/x'"])
        XCTAssertEqual(refused([update("refs/heads/deep", 10)]), ["refs/heads/deep": "'refs/heads/deep/er' exists; cannot create 'refs/heads/deep'"])
        XCTAssertEqual(refused([update("refs/heads/mainly", 10), update("refs/heads/deep/es", 10), update("refs/heads/dee", 10)]), [:])
    }

    func testOfNewRefsInConflictTheFirstIsAccepted() {
        XCTAssertEqual(refused([update("refs/heads/x", 10), update("refs/heads/x/y", 10)]).keys.sorted(), ["refs/heads/x/y"])
        XCTAssertEqual(refused([update("refs/heads/x/y", 10), update("refs/heads/x", 10)]).keys.sorted(), ["refs/heads/x"])
    }

    func testDeletionMakesRoomInTheSamePush() {
        XCTAssertEqual(refused([update("refs/heads/deep/er", nil, listed: 3), update("refs/heads/deep", 10)]), [:])
        XCTAssertEqual(refused([update("refs/heads/side/x", 10), update("refs/heads/side", nil, listed: 2)]), [:])
        // A deletion that is refused makes none.
        XCTAssertEqual(
            refused([update("refs/heads/side/x", 10), update("refs/heads/side", nil, listed: 9)]).keys.sorted(),
            ["refs/heads/side", "refs/heads/side/x"])
    }

    func testAtomicPushIsAllOrNothing() {
        let plan = PushPlan([update("refs/heads/main", 10, listed: 1), update("refs/heads/side", 10, listed: 9)], on: state, isAtomic: true)
        XCTAssertEqual(plan.refused, ["refs/heads/main": "atomic push failure", "refs/heads/side": "fetch first"])
        XCTAssertEqual(plan.accepted, [])
        XCTAssertEqual(refused([update("refs/heads/x", 10), update("refs/heads/x/y", 10)], isAtomic: true).count, 2)
        XCTAssertEqual(refused([update("refs/heads/main", 10, listed: 1), update("refs/heads/new", 10)], isAtomic: true), [:])
    }

    // MARK: What comes of it

    func testPlanThatChangesNothingIsIdle() {
        func isIdle(_ updates: PushPlan.Update...) -> Bool { PushPlan(updates, on: state, isAtomic: false).isIdle(on: state) }
        XCTAssert(isIdle())
        XCTAssert(isIdle(update("refs/heads/main", 1, listed: 1), update("refs/heads/nowhere", nil)))
        XCTAssertFalse(isIdle(update("refs/heads/main", 1, listed: 1), update("refs/heads/new", 1)))
        XCTAssertFalse(isIdle(update("refs/heads/side", nil, listed: 2)))
    }

    func testAppliedStateHasTheUpdatesInOrder() {
        let tag = PushPlan.Update(
            ref: "refs/tags/v2", target: Sample.object(20), peeled: Sample.object(10), isCommit: false, isForced: false, lease: nil, listed: nil,
            obstacle: nil)
        let plan = PushPlan(
            [tag, update("refs/heads/main", 10, listed: 1), update("refs/heads/side", nil, listed: 2), update("refs/heads/a", 10)], on: state,
            isAtomic: false)
        let next = plan.applied(to: state, by: "Bob <bob@example.org>", head: "refs/heads/a")
        XCTAssertEqual(next.refs.map(\.name), ["refs/heads/a", "refs/heads/deep/er", "refs/heads/main", "refs/tags/v1", "refs/tags/v2"])
        XCTAssertEqual(next.ref("refs/heads/main")?.target, Sample.object(10))
        XCTAssertEqual(next.ref("refs/tags/v2")?.peeled, Sample.object(10))
        XCTAssertEqual([next.number, state.number], [8, 7])
        XCTAssertEqual(next.parent, state.id)
        XCTAssertEqual([next.action, next.author], ["push", "Bob <bob@example.org>"])
        // Only a person changes it.
        XCTAssertEqual(next.head, "refs/heads/main")
    }

    private func head(_ refs: [BytePath], on head: BytePath?) -> BytePath {
        let beginning = RepositoryState.beginning(objectFormat: "sha1")
        let plan = PushPlan(refs.map { update($0, 10) }, on: beginning, isAtomic: false)
        return plan.applied(to: beginning, by: "", head: head).head
    }

    func testFirstBranchesDecideWhatClonesCheckOut() {
        XCTAssertEqual(head(["refs/heads/main", "refs/heads/work"], on: "refs/heads/work"), "refs/heads/main")
        XCTAssertEqual(head(["refs/heads/master", "refs/heads/work"], on: "refs/heads/work"), "refs/heads/work")
        XCTAssertEqual(head(["refs/heads/a", "refs/heads/master"], on: "refs/heads/other"), "refs/heads/master")
        XCTAssertEqual(head(["refs/heads/b", "refs/heads/a"], on: nil), "refs/heads/a")
        XCTAssertEqual(head(["refs/tags/v1"], on: "refs/heads/trunk"), "refs/heads/trunk")
        XCTAssertEqual(head(["refs/tags/v1"], on: nil), "refs/heads/main")
    }

    func testBranchThatNoStateCanNameIsNotTheDefault() {
        let name = BytePath(bytes: Array("refs/heads/".utf8) + [0xff])
        XCTAssertEqual(head(["refs/tags/v1"], on: name), "refs/heads/main")
        XCTAssertEqual(head(["refs/tags/v1"], on: "HEAD"), "refs/heads/main")
    }

    func testManyRefsArePlannedTogether() {
        let updates = (0..<3000).map { update(BytePath("refs/heads/b\($0)/x"), 10) } + [update("refs/heads/b7", 10)]
        let plan = PushPlan(updates, on: state, isAtomic: false)
        XCTAssertEqual(plan.accepted.count, 3000)
        XCTAssertEqual(plan.refused, ["refs/heads/b7": "'refs/heads/b7/x' exists; cannot create 'refs/heads/b7'"])
    }
}
