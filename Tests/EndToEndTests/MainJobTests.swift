import Platform
import TestSupport
import XCTest

/// Track, add, commit, branch, merge, push, clone, pull: the bytes stay the same and Git sees nothing to do.
final class MainJobTests: EndToEndTestCase {
    private let table = Array(SampleData.table(rows: 5000).utf8)
    private let scan = SampleData.bytes(3_000_000)

    /// A project with two data files and a source file, pushed.
    private func pushedProject() throws -> (work: Worktree, origin: BytePath) {
        let (work, origin) = try laboratory.project()
        try work.write(table, to: "data/train.csv")
        try work.write(scan, to: "scan.bin")
        try work.write("print('hello')\n", to: "main.py")
        try work.commit("Data")
        try work.git("push", "--quiet")
        return (work, origin)
    }

    private func assertComplete(_ worktree: Worktree, file: StaticString = #filePath, line: UInt = #line) throws {
        try assertContent("data/train.csv", in: worktree, is: table, file: file, line: line)
        try assertContent("scan.bin", in: worktree, is: scan, file: file, line: line)
        try assertClean(worktree, file: file, line: line)
    }

    func testAddedFilesAreStoredAsPointersAndBlobs() throws {
        let (work, _) = try laboratory.project()
        try work.write(table, to: "data/train.csv")
        try work.write(scan, to: "scan.bin")
        try work.write("print('hello')\n", to: "main.py")
        try work.commit("Data")
        try assertPointer("data/train.csv", in: work, for: table)
        try assertPointer("scan.bin", in: work, for: scan)
        XCTAssertEqual(try work.stored("main.py"), Array("print('hello')\n".utf8))
        XCTAssertEqual(try work.localBlob(of: scan).contents(), scan)
        XCTAssertEqual(try work.localBlob(of: scan).status()?.permissions, 0o444)
        try assertComplete(work)
    }

    func testPushBringsBlobsIntoTheFolderRemote() throws {
        let (_, origin) = try pushedProject()
        XCTAssertEqual(try remoteBlob(of: scan, in: origin).contents(), scan)
        XCTAssertEqual(try remoteBlob(of: table, in: origin).contents(), table)
    }

    func testCloneByGitHasTheData() throws {
        let (_, origin) = try pushedProject()
        try assertComplete(try laboratory.clone(origin))
    }

    func testCloneByGitDataHasTheDataAndTheHooks() throws {
        let (_, origin) = try pushedProject()
        try laboratory.data(["clone", "--quiet", origin, "clone"])
        let clone = Worktree(folder: laboratory.folder / "clone", in: laboratory)
        try assertComplete(clone)
        XCTAssert((clone.folder / ".git/hooks/pre-push").isExecutableFile)
    }

    func testCloneByGitDataGivesGitItsOptions() throws {
        let (work, origin) = try pushedProject()
        try work.git("switch", "--quiet", "-c", "other")
        try work.write("other", to: "other.bin")
        try work.commit("Other")
        try work.git("push", "--quiet", "origin", "other")
        try laboratory.data(["clone", "--quiet", "--branch", "other", "--depth=1", BytePath("file://\(origin)"), "clone"])
        let clone = Worktree(folder: laboratory.folder / "clone", in: laboratory)
        XCTAssertEqual(try clone.readText("other.bin"), "other")
        XCTAssertEqual(try clone.git("rev-list", "--count", "HEAD").line, "1")
        try assertComplete(clone)
    }

    func testLazyCloneHasPointersUntilPulled() throws {
        let (_, origin) = try pushedProject()
        try laboratory.data(["clone", "--quiet", "--lazy", origin, "clone"])
        let clone = Worktree(folder: laboratory.folder / "clone", in: laboratory)
        try assertContent("scan.bin", in: clone, is: pointerText(for: scan))
        try assertClean(clone)
        XCTAssertFalse(clone.localBlob(of: scan).exists)
        try clone.data("pull", "--quiet", "scan.bin")
        try assertContent("scan.bin", in: clone, is: scan)
        try assertContent("data/train.csv", in: clone, is: pointerText(for: table))
        try assertClean(clone)
        try clone.data("pull", "--quiet")
        try assertComplete(clone)
    }

    func testPullAfterACloneOfPointersCompletesIt() throws {
        let (_, origin) = try pushedProject()
        let clone = try laboratory.cloneOfPointers(origin)
        try assertContent("scan.bin", in: clone, is: pointerText(for: scan))
        try clone.data("pull", "--quiet")
        try assertComplete(clone)
        let again = try clone.data("pull")
        assertContains(again.errorText, "Already up to date.")
    }

    func testBranchesHaveTheirOwnData() throws {
        let (work, _) = try pushedProject()
        let other = SampleData.bytes(500_000, seed: 2)
        try work.git("switch", "--quiet", "-c", "other")
        try work.write(other, to: "scan.bin")
        XCTAssertEqual(try work.changes(), [" M scan.bin"])
        try work.commit("Other scan")
        try assertClean(work)
        try work.git("switch", "--quiet", "main")
        try assertComplete(work)
        try work.git("switch", "--quiet", "other")
        try assertContent("scan.bin", in: work, is: other)
        try assertClean(work)
        try work.git("switch", "--quiet", "main")
        try work.git("merge", "--quiet", "other")
        try assertContent("scan.bin", in: work, is: other)
        try assertClean(work)
    }

