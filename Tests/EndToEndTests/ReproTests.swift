import Digest
import Platform
import TestSupport
import XCTest

/// `git data repro`: which stages run, and which do not.
final class ReproTests: StageTestCase {
    override func setUpWithError() throws {
        try super.setUpWithError()
        try runPipeline()
    }

    func testNothingToDo() throws {
        let repro = try work.data("repro")
        XCTAssertEqual(ran(repro), [])
        assertContains(repro.errorText, "Everything is up to date.")
        assertContains(try work.data("status").text, "Stages: 2, all up to date")
        try assertClean(work)
    }

    func testEachCauseMakesTheRightStagesStale() throws {
        let cases: [(path: BytePath, old: String, new: String, stale: [String], ran: [String], reason: String)] = [
            ("params.json", "\"rows\": 3", "\"rows\": 2", ["clean", "train"], ["clean", "train"], "parameter 'params.json:clean.rows': 3 → 2"),
            ("params.json", "\"unused\": 1", "\"unused\": 2", [], [], ""),
            ("train.sh", "model'", "other'", ["train"], ["train"], "input 'train.sh' changed"),
            ("raw.csv", "5\n", "6\n", ["clean", "train"], ["clean"], "input 'raw.csv' changed"),
            ("lineage/train.stage", "sh train.sh", "sh -e train.sh", ["train"], ["train"], "its command changed"),
        ]
        for (path, old, new, stale, ran, reason) in cases {
            let text = try work.readText(path)
            XCTAssertTrue(text.contains(old))
            try work.write(text.replacing(old, with: new), to: path)
            XCTAssertEqual(try self.stale(), stale, "\(path)")
            let status = try work.data("status").text
            if stale.isEmpty { assertContains(status, "all up to date") } else { assertContains(status, reason) }
            XCTAssertEqual(self.ran(try work.data("repro")), ran, "\(path)")
            XCTAssertEqual(try self.stale(), [], "\(path)")
            try work.commit("Changed \(path)")
        }
    }

    func testWhoHasChangedAnInputIsSaid() throws {
        try work.write("1\n2\n", to: "raw.csv")
        assertContains(try work.attempt("data", "repro", "-n").text, "clean: input 'raw.csv' changed\n\traw.csv: not committed yet\n")
        try work.git("commit", "--quiet", "--author=Grace <g@example.org>", "-am", "Fewer rows")
        let commit = try work.git("rev-parse", "--short", "HEAD").line
        assertContains(try work.attempt("data", "repro", "-n").text, "\traw.csv: \(commit) by Grace, ")
        assertContains(try work.data("status").text, "Stale (git data repro):\n\tclean: input 'raw.csv' changed\n\t\traw.csv: \(commit) by Grace")
        let json = try work.attempt("data", "repro", "-n", "--json")
        assertContains(json.text, "\"isFresh\" : false")
        XCTAssertEqual(json.status, 1)
    }

    func testOutputThatIsMissingComesFromTheRunThatMadeIt() throws {
        try (work.folder / "model.out").removeFile()
        XCTAssertEqual(try stale(), ["train"])
        let repro = try work.data("repro")
        XCTAssertEqual(ran(repro), [])
        assertContains(repro.errorText, "[train] taken from")
        try assertClean(work)
    }

    func testRunOfAnotherBranchIsTakenAndFetched() throws {
        try work.git("push", "--quiet", "-u", "origin", "main")
        try work.git("switch", "--quiet", "-c", "two")
        try work.write(try work.readText("params.json").replacing("\"rows\": 3", with: "\"rows\": 2"), to: "params.json")
        try work.data("repro")
        try work.commit("Two rows")
        // Somebody has cloned before that is pushed.
        let early = try laboratory.cloneOfPointers(origin, as: "early")
        try work.git("push", "--quiet", "-u", "origin", "two")
        try early.write(try early.readText("params.json").replacing("\"rows\": 3", with: "\"rows\": 2"), to: "params.json")
        XCTAssertEqual(ran(try early.data("repro", "--fetch")), [])
        // Somebody else, who never had the blobs, changes the same parameter.
        let clone = try laboratory.cloneOfPointers(origin)
        try clone.write(try clone.readText("params.json").replacing("\"rows\": 3", with: "\"rows\": 2"), to: "params.json")
        try clone.git("switch", "--quiet", "main")
        let repro = try clone.data("repro")
        XCTAssertEqual(ran(repro), [])
        assertContains(repro.errorText, "Stages: 2 taken from earlier runs")
        XCTAssertEqual(try clone.git("diff", "--cached", "--stat", "origin/two", "--", "lineage", "clean.out", "model.out", "metrics.json").text, "")
        // The same, where the blobs are gone: the command runs.
        let other = try laboratory.cloneOfPointers(origin, as: "other")
        try remoteBlob(of: Array("1\n2\n\0".utf8), in: origin).removeFile()
        try other.write(try other.readText("params.json").replacing("\"rows\": 3", with: "\"rows\": 2"), to: "params.json")
        XCTAssertEqual(ran(try other.data("repro")), ["clean"])
    }

