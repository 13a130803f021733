import Platform
import TestSupport
import XCTest

/// The hooks live with those of others, and say what is wrong before it is too late.
final class HookTests: EndToEndTestCase {
    private let content = SampleData.bytes(40_000)

    private func script(_ text: String) -> [UInt8] { Array("#!/bin/sh\n\(text)\n".utf8) }

    private func write(_ script: [UInt8], to hook: BytePath, in worktree: Worktree) throws {
        try worktree.write(script, to: hook)
        _ = try laboratory.run("chmod", ["+x", worktree.folder / hook])
    }

    // MARK: installation

    func testInitInstallsEveryHookOnce() throws {
        let work = try laboratory.repository(isSetUp: false)
        let first = try work.data("init")
        assertContains(first.errorText, "hook")
        for name in ["pre-push", "pre-commit", "post-checkout", "post-merge", "post-commit", "post-rewrite"] {
            XCTAssert((work.folder / ".git/hooks" / BytePath(name)).isExecutableFile, name)
        }
        let before = try (work.folder / ".git/hooks/pre-push").status()
        try work.data("init")
        XCTAssertEqual(try (work.folder / ".git/hooks/pre-push").status(), before)
    }

    func testHookThatWasThereRunsFirstWithItsInput() throws {
        let (work, origin) = try laboratory.project()
        let other = try laboratory.clone(origin, as: "other")
        try write(script("cat > ../seen; echo \"$@\" >> ../seen"), to: ".git/hooks/pre-push", in: other)
        try other.data("init", "--quiet")
        XCTAssert((other.folder / ".git/hooks/pre-push.chained").exists)
        try other.write(content, to: "a.bin")
        try other.commit("Data")
        try other.git("push", "--quiet")
        let seen = String(decoding: try (laboratory.folder / "seen").contents() ?? [], as: UTF8.self)
        assertContains(seen, "refs/heads/main ")
        assertContains(seen, "origin ")
        XCTAssert(remoteBlob(of: content, in: origin).exists)
        _ = work
    }

    func testHookThatWasThereStillStopsAPush() throws {
        let (_, origin) = try laboratory.project()
        let other = try laboratory.clone(origin, as: "other")
        try write(script("echo 'not today' >&2; exit 7"), to: ".git/hooks/pre-push", in: other)
        try other.data("init", "--quiet")
        try other.write(content, to: "a.bin")
        try other.commit("Data")
        let push = try other.attempt("push", "--quiet")
        XCTAssertNotEqual(push.status, 0)
        assertContains(push.errorText, "not today")
        XCTAssertFalse(remoteBlob(of: content, in: origin).exists)
    }

    func testUninstallGivesTheHookThatWasThereItsNameBack() throws {
        let work = try laboratory.repository(isSetUp: false)
        let mine = script("exit 0")
        try write(mine, to: ".git/hooks/pre-push", in: work)
        try work.data("init", "--quiet")
        XCTAssertNotEqual(try work.read(".git/hooks/pre-push"), mine)
        try work.data("uninstall", "--local", "--hooks")
        XCTAssertEqual(try work.read(".git/hooks/pre-push"), mine)
        XCTAssertFalse((work.folder / ".git/hooks/post-merge").exists)
    }

    func testHooksPathIsHonoured() throws {
        let (work, origin) = try laboratory.project()
        let other = try laboratory.clone(origin, as: "other")
        try other.git("config", "core.hooksPath", "../my-hooks")
        try other.data("init", "--quiet")
        XCTAssert((laboratory.folder / "my-hooks/pre-push").isExecutableFile)
        XCTAssertFalse((other.folder / ".git/hooks/pre-push").exists)
        try other.write(content, to: "a.bin")
        try other.commit("Data")
        try other.git("push", "--quiet")
        XCTAssert(remoteBlob(of: content, in: origin).exists)
        _ = work
    }

