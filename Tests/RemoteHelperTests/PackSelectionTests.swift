import Git
import TestSupport
import XCTest

@testable import RemoteHelper

final class PackSelectionTests: XCTestCase {
    private func selected(_ wanted: [Int], _ packs: [PackRecord], present: [Int] = []) -> PackSelection {
        PackSelection(wanted.map { Sample.object($0) }, among: packs, present: Set(present.map { Sample.object($0) }))
    }

    private func assertSelected(
        _ wanted: [Int], _ packs: [PackRecord], present: [Int] = [], are numbers: [Int], reliesOnPresent: Bool, line: UInt = #line
    ) {
        let found = selected(wanted, packs, present: present)
        XCTAssertEqual(found.packs.map(\.name), numbers.map { Sample.packName($0) }, line: line)
        XCTAssertEqual(found.reliesOnPresent, reliesOnPresent, line: line)
    }

    private let chain = [Sample.pack(1, tips: [1]), Sample.pack(2, tips: [2], bases: [1]), Sample.pack(3, tips: [3], bases: [2])]

    func testCloneTakesTheWholeChainTheOldestFirst() {
        assertSelected([3], chain, are: [1, 2, 3], reliesOnPresent: false)
    }

    func testFetchTakesWhatIsBehindWhatIsHere() {
        assertSelected([3], chain, present: [1], are: [2, 3], reliesOnPresent: true)
        assertSelected([3], chain, present: [1, 2], are: [3], reliesOnPresent: true)
        assertSelected([3], chain, present: [1, 2, 3], are: [], reliesOnPresent: true)
        assertSelected([2], chain, are: [1, 2], reliesOnPresent: false)
    }

    func testNothingIsTakenOfNothing() {
        assertSelected([], chain, are: [], reliesOnPresent: false)
        assertSelected([], [], are: [], reliesOnPresent: false)
        assertSelected([9], [], are: [], reliesOnPresent: false)
    }

    func testMergeTakesBothSidesOnce() {
        let packs = chain + [Sample.pack(4, tips: [4], bases: [1]), Sample.pack(5, tips: [5], bases: [3, 4])]
        assertSelected([5], packs, are: [1, 2, 3, 4, 5], reliesOnPresent: false)
        assertSelected([5], packs, present: [3], are: [1, 4, 5], reliesOnPresent: true)
        assertSelected([5], packs, present: [3, 4], are: [5], reliesOnPresent: true)
    }

    func testSingleBranchLeavesTheOthersOut() {
        let packs = chain + [Sample.pack(4, tips: [4]), Sample.pack(5, tips: [5], bases: [4])]
        assertSelected([5], packs, are: [4, 5], reliesOnPresent: false)
        assertSelected([3, 5], packs, are: [1, 2, 3, 4, 5], reliesOnPresent: false)
    }

    func testTipThatNoPackIsKnownForTakesAllThatIsLacking() {
        assertSelected([9], chain, are: [1, 2, 3], reliesOnPresent: false)
        assertSelected([9], chain, present: [1], are: [2, 3], reliesOnPresent: true)
        assertSelected([9], chain, present: [1, 2, 3], are: [], reliesOnPresent: true)
        // A base of which nobody says where it is.
        assertSelected([4], chain + [Sample.pack(4, tips: [4], bases: [8])], present: [2], are: [1, 3, 4], reliesOnPresent: true)
    }

    func testPackWithoutTipsIsTakenWithAllThatIsLacking() {
        assertSelected([9], [Sample.pack(7)] + chain, present: [1, 2], are: [7, 3], reliesOnPresent: true)
        assertSelected([3], [Sample.pack(7)] + chain, are: [1, 2, 3], reliesOnPresent: false)
    }

    func testPacksThatLeanOnOneAnotherAreTakenOnce() {
        let packs = [Sample.pack(1, tips: [1], bases: [2]), Sample.pack(2, tips: [2], bases: [1])]
        assertSelected([1], packs, are: [1, 2], reliesOnPresent: false)
    }

    func testPackThatCameLastIsTakenForATipOfTwo() {
        assertSelected([1], [Sample.pack(1, tips: [1]), Sample.pack(2, tips: [1])], are: [2], reliesOnPresent: false)
    }

    // MARK: Against a model

    /// A history and the packs that pushes make of it.
    private struct Model {
        var random: SeededRandom
        var parents: [[Int]] = []
        /// What the branches name.
        var branches: [Int] = []
        var packs: [(record: PackRecord, objects: Set<Int>)] = []

        init(seed: UInt64) { random = SeededRandom(seed: seed) }

