import Digest
import Platform
import TestSupport
import XCTest

/// `git data run`: what it records, and that nothing is recorded of what failed.
final class RunTests: StageTestCase {
    func testRunRecordsWhatItUsedAndMadeAndStagesAll() throws {
        let commit = try head()
        let run = try work.data(
            "run", "-i", "clean.sh", "-i", "raw.csv", "-p", "params.json:clean.rows", "-o", "clean.out", "--variable", "SEED", "--", "sh",
            "clean.sh", with: ["SEED": "7"])
        assertContains(run.errorText, "Tracking '/clean.out' as data.")
        let content = Array("1\n2\n3\n\0".utf8)
        try assertContent("clean.out", in: work, is: content)
        let text = try record("clean")
        let script = try work.git("rev-parse", "HEAD:clean.sh").line
        for part in [
            "\"clean.sh\" : \"git:\(script)\"", "\"clean.out\" : \"sha256:\(ObjectID.of(content))\"", "\"params.json:clean.rows\" : 3",
            "\"SEED\" : \"7\"", "\"command\" : \"sh clean.sh\"", "\"commit\" : \"\(commit)\"", "\"clean\" : true", "\"exit\" : 0",
        ] {
            assertContains(text, part)
        }
        XCTAssertEqual(
            try work.git("diff", "--cached", "--name-only").lines.filter { !$0.contains("environments/") },
            [".gitattributes", "clean.out", "lineage/.gitattributes", "lineage/clean.run.json", "lineage/clean.stage"])
        try work.git("commit", "--quiet", "-m", "Clean")
        try assertPointer("clean.out", in: work, for: content)
        try assertClean(work)
        XCTAssertEqual(try stale(), ["clean"], "the variable is not set any more")
        XCTAssertEqual(try work.data("repro", "--dry-run", with: ["SEED": "7"]).lines, [])
    }

    func testPatternsOfAllRunsAreInTheCommit() throws {
        try work.write("*.md text\n" + (try work.readText(".gitattributes")), to: ".gitattributes")
        for name in ["one", "two"] {
            try work.data("run", "--name", BytePath(name), "-i", "raw.csv", "-o", BytePath(name), "--", BytePath("printf '\\0' | cat - raw.csv > \(name)"))
        }
        // As a person does it, without `git add`.
        try work.git("commit", "--quiet", "-m", "Two runs")
        XCTAssertEqual(try work.git("show", "HEAD:.gitattributes").lines.suffix(2).map { String($0.prefix(5)) }, ["/one ", "/two "])
        XCTAssertEqual(try work.changes(), [" M .gitattributes"], "a change of somebody else's is not ours to stage")
        try work.git("push", "--quiet", "origin", "main")
        let clone = try laboratory.clone(origin)
        XCTAssertEqual(try clone.read("two"), [0] + Array("1\n2\n3\n4\n5\n".utf8))
        XCTAssertEqual(try clone.data("repro", "--dry-run").lines, [])
    }

    func testTreeThatIsNotCommittedIsSaid() throws {
        try work.write("more\n", to: "raw.csv")
        try work.data("run", "-i", "raw.csv", "-o", "copy", "--", "cp", "raw.csv", "copy")
        assertContains(try record("copy"), "\"clean\" : false")
        // A run that follows differs in nothing but in what stages make.
        try work.commit("Copy")
        try work.data("run", "--name", "one", "-i", "raw.csv", "-o", "one", "--", "cp", "raw.csv", "one")
        try work.data("run", "--name", "two", "-i", "one", "-o", "two", "--", "cp", "one", "two")
        assertContains(try record("two"), "\"clean\" : true")
    }

    func testFailureLeavesOutputsIndexAndRecordsAsTheyWere() throws {
        try runPipeline()
        let before = try (record("clean"), work.read("clean.out"))
        try work.write("printf half > clean.out; printf x > other.out; exit 3\n", to: "clean.sh")
        let run = try work.attempt("data", "run", "--name", "clean", "-i", "clean.sh", "-o", "clean.out", "-o", "other.out", "--", "sh", "clean.sh")
        XCTAssertEqual(run.status, 1)
        assertContains(run.errorText, "error: the command of stage 'clean' ended with status 3\nkept: what was recorded")
        XCTAssertEqual(try record("clean"), before.0)
        XCTAssertEqual(try work.read("clean.out"), before.1)
        XCTAssertFalse((work.folder / "other.out").exists)
        XCTAssertEqual(try work.changes(), [" M clean.sh"])
        XCTAssertEqual(try (work.folder / ".git/data/aside").entries(), [])
    }

