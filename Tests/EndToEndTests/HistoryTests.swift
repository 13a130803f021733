import Digest
import Platform
import TestSupport
import XCTest

/// History and data together in a folder: what a user of `data::` meets beyond Git's own commands.
final class HistoryTests: EndToEndTestCase {
    private var place: BytePath { laboratory.folder / "place" }
    private var url: BytePath { BytePath("data::\(place)") }
    private let content = Array(repeating: UInt8(ascii: "x"), count: 300_000)

    /// A repository with a data file that has been pushed.
    private func pushed(isSetUp: Bool = true) throws -> Worktree {
        let work = try laboratory.repository(isSetUp: isSetUp)
        try work.git("remote", "add", "origin", url)
        try work.write("*.bin filter=data diff=data merge=data -text\n", to: ".gitattributes")
        try work.write(content, to: "a.bin")
        try work.commit("First")
        try work.git("push", "--quiet", "-u", "origin", "main")
        return work
    }

    private func packs() throws -> [BytePath] {
        try (place / "git/objects/pack").entries().filter { $0.text.hasSuffix(".pack") }.sorted()
    }

    private func states() throws -> [BytePath] { try (place / "git/states").entries().sorted() }

    // MARK: Data

    func testDataGoesWithTheHistoryWithoutAnySetting() throws {
        let work = try pushed()
        XCTAssert((place / "objects" / ObjectID.of(content).shardedPath).exists)
        try laboratory.data(["clone", "--quiet", url, "clone"])
        let clone = Worktree(folder: laboratory.folder / "clone", in: laboratory)
        try assertContent("a.bin", in: clone, is: content)
        try assertClean(clone)
        // Plain Git works as well where git data is installed.
        let plain = try laboratory.clone(url, as: "plain")
        try assertContent("a.bin", in: plain, is: content)
        XCTAssertEqual(try work.data("remote").lines, ["origin\t\(place) (default, beside the history)"])
    }

    func testDataIsThereBeforeTheHistoryIsEvenWithoutHooks() throws {
        let work = try pushed(isSetUp: false)
        XCTAssertFalse((work.folder / ".git/hooks/pre-push").exists)
        XCTAssert((place / "objects" / ObjectID.of(content).shardedPath).exists)
        // A commit whose blob is nowhere does not land.
        try work.write(pointerText(for: Array("nowhere".utf8)), to: "b.bin")
        try work.commit("A pointer alone")
        let before = try states()
        let refused = try work.attempt("push", "--quiet")
        XCTAssertNotEqual(refused.ending, .exited(0))
        assertContains(refused.errorText, "b.bin")
        XCTAssertEqual(try states(), before)
    }

    func testUserWhoAsksForNoHookGetsNone() throws {
        let work = try pushed()
        try work.write(pointerText(for: Array("nowhere".utf8)), to: "b.bin")
        try work.commit("A pointer alone")
        try work.git("push", "--quiet", "--no-verify")
    }

    func testBlobsAreUploadedOnce() throws {
        let work = try pushed()
        try work.write(Array("another".utf8), to: "b.bin")
        try work.commit("Second")
        let dry = try work.git("push", "--dry-run")
        let real = try work.git("push")
        let said = dry.errorText + real.errorText
        XCTAssertEqual(said.components(separatedBy: "1 blob uploaded").count, 2, said)
    }

    // MARK: Places

    func testPlacesThatCannotBeMeantAreRefused() throws {
        let work = try laboratory.repository()
        try work.git("commit", "--quiet", "--allow-empty", "-m", "First")
        let relative = try work.attempt("push", "data::../place", "main")
        XCTAssertEqual(relative.ending, .exited(128))
        assertContains(relative.errorText, "hint: use data::\(place)")
        let bare = try laboratory.bareRepository()
        let repository = try work.attempt("push", BytePath("data::\(bare)"), "main")
        assertContains(repository.errorText, "is a Git repository already")
        assertContains(try work.attempt("push", "data::\(laboratory.folder)/not/there".path, "main").errorText, "is not there")
        assertContains(try work.attempt("push", "data::ftp://host/x", "main").errorText, "is no data remote that this version knows")
        assertContains(try laboratory.run("git", ["clone", BytePath("data::\(laboratory.folder)/none"), "clone"]).errorText, "is not there")
    }