    func testPulledCommitsBringTheirData() throws {
        let (work, origin) = try pushedProject()
        let clone = try laboratory.clone(origin)
        let newer = SampleData.bytes(400_000, seed: 3)
        try work.write(newer, to: "scan.bin")
        try work.commit("Newer scan")
        try work.git("push", "--quiet")
        try clone.git("pull", "--quiet")
        try assertContent("scan.bin", in: clone, is: newer)
        try assertClean(clone)
    }

    func testResetRestoreStashAndCherryPickCarryData() throws {
        let (work, _) = try pushedProject()
        let edited = SampleData.bytes(100_000, seed: 4)
        try work.write(edited, to: "scan.bin")
        try work.git("stash", "--quiet")
        try assertComplete(work)
        try work.git("stash", "pop", "--quiet")
        try assertContent("scan.bin", in: work, is: edited)
        try work.git("restore", "scan.bin")
        try assertComplete(work)
        try work.git("switch", "--quiet", "-c", "side")
        try work.write(edited, to: "scan.bin")
        try work.commit("Edited")
        try work.git("switch", "--quiet", "main")
        try work.git("cherry-pick", "side")
        try assertContent("scan.bin", in: work, is: edited)
        try assertClean(work)
        try work.git("reset", "--quiet", "--hard", "HEAD~1")
        try assertComplete(work)
    }

    func testRebaseCarriesData() throws {
        let (work, _) = try pushedProject()
        let edited = SampleData.bytes(100_000, seed: 4)
        try work.git("switch", "--quiet", "-c", "side")
        try work.write(edited, to: "scan.bin")
        try work.commit("Edited")
        try work.git("switch", "--quiet", "main")
        try work.write("print('bye')\n", to: "main.py")
        try work.commit("Bye")
        try work.git("switch", "--quiet", "side")
        try work.git("rebase", "--quiet", "main")
        try assertContent("scan.bin", in: work, is: edited)
        XCTAssertEqual(try work.readText("main.py"), "print('bye')\n")
        try assertClean(work)
    }

    func testLinkedWorktreesShareTheStore() throws {
        let (work, _) = try pushedProject()
        try work.git("worktree", "add", "--quiet", "-b", "side", "../linked")
        let linked = Worktree(folder: laboratory.folder / "linked", in: laboratory)
        try assertComplete(linked)
        let added = SampleData.bytes(70_000, seed: 5)
        try linked.write(added, to: "sub/added.bin")
        try linked.commit("Added")
        try assertPointer("sub/added.bin", in: linked, for: added)
        XCTAssert(work.localBlob(of: added).exists)
        try linked.git("push", "--quiet", "origin", "side")
        try assertClean(linked)
    }

    func testSparseCheckoutHasOnlyWhatItNames() throws {
        let (_, origin) = try pushedProject()
        let clone = try laboratory.clone(origin, ["--sparse"])
        try assertContent("scan.bin", in: clone, is: scan)
        XCTAssertFalse((clone.folder / "data").exists)
        XCTAssertFalse(clone.localBlob(of: table).exists)
        try clone.data("pull", "--quiet")
        XCTAssertFalse(clone.localBlob(of: table).exists)
        try clone.git("sparse-checkout", "set", "data")
        try assertComplete(clone)
    }

    func testSubmodulesCarryTheirData() throws {
        let (_, origin) = try pushedProject()
        let outer = try laboratory.repository("outer")
        try outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", origin, "module")
        let module = Worktree(folder: outer.folder / "module", in: laboratory)
        try assertContent("scan.bin", in: module, is: scan)
        try assertClean(module)
        try module.write(table, to: "more.csv")
        try module.commit("More")
        try assertPointer("more.csv", in: module, for: table)
        try assertClean(module)
    }

    func testBisectFindsTheCommitThatChangedData() throws {
        let (work, _) = try laboratory.project()
        for round in 1...6 {
            try work.write("round \(round)", to: "value.bin")
            try work.commit("Round \(round)")
        }
        try work.git("bisect", "start", "HEAD", "HEAD~5")
        let run = try work.attempt("bisect", "run", "sh", "-c", "test \"$(cut -c 7 value.bin)\" -lt 4")
        assertContains(run.text, "is the first bad commit")
        assertContains(run.text, "Round 4")
        try work.git("bisect", "reset")
        try assertClean(work)
    }

    func testArchiveAndDiffShowRealContent() throws {
        let (work, _) = try laboratory.project()
        try work.write("a,1\nb,2\n", to: "t.csv")
        try work.commit("One")
        try work.write("a,1\nb,3\n", to: "t.csv")
        let difference = try work.git("diff").text
        assertContains(difference, "-b,2")
        assertContains(difference, "+b,3")
        try work.commit("Two")
        XCTAssertEqual(try work.shell("git archive HEAD t.csv | tar -xOf - t.csv").text, "a,1\nb,3\n")
    }
}