    func testOutputThatWasNotMadeIsAFailureEvenIfAnEarlierOneIsThere() throws {
        try runPipeline()
        try work.write("true\n", to: "train.sh")
        let run = try work.attempt("data", "repro")
        XCTAssertEqual(run.status, 1)
        assertContains(run.errorText, "the command of stage 'train' did not make 'model.out', 'metrics.json'")
        XCTAssertEqual(try work.changes(), [" M train.sh"])
    }

    func testInputThatChangesMeanwhileIsNotRecorded() throws {
        let run = try work.attempt("data", "run", "-i", "raw.csv", "-o", "copy", "--", "cp raw.csv copy; echo 9 >> raw.csv")
        XCTAssertEqual(run.status, 1)
        assertContains(run.errorText, "'raw.csv' changed while stage 'copy' ran")
        XCTAssertEqual(try work.changes(), [" M raw.csv"])
    }

    func testWhatCannotWorkIsSaidBeforeAnythingRuns() throws {
        try work.write("ignored/\n", to: ".gitignore")
        let cases: [([BytePath], String)] = [
            (["-o", "ignored/x", "--", "touch ran"], "is ignored by Git"),
            (["-i", "nothing", "-o", "x", "--", "touch ran"], "the input 'nothing' of stage 'x' does not exist"),
            (["-o", "../x", "--", "touch ran"], "outside the repository"),
            (["-o", ".git/x", "--", "touch ran"], "must be a path of the repository"),
            (["-i", "x", "-o", "x", "--", "touch ran"], "is input and, in line"),
            (["-o", "lineage/x", "--", "touch ran"], "where the records are"),
            (["-p", "params.json:", "-o", "x", "--", "touch ran"], "is not FILE or FILE:KEY"),
            (["-e", "../uv.lock", "-o", "x", "--", "touch ran"], "environment"),
            (["-p", "params.json:clean.colums", "-o", "x", "--", "touch ran"], "there is no parameter 'params.json:clean.colums'"),
            (["-e", "python:no-such-package", "-o", "x", "--", "touch ran"], "the environment 'python:no-such-package' has no 'no-such-package'"),
            (["--name", "../x", "-o", "x", "--", "touch ran"], "is no name for a stage"),
            (["-o", "x"], "COMMAND"),
        ]
        for (arguments, reason) in cases {
            let run = try laboratory.run("git", ["data", "run"] + arguments, in: work.folder)
            XCTAssertNotEqual(run.status, 0, reason)
            assertContains(run.errorText, reason)
            XCTAssertFalse((work.folder / "ran").exists, reason)
            XCTAssertFalse((work.folder / "lineage").exists, reason)
        }
    }

    func testSubfolderNamesOfAnyKindAndFolders() throws {
        try work.write("a\n", to: "sub dir/in/ä b.txt")
        try work.write("b\n", to: "sub dir/in/c'd.txt")
        try work.commit("Inputs")
        let run = try work.shell("cd 'sub dir' && git data run -i in -o 'out put/' --name all -- sh -c 'cat in/* > \"out put/all.txt\"; printf \"\\0\" > \"out put/b\"'")
        XCTAssertEqual(run.status, 0, run.errorText)
        XCTAssertEqual(try work.readText("sub dir/out put/all.txt"), "b\na\n")
        assertContains(try work.readText("lineage/all.stage"), "\tfolder = sub dir\n")
        assertContains(try record("all"), "\"sub dir/in\" : \"folder:")
        // Of the folder's two files one is no text: the whole folder is data.
        try work.git("commit", "--quiet", "-m", "All")
        assertContains(try work.data("ls-files").text, "sub dir/out put/b")
        XCTAssertEqual(try stale(), [])
        // A file that Git does not know yet is an input too.
        try work.write("new\n", to: "sub dir/in/e")
        XCTAssertEqual(try stale(), ["all"])
        try work.data("repro")
        XCTAssertEqual(try work.readText("sub dir/out put/all.txt"), "b\nnew\na\n")
    }

    func testLinksThatLeadOutAreNotFollowed() throws {
        let outside = laboratory.folder / "outside"
        try outside.makeFolders()
        try (outside / "credentials.ini").replaceContents(with: Array("[default]\nkey = s3cret\n".utf8))
        try work.git("config", "user.name", "A")
        _ = try laboratory.run("ln", ["-s", outside, work.folder / "link"])
        _ = try laboratory.run("ln", ["-s", outside / "credentials.ini", work.folder / "secrets.ini"])
        try work.commit("Links")
        for arguments in [["-o", "link/x"], ["-p", "secrets.ini:default.key", "-o", "x"], ["-p", "link/credentials.ini:default.key", "-o", "x"]] as [[BytePath]] {
            let run = try laboratory.run("git", ["data", "run"] + arguments + ["--", "touch ran x link/x"], in: work.folder)
            XCTAssertNotEqual(run.status, 0)
            assertContains(run.errorText, "symbolic link")
            XCTAssertFalse((work.folder / "ran").exists)
            XCTAssertFalse(run.errorText.contains("s3cret"))
        }
        // A project that was cloned names it: what is asked of status shows nothing of it.
        try work.write("[stage]\n\tcommand = true\n\tparameter = secrets.ini:default.key\n\toutput = x\n", to: "lineage/x.stage")
        let status = try work.data("status")
        assertContains(status.errorText, "warning: 'secrets.ini': a symbolic link is in its place")
        XCTAssertFalse((status.text + status.errorText).contains("s3cret"))
    }