    func testFetchFromAPlaceWithoutHistorySaysSo() throws {
        let work = try laboratory.repository()
        try place.makeFolders()
        try work.git("remote", "add", "origin", url)
        assertContains(try work.git("fetch").errorText, "nothing has been pushed to '\(place)' yet")
        XCTAssertEqual(try work.git("fetch", "--quiet").errorText, "")
    }

    func testSubmodulesNeedTheUsersWord() throws {
        _ = try pushed()
        let outer = try laboratory.repository("outer")
        let refused = try outer.attempt("submodule", "add", url, "inner")
        assertContains(refused.errorText, "transport 'data' not allowed")
        try outer.git("-c", "protocol.data.allow=always", "submodule", "--quiet", "add", url, "inner")
        try outer.git("commit", "--quiet", "-m", "With a submodule")
        try outer.git("remote", "add", "origin", BytePath("data::\(laboratory.folder)/outer-place"))
        try outer.git("push", "--quiet", "origin", "main")
        try laboratory.git([
            "-c", "protocol.data.allow=always", "clone", "--quiet", "--recurse-submodules",
            BytePath("data::\(laboratory.folder)/outer-place"), "all",
        ])
        let inner = Worktree(folder: laboratory.folder / "all/inner", in: laboratory)
        try assertContent("a.bin", in: inner, is: content)
    }

    /// Git takes the filter down in its configuration, and would ask this remote for each object that is not here.
    func testCloneWithAFilterIsWholeAndGoesOnWorking() throws {
        let work = try pushed()
        let outcome = try laboratory.run("git", ["clone", "--filter=blob:none", url, "clone"]).expecting(0)
        assertContains(outcome.errorText, "is always fetched whole; 'filter' is not used")
        let clone = Worktree(folder: laboratory.folder / "clone", in: laboratory)
        try assertContent("a.bin", in: clone, is: content)
        try work.write("more\n", to: "more.txt")
        try work.commit("More")
        try work.git("push", "--quiet")
        try clone.git("fetch", "--quiet")
        try clone.git("merge", "--quiet", "--ff-only", "origin/main")
        try work.write("yet more\n", to: "more.txt")
        try work.commit("Yet more")
        try work.git("push", "--quiet")
        try clone.write("other\n", to: "other.txt")
        try clone.commit("Other")
        // Git has looked at the commit that it lacks, and so has fetched it.
        assertContains(try clone.attempt("push", "--porcelain", "origin", "main").description, "(non-fast-forward)")
        try clone.git("pull", "--quiet", "--rebase")
        try clone.git("push", "--quiet", "origin", "main")
        try laboratory.clone(url, as: "whole").git("fsck", "--full", "--strict")
    }

    // MARK: The past

    func testForcedPushesAndDeletionsAreUndone() throws {
        let work = try pushed()
        let first = try work.git("rev-parse", "HEAD").line
        try work.git("branch", "dev")
        try work.git("push", "--quiet", "origin", "dev")
        try work.git("commit", "--quiet", "--amend", "-m", "Overwritten")
        try work.git("push", "--quiet", "--force")
        try work.git("push", "--quiet", "origin", "--delete", "dev")
        let log = try work.data("remote", "log").lines
        assertContains(log.joined(separator: "\n"), "dev  deleted, was \(first.prefix(10))")
        XCTAssertEqual(log.filter { !$0.hasPrefix(" ") }.map { $0.prefix { $0 != " " } }, ["4", "3", "2", "1"])
        try work.data("remote", "restore", "2", "dev")
        XCTAssertEqual(try work.git("ls-remote", "origin", "dev").line, "\(first)\trefs/heads/dev")
        XCTAssertNotEqual(try work.git("ls-remote", "origin", "main").line, "\(first)\trefs/heads/main")
        try work.data("remote", "restore", "1")
        XCTAssertEqual(try work.git("ls-remote", "--heads", "origin").lines, ["\(first)\trefs/heads/main"])
        assertContains(try work.attempt("data", "remote", "restore", "99").errorText, "there is no state 99")
        assertContains(try work.attempt("data", "remote", "restore", "1", "nothing").errorText, "has a ref 'refs/heads/nothing'")
    }

    func testDataOfWhatCanBeRestoredIsNotCleared() throws {
        let work = try pushed()
        try work.git("checkout", "--quiet", "-b", "dev")
        try work.write(Array("of a branch that goes".utf8), to: "dev.bin")
        try work.commit("Dev")
        try work.git("push", "--quiet", "origin", "dev")
        try work.git("push", "--quiet", "origin", "--delete", "dev")
        let clone = try laboratory.clone(url)
        try clone.data("init", "--quiet")
        assertContains(try clone.data("gc", "--remote", "--json").text, "\"unnamed\" : {\n\n  }")
        // Once that past is forgotten, so is its data.
        try clone.data("remote", "gc", "--expire", "0")
        assertContains(try clone.data("gc", "--remote", "--json").text, ObjectID.of(Array("of a branch that goes".utf8)).hex)
    }

