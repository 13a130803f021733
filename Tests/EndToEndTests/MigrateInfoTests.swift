import Foundation
import Platform
import TestSupport
import XCTest

/// `git data migrate info`, and what Git LFS finds and converts in the same history.
final class MigrateInfoTests: MigrateTestCase {
    private struct Report: Decodable, Equatable {
        struct Row: Decodable, Equatable {
            let pattern: String
            let files: Int
            let versions: Int
            let bytes: Int64
        }

        struct Pointers: Decodable, Equatable {
            let versions: Int
            let bytes: Int64
        }

        let types: [Row]
        let pointers: Pointers
    }

    private func info(_ work: Worktree, _ options: BytePath...) throws -> Report {
        let arguments: [BytePath] = ["data", "migrate", "info", "--json"] + options
        let answer = try laboratory.run("git", arguments, in: work.folder).expecting(0)
        return try JSONDecoder().decode(Report.self, from: Data(answer.output))
    }

    private func row(_ pattern: String, _ files: Int, _ versions: Int, _ bytes: Int) -> Report.Row {
        Report.Row(pattern: pattern, files: files, versions: versions, bytes: Int64(bytes))
    }

    private let nothing = Report.Pointers(versions: 0, bytes: 0)

    func testTypesBySizeEachContentOnce() throws {
        let work = try makeHistory()
        let report = try info(work, "--above", "800")
        // Each content counts once, with one of the paths that it has; of a name with a newline, what is before it is known.
        XCTAssertEqual(report.types.map(\.versions), [2, 1])
        XCTAssertEqual(report.types.map(\.bytes), [Int64(large.count + larger.count), Int64(small.count)])
        XCTAssertEqual(report.types[0].pattern, "*.bin")
        XCTAssertEqual(report.pointers, nothing)
        let all = try info(work)
        XCTAssertEqual(all.types.first { $0.pattern == "*.txt" }, row("*.txt", 1, 2, 4))
        XCTAssertEqual(all.types.first { $0.pattern == "README" }, row("README", 1, 1, 8))
        XCTAssertEqual(all.types.map(\.bytes), all.types.map(\.bytes).sorted(by: >))
    }

    func testSelections() throws {
        let work = try makeHistory()
        XCTAssertEqual(try info(work, "--top", "1").types.map(\.pattern), ["*.bin"])
        XCTAssertEqual(try info(work, "--include", "*.txt").types, [row("*.txt", 1, 2, 4)])
        XCTAssertEqual(try info(work, "--exclude", "*.bin", "--exclude", "README", "--exclude", "-d*").types, [row("*.txt", 1, 2, 4)])
        XCTAssertEqual(try info(work, "main~4", "--exclude", "-d*").types.map(\.pattern), ["*.bin", "README", "*.txt"])
        XCTAssertEqual(try info(work, "before").types, [row("README", 1, 1, 8)])
        _ = try work.attempt("data", "migrate", "info", "nobody").expecting(128)
    }

    func testPointersAreCountedAsWhatTheyStandFor() throws {
        let work = try makeHistory()
        try work.data("migrate", "import", "--everything", "--include", "*.bin", "--quiet")
        let report = try info(work, "--include", "*.bin")
        XCTAssertEqual(
            report.pointers, Report.Pointers(versions: 2, bytes: Int64(large.count + larger.count)))
        XCTAssertEqual(report.types.map(\.versions), [1], "the link's own text")
    }

    func testTextForAPerson() throws {
        let answer = try makeHistory().data("migrate", "info", "--above", "800")
        assertContains(answer.text, "2 versions  156.25 KiB")
        assertContains(answer.errorText, "hint: git data migrate import --everything --include '*.bin'")
    }

    // MARK: Git LFS

    private func makePair() throws -> (ours: Worktree, theirs: Worktree) {
        let version = try laboratory.run("git", ["lfs", "version"])
        try XCTSkipUnless(version.status == 0, "Git LFS is not installed")
        try laboratory.git(["lfs", "install", "--skip-repo"])
        return (try makeHistory("ours"), try makeHistory("theirs"))
    }

    /// Which files are pointers in each commit, whatever the form of the pointers.
    private func pointers(of work: Worktree) throws -> [[String]] {
        try work.git("rev-list", "--topo-order", "--reverse", "--branches").lines.map { commit in
            let files = try tree(commit, in: work).filter { $0.value.mode.hasPrefix("100") }
            let contents = try objects(Set(files.values.map(\.name)).sorted(), in: work)
            return files.compactMap { path, entry in
                let text = String(decoding: (contents[entry.name] ?? []).prefix(1024), as: UTF8.self)
                guard let oid = text.range(of: "oid sha256:"), text.count < 200 else { return nil }
                return "\(path) \(text[oid.upperBound...].prefix(64))"
            }.sorted()
        }
    }

    func testGitLFSConvertsTheSameFiles() throws {
        let (ours, theirs) = try makePair()
        let total = { (lists: [[String]]) in lists.reduce(0) { $0 + $1.count } }
        for options in [["--include=*.bin"], ["--include=*.bin", "--exclude=side/*.bin"], ["--above=80kb"]] as [[BytePath]] {
            _ = try laboratory.run("git", ["data", "migrate", "import", "--everything"] + options, in: ours.folder).expecting(0)
            _ = try laboratory.run("git", ["lfs", "migrate", "import", "--everything", "--yes"] + options, in: theirs.folder).expecting(0)
            let converted = try pointers(of: ours)
            XCTAssertGreaterThan(total(converted), 5, "\(options)")
            XCTAssertEqual(converted, try pointers(of: theirs), "\(options)")
            try ours.data("migrate", "undo", "--quiet")
            try theirs.git("fetch", "--quiet", "--force", "--update-head-ok", ours.folder, "refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*")
            try theirs.git("reset", "--quiet", "--hard")
        }
    }
}
