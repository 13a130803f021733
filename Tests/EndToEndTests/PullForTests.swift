import Platform
import TestSupport
import XCTest

/// What scripts leave of what they read, and `--for`, which goes by it.
final class PullForTests: PythonTestCase {
    private func fresh(_ name: String = "other") throws -> Worktree { try laboratory.cloneOfPointers(origin, as: name) }

    /// Runs a script in the clone and pushes what it leaves.
    private func share(_ script: String, as name: BytePath = "train.py") throws {
        try python(script, as: name).expecting(0)
        try clone.commit("A script")
        try clone.git("push", "--quiet")
    }

    private func missing(in worktree: Worktree) throws -> [String] {
        try worktree.attempt("data", "status", "--missing").lines
    }

    // MARK: the record

    func testRecordIsSortedAndWrittenOnlyWhenSomethingIsNew() throws {
        try python("for name in ('model.bin', 'data/train2/0.csv'): git_data.track(name)").expecting(0)
        XCTAssertEqual(try record(), ["data/train2/0.csv", "model.bin"])
        XCTAssertEqual(try clone.readText("lineage/uses/.gitattributes").split(separator: "\n").last, "*.uses merge=union -filter -text")
        let file = clone.folder / "lineage/uses/train.py.uses"
        let before = try file.status()
        try python("git_data.track('model.bin')").expecting(0)
        XCTAssertEqual(try file.status()?.inode, before?.inode)
        try python("git_data.track('data'); git_data.track('data/train/1.csv')").expecting(0)
        XCTAssertEqual(try record(), ["data", "data/train2/0.csv", "model.bin"])
        // What a killed script has left is cleared away with the next line that is new.
        try clone.write("", to: "lineage/uses/.123.0123abcd.new")
        try python("git_data.track('notes.txt')").expecting(0)
        XCTAssertEqual(try (clone.folder / "lineage/uses").entries().sorted(), [".gitattributes", "train.py.uses"])
    }

    func testScriptIsTheOneThatWasStarted() throws {
        try clone.write("import git_data\ndef load(): return git_data.track('model.bin')\n", to: "src/loading.py")
        try python("import loading; loading.load()", as: "src/train.py").expecting(0)
        XCTAssertEqual(try record(of: "src/train.py"), ["model.bin"])
        XCTAssertFalse((clone.folder / "lineage/uses/src/loading.py.uses").exists)
    }

    func testRecordingCanBeTurnedOffAndNeverStopsAScript() throws {
        try python("git_data.track('model.bin')", with: ["GIT_DATA_RECORD": "0"]).expecting(0)
        XCTAssertFalse((clone.folder / "lineage").exists)
        try clone.write("a file where the folder would be", to: "lineage")
        let run = try python("show(git_data.track('data/train/0.csv'))").expecting(0)
        XCTAssertEqual(run.line, digest(try content("data/train/0.csv")))
        XCTAssertEqual(run.errorText, "")
    }

    func testRecordDoesNotFollowALinkOutOfTheRepository() throws {
        try (laboratory.folder / "outside").makeFolders()
        try clone.shell("mkdir lineage && ln -s ../../outside lineage/uses").expecting(0)
        try python("git_data.track('model.bin')").expecting(0)
        XCTAssertEqual(try (laboratory.folder / "outside").entries(), [])
    }

    func testTwoScriptsAtOnceLoseNothing() throws {
        try write("git_data.track(sys.argv[1]); show(git_data.track('model.bin'))")
        try clone.shell(
            "for name in data/train/0.csv data/train/1.csv data/train2/0.csv; do python3 train.py $name & done; wait").expecting(0)
        XCTAssertEqual(try record(), contents.keys.map(\.text).sorted())
        for (path, content) in contents { try assertContent(path, in: clone, is: content) }
        XCTAssertEqual(try clone.changes(), ["?? lineage/", "?? train.py"])
    }

    func testRecordsOfTwoBranchesMerge() throws {
        try share("git_data.track('model.bin')")
        let other = try fresh()
        for (worktree, name) in [(other, "data/train/0.csv"), (clone!, "data/train/1.csv")] {
            try worktree.write("import git_data; git_data.track('\(name)')\n", to: "train.py")
            try laboratory.run("python3", ["train.py"], in: worktree.folder).expecting(0)
            try worktree.git("add", "lineage")
            try worktree.git("commit", "--quiet", "-m", "Reads more")
            try worktree.git("restore", "train.py")
        }
        try clone.git("push", "--quiet")
        try other.git("pull", "--quiet", "--no-rebase", "--no-edit")
        XCTAssertEqual(try record(in: other).sorted(), ["data/train/0.csv", "data/train/1.csv", "model.bin"])
    }