    func testDefaultBranchIsTheFirstPushersAndCanBeChanged() throws {
        let work = try laboratory.repository()
        try work.git("remote", "add", "origin", url)
        try work.git("checkout", "--quiet", "-b", "trunk")
        try work.git("commit", "--quiet", "--allow-empty", "-m", "First")
        try work.git("branch", "apart")
        try work.git("push", "--quiet", "origin", "apart", "trunk")
        XCTAssertEqual(try work.data("remote", "head").line, "trunk")
        try work.data("remote", "head", "apart")
        XCTAssertEqual(try laboratory.clone(url).git("symbolic-ref", "--short", "HEAD").line, "apart")
        assertContains(try work.attempt("data", "remote", "head", "nothing").errorText, "has no branch 'refs/heads/nothing'")
    }

    // MARK: Housekeeping

    func testManyPushesLeaveFewPacks() throws {
        let work = try pushed()
        let lagging = try laboratory.clone(url, as: "lagging")
        for number in 0..<40 {
            try work.write("\(number)\n", to: "file.txt")
            try work.commit("Commit \(number)")
            try work.git("push", "--quiet")
        }
        let log = try work.data("remote", "log", "--json").text
        assertContains(log, "\"action\" : \"consolidate\"")
        // 41 pushes, of which sixteen became one pack; their own files stay for a day, for those who read an older state.
        XCTAssertEqual(try (place / "git/objects/info/packs").contents().map { $0.filter { $0 == 10 }.count }, 41 - 16 + 1 + 1)
        try lagging.git("pull", "--quiet")
        XCTAssertEqual(try lagging.git("rev-parse", "HEAD").line, try work.git("rev-parse", "HEAD").line)
        let clone = try laboratory.clone(url, as: "fresh")
        try clone.git("fsck", "--full", "--strict")
        XCTAssertEqual(try clone.git("rev-list", "--count", "HEAD").line, "41")

        try work.data("remote", "gc", "--prune", "0")
        XCTAssertEqual(try packs().count, 1)
        try lagging.git("fetch", "--quiet")
        try laboratory.clone(url, as: "collected").git("fsck", "--full", "--strict")
        XCTAssertEqual(try (place / "git/objects/pack").entries().count, 2)
        // Nothing to do makes no state.
        let before = try states()
        assertContains(try work.data("remote", "gc", "--prune", "0").errorText, "Nothing to tidy.")
        XCTAssertEqual(try states(), before)
    }

    func testCollectionForgetsThePastAndStrayPacks() throws {
        let work = try pushed()
        try work.write("secret\n", to: "secret.txt")
        try work.commit("Secret")
        let secret = try work.git("rev-parse", "HEAD").line
        try work.git("push", "--quiet")
        try work.git("reset", "--quiet", "--hard", "HEAD~1")
        try work.git("push", "--quiet", "--force")
        // A push that was killed before its state.
        let stray = place / "git/objects/pack/pack-0123456789012345678901234567890123456789.pack"
        try stray.replaceContents(with: [1, 2, 3])
        // What any kept state names stays.
        try work.data("remote", "gc")
        try laboratory.git(["fetch", "--quiet", url, BytePath(secret)], in: work.folder)
        XCTAssert(stray.exists)
        try work.data("remote", "gc", "--expire", "0", "--prune", "0")
        XCTAssertFalse(stray.exists)
        let clone = try laboratory.clone(url)
        XCTAssertNotEqual(try clone.attempt("cat-file", "-e", BytePath(secret)).ending, .exited(0))
        assertContains(try work.attempt("data", "remote", "restore", "1").errorText, "there is no state 1")
    }

    // MARK: Damage

    func testDamagedPackIsNotBelieved() throws {
        let work = try pushed()
        let pack = place / "git/objects/pack" / (try packs()[0])
        var bytes = try pack.contents() ?? []
        bytes[bytes.count / 2] ^= 1
        try pack.removeFile()
        try pack.replaceContents(with: bytes)
        let outcome = try laboratory.run("git", ["clone", url, "clone"])
        XCTAssertEqual(outcome.ending, .exited(128))
        assertContains(outcome.errorText, "is damaged: its bytes are not those of")
        XCTAssertFalse((laboratory.folder / "clone/.git").exists)
        try work.git("fsck")
    }

