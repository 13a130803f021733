import Platform
import TestSupport
import XCTest

/// `git_data.track` in real scripts: the right bytes, or an error that says what to do.
final class PythonModuleTests: PythonTestCase {
    func testFileIsFetchedAtFirstUseAndNothingElse() throws {
        let run = try python("show(git_data.track('model.bin'))").expecting(0)
        XCTAssertEqual(run.line, digest(try content("model.bin")))
        XCTAssertEqual(run.errorText, "")
        try assertPointers("data/train/0.csv", "data/train2/0.csv")
        XCTAssertEqual(try clone.changes(), ["?? lineage/", "?? train.py"])
    }

    func testPathIsAbsoluteTextAndPathObjectsAreTaken() throws {
        let run = try python(
            """
            import pathlib
            for given in ("model.bin", pathlib.Path("model.bin"), b"model.bin", os.path.abspath("model.bin")):
                path = git_data.track(given)
                print(type(path).__name__, path)
            print(git_data.open("model.bin", "rb").read(4) == open(path, "rb").read(4))
            try: git_data.open("model.bin", "w")
            except ValueError: print("only reads")
            """).expecting(0)
        let path = "str \(try (clone.folder / "model.bin").resolved())"
        XCTAssertEqual(run.lines, [path, path, path, path, "True", "only reads"])
    }

    func testFolderIsFetchedWholeAndNotItsNeighbour() throws {
        try python("git_data.track('data/train')").expecting(0)
        try assertContent("data/train/0.csv", in: clone, is: content("data/train/0.csv"))
        try assertContent("data/train/1.csv", in: clone, is: content("data/train/1.csv"))
        try assertPointers("data/train2/0.csv", "model.bin")
        XCTAssertEqual(try record(), ["data/train"])
    }

    func testFileThatIsHereNeedsNoGit() throws {
        try write("show(git_data.track('notes.txt')); show(git_data.track('data/train/0.csv'))")
        let without = try laboratory.run("/usr/bin/env", ["PATH=/nowhere", "/usr/bin/python3", "train.py"], in: clone.folder)
        XCTAssertEqual(without.status, 1)
        XCTAssertEqual(without.line, digest(Array("seed = 2\n".utf8)))
        XCTAssertEqual(error(of: without), ["git_data.DataError: there is no 'git' on PATH", "hint: install Git 2.30 or newer"])
        let half = try laboratory.run("python3", ["train.py"], in: clone.folder, with: ["PATH": "/usr/bin:/bin"])
        assertContains(error(of: half).first ?? "", "cannot be fetched: git data is not installed here")
    }

    func testPathIsTakenFromTheCurrentFolderThenFromScriptOrTop() throws {
        let script = "show(git_data.track('0.csv'))"
        let nearest = try python(script, as: "data/train/read.py", in: clone.folder / "data/train2").expecting(0)
        XCTAssertEqual(nearest.line, digest(try content("data/train2/0.csv")))
        let beside = try python(script, as: "data/train/read.py").expecting(0)
        XCTAssertEqual(beside.line, digest(try content("data/train/0.csv")))
        let top = try python("show(git_data.track('model.bin'))", as: "data/read.py", in: clone.folder / "data").expecting(0)
        XCTAssertEqual(top.line, digest(try content("model.bin")))
        let anywhere = try python("show(git_data.track('data/train/1.csv'))", as: "data/read.py", in: laboratory.home).expecting(0)
        XCTAssertEqual(anywhere.line, digest(try content("data/train/1.csv")))
        try clone.write("another", to: "data/model.bin")
        let either = try python("git_data.track('model.bin')", as: "data/read.py", in: clone.folder / "data/train")
        XCTAssertEqual(either.status, 1)
        assertContains(error(of: either).first ?? "", "'model.bin' is ambiguous")
        let then = try python("show(git_data.track('model.bin', revision='v1'))", as: "data/read.py", in: clone.folder / "data/train")
        XCTAssertEqual(try then.expecting(0).line, digest(earlierModel))
    }

    func testLinkLeadsWhereItLedThen() throws {
        try work.shell("ln -s model.bin latest && mkdir old && ln -s ../data/train old/data").expecting(0)
        try work.commit("Links")
        try work.git("tag", "v2")
        try work.shell("ln -sf data/train/1.csv latest").expecting(0)
        try work.commit("Another")
        try work.git("push", "--quiet", "--tags", "origin", "main")
        try clone.git("pull", "--quiet")
        let run = try python(
            """
            show(git_data.track("latest")); show(git_data.track("latest", revision="v2"))
            show(os.path.join(git_data.track("old/data", "v2"), "0.csv"))
            """).expecting(0)
        XCTAssertEqual(
            run.lines, [digest(try content("data/train/1.csv")), digest(try content("model.bin")), digest(try content("data/train/0.csv"))])
        XCTAssertEqual(try record(), ["data/train\tv2", "data/train/1.csv", "model.bin\tv2"])
    }