    func testRunThatIsTakenBringsItsPatternAlong() throws {
        try work.git("switch", "--quiet", "-c", "elsewhere", "HEAD~1")
        try work.git("checkout", "--quiet", "main", "--", "lineage/clean.stage", "lineage/train.stage")
        let repro = try work.data("repro")
        XCTAssertEqual(ran(repro), [])
        assertContains(repro.errorText, "Tracking '/clean.out' as data.")
        try assertContent("clean.out", in: work, is: Array("1\n2\n3\n\0".utf8))
        try work.commit("Taken")
        XCTAssertEqual(try work.git("diff", "--stat", "main", "--", "clean.out", "model.out", ".gitattributes").text, "")
        try assertClean(work)
    }

    func testPointerIsNeverReadAsData() throws {
        // On this branch no pattern says that it is data.
        try work.write("*.csv filter=data diff=data merge=data -text\n", to: ".gitattributes")
        try work.write(pointerText(for: Array("1\n2\n3\n\0".utf8)), to: "clean.out")
        let run = try work.attempt("data", "run", "--name", "other", "-i", "clean.out", "-o", "copy", "--", "cp clean.out copy; touch ran")
        XCTAssertEqual(run.status, 1)
        assertContains(run.errorText, "the input 'clean.out' of stage 'other' is a pointer, not data")
        XCTAssertFalse((work.folder / "ran").exists)
    }

    func testForceRunsWhatIsFresh() throws {
        XCTAssertEqual(ran(try work.data("repro", "--force")), ["clean", "train"])
        XCTAssertEqual(ran(try work.data("repro", "--force", "clean")), ["clean"])
        XCTAssertEqual(ran(try work.data("repro", "--force", "model.out")), ["clean", "train"])
        XCTAssertEqual(ran(try work.data("repro", "--force", "--downstream", "lineage/train.stage")), ["train"])
        XCTAssertEqual(ran(try work.data("repro", "--force", "--downstream", "clean")), ["clean", "train"])
        let unknown = try work.attempt("data", "repro", "raw.csv")
        XCTAssertEqual(unknown.status, 1)
        assertContains(unknown.errorText, "'raw.csv' is no stage, and no stage makes it")
    }

    func testOutputThatAPersonHasChangedIsNotRunOver() throws {
        try work.write("mine\n", to: "clean.out")
        let repro = try work.attempt("data", "repro")
        XCTAssertEqual(repro.status, 1)
        assertContains(repro.errorText, "'clean.out', an output of stage 'clean', was changed and is in no commit")
        XCTAssertEqual(try work.readText("clean.out"), "mine\n")
        XCTAssertEqual(ran(repro), [])
        // Staged alone, nothing but the index would have it.
        try work.git("add", "clean.out")
        XCTAssertEqual(try work.attempt("data", "repro").status, 1)
        XCTAssertEqual(try work.readText("clean.out"), "mine\n")
        try work.commit("My version")
        let reuse = try work.data("repro", "clean")
        assertContains(reuse.errorText, "[clean] taken from")
        try assertContent("clean.out", in: work, is: Array("1\n2\n3\n\0".utf8))
        try work.git("checkout", "--quiet", ".")
        try work.write("mine again\n", to: "clean.out")
        XCTAssertEqual(ran(try work.data("repro", "--force", "clean")), ["clean"])
        try assertContent("clean.out", in: work, is: Array("1\n2\n3\n\0".utf8))
    }

    func testFailureStopsWhatDependsOnIt() throws {
        try work.write("exit 1\n", to: "clean.sh")
        try work.data("run", "--name", "a-other", "-i", "raw.csv", "-o", "copy", "--", "cp", "raw.csv", "copy")
        try work.write("9\n", to: "raw.csv")
        let before = try record("clean")
        let stopped = try work.attempt("data", "repro", "-k")
        XCTAssertEqual(stopped.status, 1)
        XCTAssertEqual(ran(stopped), ["a-other", "clean"])
        assertContains(stopped.errorText, "Stages: 1 ran, 1 failed, 1 not run")
        XCTAssertEqual(try record("clean"), before)
        XCTAssertEqual(try work.readText("copy"), "9\n")
    }