    func testDamagedStateIsNamed() throws {
        _ = try pushed()
        let state = place / "git/states" / (try states()[0])
        let good = String(decoding: try state.contents() ?? [], as: UTF8.self)
        for (bad, reason) in [
            ("{", "it is no JSON of a state"), (good.replacing("refs/heads/main", with: "refs/heads/ma in"), "what is no"),
            (good.replacing("\"version\":1", with: "\"version\":2"), "a newer git data has written"),
            (good.replacing("pack-", with: "../pack-"), "no name of a pack"),
        ] {
            try state.removeFile()
            try state.replaceContents(with: Array(bad.utf8))
            let outcome = try laboratory.run("git", ["ls-remote", url])
            XCTAssertEqual(outcome.ending, .exited(128))
            assertContains(outcome.errorText, "state 1 of the repository at '\(place)' is not to be read")
            assertContains(outcome.errorText, reason)
        }
    }

    func testInterruptedFetchLeavesARepositoryThatCompletes() throws {
        let work = try pushed()
        let clone = try laboratory.clone(url)
        for number in 0..<3 {
            try work.write("\(number)\n", to: "file.txt")
            try work.commit("Commit \(number)")
            try work.git("push", "--quiet")
        }
        // The newest pack has arrived, and those before it have not: what it holds is here, and not whole.
        let newest = try work.git("rev-parse", "HEAD").line
        let log = try (place / "git/objects/info/packs").contents() ?? []
        let name = String(decoding: log.dropFirst(2).prefix { $0 != UInt8(ascii: ".") }, as: UTF8.self)
        let target = clone.folder / ".git/objects/pack" / BytePath("\(name).pack")
        try target.replaceContents(with: (place / "git/objects/pack" / BytePath("\(name).pack")).contents() ?? [])
        try clone.git("index-pack", target)
        try clone.git("cat-file", "-e", BytePath(newest))
        try clone.git("pull", "--quiet")
        try clone.git("fsck", "--full", "--connectivity-only")
        XCTAssertEqual(try clone.git("rev-parse", "HEAD").line, newest)
        XCTAssertEqual(try (clone.folder / ".git/objects/pack").entries().filter { $0.text.hasSuffix(".keep") }, [])
    }

    // MARK: Without git data

    func testAnyWebServerServesTheHistoryToPlainGit() throws {
        let work = try pushed()
        try work.git("tag", "-a", "-m", "v1", "v1")
        try work.git("push", "--quiet", "origin", "v1")
        let server = try ChildProcess(
            "/usr/bin/env", ["python3", "-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory", place, "0"], errors: .null)
        defer {
            server.send(signal: 15)
            server.wait()
        }
        let line = String(decoding: try server.output?.read(until: UInt8(ascii: "\n")) ?? [], as: UTF8.self)
        guard let port = line.split(separator: " ").compactMap({ Int($0) }).first else { throw Unexpected(line) }
        let web = BytePath("http://127.0.0.1:\(port)/git")
        let bare: [String: BytePath?] = ["PATH": "/usr/local/bin:/usr/bin:/bin"]
        try (laboratory.home / ".gitconfig").replaceContents(with: [])
        let clone = try laboratory.clone(web, as: "plain", with: bare)
        XCTAssertEqual(try clone.git("rev-parse", "HEAD", "v1^{commit}", with: bare).lines, try work.git("rev-parse", "HEAD", "HEAD").lines)
        XCTAssertEqual(try clone.read("a.bin"), pointerText(for: content))
        try work.git("commit", "--quiet", "--allow-empty", "-m", "Second")
        try work.git("push", "--quiet", with: ["GIT_DATA_LAZY": nil])
        try clone.git("pull", "--quiet", with: bare)
        XCTAssertEqual(try clone.git("rev-parse", "HEAD", with: bare).line, try work.git("rev-parse", "HEAD").line)
    }

    func testGitWithoutGitDataNamesWhatIsMissing() throws {
        let outcome = try laboratory.run("git", ["clone", url], with: ["PATH": "/usr/local/bin:/usr/bin:/bin"])
        assertContains(outcome.errorText, "git: 'remote-data' is not a git command")
    }
}

extension String {
    fileprivate var path: BytePath { BytePath(self) }
}
