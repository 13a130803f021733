import Digest
import Platform
import TestSupport
import XCTest

/// `git data clone` on a machine that knows nothing of git data: any revision, any part, any kind of remote.
final class CloneTests: EndToEndTestCase {
    private let table = Array(SampleData.table(rows: 3000).utf8)
    private let scan = SampleData.bytes(1_000_000)
    private let topic = SampleData.bytes(40_000, seed: 9)
    private var work: Worktree!
    private var origin: BytePath!
    /// The name of a commit that no branch or tag reaches.
    private var hidden: BytePath!

    /// `main` with two commits, the first of them `v1`; `topic` with one more, `v2`; and a commit that only
    /// `refs/hidden/x` reaches.
    override func setUpWithError() throws {
        try super.setUpWithError()
        (work, origin) = try laboratory.project()
        try work.write(table, to: "data/train.csv")
        try work.write(scan, to: "scan.bin")
        try work.write("#!/bin/sh\n", to: "run me.sh")
        try work.shell("chmod +x 'run me.sh' && ln -s scan.bin link && mkdir -p deep/er && : > deep/er/empty.bin").expecting(0)
        try work.commit("One")
        try work.git("tag", "v1")
        try work.write(table + Array("extra\n".utf8), to: "data/train.csv")
        try work.commit("Two")
        try work.git("switch", "--quiet", "-c", "topic")
        try work.write(topic, to: "topic.bin")
        try work.commit("Topic")
        try work.git("tag", "-a", "v2", "-m", "Release")
        try work.git("switch", "--quiet", "--detach")
        try work.write("hidden", to: "hidden.bin")
        try work.commit("Hidden")
        hidden = BytePath(try work.git("rev-parse", "HEAD").line)
        try work.git("push", "--quiet", "origin", "main", "topic", "v1", "v2", "HEAD:refs/hidden/x")
        try work.git("switch", "--quiet", "main")
        // From here on, only `work` has a home in which Git knows of git data.
        try registered.makeFolders()
        try (laboratory.home / ".gitconfig").rename(to: registered / ".gitconfig")
    }

    override func tearDown() {
        work = nil
        super.tearDown()
    }

    private var registered: BytePath { laboratory.folder / "registered" }
    private var url: BytePath { BytePath(bytes: Array("file://".utf8) + origin.bytes) }

    private func clone(_ arguments: BytePath..., status: Int32 = 0) throws -> Outcome {
        try laboratory.run("git", ["data", "clone"] + arguments).expecting(status)
    }

    private func tree(_ name: String) -> Worktree { Worktree(folder: laboratory.folder / name, in: laboratory) }

    private func head(_ name: String) throws -> String { try tree(name).git("rev-parse", "HEAD").line }

    /// One hash over all paths, kinds, permissions and contents of a folder, without Git's own.
    private func hash(_ folder: BytePath) throws -> ObjectID {
        var lines: [UInt8] = []
        for path in try files(folder).sorted() {
            let file = folder / path
            guard let status = try file.status() else { throw Unexpected("'\(file)' went away") }
            let content = status.kind == .link ? try file.linkTarget().bytes : try file.contents() ?? []
            lines += path.bytes + Array(" \(status.kind) \(status.isExecutable) \(ObjectID.of(content).hex)\n".utf8)
        }
        return ObjectID.of(lines)
    }

    private func files(_ folder: BytePath) throws -> [BytePath] {
        try folder.entries().filter { $0 != ".git" }.flatMap { name -> [BytePath] in
            guard try (folder / name).status()?.kind == .folder else { return [name] }
            return try files(folder / name).map { name / $0 }
        }
    }

    private func assertComplete(_ name: String, as revision: BytePath, file: StaticString = #filePath, line: UInt = #line) throws {
        try work.git("-c", "advice.detachedHead=false", "checkout", "--quiet", "--detach", revision, with: ["HOME": registered])
        XCTAssertEqual(try hash(laboratory.folder / name), try hash(work.folder), "the tree of \(revision)", file: file, line: line)
        try assertClean(tree(name), file: file, line: line)
        XCTAssertEqual(try tree(name).attempt("fsck", "--no-progress").status, 0, file: file, line: line)
        let pending = try tree(name).attempt("config", "data.clonePending")
        XCTAssertEqual(pending.status, 1, "nothing is pending: \(pending.text)", file: file, line: line)
    }

    // MARK: one command

