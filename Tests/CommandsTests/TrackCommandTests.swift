import Platform
import TestSupport
import XCTest

/// `git data track` and `untrack`, as a person calls them.
final class TrackCommandTests: XCTestCase {
    private let line = " filter=data diff=data merge=data -text\n"

    private func project() throws -> Worktree {
        try Laboratory().repository(isSetUp: false)
    }

    private func filter(_ path: BytePath, in work: Worktree) throws -> String {
        try work.git("check-attr", "-z", "filter", "--", path).records.last?.text ?? ""
    }

    func testPatternsGoIntoTheFileOfTheFolder() throws {
        let work = try project()
        try (work.folder / "sub").makeFolders()
        try work.laboratory.data(["track", "*.bin", "./x y"], in: work.folder / "sub")
        XCTAssertEqual(try work.readText("sub/.gitattributes"), "*.bin\(line)x[[:space:]]y\(line)")
        XCTAssertFalse((work.folder / ".gitattributes").exists)
        XCTAssertEqual(try filter("sub/x y", in: work), "data")
        XCTAssertEqual(try filter("a.bin", in: work), "unspecified")
    }

    func testTrackingAgainChangesNothing() throws {
        let work = try project()
        try work.data("track", "*.bin")
        let before = try (work.folder / ".gitattributes").status()
        let outcome = try work.data("track", "*.bin")
        XCTAssertEqual(outcome.errorText, "'*.bin' is tracked already.\n")
        XCTAssertEqual(try (work.folder / ".gitattributes").status(), before)
    }

    func testModeIsKeptAndNothingIsLeftBehind() throws {
        let work = try project()
        try work.write("# mine\r\n", to: ".gitattributes")
        XCTAssertEqual(try work.shell("chmod 664 .gitattributes").status, 0)
        try work.data("track", "*.bin")
        XCTAssertEqual(try (work.folder / ".gitattributes").status()?.permissions, 0o664)
        XCTAssertEqual(Set(try work.folder.entries()), [".git", ".gitattributes"])
    }

    func testLinkIsRefused() throws {
        let work = try project()
        try work.write("# mine\n", to: "elsewhere")
        XCTAssertEqual(try work.shell("ln -s elsewhere .gitattributes").status, 0)
        let outcome = try work.attempt("data", "track", "*.bin")
        XCTAssertEqual(outcome.status, 128)
        XCTAssertTrue(outcome.errorText.contains("is a symbolic link, which Git does not follow"), outcome.errorText)
        XCTAssertEqual(try work.readText("elsewhere"), "# mine\n")
    }

    func testFolderStandsForWhatIsInIt() throws {
        let work = try project()
        try work.write("x", to: "models/deep/a")
        let outcome = try work.data("track", "later/", "models")
        XCTAssertEqual(try work.readText(".gitattributes"), "later/**\(line)models/**\(line)")
        XCTAssertTrue(outcome.errorText.contains("'models' is a folder; what is in it is 'models/**'."), outcome.errorText)
        XCTAssertEqual(try filter("models/deep/a", in: work), "data")
        XCTAssertEqual(try filter("models2/a", in: work), "unspecified")
        try work.data("untrack", "models/")
        XCTAssertEqual(try work.readText(".gitattributes"), "later/**\(line)")
    }

    func testWidePatternLeavesGitsOwnFilesOut() throws {
        let work = try project()
        try work.write("# mine\n", to: ".gitattributes")
        try work.data("track", "*")
        for name: BytePath in [".gitattributes", ".gitdata", ".gitignore", ".gitmodules", "deep/.gitattributes"] {
            XCTAssertEqual(try filter(name, in: work), "unspecified", "\(name)")
        }
        XCTAssertEqual(try filter("x", in: work), "data")
        try work.data("untrack", "*")
        XCTAssertEqual(try work.readText(".gitattributes"), "# mine\n")
    }

