import Platform
import TestSupport
import XCTest

/// `git data ci`: the workflow is written where it belongs, and does what it says when its steps are run.
final class IntegrationTests: IntegrationTestCase {
    private let gitHub: BytePath = ".github/workflows/git-data.yml"
    private let gitLab: BytePath = ".gitlab-ci.yml"

    private func makeProject(_ provider: BytePath) throws {
        try work.data("ci", "init", "--provider", provider)
        try makeStages()
    }

    // MARK: what the steps do

    func testFreshResultsPassWithoutAnyData() throws {
        for provider in ["github", "gitlab"] as [BytePath] { try work.data("ci", "init", "--provider", provider) }
        try makeStages()
        for (name, file) in [("one", gitHub), ("two", gitLab)] {
            let clone = try checkout(name)
            let job = try runWorkflow(clone, file, "--show").expecting(0)
            assertContains(job.text, "All results are those of the committed code")
            try assertPointerStands("data/raw.csv", for: raw, in: clone)
            XCTAssertEqual(try clone.git("status", "--porcelain").text, "", "a checkout with no filter shows no change")
        }
        XCTAssertFalse(hasRun)
    }

    private func assertStaleFails(_ file: BytePath, line: UInt = #line) throws {
        let base = try work.git("rev-parse", "HEAD").line
        try makeStale()
        let clone = try checkout()
        let job = try runWorkflow(
            clone, file, "--event", "pull_request", "--show", "--set", BytePath("base=\(base)"), "--set", "AWS_SECRET_ACCESS_KEY=hidden"
        ).expecting(1)
        assertContains(job.text, "prepare: parameter 'params.json:rows': 10 → 20")
        assertContains(job.text, "committed results are stale; run 'git data repro'")
        // Metrics beside those of the base, as a block.
        assertContains(job.text, "    stage  metric")
        assertContains(job.text, "    count  lines")
        XCTAssert(hasRun, "line \(line)")
        // Made anew, from nothing but what was needed.
        XCTAssertEqual(try clone.readText("metrics.json"), "{\"lines\": 20}", line: line)
        try assertContent("data/raw.csv", in: clone, is: raw, line: line)
        try assertPointerStands("data/other.csv", for: other, in: clone, line: line)
    }

    func testStaleResultsFailOnGitHubAndAreMadeAnew() throws {
        try makeProject("github")
        try assertStaleFails(gitHub)
    }

    func testStaleResultsFailOnGitLabAndAreMadeAnew() throws {
        try makeProject("gitlab")
        try assertStaleFails(gitLab)
    }

    private func assertForkRunsNothing(_ file: BytePath, line: UInt = #line) throws {
        try makeStale()
        let clone = try checkout()
        let job = try runWorkflow(clone, file, "--event", "pull_request", "--fork", "--show").expecting(1)
        assertContains(job.text, "Nothing was run: these changes come from a fork.")
        XCTAssertFalse(hasRun, line: line)
        try assertPointerStands("data/raw.csv", for: raw, in: clone, line: line)
        // Where a person has allowed it.
        let allowed = try checkout("allowed")
        try runWorkflow(allowed, file, "--event", "pull_request", "--fork", "--set", "GIT_DATA_RUN_FORKS=true").expecting(1)
        XCTAssert(hasRun, line: line)
    }

    func testForkRunsNothingOnGitHubUnlessAllowed() throws {
        try makeProject("github")
        try assertForkRunsNothing(gitHub)
    }

    func testForkRunsNothingOnGitLabUnlessAllowed() throws {
        try makeProject("gitlab")
        try assertForkRunsNothing(gitLab)
    }

    func testFailingStageFailsTheJob() throws {
        try makeProject("github")
        try work.write("exit 3\n", to: "prepare.sh")
        try work.commit("Broken")
        try work.git("push", "--quiet")
        let job = try runWorkflow(try checkout(), gitHub, "--show").expecting(1)
        assertContains(job.text, "Make anew what is stale: failed")
        assertContains(job.text, "prepare: input 'prepare.sh' changed")
    }

    func testGitDataIsBuiltFromItsSourcesOnce() throws {
        // Sources that "build" by copying what is built.
        let sources = try laboratory.repository("sources", isSetUp: false)
        try sources.write(
            """
            #!/bin/sh
            echo built >> "\(laboratory.folder)/builds"
            mkdir -p "$2"
            cp -r "\(laboratory.installation.prefix)/." "$2/"

            """, to: "install.sh")
        try sources.git("update-index", "--add", "--chmod=+x", "install.sh")
        try sources.git("commit", "--quiet", "-m", "Sources")
        try sources.git("tag", "v9")
        for (provider, file) in [("github", gitHub), ("gitlab", gitLab)] as [(BytePath, BytePath)] {
            try work.data("ci", "init", "--provider", provider, "--source", sources.folder, "--ref", "v9")
            try work.commit("Workflow \(file)")
        }
        try makeStages()
        let path: [String: BytePath?] = ["PATH": "/usr/local/bin:/usr/bin:/bin"]
        for (name, file) in [("one", gitHub), ("two", gitLab)] {
            let clone = try checkout(name)
            try runWorkflow(clone, file, with: path).expecting(0)
            try runWorkflow(clone, file, with: path).expecting(0)
        }
        XCTAssertEqual(try (laboratory.folder / "builds").contents().map { String(decoding: $0, as: UTF8.self) }, "built\nbuilt\n")
    }

    func testWithoutProgramsAndSourcesItSaysWhatToSet() throws {
        try makeProject("github")
        let job = try runWorkflow(try checkout(), gitHub, with: ["PATH": "/usr/local/bin:/usr/bin:/bin"]).expecting(1)
        assertContains(job.text, "set the variable GIT_DATA_SOURCE")
    }