    func testFreshMachineRecreatesATagByteForByte() throws {
        let outcome = try clone("--revision", "v1", url, "release")
        try assertComplete("release", as: "v1")
        let short = try work.git("rev-parse", "--short", "v1").line
        assertContains(outcome.errorText, "\nrelease at v1 (\(short)): 6 files, 2 of them data (")
        assertContains(outcome.errorText, "every byte verified)\n")
        XCTAssertEqual(outcome.text, "")
        XCTAssertEqual(try tree("release").attempt("symbolic-ref", "-q", "HEAD").status, 1, "detached")
        // What was set up works: data is added, and hooks are there.
        try tree("release").git("switch", "--quiet", "-c", "more")
        try tree("release").write(topic, to: "new.bin")
        try tree("release").commit("More")
        try assertPointer("new.bin", in: tree("release"), for: topic)
        try tree("release").git("push", "--quiet", "origin", "more")
        XCTAssertTrue(remoteBlob(of: topic, in: origin).exists)
    }

    func testFreshMachineRecreatesRevisionsFromAFolderWithoutAnyGitServer() throws {
        let place = BytePath("data::\(laboratory.folder)/place")
        try work.git("push", "--quiet", place, "main", "topic", "v1", "v2", BytePath("\(hidden.text):refs/hidden/x"), with: ["HOME": registered])
        for (name, revision) in [("release", "v1"), ("annotated", "v2"), ("branch", "topic"), ("commit", hidden.text)] {
            let outcome = try clone("--revision", BytePath(revision), place, BytePath(name))
            try assertComplete(name, as: BytePath(revision))
            assertContains(outcome.errorText, "every byte verified)\n")
        }
        try tree("branch").write(topic, to: "new.bin")
        try tree("branch").commit("More")
        try tree("branch").git("push", "--quiet")
        XCTAssert((laboratory.folder / "place/objects" / ObjectID.of(topic).shardedPath).exists)
    }

    /// A filter that Git knows has nothing to do for a pointer, and would take a round trip for each.
    func testAsksNoFilterForItsPointers() throws {
        let trace = laboratory.folder / "trace"
        let variables: [String: BytePath?] = ["HOME": registered, "GIT_TRACE": trace]
        try laboratory.run("git", ["data", "clone", "--quiet", "--lazy", url, "there"], with: variables).expecting(0)
        let traced = String(decoding: try trace.contents() ?? [], as: UTF8.self)
        XCTAssertTrue(traced.contains(" checkout --quiet"), traced)
        XCTAssertFalse(traced.contains("filter-process"), traced)
        try assertContent("scan.bin", in: tree("there"), is: pointerText(for: scan))
        try tree("there").data("pull", "--quiet", with: variables)
        try assertContent("scan.bin", in: tree("there"), is: scan)
        XCTAssertEqual(try tree("there").git("status", "--porcelain", with: variables).text, "")
    }

    /// What a hook of the person's own adds after the checkout passes the filter.
    func testFileThatAHookAddsBecomesData() throws {
        let hook = laboratory.folder / "templates/hooks/post-checkout"
        try hook.parent.makeFolders()
        try hook.replaceContents(
            with: Array("#!/bin/sh\nhead -c 5000 /dev/zero > added.bin && git add added.bin\n".utf8), permissions: 0o777)
        try laboratory.run(
            "git", ["data", "clone", "--quiet", url, "there"],
            with: ["HOME": registered, "GIT_TEMPLATE_DIR": laboratory.folder / "templates"]).expecting(0)
        let staged = String(decoding: try tree("there").stored("added.bin", at: ""), as: UTF8.self)
        XCTAssertEqual(staged, String(decoding: pointerText(for: [UInt8](repeating: 0, count: 5000)), as: UTF8.self))
        XCTAssertEqual(try tree("there").git("status", "--porcelain", with: ["HOME": registered]).text, "A  added.bin\n")
    }

    /// The hash is one that sees: another revision has another.
    func testHashTellsRevisionsApart() throws {
        _ = try clone("--quiet", "--revision", "v1", url, "one")
        _ = try clone("--quiet", url, "two")
        XCTAssertNotEqual(try hash(laboratory.folder / "one"), try hash(laboratory.folder / "two"))
    }

    func testQuietCloneSaysNothing() throws {
        let outcome = try clone("--quiet", url)
        XCTAssertEqual(outcome.errorText + outcome.text, "")
        try assertComplete("origin", as: "main")
    }