    func testDryRunShowsTheRecipeAndWritesNothing() throws {
        let run = try work.data("run", "-n", "-i", "raw.csv", "-o", "x", "--", "cp", "raw.csv", "x")
        XCTAssertEqual(run.text, "# lineage/x.stage\n[stage]\n\tcommand = cp raw.csv x\n\tinput = raw.csv\n\toutput = x\n")
        XCTAssertEqual(try work.changes(), [])
    }

    func testCommentsOfARecipeThatSaysTheSameStay() throws {
        try runPipeline()
        let text = "# why\n" + (try work.readText("lineage/clean.stage"))
        try work.write(text, to: "lineage/clean.stage")
        XCTAssertEqual(try stale(), [])
        try work.data("run", "-i", "clean.sh", "-i", "raw.csv", "-p", "params.json:clean.rows", "-o", "clean.out", "--", "sh", "clean.sh")
        XCTAssertEqual(try work.readText("lineage/clean.stage"), text)
    }

    func testSameNameWithOtherOutputsIsAskedAbout() throws {
        try runPipeline()
        let run = try work.attempt("data", "run", "-i", "clean.sh", "-o", "other", "--", "sh", "clean.sh")
        XCTAssertEqual(run.status, 128)
        assertContains(run.errorText, "there is a stage 'clean' already, with other outputs")
    }

    func testLargeTextBecomesDataAndAPatternOfTheProjectWins() throws {
        try work.git("config", "data.trackAbove", "1000")
        try work.write("small.txt !filter\nlarge2.txt -filter\n", to: ".gitattributes")
        try work.data("run", "--name", "make", "-o", "large.txt", "-o", "large2.txt", "-o", "small.txt", "--", "seq 1000 > large.txt; seq 1000 > large2.txt; seq 9 > small.txt")
        try work.git("commit", "--quiet", "-m", "Made")
        XCTAssertEqual(try work.data("ls-files").lines.map { String($0.suffix(9)) }, ["large.txt"])
    }

    func testKilledRunIsUndoneByTheNextCommand() throws {
        try runPipeline()
        let model = try work.read("model.out")
        // It kills git data itself, and writes on.
        try work.write("printf half > model.out\nkill -9 $PPID\n", to: "train.sh")
        let killed = try work.attempt("data", "run", "--name", "train", "-i", "train.sh", "-o", "model.out", "-m", "metrics.json", "--", "exec sh train.sh")
        XCTAssertNotEqual(killed.status, 0)
        try (work.folder / "model.out").removeFile()
        let next = try work.attempt("data", "repro", "--dry-run")
        assertContains(next.errorText, "'model.out' is back")
        XCTAssertEqual(try work.read("model.out"), model)
        XCTAssertEqual(try work.changes(), [" M train.sh"])
        XCTAssertEqual(try (work.folder / ".git/data/aside").entries(), [])
    }

    func testWhatAKilledRunHasMadeIsNotLostEither() throws {
        try runPipeline()
        let model = try work.read("model.out")
        try work.write("printf mine > model.out\nkill -9 $PPID\n", to: "train.sh")
        _ = try work.attempt("data", "run", "--name", "train", "-i", "train.sh", "-o", "model.out", "-m", "metrics.json", "--", "exec sh train.sh")
        let next = try work.attempt("data", "repro", "--dry-run")
        assertContains(next.errorText, "a run that was killed has left 'model.out'; the version before it is '")
        XCTAssertEqual(try work.readText("model.out"), "mine")
        let kept = try XCTUnwrap(next.errorText.split(separator: "'").last { $0.contains("/aside/") })
        XCTAssertEqual(try BytePath(String(kept)).contents(), model)
    }