    func testCommentIsWrittenOnceAndChangedLater() throws {
        try work.data("ci", "init", "--provider", "github")
        try laboratory.scratch.write(
            """
            #!/bin/sh
            case "$*" in
              *--paginate*) cat "\(laboratory.folder)/known" 2>/dev/null || true ;;
              *) echo "$*" >> "\(laboratory.folder)/calls" ;;
            esac

            """, to: "tools/gh", permissions: 0o755)
        let path = BytePath("\(laboratory.folder)/tools:/usr/local/bin:/usr/bin:/bin")
        try work.write("<!-- git data -->\n", to: "git-data/summary.md")
        for _ in 0..<2 {
            try runWorkflow(work, gitHub, "--job", "comment", "--event", "pull_request", with: ["PATH": path]).expecting(0)
            try laboratory.scratch.write("41\n", to: "known")
        }
        let calls = String(decoding: try (laboratory.folder / "calls").contents() ?? [], as: UTF8.self).split(separator: "\n")
        XCTAssertEqual(calls.count, 2)
        XCTAssert(calls.first?.contains("--method POST repos/churn-lab/churn/issues/7/comments") ?? false, "\(calls)")
        XCTAssert(calls.last?.contains("--method PATCH repos/churn-lab/churn/issues/comments/41") ?? false, "\(calls)")
    }

    // MARK: key and fetch

    func testKeyIsThatOfTheDataThatIsNeeded() throws {
        try makeStages()
        let fresh = try work.data("ci", "key").line
        try makeStale()
        let clone = try laboratory.cloneOfPointers(origin)
        let stale = try clone.data("ci", "key").line
        XCTAssertEqual(stale.count, 64)
        XCTAssertNotEqual(stale, fresh)
        XCTAssertEqual(stale, try work.data("ci", "key").line)
        XCTAssertEqual(try clone.data("ci", "fetch", "--dry-run").lines, ["data/raw.csv"])
        try clone.data("ci", "fetch")
        XCTAssertEqual(try clone.data("ci", "fetch", "--dry-run").lines, [])
        XCTAssertEqual(stale, try clone.data("ci", "key").line)
        try clone.data("repro", "--quiet")
        XCTAssertEqual(try clone.data("ci", "key").line, fresh)
    }

    func testDataThatCannotBeHadIsNamed() throws {
        try makeStages()
        try makeStale()
        let clone = try laboratory.cloneOfPointers(origin)
        try remoteBlob(of: raw, in: origin).removeFile()
        let fetch = try clone.attempt("data", "ci", "fetch")
        XCTAssertEqual(fetch.status, 1)
        assertContains(fetch.errorText, "data/raw.csv")
    }

    // MARK: where it is written

    func testProviderIsThatOfTheRemote() throws {
        let unknown = try work.attempt("data", "ci", "init")
        XCTAssertEqual(unknown.status, 128)
        assertContains(unknown.errorText, "git data ci init --provider github")
        try work.git("remote", "add", "hub", "git@github.com:churn-lab/churn.git")
        try work.data("ci", "init")
        XCTAssert((work.folder / gitHub).exists)
        try work.git("remote", "set-url", "hub", "https://gitlab.example.org/churn-lab/churn.git")
        try work.git("rm", "--quiet", "-r", "--cached", "--ignore-unmatch", ".github")
        XCTAssert((work.folder / ".github").removeTree())
        try work.data("ci", "init")
        XCTAssert((work.folder / gitLab).exists)
    }

    func testWorkflowThatWasChangedIsKept() throws {
        try work.data("ci", "init", "--provider", "github")
        let written = try work.readText(gitHub)
        assertContains(try work.data("ci", "init").errorText, "is as it would be written")
        try work.write(written + "# mine\n", to: gitHub)
        XCTAssertEqual(try work.attempt("data", "ci", "init").status, 128)
        XCTAssertEqual(try work.readText(gitHub), written + "# mine\n")
        try work.data("ci", "init", "--force")
        XCTAssertEqual(try work.readText(gitHub), written)
    }

    func testPipelineThatIsThereIsLeftAlone() throws {
        try work.write("stages: [test]\n", to: gitLab)
        let initialized = try work.data("ci", "init", "--force")
        assertContains(initialized.errorText, "include:\n  - local: .gitlab/git-data.yml")
        XCTAssertEqual(try work.readText(gitLab), "stages: [test]\n")
        try makeStages()
        try runWorkflow(try checkout(), ".gitlab/git-data.yml").expecting(0)
    }

    func testNothingIsWrittenThroughALink() throws {
        try (laboratory.folder / "elsewhere").makeFolders()
        _ = try work.shell("ln -s ../elsewhere .github")
        let refused = try work.attempt("data", "ci", "init", "--provider", "github")
        XCTAssertEqual(refused.status, 128)
        XCTAssertEqual(try (laboratory.folder / "elsewhere").entries(), [])
    }

    func testBranchOfAnyNameIsWrittenAsText() throws {
        try work.git("switch", "--quiet", "-c", "a'b\"${{x}}#c")
        try work.data("ci", "init", "--provider", "github")
        try makeStagesOnBranch()
        let check = "import sys, yaml; print(yaml.safe_load(open('.github/workflows/git-data.yml'))[True]['push']['branches'])"
        let answer = try laboratory.run("python3", ["-c", BytePath(check)], in: work.folder)
        if answer.status == 0 { XCTAssertEqual(answer.line, #"['a\'b"${{x}}#c']"#) }
    }

    private func makeStagesOnBranch() throws {
        try work.git("push", "--quiet", "--set-upstream", "origin", "HEAD")
    }
}