    func testPlacesOfAllKinds() throws {
        _ = try clone("origin.git", "relative")
        _ = try clone("work", "from worktree")
        _ = try clone("work/.git", "from git folder")
        for name in ["relative", "from worktree", "from git folder"] { try assertComplete(name, as: "main") }
        try (laboratory.folder / "here").makeFolders()
        try laboratory.run("git", ["data", "clone", "--quiet", origin, "."], in: laboratory.folder / "here").expecting(0)
        try assertComplete("here", as: "main")
    }

    func testEmptyRepositoryAndOneWithoutData() throws {
        try laboratory.git(["init", "--quiet", "--bare", "empty.git"])
        let empty = try clone("empty.git")
        assertContains(empty.errorText, "warning: You appear to have cloned an empty repository.")
        XCTAssertEqual(try tree("empty").attempt("config", "data.clonePending").status, 1)
        try laboratory.git(["init", "--quiet", "--initial-branch=main", "plain"])
        try tree("plain").write("a", to: "a")
        try tree("plain").commit("A")
        assertContains(try clone("plain", "other").errorText, "): 1 file, none of them data\n")
    }

    // MARK: revisions

    func testBranchFollowsItsUpstream() throws {
        _ = try clone("--revision", "topic", url, "branch")
        try assertComplete("branch", as: "topic")
        XCTAssertEqual(try tree("branch").git("rev-parse", "--abbrev-ref", "topic@{upstream}").line, "origin/topic")
        XCTAssertEqual(try tree("branch").git("for-each-ref", "--format=%(refname:short)", "refs/heads").lines, ["topic"])
    }

    func testRemoteIsCalledAsTheConfigurationSays() throws {
        let own = "[clone]\n\tdefaultRemoteName = there\n[remote \"another\"]\n\turl = /nowhere\n"
        try laboratory.scratch.write(own, to: "home/.gitconfig")
        _ = try clone("--revision", "topic", url, "named")
        XCTAssertEqual(try tree("named").git("rev-parse", "--abbrev-ref", "topic@{upstream}").line, "there/topic")
        try assertComplete("named", as: "topic")
        _ = try clone("--quiet", "--revision", "topic", "--no-single-branch", "-b", "main", url, "other")
        XCTAssertEqual(try tree("other").git("rev-parse", "--abbrev-ref", "topic@{upstream}").line, "there/topic")
        try assertComplete("other", as: "topic")
    }

    func testCommitsByName() throws {
        let v1 = BytePath(try work.git("rev-parse", "v1").line)
        let short = BytePath(String(v1.text.prefix(8)))
        let names: [(String, BytePath, BytePath)] = [
            ("full", v1, "v1"), ("short", short, "v1"), ("expression", "main~1", "v1"), ("far", "topic~1", "main"), ("annotated", "v2", "v2"),
            ("ref", "refs/tags/v1", "v1"), ("remote", "origin/topic", "topic"),
        ]
        for (name, revision, same) in names {
            _ = try clone("--quiet", "--revision", revision, url, BytePath(name))
            try assertComplete(name, as: same)
        }
    }

    func testCommitThatNoBranchReachesIsAskedOfTheServer() throws {
        try laboratory.git(["config", "uploadpack.allowAnySHA1InWant", "true"], in: origin)
        _ = try clone("--revision", hidden, url, "hidden")
        try assertComplete("hidden", as: hidden)
        _ = try clone("--revision", "refs/hidden/x", "--depth=1", url, "by ref")
        try assertComplete("by ref", as: hidden)
    }

    func testRevisionThatIsNotThere() throws {
        let mistyped = try clone("--revision", "v9", url, "none", status: 128)
        assertContains(mistyped.errorText, "error: there is no branch or tag 'v9' in '\(url)'; nothing was cloned\n")
        XCTAssertFalse((laboratory.folder / "none").exists)
        let unknown = try clone("--revision", "deadbeef", url, "none", status: 128)
        assertContains(unknown.errorText, "error: there is no revision 'deadbeef' in '\(url)'\nkept: the clone in 'none'")
        // The same command with a revision that is there goes on.
        let right = try clone("--revision", "v1", url, "none")
        assertContains(right.errorText, "Going on with the clone in 'none'...\n")
        try assertComplete("none", as: "v1")
        let absent = try clone("--revision", BytePath(String(repeating: "5", count: 40)), url, "absent", status: 128)
        assertContains(absent.errorText, "error: the revision '5555555555555555555555555555555555555555' was not in what was fetched")
        let nowhere = try clone("--revision", "v1", "nowhere", "nothing", status: 128)
        assertContains(nowhere.errorText, "fatal: 'nowhere' does not appear to be a git repository")
        XCTAssertFalse((laboratory.folder / "nothing").exists)
    }

