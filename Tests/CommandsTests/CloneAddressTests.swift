import Platform
import XCTest

@testable import Commands

/// What a clone makes of what was typed, before anything is asked of Git.
final class CloneAddressTests: XCTestCase {
    func testFolderBehindTheHelpersNameBecomesAbsolute() {
        let cases: [(String, String)] = [
            ("data::../project", "data::/home/ada/project"), ("data::project", "data::/home/ada/work/project"),
            ("data::./a/../b/", "data::/home/ada/work/b"), ("data::.", "data::/home/ada/work"),
            ("data::/srv/project/", "data::/srv/project/"), ("data::file:///srv/project", "data::file:///srv/project"),
            ("data::s3://bucket/team/project?endpoint=https://e:9000", "data::s3://bucket/team/project?endpoint=https://e:9000"),
            ("data::", "data::"), ("data::a:b", "data::/home/ada/work/a:b"),
            ("../project", "../project"), ("https://h/p.git", "https://h/p.git"), ("ada@h:p.git", "ada@h:p.git"),
        ]
        for (typed, url) in cases {
            XCTAssertEqual(CloneAddress(BytePath(typed), from: "/home/ada/work").url.text, url, typed)
        }
    }

    func testFolderNames() {
        let cases: [(String, String, String)] = [
            ("data::s3://bucket/team/project?endpoint=https://e.example:9000/x", "project", "project.git"),
            ("data::s3://bucket", "bucket", "bucket.git"), ("data::/srv/project/", "project", "project.git"),
            ("data::../project", "project", "project.git"), ("/srv/git/churn.git", "churn", "churn.git"),
            ("/srv/churn/.git", "churn", "churn.git"), ("ada@host:churn.git", "churn", "churn.git"),
            ("file:///srv/a b", "a b", "a b.git"), ("https://host/what?really", "what?really", "what?really.git"),
            ("backup/churn.bundle", "churn", "churn.git"),
        ]
        for (typed, name, bare) in cases {
            let address = CloneAddress(BytePath(typed), from: "/home/ada/work")
            XCTAssertEqual(address.folderName().text, name, typed)
            XCTAssertEqual(address.folderName(isBare: true).text, bare, typed)
        }
    }

    func testPlaceIsTheSameFromWhereverItIsNamed() throws {
        let here = try BytePath.currentFolder()
        XCTAssertEqual(CloneAddress(".", from: here).identity(from: here), here)
        XCTAssertEqual(CloneAddress(here, from: "/").identity(from: "/"), here)
        for url in ["https://h/p.git", "ada@h:p.git", "data::/x"] as [BytePath] {
            XCTAssertEqual(CloneAddress(url, from: here).identity(from: here), url)
        }
    }

    // MARK: options

    func testOptionsOfGitCloneAreRecognised() {
        let options = CloneOptions([
            "--depth", "3", "-nb", "topic", "--recurse-submodules=lib", "--separate-git-dir=/x/y", "-ofrom", "--conf", "a.b=c",
            "-j", "4", "--shallow-submodules", "--upload-pack", "up", "--template", "--bare",
        ])
        XCTAssertEqual(options.depth, "3")
        XCTAssertEqual(options.branch, "topic")
        XCTAssertTrue(options.isWithoutCheckout)
        XCTAssertTrue(options.recursesIntoSubmodules)
        XCTAssertEqual(options.gitFolder, "/x/y")
        XCTAssertEqual(options.origin, "from")
        XCTAssertEqual(options.configuration, ["a.b=c"])
        XCTAssertEqual(options.connection, ["--upload-pack=up"])
        XCTAssertEqual(options.submodules, ["--jobs=4", "--depth=1"])
        XCTAssertFalse(options.isBare, "the value of --template")
    }

    func testOptionsAreAbbreviatedAndTakenBackAsInGit() {
        XCTAssertTrue(CloneOptions(["--mirr"]).isBare)
        XCTAssertTrue(CloneOptions(["--recurs"]).recursesIntoSubmodules)
        XCTAssertFalse(CloneOptions(["--bare", "--no-bare"]).isBare)
        XCTAssertFalse(CloneOptions(["-n", "--checkout"]).isWithoutCheckout)
        XCTAssertTrue(CloneOptions(["--no-ta"]).isWithoutTags)
        XCTAssertFalse(CloneOptions(["--no-tags", "--tags"]).isWithoutTags)
        XCTAssertFalse(CloneOptions(["--recursive", "--no-recurse-submodules"]).recursesIntoSubmodules)
        XCTAssertNil(CloneOptions(["--dep"]).depth)
        XCTAssertEqual(CloneOptions(["--filter=blob:none", "--also-filter-submodules"]).submodules, ["--filter=blob:none"])
        XCTAssertEqual(CloneOptions(["--no-single-branch"]).submodules, ["--no-single-branch"])
    }

    // MARK: revisions

    func testNamesThatMayBeRefs() {
        func kinds(_ text: String) -> [CloneRevision.Kind] { CloneRevision.candidates(BytePath(text)).map(\.kind) }
        XCTAssertEqual(kinds("v1"), [.branch("v1"), .tag("v1"), .ref("refs/v1")])
        XCTAssertEqual(kinds("refs/heads/a/b"), [.branch("a/b")])
        XCTAssertEqual(kinds("refs/tags/v1"), [.tag("v1")])
        XCTAssertEqual(kinds("refs/pull/1/head"), [.ref("refs/pull/1/head")])
        XCTAssertEqual(kinds("/x"), [])
    }

    func testExpressionsAreToldFromMistypedNames() {
        for text in ["main~3", "v1^2", "HEAD", "abcd", "3f2a1bc", "origin/topic", "v1.2-14-g3f2a1bc", ":/fix", "main@{0}"] {
            XCTAssertTrue(CloneRevision.mayBeExpression(BytePath(text), origin: "origin"), text)
        }
        for text in ["v9", "abc", "my-great-branch", "upstream/topic", "origin", "release"] {
            XCTAssertFalse(CloneRevision.mayBeExpression(BytePath(text), origin: "origin"), text)
        }
    }

    // MARK: the mark and the last line

    func testMarkIsReadAsItWasWritten() {
        let mark = CloneMark(step: .fill, passedOn: ["--depth", "1"], place: "/srv/with space/x.git")
        XCTAssertEqual(CloneMark(mark.value), mark)
        XCTAssertNotEqual(mark, CloneMark(step: .fill, passedOn: ["--depth", "2"], place: mark.place))
        XCTAssertNotEqual(mark, CloneMark(step: .fill, passedOn: ["--depth1"], place: mark.place))
        for value in ["", "fill", "fill abc", "other abc /x"] { XCTAssertNil(CloneMark(BytePath(value)), value) }
    }

    func testLastLine() {
        var contents = CloneContents(files: 1)
        XCTAssertEqual(contents.words, "1 file, none of them data")
        contents = CloneContents(files: 214, dataFiles: 18, filled: 18, filledByteCount: 3 << 30)
        XCTAssertEqual(contents.words, "214 files, 18 of them data (3.00 GiB, every byte verified)")
        contents.filled = 5
        contents.lacking = 1
        contents.submodules = 2
        XCTAssertEqual(
            contents.words,
            "214 files with those of 2 submodules, 18 of them data: 5 filled (3.00 GiB, every byte verified), 12 left as pointers, 1 without content")
        XCTAssertEqual(CloneContents(files: 2, dataFiles: 1).words, "2 files, 1 of them data, left as pointers")
    }
}