    func testFilesBelowArePlainToo() throws {
        let work = try project()
        try work.write("x\n", to: "data/.gitignore")
        try work.git("add", "data/.gitignore")
        try work.data("track", "data/**")
        XCTAssertEqual(try filter("data/.gitignore", in: work), "unspecified")
        XCTAssertEqual(try filter("data/x", in: work), "data")
    }

    func testWhatCannotWorkIsRefused() throws {
        let work = try project()
        for (argument, message) in [
            ("!x", "negative patterns"), (".gitattributes", "Git must be able to read it"), ("sub/.gitignore", "Git must be able to read it"),
            ("../x", "leads out of the current folder"), ("[attr]x", "would define a macro"), ("", "matches no file"),
            (String(repeating: "x", count: 2040), "too long"),
        ] {
            let outcome = try work.attempt("data", "track", BytePath(argument))
            XCTAssertEqual(outcome.status, 128, argument)
            XCTAssertTrue(outcome.errorText.contains(message), outcome.errorText)
        }
        XCTAssertEqual(try work.attempt("data", "track", "--filename", "../x").status, 128)
        XCTAssertEqual(try work.attempt("data", "track", "--above", "1M", "x").status, 129)
        XCTAssertFalse((work.folder / ".gitattributes").exists)
    }

    func testRefusedPatternSpoilsTheWholeCall() throws {
        let work = try project()
        XCTAssertEqual(try work.attempt("data", "track", "*.bin", "!x").status, 128)
        XCTAssertFalse((work.folder / ".gitattributes").exists)
    }

    func testLargeFilesAreTrackedOneByOne() throws {
        let work = try project()
        let big = [UInt8](repeating: 7, count: 5000)
        for name: BytePath in ["big [1] \"ü\".x", "sub/o\\x", "ignored", "lfs.l", "here.bin"] { try work.write(big, to: name) }
        try work.write([UInt8](repeating: 7, count: 4999), to: "small")
        try work.write("ignored\n", to: ".gitignore")
        try work.write("*.bin filter=data\n*.l filter=lfs\n", to: ".gitattributes")
        let dry = try work.data("track", "--above", "5000", "--dry-run")
        XCTAssertEqual(try work.readText(".gitattributes"), "*.bin filter=data\n*.l filter=lfs\n")
        let outcome = try work.data("track", "--above", "5000")
        XCTAssertEqual(outcome.lines, ["\"big [1] \\\"\\303\\274\\\".x\" (4.88 KiB)", "\"sub/o\\\\x\" (4.88 KiB)"])
        XCTAssertEqual(dry.lines, outcome.lines)
        XCTAssertTrue(outcome.errorText.contains("warning: 'lfs.l' was left out, as it has the filter 'lfs'"), outcome.errorText)
        XCTAssertEqual(try filter("big [1] \"ü\".x", in: work), "data")
        XCTAssertEqual(try filter("sub/o\\x", in: work), "data")
        XCTAssertEqual(try filter("big 1 \"ü\".x", in: work), "unspecified")
        XCTAssertEqual(try work.data("track", "--above", "5000").lines, [])
    }

    func testLargeFilesOfTheFolderAlone() throws {
        let work = try project()
        for name: BytePath in ["a", "sub/b"] { try work.write([UInt8](repeating: 7, count: 100), to: name) }
        let outcome = try work.laboratory.data(["track", "--above", "100"], in: work.folder / "sub")
        XCTAssertEqual(outcome.lines, ["sub/b (100 bytes)"])
        XCTAssertEqual(try work.readText("sub/.gitattributes"), "/b\(line)")
    }

    func testFilesThatGitHasAreNamedWithTheirConversion() throws {
        let work = try project()
        try work.write("raw data", to: "a b.bin")
        try work.write("", to: "empty.bin")
        try work.commit("Raw")
        let outcome = try work.data("track", "*.bin")
        XCTAssertTrue(outcome.errorText.contains("hint: git add --renormalize 'a b.bin'\n"), outcome.errorText)
        XCTAssertEqual(try work.shell("git add --renormalize 'a b.bin'").status, 0)
        XCTAssertTrue(String(decoding: try work.stored("a b.bin", at: ""), as: UTF8.self).hasPrefix("git data pointer 1\n"))
        XCTAssertFalse(try work.data("track", "a*.bin").errorText.contains("renormalize"))
    }