    func testStagesThatDoNotDependOnEachOtherRunAtOnce() throws {
        // Each waits for the other: one after the other they would never end.
        let wait = "touch @; for i in $(seq 600); do [ -e % ] && break; sleep 0.05; done; [ -e % ] && echo done > out-@"
        for (one, other) in [("left", "right"), ("right", "left")] {
            try work.write(
                "[stage]\n\tcommand = \"\(wait.replacing("@", with: one).replacing("%", with: other))\"\n\toutput = out-\(one)\n",
                to: BytePath("lineage/\(one).stage"))
        }
        let repro = try work.data("repro", "-j", "2")
        XCTAssertEqual(Set(ran(repro)), ["left", "right"])
        XCTAssertEqual(try work.readText("out-left") + work.readText("out-right"), "done\ndone\n")
        XCTAssertEqual(try stale(), [])
    }

    func testStageFilesThatMakeNoSenseAreNamedAndNothingRuns() throws {
        try work.write("x\n", to: "raw.csv")
        let cases: [([BytePath: String], String)] = [
            (["lineage/a.stage": "[stage]\n\tcommand = touch ran\n\tinput = model.out\n\toutput = raw.csv\n"],
                "lineage/a.stage:3: the stages depend on each other in a circle: 'a' needs 'train' needs 'clean' needs 'a'"),
            (["lineage/b.stage": "[stage]\n\tcommand = touch ran\n\n\toutput = model.out\n"], "lineage/train.stage:5: 'model.out' is an output in lineage/b.stage:4 already"),
            (["lineage/b.stage": "[stage]\n\tcommand = touch ran\n\toutput = model.out/x\n"], "lineage/b.stage:3: 'model.out/x' is in 'model.out', which is an output in lineage/train.stage:5 already"),
            (["lineage/c.stage": "[stage]\n\toutput = x\n"], "lineage/c.stage: there is neither a command nor a source in it"),
            (["lineage/c.stage": "[stage]\n\tcommand = touch ran\n\toutput = /tmp/x\n"], "lineage/c.stage:3: '/tmp/x' is not a path inside the repository"),
            (["lineage/c.stage": "[stage\n"], "lineage/c.stage:1: this is not Git's configuration syntax"),
        ]
        for (files, reason) in cases {
            for (path, text) in files { try work.write(text, to: path) }
            let repro = try work.attempt("data", "repro")
            XCTAssertEqual(repro.status, 128, reason)
            XCTAssertEqual(repro.errorText, "error: \(reason)\nkept: nothing was run\n")
            let status = try work.data("status")
            assertContains(status.errorText, "warning: \(reason)")
            for path in files.keys { try work.folder.appending(path).removeFile() }
        }
        XCTAssertFalse((work.folder / "ran").exists)
        XCTAssertEqual(try work.changes(), [" M raw.csv"])
    }

    func testCommandThatDoesNotExist() throws {
        try work.write("[stage]\n\tcommand = no-such-program --x\n\toutput = x\n", to: "lineage/x.stage")
        let repro = try work.attempt("data", "repro", "x")
        XCTAssertEqual(repro.status, 1)
        assertContains(repro.errorText, "the command of stage 'x' ended with status 127")
    }

    // MARK: Branches

    func testBranchesThatRanDifferentStagesMerge() throws {
        try work.git("switch", "--quiet", "-c", "side")
        try work.data("run", "--name", "extra", "-i", "raw.csv", "-o", "extra", "--", "cp", "raw.csv", "extra")
        try work.commit("Extra")
        try work.git("switch", "--quiet", "main")
        try work.write(try work.readText("train.sh").replacing("model'", with: "other'"), to: "train.sh")
        try work.data("repro")
        try work.commit("Train")
        try work.git("merge", "--quiet", "--no-edit", "side")
        XCTAssertEqual(try stale(), [])
        try assertClean(work)
    }