    /// As in a hook, where the environment names a repository.
    func testRepositoryOfTheEnvironmentIsLeftAlone() throws {
        try work.write("mine", to: "scan.bin")
        let environment: [String: BytePath?] = [
            "GIT_DIR": work.folder / ".git", "GIT_WORK_TREE": work.folder, "GIT_INDEX_FILE": work.folder / ".git/index",
        ]
        try laboratory.run("git", ["data", "clone", "--quiet", "--revision", "v1", url, "elsewhere"], with: environment).expecting(0)
        XCTAssertEqual(try work.readText("scan.bin"), "mine")
        XCTAssertEqual(try work.git("symbolic-ref", "--short", "HEAD").line, "main")
        XCTAssertEqual(try work.attempt("config", "data.clonePending").status, 1)
        try work.git("checkout", "--quiet", "--", "scan.bin", with: ["HOME": registered])
        try assertComplete("elsewhere", as: "v1")
    }

    // MARK: with the options of git clone

    func testOptionsGoTogether() throws {
        try laboratory.git(["config", "uploadpack.allowFilter", "true"], in: origin)
        try laboratory.git(["config", "uploadpack.allowAnySHA1InWant", "true"], in: origin)
        for (number, revision) in (["v1", "topic", hidden] as [BytePath]).enumerated() {
            for (name, options) in [
                ("depth", ["--depth", "1"]), ("single", ["--single-branch"]), ("filter", ["--filter=blob:none"]),
                ("tree", ["--filter=tree:0", "--no-tags"]), ("upstream", ["-o", "upstream", "-c", "a.b=c"]),
            ] as [(String, [BytePath])] {
                let folder = "\(name)-\(number)"
                try laboratory.run("git", ["data", "clone", "--quiet", "--revision", revision] + options + [url, BytePath(folder)]).expecting(0)
                try assertComplete(folder, as: revision)
            }
        }
        XCTAssertEqual(try tree("depth-0").git("rev-list", "--count", "HEAD").line, "1")
        XCTAssertEqual(try tree("single-1").git("for-each-ref", "--format=%(refname)", "refs/remotes").lines, ["refs/remotes/origin/topic"])
        XCTAssertEqual(try tree("upstream-1").git("rev-parse", "--abbrev-ref", "@{upstream}").line, "upstream/topic")
        XCTAssertEqual(try tree("upstream-1").git("config", "a.b").line, "c")
    }

    func testSeparateGitFolderAndSparseCheckout() throws {
        _ = try clone("--separate-git-dir", "apart.git", "--revision", "v1", url, "apart")
        try assertComplete("apart", as: "v1")
        XCTAssertTrue((laboratory.folder / "apart.git/data/objects").exists)
        _ = try clone("--sparse", "--revision", "v1", url, "sparse")
        XCTAssertFalse((tree("sparse").folder / "data").exists)
        try assertContent("scan.bin", in: tree("sparse"), is: scan)
        try assertClean(tree("sparse"))
        XCTAssertFalse(tree("sparse").localBlob(of: table).exists)
    }

    func testCloneWithoutCheckoutFetchesNoData() throws {
        let outcome = try clone("-n", "--revision", "v1", url, "none")
        assertContains(outcome.errorText, "nothing is checked out, no data was fetched")
        XCTAssertEqual(try tree("none").folder.entries(), [".git"])
        XCTAssertFalse(tree("none").localBlob(of: scan).exists)
        XCTAssertEqual(try tree("none").attempt("config", "data.clonePending").status, 1)
        try tree("none").git("checkout", "--quiet", "v1")
        try assertContent("scan.bin", in: tree("none"), is: scan)
    }

    func testBareClones() throws {
        _ = try clone("--bare", url, "bare.git")
        XCTAssertEqual(try laboratory.git(["--git-dir=bare.git", "rev-parse", "--is-bare-repository"]).line, "true")
        try (laboratory.folder / "in").makeFolders()
        try laboratory.run("git", ["data", "clone", "--mirror", url], in: laboratory.folder / "in").expecting(0)
        XCTAssertEqual(try laboratory.git(["-C", "in/origin.git", "config", "remote.origin.mirror"]).line, "true")
    }