    func testHookOfTheProjectIsLeftAloneAndMayCallUs() throws {
        let (_, origin) = try laboratory.project()
        let other = try laboratory.clone(origin, as: "other")
        let own = script("git data hook pre-push \"$@\" || exit 1\necho checked >&2")
        try write(own, to: "hooks/pre-push", in: other)
        try other.commit("Hooks of the project")
        try other.git("config", "core.hooksPath", "hooks")
        let initialized = try other.data("init")
        assertContains(initialized.errorText, "pre-push")
        XCTAssertEqual(try other.read("hooks/pre-push"), own)
        try other.write(content, to: "a.bin")
        try other.git("add", "a.bin")
        try other.git("commit", "--quiet", "-m", "Data")
        let push = try other.git("push", "--quiet")
        assertContains(push.errorText, "checked")
        XCTAssert(remoteBlob(of: content, in: origin).exists)
    }

    func testHookThatCallsUsRunsOnceWhenItIsChained() throws {
        let (work, origin) = try laboratory.project()
        let calls = laboratory.folder / "calls"
        let mine = script("echo called >> '\(calls)'\ngit data hook pre-push \"$@\"")
        try (work.folder / ".git/hooks/pre-push").removeFile()
        try write(mine, to: ".git/hooks/pre-push", in: work)
        try work.data("init", "--quiet")
        try work.write(content, to: "a.bin")
        try work.commit("Data")
        try work.git("push", "--quiet")
        XCTAssertEqual(try calls.contents(), Array("called\n".utf8))
        XCTAssert(remoteBlob(of: content, in: origin).exists)
    }

    /// The framework's own program, which gives its hooks neither arguments nor input.
    func testPreCommitFrameworkUploads() throws {
        let (work, origin) = try laboratory.project()
        let venv = laboratory.folder / "venv"
        let made = try laboratory.run(
            "sh", ["-c", BytePath("python3 -m venv '\(venv)' && '\(venv)/bin/pip' --quiet install pre-commit")])
        try XCTSkipUnless(made.status == 0, "pre-commit cannot be installed: \(made.errorText)")
        let configuration = """
            repos:
            - repo: local
              hooks:
              - {id: push, name: data, language: system, entry: git data hook pre-push, stages: [pre-push], \
            always_run: true, pass_filenames: false}
            """
        try work.write(configuration, to: ".pre-commit-config.yaml")
        try (work.folder / ".git/hooks/pre-push").removeFile()
        _ = try laboratory.run(venv / "bin/pre-commit", ["install", "-t", "pre-push"], in: work.folder).expecting(0)
        try work.write(content, to: "a.bin")
        try work.commit("Data")
        try work.git("push", "--quiet")
        XCTAssert(remoteBlob(of: content, in: origin).exists)
        let lost = SampleData.bytes(3000, seed: 77)
        try work.write(lost, to: "b.bin")
        try work.commit("Lost data")
        // From the file in the worktree, Git's next look at it would store the blob again.
        try (work.folder / "b.bin").removeFile()
        try work.localBlob(of: lost).removeFile()
        let refused = try work.attempt("push")
        XCTAssertNotEqual(refused.status, 0, refused.description)
    }

    func testHooksServeLinkedWorktrees() throws {
        let (work, origin) = try laboratory.project()
        try work.git("worktree", "add", "--quiet", "-b", "side", "../linked")
        let linked = Worktree(folder: laboratory.folder / "linked", in: laboratory)
        try linked.write(content, to: "a.bin")
        try linked.commit("Data")
        try linked.git("push", "--quiet", "origin", "side")
        XCTAssert(remoteBlob(of: content, in: origin).exists)
    }

    func testMissingProgramStopsAPushAndNothingElse() throws {
        let (work, _) = try laboratory.project()
        try work.write("text\n", to: "text.txt")
        try work.git("add", "text.txt")
        let bare: [String: BytePath?] = ["PATH": "/usr/bin:/bin"]
        let commit = try work.attempt("commit", "-m", "Text", with: bare)
        XCTAssertEqual(commit.status, 0, commit.description)
        assertContains(commit.errorText, "git-data is not on PATH")
        let push = try work.attempt("push", with: bare)
        XCTAssertNotEqual(push.status, 0)
        assertContains(push.errorText, "git-data is not on PATH")
    }