    func testBranchesThatRanTheSameStageConflictInOneFileThatSaysBetweenWhat() throws {
        try work.git("switch", "--quiet", "-c", "side")
        try work.write(try work.readText("params.json").replacing("\"rows\": 3", with: "\"rows\": 4"), to: "params.json")
        try work.data("repro", "clean")
        try work.commit("Four")
        try work.git("switch", "--quiet", "main")
        try work.write(try work.readText("clean.sh") + "# same\n", to: "clean.sh")
        try work.write("1\n2\n3\n4\n9\n", to: "raw.csv")
        try work.data("repro", "clean")
        try work.commit("Other input")
        // The outputs are the same as before on this side, so that theirs is taken: only the record is in conflict.
        let merge = try work.attempt("merge", "--no-edit", "side")
        XCTAssertEqual(merge.status, 1)
        assertContains(merge.errorText + merge.text, "both sides ran stage 'clean'")
        XCTAssertEqual(try work.git("diff", "--name-only", "--diff-filter=U").lines, ["lineage/clean.run.json"])
        let text = try record("clean")
        XCTAssertTrue(text.hasPrefix("<<<<<<< ours: ran 20"), String(text.prefix(200)))
        assertContains(text, ">>>>>>> theirs: ran 20")
        assertContains(text, "rows = 4")
        assertContains(try work.data("status").errorText, "it has a merge conflict: two branches ran the same stage")
        // What neither side ran is run.
        XCTAssertEqual(ran(try work.data("repro")), ["clean", "train"])
        try work.git("commit", "--quiet", "--no-edit")
        XCTAssertEqual(try stale(), [])
        try assertContent("clean.out", in: work, is: Array("1\n2\n3\n4\n\0".utf8))
    }

    func testSideOfAConflictThatIsTakenIsARecordAgain() throws {
        for (branch, rows) in [("side", "4"), ("main", "2")] {
            if branch == "side" { try work.git("switch", "--quiet", "-c", "side") } else { try work.git("switch", "--quiet", "main") }
            try work.write(try work.readText("params.json").replacing("\"rows\": 3", with: "\"rows\": \(rows)"), to: "params.json")
            try work.data("repro")
            try work.commit("Rows \(rows)")
        }
        XCTAssertEqual(try work.attempt("merge", "--no-edit", "side").status, 1)
        try work.git("checkout", "--theirs", "--", ".")
        try work.git("add", ".")
        XCTAssertEqual(try stale(), [])
        try assertContent("clean.out", in: work, is: Array("1\n2\n3\n4\n\0".utf8))
    }

    // MARK: Verification

    func testVerificationFindsTheSameBitsAndTouchesNothing() throws {
        try work.write("mine\n", to: "raw.csv")
        try work.write("mine too\n", to: "clean.out")
        let verify = try work.data("verify-repro")
        XCTAssertEqual(verify.lines, ["clean: the same bits", "train: the same bits"])
        XCTAssertEqual(try work.changes(), [" M clean.out", " M raw.csv"])
        XCTAssertEqual(try work.git("worktree", "list").lines.count, 1)
        XCTAssertEqual(try (work.folder / ".git/data/verify").entries(), [])
    }

    func testVerificationFindsOtherBitsAndComparesMetrics() throws {
        // It counts its runs outside of the repository, so that each is another. One key is there in two ways.
        let counter = laboratory.folder / "counter"
        try work.write(
            "echo x >> '\(counter)'; n=$(wc -l < '\(counter)'); printf '\\0%s' $n > random.out; printf '{\"score\": %s, \"a.b\": 1, \"a\": {\"b\": 2}}' \"100$n\" > score.json\n",
            to: "random.sh")
        try work.data("run", "-i", "random.sh", "-o", "random.out", "-m", "score.json", "--", "sh", "random.sh")
        try work.commit("Random")
        let differs = try work.attempt("data", "verify-repro", "random")
        XCTAssertEqual(differs.status, 1)
        XCTAssertEqual(differs.lines, ["random: it came out differently", "\t'random.out' differs", "\t'score.json' differs", "\tscore: 1001 → 1002"])
        let near = try work.data("verify-repro", "--tolerance", "0.01", "random")
        XCTAssertEqual(near.line, "random: other bits, metrics within 0.01")
        XCTAssertEqual(try work.attempt("data", "verify-repro", "--tolerance", "0.0001", "random").status, 1)
    }