        func reached(_ tips: some Sequence<Int>) -> Set<Int> {
            var found: Set<Int> = []
            var open = Array(tips)
            while let next = open.popLast() {
                if found.insert(next).inserted { open += parents[next] }
            }
            return found
        }

        private mutating func number(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

        mutating func commit() -> Int {
            var own: Set<Int> = []
            for _ in 0..<[0, 1, 1, 1, 1, 2, 3][number(7)] where !parents.isEmpty { own.insert(max(0, parents.count - 1 - number(6))) }
            parents.append(own.sorted())
            return parents.count - 1
        }

        /// As `PushedObjects` and `PackBuilder` do it.
        mutating func push() {
            let made = (0...number(4)).map { _ in commit() }
            var tips: Set<Int> = [made[made.count - 1]]
            // A branch on a commit of earlier, or on one in the middle of what is pushed.
            if number(3) == 0 { tips.insert(number(parents.count)) }
            let before = Set(branches)
            let have = reached(before)
            let objects = reached(tips).subtracting(have)
            let bases = Set(objects.flatMap { parents[$0] }).subtracting(objects)
            if number(4) == 0, !branches.isEmpty { branches.remove(at: number(branches.count)) }
            if number(2) == 0, !branches.isEmpty { branches[number(branches.count)] = made[made.count - 1] }
            branches = Array(Set(branches).union(tips)).sorted()
            guard !objects.isEmpty else { return }
            let own = tips.intersection(objects)
            packs.append((Sample.pack(packs.count + 1000 + number(1_000_000) * 1000, tips: own.sorted(), bases: bases.sorted()), objects))
        }

        /// As `Housekeeping.putTogether` does it.
        mutating func consolidate() {
            guard packs.count > 3 else { return }
            let start = number(packs.count - 2)
            let group = packs[start..<(start + 3)]
            let others = packs[..<start] + packs[(start + 3)...]
            let objects = group.reduce(into: Set<Int>()) { $0.formUnion($1.objects) }
            let asked = Set(branches.map { Sample.object($0) } + others.flatMap(\.record.bases))
            var record = Sample.pack(packs.count + number(1_000_000) * 1000, generation: 1)
            record.tips = Array(Set(group.flatMap(\.record.tips)).intersection(asked))
            let inside = Set(objects.map { Sample.object($0) })
            record.bases = Set(group.flatMap(\.record.bases)).filter { !inside.contains($0) }.map { $0 }
            packs.replaceSubrange(start..<(start + 3), with: [(record, objects)])
        }
    }

    func testAllThatIsWantedIsCompleteAfterTheSelectionOrTheRest() {
        var (partial, completed) = (0, 0)
        for seed in 0..<1500 as Range<UInt64> {
            var model = Model(seed: seed)
            var local: Set<Int> = []
            for _ in 0..<Int.random(in: 1...14, using: &model.random) {
                model.push()
                if Int.random(in: 0..<5, using: &model.random) == 0 { model.consolidate() }
                // An earlier fetch, of some branches.
                if Int.random(in: 0..<6, using: &model.random) == 0, let branch = model.branches.randomElement(using: &model.random) {
                    local.formUnion(model.reached([branch]))
                }
            }
            // One that was interrupted: some pack is here, and what it rests on may not be.
            if seed % 3 == 0, let pack = model.packs.randomElement(using: &model.random) { local.formUnion(pack.objects) }
            XCTAssert(model.reached(model.branches).isSubset(of: model.packs.reduce(into: Set<Int>()) { $0.formUnion($1.objects) }))
            let wanted = seed % 2 == 0 ? model.branches : Array(model.branches.shuffled(using: &model.random).prefix(1))
            let present = Set(local.map { Sample.object($0) })
            let selection = PackSelection(wanted.map { Sample.object($0) }, among: model.packs.map(\.record), present: present)
            let taken = Set(selection.packs.map(\.name))
            XCTAssertEqual(taken.count, selection.packs.count, "seed \(seed)")
            XCTAssertEqual(selection.packs, model.packs.map(\.record).filter { taken.contains($0.name) }, "seed \(seed)")
            var here = local
            for pack in model.packs where taken.contains(pack.record.name) { here.formUnion(pack.objects) }
            if selection.reliesOnPresent {
                partial += 1
                if model.reached(wanted).isSubset(of: here) { completed += 1; continue }
                for pack in model.packs { here.formUnion(pack.objects) }
            }
            XCTAssert(model.reached(wanted).isSubset(of: here), "seed \(seed)")
        }
        // The rest is the exception.
        XCTAssertGreaterThan(partial, 300)
        XCTAssertGreaterThan(completed * 10, partial * 8, "\(completed) of \(partial)")
    }
}
