import Platform
import TestSupport
import XCTest

/// Several who set up, track, name remotes and clone at once, as scripts that start many jobs do: the outcome is that of
/// one after the other.
final class ConcurrentSetupTests: ConcurrentTestCase {
    func testInstallationsInOneHome() throws {
        let fresh = try Laboratory(isInstalled: false)
        let crowd = Crowd(fresh)
        let endings = try crowd.run((0..<6).map { _ in Crowd.Command("git data install", in: fresh.folder) })
        for ending in endings { XCTAssertEqual(ending.ending, .exited(0), "\(ending)") }
        let once = try Laboratory(isInstalled: false)
        try once.data(["install", "--quiet"])
        let keys = try fresh.git(["config", "--global", "--list"]).lines.sorted()
        XCTAssertEqual(keys, try once.git(["config", "--global", "--list"]).lines.sorted())
        XCTAssertFalse((fresh.home / ".gitconfig.lock").exists)
    }

    func testInitsInOneRepositoryThatHasAHook() throws {
        let work = try laboratory.repository("work", isSetUp: false)
        try work.write("#!/bin/sh\necho mine\n", to: ".git/hooks/pre-commit")
        try work.shell("chmod +x .git/hooks/pre-commit").expecting(0)
        try run((0..<6).map { Crowd.Command("git data init \($0 == 0 ? "--lazy" : "")", in: work.folder) })
        try work.data("track", "*.bin")
        try work.write(file(1), to: "a.bin")
        try work.git("add", "--all")
        // The hook that was there runs once.
        let commit = try work.git("commit", "-m", "Data")
        XCTAssertEqual((commit.text + commit.errorText).components(separatedBy: "mine").count, 2)
        let hooks = try (work.folder / ".git/hooks").entries().map(\.description).filter { !$0.hasSuffix(".sample") }.sorted()
        XCTAssertEqual(hooks, [
            "post-checkout", "post-commit", "post-merge", "post-rewrite", "pre-commit", "pre-commit.chained", "pre-push",
        ])
        try assertPointer("a.bin", in: work, for: file(1))
        try assertSound([work], places: [work.folder / ".git/data"])
    }

    func testInitsInARepositoryWithoutAnythingInstalled() throws {
        let work = try laboratory.repository("work", isSetUp: false)
        try (laboratory.home / ".gitconfig").replaceContents(with: [])
        try run((0..<6).map { _ in Crowd.Command("git data init", in: work.folder) })
        XCTAssertEqual(try work.git("config", "--local", "--get-all", "filter.data.process").lines, ["git-data filter-process"])
        XCTAssertEqual(try work.git("config", "--local", "--get-all", "filter.data.required").lines, ["true"])
    }

    func testPatternsThatAreTrackedAtOnce() throws {
        let work = try laboratory.repository()
        let endings = (0..<8).map { $0 }
        try run(endings.map { Crowd.Command("git data track '*.kind\($0)'", in: work.folder) })
        for number in endings { try work.write(file(number), to: BytePath("x.kind\(number)")) }
        try work.commit("Data of every kind")
        for number in endings { try assertPointer(BytePath("x.kind\(number)"), in: work, for: file(number)) }
        try run(endings.map { Crowd.Command($0 % 2 == 0 ? "git data untrack '*.kind\($0)'" : "git data track '*.more\($0)'", in: work.folder) })
        let lines = try work.readText(".gitattributes").split(separator: "\n").map { $0.prefix { $0 != " " } }.sorted()
        XCTAssertEqual(lines, ["*.kind1", "*.kind3", "*.kind5", "*.kind7", "*.more1", "*.more3", "*.more5", "*.more7"])
    }

    func testRemotesThatAreNamedAtOnce() throws {
        let work = try laboratory.repository()
        let names = (0..<6).map { "place\($0)" }
        try run(names.map { Crowd.Command("git data remote add \($0) /srv/\($0)", in: work.folder) })
        let listed = try work.data("remote", "list").text
        for name in names { assertContains(listed, "/srv/\(name)") }
    }

    func testClonesIntoOneFolder() throws {
        let (work, origin) = try laboratory.project()
        for number in 0..<30 { try work.write(file(number), to: BytePath("data/\(number).bin")) }
        try work.commit("Data")
        try work.git("push", "--quiet")
        let losers = try run(
            (0..<4).map { _ in Crowd.Command("git data clone --quiet \(origin) here", in: laboratory.folder) },
            givingWay: ["another process is at work on the clone", "already exists and is not an empty directory", "File exists"])
        XCTAssertEqual(losers.count, 3)
        let clone = Worktree(folder: laboratory.folder / "here", in: laboratory)
        for number in 0..<30 { try assertContent(BytePath("data/\(number).bin"), in: clone, is: file(number)) }
        try assertClean(clone)
        XCTAssertNotEqual(try clone.attempt("config", "data.clonePending").status, 0)
        try assertSound([clone], places: [clone.folder / ".git/data"])
    }
}
