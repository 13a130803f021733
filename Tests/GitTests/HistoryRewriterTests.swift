import Git
import Platform
import TestSupport
import XCTest

/// A walk through history and its rewrite have the same outcome, however few of the trees are remembered.
final class HistoryRewriterTests: XCTestCase {
    private var scratch: ScratchRepository!
    private var git: Git!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchRepository()
        git = try Git(in: scratch.path)
    }

    override func tearDown() {
        (git, scratch) = (nil, nil)
    }

    /// Two branches that change the same folders in turns, a way back to an old content, and a merge.
    private func makeHistory() throws -> [(commit: GitObjectName, tree: GitObjectName)] {
        for round in 0..<12 {
            if round == 3 { try scratch.git("switch", "-q", "-c", "side") }
            if round == 8 { try scratch.git("switch", "-q", "main") }
            for folder in ["a/b", "a/c", "d"] where (round + folder.utf8.count) % 2 == 0 {
                try scratch.write("\(folder) \(round % 5)", to: BytePath("\(folder)/\(round % 3).bin"))
            }
            try scratch.write("\(round)", to: "top.bin")
            try scratch.commit()
        }
        try scratch.git("merge", "-q", "-s", "ours", "-m", "Merge", "side")
        let tip = try XCTUnwrap(try git.resolve("HEAD"))
        return try git.history(of: [tip], excluding: [])
    }

    /// Gives each file that does not end in a `2` the content of `other`.
    private final class Editor: HistoryEditor {
        let needsListOfReplaced: Bool
        private let other: GitObjectName
        private(set) var lists: [[BytePath]] = []

        init(_ other: GitObjectName, needsListOfReplaced: Bool) {
            (self.other, self.needsListOfReplaced) = (other, needsListOfReplaced)
        }

        func touches(folder: Int) -> Bool { true }

        func replacement(of blob: GitObjectName, named name: ArraySlice<UInt8>, in folder: Int) -> GitObjectName? {
            name.starts(with: Array("2".utf8)) ? nil : other
        }

        func attributes(_ attributes: [UInt8]?, in commit: HistoryEdit) -> [UInt8]? {
            lists.append(commit.replaced.sorted())
            return attributes
        }
    }

    func testFewRememberedTreesGiveTheSameFilesAndTheSameCommits() throws {
        let commits = try makeHistory()
        let tips = try git.query(["rev-parse", "main", "side"]).lines
        let other = try XCTUnwrap(GitObjectName(hex: try scratch.git(["hash-object", "-w", "--stdin"], input: [1]).line.bytes))
        let expected = Set(try commits.flatMap { try git.treeEntries(BytePath(bytes: $0.commit.hex)).map { "\($0.path) \($0.name)" } })
        for isListing in [false, true] {
            var outcomes: [[GitObjectName]] = []
            var lists: [Set<[BytePath]>] = []
            for count in [0, 1, 3, 1000] {
                let reader = try ObjectReader(git)
                let limit = count == 1000 ? 1 << 20 : count
                let pack = try PackWriter(git, workingIn: scratch.path)
                let catalogue = HistoryCatalogue(reader, scratch: pack.folder, recentTreeCount: count, limit: limit)
                var found: Set<String> = []
                for commit in commits { try catalogue.add(commit.tree) { found.insert("\($0.path) \($0.blob)") } }
                XCTAssertEqual(found, expected, "\(count)")
                catalogue.endWalk()
                let editor = Editor(other, needsListOfReplaced: isListing)
                let rewriter = HistoryRewriter(
                    reader, pack, catalogue, editor, recentTreeCount: count, limit: limit, nameLimit: max(1, count))
                for commit in commits { try rewriter.rewrite(commit.commit) }
                try pack.install(git)
                outcomes.append(try commits.compactMap { try rewriter.commits[$0.commit] })
                lists.append(Set(editor.lists))
            }
            XCTAssertEqual(outcomes[0].count, commits.count)
            for outcome in outcomes { XCTAssertEqual(outcome, outcomes[0]) }
            for list in lists { XCTAssertEqual(list, lists[3]) }
            // All but the files that stay have the other content.
            for (old, new) in zip(commits, outcomes[0]) {
                let before = try git.treeEntries(BytePath(bytes: old.commit.hex))
                let after = try git.treeEntries(BytePath(bytes: new.hex))
                XCTAssertEqual(after.map(\.path), before.map(\.path))
                for (one, two) in zip(before, after) {
                    XCTAssertEqual(two.name, one.path.lastComponent == "2.bin" ? one.name : other, "\(one.path)")
                }
            }
        }
        XCTAssertEqual(try git.query(["rev-parse", "main", "side"]).lines, tips)
    }
}