    func testWhatIsNotThereSaysWhetherGitHasIt() throws {
        let unknown = try python("git_data.track('data/none.csv')")
        assertContains(error(of: unknown).first ?? "", "there is no 'data/none.csv' in '")
        try (clone.folder / "model.bin").removeFile()
        let deleted = try python("git_data.track('model.bin')")
        XCTAssertEqual(
            error(of: deleted),
            ["git_data.DataError: 'model.bin' is deleted, or left out of this checkout", "hint: git restore -- model.bin"])
    }

    func testLostBlobIsAnErrorInTheWordsOfGitData() throws {
        try remoteBlob(of: content("model.bin"), in: origin).removeFile()
        let run = try python("git_data.track('model.bin')")
        XCTAssertEqual(run.status, 1)
        let said = error(of: run)
        XCTAssertEqual(said.count, 3, said.joined(separator: "\n"))
        assertContains(said[0], "the data of 'model.bin' cannot be had: ")
        XCTAssertEqual(said[1], "kept: the pointer, in place of the content")
        assertContains(said[2], "hint: who has the data can send it with: git data push --all; it came with ")
        try assertPointers("model.bin")
    }

    func testPointerThatIsNoDataFileIsNotHandedOut() throws {
        try clone.write(pointerText(for: earlierModel), to: "model.txt")
        let run = try python("git_data.track('model.txt')")
        XCTAssertEqual(run.status, 1)
        assertContains(error(of: run).first ?? "", "no data file of Git's here")
        try clone.write("git data pointer 1\noid sha256:00", to: "cut.bin")
        XCTAssertEqual(try python("git_data.track('cut.bin')").status, 1)
    }

    func testDamagedBlobIsFetchedAnewAndNeverHandedOut() throws {
        let model = try content("model.bin")
        try clone.data("fetch", "--quiet")
        try damage(model)
        let offline = try python("git_data.track('model.bin', offline=True)")
        XCTAssertEqual(offline.status, 1)
        assertContains(error(of: offline).first ?? "", "damaged")
        try assertPointers("model.bin")
        try clone.data("fetch", "--quiet")
        try damage(model)
        XCTAssertEqual(try python("show(git_data.track('model.bin'))").expecting(0).line, digest(model))
    }

    func testOfflineNamesTheCommandAndUsesWhatIsHere() throws {
        let run = try python("git_data.track('data/train/0.csv')", with: ["GIT_DATA_OFFLINE": "1"])
        XCTAssertEqual(
            error(of: run),
            [
                "git_data.DataError: the data of 'data/train/0.csv' is not on this machine, and nothing is fetched offline",
                "kept: the pointer, in place of the content", "hint: git data pull -- data/train/0.csv",
            ])
        try clone.data("fetch", "--quiet", "model.bin")
        try origin.rename(to: laboratory.folder / "away.git")
        let here = try python("show(git_data.track('model.bin'))", with: ["GIT_DATA_OFFLINE": "1"]).expecting(0)
        XCTAssertEqual(here.line, digest(try content("model.bin")))
        let away = try python("git_data.track('data/train/0.csv')")
        XCTAssertEqual(away.status, 1)
        assertContains(error(of: away).first ?? "", "the data of 'data/train/0.csv' cannot be had: ")
    }

    func testAnotherRevisionIsReadBesideTheWorktree() throws {
        let run = try python(
            """
            path = git_data.track("model.bin", revision="v1")
            show(path); print(os.path.basename(path), os.access(path, os.W_OK) and os.getuid() != 0)
            print(open(git_data.track("notes.txt", "v1")).read().strip())
            show(os.path.join(git_data.track("data", revision="v1"), "train2", "0.csv"))
            show(git_data.track("model.bin", revision="HEAD"))
            """).expecting(0)
        XCTAssertEqual(
            run.lines,
            [
                digest(earlierModel), "model.bin False", "seed = 1", digest(try content("data/train2/0.csv")),
                digest(try content("model.bin")),
            ])
        try assertPointers("model.bin", "data/train2/0.csv")
        XCTAssertEqual(try record(), ["data\tv1", "model.bin\tHEAD", "model.bin\tv1", "notes.txt\tv1"])
    }

    func testAnotherRevisionIsNeverDamagedNorMadeUp() throws {
        let script = "show(git_data.track('model.bin', revision='v1'))"
        try python(script).expecting(0)
        try damage(earlierModel)
        XCTAssertEqual(try python(script).expecting(0).line, digest(earlierModel))
        try damage(earlierModel)
        let offline = try python(script, with: ["GIT_DATA_OFFLINE": "1"])
        XCTAssertEqual(offline.status, 1)
        assertContains(error(of: offline).first ?? "", "damaged")
        let unknown = try python("git_data.track('model.bin', revision='v9')")
        assertContains(error(of: unknown).first ?? "", "'v9' is no revision of the repository")
        let absent = try python("git_data.track('none.bin', revision='v1')")
        assertContains(error(of: absent).first ?? "", "there is no 'none.bin' in revision 'v1'")
    }