    func testVerificationGivesEachStageTheInputsOfItsRecord() throws {
        // What is before it comes out differently, or fails; it does not.
        let counter = laboratory.folder / "counter"
        for line in ["echo x >> '\(counter)'; wc -l < '\(counter)' > random.out", "[ ! -e '\(counter)' ] && echo x > '\(counter)' && echo 1 > random.out"] {
            try? counter.removeFile()
            try work.data("run", "--name", "random", "-o", "random.out", "--", BytePath(line))
            try work.data("run", "--name", "copy", "-i", "random.out", "-o", "copy.out", "--", "cp", "random.out", "copy.out")
            try work.commit("Random")
            let verify = try work.attempt("data", "verify-repro", "random", "copy")
            XCTAssertEqual(verify.status, 1)
            XCTAssertEqual(verify.lines.last, "copy: the same bits", verify.description)
        }
    }

    func testVerificationShowsWhatAStageReadsWithoutSayingSo() throws {
        try work.data("run", "--name", "hidden", "-i", "raw.csv", "-o", "hidden", "--", "cat raw.csv model.out > hidden")
        try work.commit("Hidden")
        let verify = try work.attempt("data", "verify-repro", "hidden")
        XCTAssertEqual(verify.status, 1, "model.out is a pointer there")
    }

    func testVerificationOfARevisionWhoseRecordIsNotOfItsInputs() throws {
        try work.write("7\n", to: "raw.csv")
        try work.commit("Changed without a run")
        let verify = try work.attempt("data", "verify-repro", "clean")
        XCTAssertEqual(verify.lines, ["clean: its inputs in this revision are not those of its record", "\tinput 'raw.csv' changed"])
        XCTAssertEqual(try work.data("verify-repro", "--revision", "HEAD~1").lines, ["clean: the same bits", "train: the same bits"])
    }
}

/// What is installed as a cause.
final class StageEnvironmentTests: StageTestCase {
    /// A package as pip would have installed it.
    private func install(_ name: String, _ version: String, module: String) throws {
        let site = laboratory.folder / "site"
        try (site / "\(module)").makeFolders()
        try (site / "\(module)/__init__.py").replaceContents(with: Array("value = '\(version)'\n".utf8))
        _ = (site / "\(name)-1.0.dist-info").removeTree()
        _ = (site / "\(name)-2.0.dist-info").removeTree()
        let info = site / "\(name)-\(version).dist-info"
        try info.makeFolders()
        try (info / "METADATA").replaceContents(with: Array("Metadata-Version: 2.1\nName: \(name)\nVersion: \(version)\n\n".utf8))
        try (info / "RECORD").replaceContents(with: Array("\(module)/__init__.py,,\n\(name)-\(version).dist-info/METADATA,,\n".utf8))
    }

    func testPackageCountsForTheStagesWhoseScriptsImportIt() throws {
        laboratory.variables["PYTHONPATH"] = laboratory.folder / "site"
        // Python would take a compiled module of the same second and size for the present one.
        laboratory.variables["PYTHONDONTWRITEBYTECODE"] = "1"
        try install("scikit-thing", "1.0", module: "skthing")
        try install("other", "1.0", module: "other")
        try work.write("import skthing\nopen('a.txt', 'w').write(skthing.value)\n", to: "a.py")
        try work.write("import json, other\nopen('b.txt', 'w').write(other.value)\n", to: "b.py")
        try work.data("run", "-i", "a.py", "-o", "a.txt", "--", "python3", "a.py")
        try work.data("run", "-i", "b.py", "-o", "b.txt", "--", "python3", "b.py")
        try work.commit("Runs")
        XCTAssertEqual(try stale(), [])
        assertContains(try record("a"), "\"scikit-thing\" : \"1.0\"")
        try install("scikit-thing", "2.0", module: "skthing")
        let answer = try work.attempt("data", "repro", "-n")
        assertContains(answer.text, "a: environment 'python': scikit-thing 1.0 → 2.0")
        XCTAssertEqual(ran(try work.data("repro")), ["a"])
        XCTAssertEqual(try work.readText("a.txt"), "2.0")
        try install("other", "2.0", module: "other")
        XCTAssertEqual(ran(try work.data("repro")), ["b"])
        // A package that no script imports is nobody's cause.
        try install("third", "1.0", module: "third")
        XCTAssertEqual(try stale(), [])
    }

    func testVariableThatMayBeASecretIsRefused() throws {
        let run = try work.attempt("data", "run", "--variable", "API_TOKEN", "-o", "x", "--", "touch x", with: ["API_TOKEN": "s3cret"])
        XCTAssertEqual(run.status, 128)
        assertContains(run.errorText, "the value of 'API_TOKEN' may be a secret")
    }
}