    // MARK: --for

    func testPullForFetchesWhatTheScriptReadAndNoNeighbour() throws {
        try share("git_data.track('data/train'); git_data.track('model.bin', revision='v1')")
        let other = try fresh()
        XCTAssertEqual(
            try other.attempt("data", "status", "--missing", "--for", "train.py").expecting(1).lines,
            ["data/train/0.csv", "data/train/1.csv"])
        try other.data("pull", "--quiet", "--for", "train.py")
        XCTAssertEqual(try missing(in: other), ["data/train2/0.csv", "model.bin"])
        XCTAssert(other.localBlob(of: earlierModel).exists)
        try other.attempt("data", "status", "--missing", "--for", "train.py").expecting(0)
        // Now without a network.
        try origin.rename(to: laboratory.folder / "away.git")
        try laboratory.run("python3", ["train.py"], in: other.folder, with: ["GIT_DATA_OFFLINE": "1"]).expecting(0)
    }

    func testPullForKnowsTheStagesThatRunTheScript() throws {
        try clone.write("[stage]\n\tcommand = python fit.py --fast\n\tinput = model.bin\n\toutput = out/a\n", to: "lineage/fit.stage")
        try clone.write(
            "[stage]\n\tcommand = make\n\tinput = fit.py\n\tinput = data/train2\n\toutput = out/b\n", to: "lineage/deep/make.stage")
        try clone.write("[stage]\n\tcommand = python fit.python\n\tinput = data\n\toutput = out/c\n", to: "lineage/other.stage")
        try clone.write("no stage\n", to: "lineage/broken.stage")
        try clone.write("pass\n", to: "fit.py")
        try clone.data("fetch", "--quiet", "--for", "fit.py")
        XCTAssert(clone.localBlob(of: try content("data/train2/0.csv")).exists)
        XCTAssertFalse(clone.localBlob(of: try content("data/train/0.csv")).exists)
        try clone.data("checkout", "--quiet", "--for", "fit.py")
        XCTAssertEqual(try missing(in: clone), ["data/train/0.csv", "data/train/1.csv"])
    }

    func testPullForTakesSeveralScriptsAndPathsOfTheCurrentFolder() throws {
        try python("git_data.track('model.bin')", as: "src/a.py").expecting(0)
        try python("git_data.track('data/train')", as: "src/b.py").expecting(0)
        try clone.commit("Scripts")
        try clone.git("push", "--quiet")
        let other = try fresh()
        try laboratory.data(["pull", "--quiet", "--for", "a.py", "--for", "b.py", "../data/train/0.csv"], in: other.folder / "src")
        XCTAssertEqual(try missing(in: other), ["data/train/1.csv", "data/train2/0.csv", "model.bin"])
        let lost = try other.attempt("data", "pull", "--for", "src/a.py", "src/b.py").expecting(129)
        assertContains(lost.errorText, "'src/b.py' is a script too")
    }

    func testScriptOfWhichNothingIsKnownSaysHowThatIsLearned() throws {
        try clone.write("pass\n", to: "train.py")
        let run = try clone.attempt("data", "pull", "--for", "train.py").expecting(1)
        assertContains(run.errorText, "error: nothing is known of the data that 'train.py' reads")
        assertContains(run.errorText, "hint: name its data with git_data.track(…) and run it once")
        let absent = try clone.attempt("data", "pull", "--for", "none.py").expecting(1)
        assertContains(absent.errorText, "error: there is no script 'none.py'")
        XCTAssertEqual(try missing(in: clone).count, 4)
    }

    func testRecordThatSomebodyElseWroteLeadsNowhere() throws {
        try clone.write(
            "/etc/passwd\n../x\n<<<<<<< ours\nmodel.bin\n=======\nmodel.bin\t--output=x\nmodel.bin\tv9\n", to: "lineage/uses/train.py.uses")
        let pull = try clone.attempt("data", "pull", "--for", "train.py").expecting(0)
        assertContains(pull.errorText, "warning: '--output=x', of which a script reads data, is no revision here")
        assertContains(pull.errorText, "warning: 'v9'")
        XCTAssertEqual(try missing(in: clone).count, 3)
    }
}