    // MARK: pre-commit

    func testDataStagedWithoutTheFilterIsRefused() throws {
        let (work, _) = try laboratory.project()
        try work.write(content, to: "raw.bin")
        try work.git(
            "-c", "filter.data.process=", "-c", "filter.data.clean=", "-c", "filter.data.required=false", "add", "raw.bin")
        let commit = try work.attempt("commit", "-m", "Raw")
        XCTAssertNotEqual(commit.status, 0)
        assertContains(commit.errorText, "raw.bin")
        assertContains(commit.errorText, "git add --renormalize")
        try work.git("add", "--renormalize", "raw.bin")
        try work.git("commit", "--quiet", "-m", "Data")
        try assertPointer("raw.bin", in: work, for: content)
    }

    func testRawDataOfEveryPortionIsRefused() throws {
        let (work, _) = try laboratory.project()
        try work.write(pointerText(for: content), to: "pointer")
        try work.write(content, to: "raw")
        _ = try work.shell("""
            pointer=$(git hash-object -w --no-filters pointer) raw=$(git hash-object -w --no-filters raw)
            { for file in 0.bin z.bin; do printf "100644 $raw\\t$file\\n"; done
              seq -f "100644 $pointer\tm/%05g.bin" 8200; } | git update-index --add --index-info
            """)
        let commit = try work.attempt("commit", "-m", "Raw")
        XCTAssertNotEqual(commit.status, 0)
        assertContains(commit.errorText, "2 files of data staged without the filter:\n\t0.bin (39.06 KiB of raw content)\n\tz.bin (39")
        try work.git("rm", "--quiet", "--cached", "0.bin", "z.bin")
        try work.git("commit", "--quiet", "-m", "Pointers")
    }

    func testPointerIsRefusedWhoseAttributesAreNotStaged() throws {
        let work = try laboratory.repository()
        try work.write("*.bin filter=data diff=data merge=data -text\n", to: "d/.gitattributes")
        try work.write(content, to: "d/a.bin")
        try work.git("add", "d/a.bin")
        let commit = try work.attempt("commit", "-m", "Data")
        XCTAssertNotEqual(commit.status, 0)
        assertContains(
            commit.errorText, """
                error: 1 file staged as a pointer, without a .gitattributes that says so to a clone:
                \td/a.bin
                kept: the files and what is staged; nothing was committed
                hint: git add :/d/.gitattributes && git commit
                hint: where it is to stay a pointer: '-filter' in .gitattributes

                """)
        // A commit of one file alone leaves out what else is staged.
        try work.git("add", "d/.gitattributes")
        XCTAssertNotEqual(try work.attempt("commit", "-m", "Data", "d/a.bin").status, 0)
        try work.git("commit", "--quiet", "-m", "Data")
        try assertPointer("d/a.bin", in: work, for: content)
    }

    func testPointerIsRefusedThatNoPatternMatches() throws {
        let (work, _) = try laboratory.project()
        try work.write(content, to: "a.bin")
        try work.commit("Data")
        try work.git("mv", "a.bin", "a.raw")
        let commit = try work.attempt("commit", "-m", "Moved")
        XCTAssertNotEqual(commit.status, 0)
        assertContains(commit.errorText, "\ta.raw\nkept: the files and what is staged; nothing was committed\nhint: git data fix && git commit\n")
        try work.data("fix")
        try work.git("commit", "--quiet", "-m", "Moved")
        try assertClean(work)
        try assertContent("a.raw", in: work, is: content)
    }