    func testListNamesEveryFileOfPatterns() throws {
        let work = try project()
        try work.data("track", "*.bin")
        try work.write("# x filter=data\n\"q q\" filter=data\n[attr]m filter=data\n*.c text\n", to: "sub/.gitattributes")
        try work.write("*.own filter=data\n", to: ".git/info/attributes")
        let outcome = try work.data("track")
        XCTAssertEqual(outcome.lines, ["*.bin\t.gitattributes", "q q\tsub/.gitattributes", "*.own\t.git/info/attributes"])
        try work.git("add", ".")
        try (work.folder / "sub/.gitattributes").removeFile()
        XCTAssertEqual(try work.data("track").lines, outcome.lines, "the index's file counts where the worktree has none")
        let json = try work.data("track", "--json").text
        XCTAssertTrue(json.contains("\"pattern\" : \"q q\"") && json.contains("\"file\" : \"sub/.gitattributes\""), json)
    }

    func testUntrackOfAnUnknownPatternEndsWith1() throws {
        let work = try project()
        try work.write("*.bin filter=data\n", to: "sub/.gitattributes")
        let outcome = try work.attempt("data", "untrack", "*.bin")
        XCTAssertEqual(outcome.status, 1)
        XCTAssertTrue(outcome.errorText.contains("it stands in 'sub/.gitattributes'"), outcome.errorText)
        try work.data("track", "*.csv")
        XCTAssertEqual(try work.attempt("data", "untrack", "*.csv", "*.bin").status, 1)
        XCTAssertFalse((work.folder / ".gitattributes").exists)
    }

    func testUntrackSaysHowToConvertBack() throws {
        let work = try project()
        try work.data("track", "*.bin")
        try work.write("some data", to: "a.bin")
        try work.commit("Add")
        let outcome = try work.data("untrack", "*.bin")
        XCTAssertTrue(outcome.errorText.contains("hint: git add --renormalize a.bin\n"), outcome.errorText)
        try work.git("add", "--renormalize", "a.bin")
        XCTAssertEqual(try work.stored("a.bin", at: ""), Array("some data".utf8))
    }

    func testUntrackDoesNotLeavePointersAlone() throws {
        let work = try project()
        try work.data("track", "*.bin")
        try work.write("some data", to: "a.bin")
        try work.commit("Add")
        try work.write(try work.stored("a.bin"), to: "a.bin")
        let outcome = try work.attempt("data", "untrack", "*.bin")
        XCTAssertEqual(outcome.status, 128)
        XCTAssertTrue(outcome.errorText.contains("hint: git data pull\n"), outcome.errorText)
        XCTAssertEqual(try work.readText(".gitattributes"), "*.bin\(line)")
        try work.data("untrack", "--force", "*.bin")
        XCTAssertEqual(try work.readText(".gitattributes"), "")
    }

    /// Git reads the index's file where the worktree has none: an empty one must stay.
    func testEmptyFileStaysWhereGitHasIt() throws {
        let work = try project()
        try work.data("track", "*.bin")
        try work.commit("Track")
        try work.data("untrack", "*.bin")
        XCTAssertEqual(try work.readText(".gitattributes"), "")
        XCTAssertEqual(try filter("a.bin", in: work), "unspecified")
    }

    func testPatternOfLFSIsTakenOver() throws {
        let work = try project()
        try work.write("*.bin filter=lfs diff=lfs merge=lfs -text lockable\n", to: ".gitattributes")
        try work.data("track", "*.bin")
        XCTAssertEqual(try work.readText(".gitattributes"), "*.bin filter=data diff=data merge=data -text lockable\n")
    }
}