    func testInterruptIsForTheCommandAndEndsTheRun() throws {
        try runPipeline()
        let model = try work.read("model.out")
        try work.write("trap 'echo cleaned > trapped; exit 9' INT\nprintf half > model.out\nkill -INT $PPID\nsleep 3\n", to: "train.sh")
        let run = try work.attempt("data", "run", "--name", "train", "-i", "train.sh", "-o", "model.out", "-m", "metrics.json", "--", "exec sh train.sh")
        XCTAssertEqual(run.status, 9)
        XCTAssertEqual(try work.readText("trapped"), "cleaned\n", "the command had the signal")
        XCTAssertEqual(try work.read("model.out"), model)
        XCTAssertEqual(try work.changes(), [" M train.sh", "?? trapped"])
    }

    func testMissingInputsAreFetchedFirst() throws {
        try runPipeline()
        try work.git("push", "--quiet", "-u", "origin", "main")
        let clone = try laboratory.cloneOfPointers(origin)
        try clone.git("config", "user.name", "B")
        XCTAssertEqual(try clone.read("clean.out"), pointerText(for: Array("1\n2\n3\n\0".utf8)))
        XCTAssertEqual(try clone.data("repro", "--dry-run").lines, [], "pointers tell that all is fresh")
        try clone.data("run", "-i", "clean.out", "-o", "count", "--", "wc -c < clean.out > count")
        XCTAssertEqual(try clone.readText("count").filter(\.isNumber), "7")
        XCTAssertEqual(try clone.read("model.out").starts(with: Array("git data pointer".utf8)), true, "what was not needed")
        // Without the blob nothing runs.
        let other = try laboratory.cloneOfPointers(origin, as: "other")
        try remoteBlob(of: Array("1\n2\n3\n\0".utf8), in: origin).removeFile()
        let failed = try other.attempt("data", "run", "-i", "clean.out", "-o", "count", "--", "touch ran; wc -c < clean.out > count")
        XCTAssertEqual(failed.status, 1)
        assertContains(failed.errorText, "stage 'count' was not run")
        XCTAssertFalse((other.folder / "ran").exists)
    }
}

/// `git data run --auto`: inputs and outputs as the command opens them.
final class AutomaticRunTests: StageTestCase {
    private func recipe(_ stage: String) throws -> [String] {
        try work.readText(BytePath("lineage/\(stage).stage")).split(separator: "\n").map { String($0.drop { $0 == "\t" }) }
    }

    func testInputsAndOutputsAreFound() throws {
        try work.write("ignored\n*.log\n", to: ".gitignore")
        try work.write("def twice(x): return x * 2\n", to: "src/helper.py")
        try work.write(
            "import sys\nsys.path.insert(0, 'src')\nimport helper\nopen('debug.log', 'w').write('x')\nopen('made/out.txt', 'w').write(helper.twice(open('raw.csv').read()))\n",
            to: "go.py")
        try (work.folder / "made").makeFolders()
        try work.commit("Scripts")
        try work.data("run", "--auto", "python3", "go.py")
        XCTAssertEqual(
            try recipe("go"),
            ["[stage]", "command = python3 go.py", "input = go.py", "input = raw.csv", "input = src/helper.py", "environment = python", "output = made/out.txt"])
        try work.commit("Run")
        XCTAssertEqual(try stale(), [])
        try work.write("def twice(x): return x * 3\n", to: "src/helper.py")
        XCTAssertEqual(try stale(), ["go"], "a module that no option named")
        XCTAssertEqual(ran(try work.data("repro")), ["go"])
    }

    func testPointerThatTheCommandReadIsFetchedAndItRunsAgain() throws {
        try work.git("push", "--quiet", "origin", "main")
        let clone = try laboratory.cloneOfPointers(origin)
        let run = try clone.data("run", "--auto", "--name", "copy", "--", "cp raw.csv copy.csv")
        assertContains(run.errorText, "It read 1 file whose data is not here; fetching, then it runs again.")
        XCTAssertEqual(try clone.readText("copy.csv"), "1\n2\n3\n4\n5\n")
    }

    func testFileThatIsReadAndChangedIsRefused() throws {
        let run = try work.attempt("data", "run", "--auto", "--name", "x", "--", "cat params.json >> params.json2; cat raw.csv > /dev/null; echo >> raw.csv; sort -o raw.csv raw.csv")
        XCTAssertEqual(run.status, 1)
        assertContains(run.errorText, "reads 'raw.csv' and changes it")
        XCTAssertFalse((work.folder / "lineage").exists)
    }

    func testOutputThatIsNotMadeAnyMoreLeavesTheRecipe() throws {
        try work.data("run", "--auto", "--name", "x", "--", "cp raw.csv a.txt; cp raw.csv b.txt")
        try work.commit("Two outputs")
        try work.data("run", "--auto", "--name", "x", "--", "cp raw.csv a.txt")
        XCTAssertEqual(try recipe("x").filter { $0.hasPrefix("output") }, ["output = a.txt"])
        XCTAssertFalse((work.folder / "b.txt").exists)
    }
}
