import Platform
import TestSupport
import XCTest

/// `install.sh`, with executables that are built already.
final class InstallScriptTests: EndToEndTestCase {
    private var prefix: BytePath { laboratory.folder / "prefix" }
    private var path: BytePath { BytePath("\(prefix)/bin:/usr/bin:/bin") }

    override func setUpWithError() throws {
        try super.setUpWithError()
        try (laboratory.home / ".gitconfig").removeFile()
    }

    private func install(_ arguments: BytePath..., with environment: [String: BytePath?] = [:]) throws -> Outcome {
        let installation = laboratory.installation
        var given: [BytePath] = ["--prefix", prefix]
        if !arguments.contains("--uninstall") { given += ["--built", installation.programs] }
        return try laboratory.run(
            installation.sources / "install.sh", given + arguments, with: ["PATH": path].merging(environment) { $1 })
    }

    private func installedFiles() throws -> [BytePath: FileStatus] {
        var found: [BytePath: FileStatus] = [:]
        for file in try laboratory.scratch.files(below: "prefix") { found[file] = try (laboratory.folder / file).status() }
        return found
    }

    func testEverythingIsInItsPlaceAndAnswers() throws {
        let run = try install().expecting(0)
        let files = Set(try installedFiles().keys.map(\.text))
        for expected in [
            "bin/git-data", "bin/git-data-transfer", "share/git-data/hooks/pre-push", "share/man/man1/git-data.1",
            "share/man/man1/git-data-pull.1", "share/bash-completion/completions/git-data",
            "share/zsh/site-functions/_git-data", "share/fish/vendor_conf.d/git-data.fish",
        ] {
            XCTAssert(files.contains("prefix/\(expected)"), expected)
        }
        assertContains(run.text, "git data help")
        let version = try laboratory.run("git", ["data", "version"], with: ["PATH": path]).expecting(0)
        assertContains(version.text, "git data")
        XCTAssertEqual(
            try laboratory.git(["config", "--global", "filter.data.process"]).line, "git-data filter-process")
    }

    func testSecondRunChangesNothingAndSaysSo() throws {
        _ = try install().expecting(0)
        let before = try installedFiles()
        let configuration = try (laboratory.home / ".gitconfig").status()
        let again = try install().expecting(0)
        assertContains(again.text, "up to date")
        XCTAssertEqual(try installedFiles(), before)
        XCTAssertEqual(try (laboratory.home / ".gitconfig").status(), configuration)
    }

    func testDamagedFileIsReplaced() throws {
        _ = try install().expecting(0)
        try (prefix / "bin/git-data-transfer").removeFile()
        _ = try laboratory.run("sh", ["-c", BytePath("echo broken > '\(prefix)/share/git-data/hooks/pre-push'")])
        assertContains(try install().expecting(0).text, "Installed 2 files")
        XCTAssert((prefix / "bin/git-data-transfer").isExecutableFile)
        XCTAssert((prefix / "share/git-data/hooks/pre-push").isExecutableFile)
    }

    func testUninstallLeavesWhatIsNotOurs() throws {
        try laboratory.git(["config", "--global", "user.name", "Ada"])
        try laboratory.scratch.write("mine", to: "prefix/bin/mine")
        let before = try (laboratory.home / ".gitconfig").contents()
        _ = try install().expecting(0)
        _ = try install("--uninstall").expecting(0)
        XCTAssertEqual(try installedFiles().keys.map(\.text), ["prefix/bin/mine"])
        XCTAssertEqual(try prefix.entries(), ["bin"])
        XCTAssertEqual(try (laboratory.home / ".gitconfig").contents(), before)
        assertContains(try install("--uninstall").expecting(0).text, "Nothing of git data")
    }

    func testFileOfAnOlderVersionGoes() throws {
        _ = try install().expecting(0)
        try laboratory.scratch.write("old", to: "prefix/share/man/man1/git-data-old.1")
        _ = try laboratory.run("sh", ["-c", BytePath("echo share/man/man1/git-data-old.1 >> '\(prefix)/share/git-data/manifest'")])
        _ = try install().expecting(0)
        XCTAssertFalse((prefix / "share/man/man1/git-data-old.1").exists)
    }

    func testPathThatLacksThePrefixIsToldByShell() throws {
        let bash = try install(with: ["PATH": "/usr/bin:/bin", "SHELL": "/bin/bash"]).expecting(0)
        assertContains(bash.text, "export PATH=\"\(prefix)/bin:$PATH\"")
        assertContains(bash.text, "~/.bashrc")
        let fish = try install(with: ["PATH": "/usr/bin:/bin", "SHELL": "/usr/bin/fish"]).expecting(0)
        assertContains(fish.text, "fish_add_path")
    }

    func testPrefixWithASpaceWorks() throws {
        let installation = laboratory.installation
        let run = try laboratory.run(
            installation.sources / "install.sh", ["--built", installation.programs, "--prefix", "a prefix"])
        XCTAssertEqual(run.status, 0, run.description)
        XCTAssert((laboratory.folder / "a prefix/bin/git-data").isExecutableFile)
    }

    func testDemoSucceedsInACleanHome() throws {
        let demo = try install("--demo", with: ["GIT_AUTHOR_NAME": nil, "GIT_COMMITTER_NAME": nil, "GIT_AUTHOR_EMAIL": nil, "GIT_COMMITTER_EMAIL": nil])
        XCTAssertEqual(demo.status, 0, demo.description)
        assertContains(demo.text, "Every byte arrived.")
        assertContains(demo.text, "$ git data pull")
    }

    func testUnknownOptionIsRefusedWithTheUsage() throws {
        let answer = try install("--frobnicate")
        XCTAssertEqual(answer.status, 2)
        assertContains(answer.errorText, "usage:")
        XCTAssertFalse(prefix.exists)
    }
}