    /// An example in a manual, say.
    func testPointerThatIsMeantToBeOneIsATextLikeAnyOther() throws {
        let (work, _) = try laboratory.project()
        try work.write(pointerText(for: content), to: "manual.txt")
        try work.git("add", "manual.txt")
        XCTAssertNotEqual(try work.attempt("commit", "-m", "Manual").status, 0)
        try work.write("*.bin filter=data diff=data merge=data -text\nmanual.txt -filter\n", to: ".gitattributes")
        try work.commit("Manual")
        assertContains(try work.data("fix").errorText, "Nothing to mend.")
        XCTAssertFalse(try work.data("status").text.contains("manual.txt"))
        try assertClean(work)
    }

    func testConflictMarkersInsideAPointerAreRefused() throws {
        let (work, _) = try laboratory.project()
        let ours = String(decoding: pointerText(for: content), as: UTF8.self)
        let theirs = String(decoding: pointerText(for: SampleData.bytes(10, seed: 9)), as: UTF8.self)
        let mixed = "<<<<<<< HEAD\n\(ours)=======\n\(theirs)>>>>>>> side\n"
        try work.write(mixed, to: "merged.bin")
        try work.git(
            "-c", "filter.data.process=", "-c", "filter.data.clean=", "-c", "filter.data.required=false", "add", "merged.bin")
        let commit = try work.attempt("commit", "-m", "Merged")
        XCTAssertNotEqual(commit.status, 0)
        assertContains(commit.errorText, "conflict markers")
    }

    func testPointersMergedLineByLineAreRefused() throws {
        let (work, _) = try laboratory.project()
        let mixed = """
            git data pointer 1
            <<<<<<< HEAD
            oid sha256:\(String(repeating: "a", count: 64))
            size 1
            =======
            oid sha256:\(String(repeating: "b", count: 64))
            size 2
            >>>>>>> side

            """
        try work.write(mixed, to: "merged.bin")
        try work.git("add", "merged.bin")
        let commit = try work.attempt("commit", "-m", "Merged")
        XCTAssertNotEqual(commit.status, 0)
        assertContains(commit.errorText, "merged.bin (conflict markers inside a pointer)")
    }

    func testLargeFileThatIsNoDataIsPointedOut() throws {
        let (work, _) = try laboratory.project()
        try work.write([UInt8](repeating: 7, count: 11 << 20), to: "model.weights")
        try work.git("add", "model.weights")
        let commit = try work.git("commit", "-m", "Large")
        assertContains(commit.errorText, "model.weights")
        assertContains(commit.errorText, "git data track")
    }

    func testFirstCommitOfARepositoryIsChecked() throws {
        let work = try laboratory.repository()
        try work.write("*.bin filter=data -text\n", to: ".gitattributes")
        try work.write(content, to: "raw.bin")
        try work.git(
            "-c", "filter.data.process=", "-c", "filter.data.clean=", "-c", "filter.data.required=false", "add", "--all")
        XCTAssertNotEqual(try work.attempt("commit", "-m", "First").status, 0)
    }

    // MARK: post-checkout and its like

    func testCheckoutOfALargeFileIsCompletedByTheHook() throws {
        let (work, origin) = try laboratory.project()
        try work.git("switch", "--quiet", "-c", "large")
        try work.write(content, to: "large.bin")
        try work.commit("Large")
        try work.git("push", "--quiet", "origin", "large")
        let other = try laboratory.clone(origin, as: "other")
        try other.data("init", "--quiet")
        try other.git("config", "data.inlineLimit", "10k")
        try other.git("switch", "--quiet", "large")
        try assertContent("large.bin", in: other, is: content)
        try assertClean(other)
    }

    func testMergeOfALargeFileIsCompletedByTheHook() throws {
        let (work, origin) = try laboratory.project()
        let other = try laboratory.clone(origin, as: "other")
        try other.data("init", "--quiet")
        try other.git("config", "data.inlineLimit", "10k")
        try work.write(content, to: "large.bin")
        try work.commit("Large")
        try work.git("push", "--quiet")
        try other.git("pull", "--quiet")
        try assertContent("large.bin", in: other, is: content)
        try assertClean(other)
    }
}