    func testWhatMakesNoSenseIsRefused() throws {
        for arguments in [["--bare", "--revision", "v1"], ["-n", "--include", "*"], ["--mirror", "-X", "*.csv"]] as [[BytePath]] {
            let refused = try laboratory.run("git", ["data", "clone"] + arguments + [url, "refused"])
            XCTAssertEqual(refused.status, 129, refused.description)
            XCTAssertFalse((laboratory.folder / "refused").exists)
        }
    }

    func testSubmodulesAreFilledToo() throws {
        let outer = Worktree(folder: laboratory.folder / "outer", in: laboratory)
        try laboratory.git(["init", "--quiet", "--initial-branch=main", "outer"])
        try outer.data("init", "--quiet")
        try outer.write("*.bin filter=data diff=data merge=data -text\n", to: ".gitattributes")
        try outer.write(topic, to: "own.bin")
        try outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "-b", "main", origin, "part/module")
        try outer.commit("Outer")
        let outcome = try laboratory.run(
            "git", ["-c", "protocol.file.allow=always", "data", "clone", "--recurse-submodules", "outer", "all"]).expecting(0)
        assertContains(outcome.errorText, "with those of 1 submodule, 3 of them data (")
        try assertContent("own.bin", in: tree("all"), is: topic)
        try assertContent("scan.bin", in: tree("all/part/module"), is: scan)
        try assertClean(tree("all"))
        try assertClean(tree("all/part/module"))
        XCTAssertEqual(try tree("all").attempt("config", "data.clonePending").status, 1)
    }

    // MARK: some of the data

    func testPatternsChooseWhatIsFilled() throws {
        let outcome = try clone("--include", "*.csv", url, "some")
        assertContains(outcome.errorText, "2 of them data: 1 filled (")
        assertContains(outcome.errorText, "every byte verified), 1 left as pointers\n")
        try assertContent("data/train.csv", in: tree("some"), is: table + Array("extra\n".utf8))
        try assertContent("scan.bin", in: tree("some"), is: pointerText(for: scan))
        XCTAssertFalse(tree("some").localBlob(of: scan).exists)
        // Nothing is fetched behind the user's back.
        try tree("some").git("switch", "--quiet", "topic")
        try tree("some").git("commit", "--quiet", "--allow-empty", "-m", "Empty")
        try assertContent("topic.bin", in: tree("some"), is: pointerText(for: topic))
        try assertClean(tree("some"))
        try tree("some").data("pull", "--quiet", "topic.bin")
        try assertContent("topic.bin", in: tree("some"), is: topic)
        try assertContent("scan.bin", in: tree("some"), is: pointerText(for: scan))

        _ = try clone("--quiet", "--exclude", "/data/", url, "rest")
        try assertContent("scan.bin", in: tree("rest"), is: scan)
        try assertContent("data/train.csv", in: tree("rest"), is: pointerText(for: table + Array("extra\n".utf8)))
        _ = try clone("--quiet", "--lazy", url, "lazy")
        try assertContent("scan.bin", in: tree("lazy"), is: pointerText(for: scan))
        XCTAssertEqual(try tree("lazy").git("config", "data.lazy").line, "true")
    }

    // MARK: data that is missing

    func testMissingBlobIsNamedAndTheSameCommandCompletesTheClone() throws {
        let blob = remoteBlob(of: scan, in: origin), away = laboratory.folder / "away"
        try blob.rename(to: away)
        let outcome = try clone(origin, "clone", status: 1)
        assertContains(outcome.errorText, "2 of them data: 1 filled (")
        assertContains(outcome.errorText, ", 1 without content\nerror: 1 file without data:\n\tscan.bin (")
        assertContains(outcome.errorText, "hint: then, in 'clone': git data pull\n")
        try assertClean(tree("clone"))
        try away.rename(to: blob)
        let again = try clone(origin, "clone")
        assertContains(again.errorText, "Going on with the clone in 'clone'...\n")
        try assertComplete("clone", as: "main")
        let once = try clone(origin, "clone", status: 128)
        assertContains(once.errorText, "error: destination path 'clone' already exists and is not an empty directory\n")
    }
}