    func testGitInTheWorktreeIsNeverRun() throws {
        try clone.write("#!/bin/sh\ntouch \"$(dirname \"$0\")/ran\"\n", to: "bin/git")
        try clone.shell("chmod +x bin/git; cp bin/git bin/git-data").expecting(0)
        let path = BytePath(bytes: (clone.folder / "bin").bytes + Array(":bin:".utf8) + laboratory.installation.programs.bytes + Array(":/usr/bin:/bin".utf8))
        let run = try python("show(git_data.track('model.bin'))", with: ["PATH": path]).expecting(0)
        XCTAssertEqual(run.line, digest(try content("model.bin")))
        XCTAssertFalse((clone.folder / "bin/ran").exists)
    }

    func testThreadsAndWorkersOfEveryKindGetTheirBytes() throws {
        let run = try python(
            """
            import multiprocessing, threading
            names = ["data/train/0.csv", "data/train/1.csv", "data/train2/0.csv", "model.bin"]
            def digest(name): return hashlib.sha256(open(git_data.track(name), "rb").read()).hexdigest()
            if __name__ == "__main__":
                found = {}
                threads = [threading.Thread(target=lambda name=name: found.update({name: digest(name)})) for name in names[:2] * 2]
                for thread in threads: thread.start()
                for thread in threads: thread.join()
                with multiprocessing.get_context("fork").Pool(2) as pool: forked = pool.map(digest, names[:3])
                with multiprocessing.get_context("spawn").Pool(2) as pool: spawned = pool.map(digest, names)
                print(*[found[name] for name in names[:2]], *forked, *spawned, sep="\\n")
            """).expecting(0)
        let digests = try ["data/train/0.csv", "data/train/1.csv", "data/train2/0.csv", "model.bin"].map { digest(try content(BytePath($0))) }
        XCTAssertEqual(run.lines, Array(digests[..<2] + digests[..<3] + digests))
        XCTAssertEqual(try record(), contents.keys.map(\.text).sorted())
    }

    func testMetricsAndParametersAreSmallFiles() throws {
        try clone.write("{\"seed\": 7}\n", to: "params.json")
        let run = try python(
            """
            print(git_data.params()["seed"])
            git_data.metrics({"b": float("nan"), "a": 0.5, "n": [1, {"ü": True}]}, "reports/train.json")
            """).expecting(0)
        XCTAssertEqual(run.lines, ["7"])
        XCTAssertEqual(
            try clone.readText("reports/train.json"),
            "{\n  \"a\": 0.5,\n  \"b\": \"NaN\",\n  \"n\": [\n    1,\n    {\n      \"ü\": true\n    }\n  ]\n}\n")
        XCTAssertEqual(try (clone.folder / "reports").entries(), ["train.json"])
    }

    func testNearestSettingsWinAndNobodysCredentialsAreTouched() throws {
        let far = laboratory.folder / "far", near = laboratory.folder / "near"
        try origin.rename(to: laboratory.folder / "away.git")
        try (laboratory.folder / "away.git/data").rename(to: near)
        try far.makeFolders()
        try laboratory.git(["config", "--global", "data.storage.url", far])
        try laboratory.git(["config", "--global", "data.remote", "storage"])
        for name in ["config", "credentials"] {
            try laboratory.scratch.write("[default]\n", to: BytePath("home/.aws/\(name)"))
        }
        try laboratory.run("touch", ["-d", "2020-01-01", "home/.aws", "home/.aws/config", "home/.aws/credentials"]).expecting(0)
        let look: [BytePath] = ["-c", "find home/.aws -printf '%p %T@ %m '; cat home/.aws/*"]
        let before = try laboratory.run("sh", look).text
        let script = "show(git_data.track('model.bin'))"
        XCTAssertEqual(try python(script).status, 1)
        try clone.git("config", "data.storage.url", near)
        XCTAssertEqual(try python(script).expecting(0).line, digest(try content("model.bin")))
        XCTAssertEqual(try laboratory.run("sh", look).text, before)
    }

    func testModuleIsInstalledFromTheSourcesWithoutANetwork() throws {
        let sources = laboratory.installation.sources / "Sources/Python"
        try laboratory.run("cp", ["-r", sources, "python"]).expecting(0)
        let made = try laboratory.run("python3", ["-m", "venv", "--without-pip", "--system-site-packages", "venv"])
        let tools = try laboratory.run("venv/bin/python", ["-c", "import setuptools, wheel, pip"])
        try XCTSkipUnless(made.status == 0 && tools.status == 0, "this Python has no venv, pip, setuptools or wheel")
        try laboratory.run(
            "venv/bin/python", ["-m", "pip", "install", "--quiet", "--no-index", "--no-build-isolation", "./python"]).expecting(0)
        let run = try laboratory.run(
            laboratory.folder / "venv/bin/python", ["-c", "import git_data; print(git_data.__file__); git_data.track('model.bin')"],
            in: clone.folder, with: ["PYTHONPATH": nil]).expecting(0)
        assertContains(run.line, "/venv/lib/")
        try assertContent("model.bin", in: clone, is: content("model.bin"))
    }
}
