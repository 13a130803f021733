@testable import Git
import Platform
import TestSupport
import XCTest

final class GitConfigurationTests: XCTestCase {
    override func setUp() { TestProcess.makeHermetic() }

    private func configuration(_ records: String...) -> GitConfiguration {
        GitConfiguration(listing: Array(records.map { $0 + "\0" }.joined().utf8))
    }

    func testListingIsReadWithItsOddities() {
        let settings = configuration(
            "core.bare\nfalse", "data.lazy", "remote.ori.gin.url\nhttps://example.org/a=b\nc", "empty.value\n",
            "data.remote\nfirst", "data.remote\nlast", "branch.Feature/Grüße.remote\norigin")
        XCTAssertEqual(settings.value("core.bare"), "false")
        XCTAssertEqual(settings.value("data.lazy"), "true")
        XCTAssertEqual(settings.boolean("data.lazy"), true)
        XCTAssertEqual(settings.value("remote.ori.gin.url"), "https://example.org/a=b\nc")
        XCTAssertEqual(settings.value("empty.value"), "")
        XCTAssertEqual(settings.string("data.remote"), "last")
        XCTAssertEqual(settings.all("data.remote"), ["first", "last"])
        XCTAssertEqual(settings.string("branch.Feature/Grüße.remote"), "origin")
        XCTAssertNil(settings.value("branch.feature/grüße.remote"))
        XCTAssertNil(settings.value("no.such"))
        XCTAssertEqual(settings.all("no.such"), [])
        XCTAssertEqual(settings.keys.count, 6)
        XCTAssertEqual(GitConfiguration(listing: []).keys, [])
    }

    func testValuesAreBytes() {
        let settings = GitConfiguration(listing: Array("data.store\n/a".utf8) + [0xff, 0])
        XCTAssertEqual(settings.value("data.store"), BytePath(bytes: Array("/a".utf8) + [0xff]))
    }

    func testSubsectionsInOrderOfAppearance() {
        let settings = configuration(
            "data.remote\nx", "data.b.url\n1", "data.a.b.url\n2", "data.b.region\n3", "database.c.url\n4", "data.a.url\n5")
        XCTAssertEqual(settings.subsections(of: "data"), ["b", "a.b", "a"])
        XCTAssertEqual(settings.subsections(of: "remote"), [])
    }

    // MARK: Git as the oracle

    private static let values = [
        "true", "TRUE", "yes", "On", "1", "0", "2", "-1", "false", "NO", "off", "", "maybe", "1k", "0k", "10K", "7m", "3G",
        "0x10", "0X1f", "010", "08", "+5", "-5", "-5k", " 5", "5 ", "5kb", "k", "0x", "9223372036854775807",
        "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "9007199254740992k", "8589934592g",
        "1.5", "1e3", "--5", "0xk", "0x1k", "-0x10", "00", "-0", "1_000", "٣", "truE ",
    ]

    private func gitsAnswer(_ type: String, _ value: String, in folder: BytePath) throws -> String? {
        let option = BytePath("x.y=\(value)")
        let finished = try ScratchRepository.run(["-c", option, "config", BytePath("--type=\(type)"), "x.y"], in: folder)
        return finished.ending == .exited(0) ? finished.line.text : nil
    }

    func testIntegersAreReadAsGitReadsThem() throws {
        let scratch = try ScratchFolder()
        for value in Self.values {
            let expected = try gitsAnswer("int", value, in: scratch.path)
            XCTAssertEqual(configuration("x.y\n\(value)").integer("x.y").map(String.init), expected, "'\(value)'")
        }
    }

    func testBooleansAreReadAsGitReadsThem() throws {
        let scratch = try ScratchFolder()
        for value in Self.values {
            let expected = try gitsAnswer("bool", value, in: scratch.path)
            XCTAssertEqual(configuration("x.y\n\(value)").boolean("x.y").map(String.init), expected, "'\(value)'")
        }
        XCTAssertNil(configuration().boolean("x.y"))
        XCTAssertNil(configuration().integer("x.y"))
    }

    func testWholeConfigurationComesFromGit() throws {
        let repository = try ScratchRepository()
        try repository.git("config", "Data.Storage.URL", "/srv/x")
        try repository.git("config", "data.multi", "one\ntwo")
        try repository.git("config", "--add", "remote.a b\"c.url", "d\\e")
        let settings = try Git(in: repository.path).configuration()
        XCTAssertEqual(settings.value("data.Storage.url"), "/srv/x")
        XCTAssertEqual(settings.value("data.multi"), "one\ntwo")
        XCTAssertEqual(settings.value("remote.a b\"c.url"), "d\\e")
        XCTAssertEqual(settings.boolean("core.bare"), false)
    }

    func testFileIsReadWithoutItsIncludes() throws {
        let repository = try ScratchRepository()
        try repository.write("[data]\n\tlazy = true\n", to: "other")
        let file = try repository.write("[include]\n\tpath = other\n[data]\n\tremote = x\n\tflag\n", to: ".gitdata")
        let git = try Git(in: repository.path)
        let settings = try XCTUnwrap(git.configuration(of: file))
        XCTAssertEqual(settings.value("data.remote"), "x")
        XCTAssertEqual(settings.boolean("data.flag"), true)
        XCTAssertNil(settings.value("data.lazy"))
        XCTAssertNil(try git.configuration(of: repository.path / "nothing"))
        try repository.write("[data\n", to: ".gitdata")
        XCTAssertThrowsError(try git.configuration(of: file)) { error in
            guard case .failed(let command, _, let message)? = error as? GitError else { return XCTFail("\(error)") }
            XCTAssertEqual(command, "git config")
            XCTAssertTrue(message.contains("bad config line 1"), message)
        }
    }
}

/// The reader of configuration files that asks no process, with Git as the oracle.
final class GitConfigurationFileTests: XCTestCase {
    override func setUp() { TestProcess.makeHermetic() }

    private static let texts = [
        "", "[core]\n\tbare = true\n", "[core] bare=false", "[Core]\nBARE\n", "[core]\nbare = # none\n",
        "[core]\r\n\tworktree = ../x\r\n", "\u{feff}[a]\nb=c\n", "[a]b=c[d]e=f\n", "[a \"B.c\"]\nD = e\n",
        "[a \"q\\\"u\\\\o\\te\"]\nb = c\n", "[a.B]\nc=d\n", "[a]\nb = \"  spaces  \" # comment\n", "[a]\nb = x ; y\n",
        "[a]\nb = one   two\t three  \n", "[a]\nb = con\\\ntinued\n", "[a]\nb = \\t\\n\\b\\\\\\\"\n", "[a]\nb = \"x\\\ny\"\n",
        "[a]\nb = c\nb = d\n[e]\n[a]\nb = f\n", "# only\n; comments\n   \n", "[a]\n  b-2 = c\n", "[a-1]\nb=c", "[a]\nb =\n",
        "[a]\nb=\"", "[a]\nb = \\x\n", "[a\nb=c\n", "[a \"b]\nc=d\n", "[a \"b\" ]\nc=d\n", "[a]\n2b = c\n", "[a]\nb_c = d\n",
        "[a]\nb c\n", "b = c\n", "[]\nb=c\n", "[a \"\"]\nb=c\n", "[a]\nb = c\\", "[a]\nb = \"c\" \"d\"\n", "[a]\nb=c#d\n",
        "[include]\npath = other\n[a]\nb=c\n", "[a]\nb = grüße\n", "=\n", "[a]\n\u{b}b=c\n", "[a]\nb=c\rd\n",
    ]

    func testFilesAreReadAsGitReadsThem() throws {
        let scratch = try ScratchFolder()
        for text in Self.texts {
            let file = try scratch.write(text, to: "config")
            let answer = try ScratchRepository.run(["config", "-f", file, "--no-includes", "--list", "-z"], in: scratch.path)
            let expected = answer.ending == .exited(0) ? GitConfiguration(listing: answer.output) : nil
            let found = GitConfiguration(file: Array(text.utf8))
            XCTAssertEqual(found?.keys, expected?.keys, text)
            for key in expected?.keys ?? [] { XCTAssertEqual(found?.all(key), expected?.all(key), text) }
        }
    }

    func testEntriesHaveTheLineInWhichTheyBegin() {
        let file = ConfigurationFile(Array("# one\n[a]\n\tb = 1 \\\n  2\r\n\n  c\n[d \"e\"] f = g\n[h\n".utf8))
        XCTAssertEqual(file.entries.map(\.key), ["a.b", "a.c", "d.e.f"])
        XCTAssertEqual(file.entries.map(\.value), ["1   2", "true", "g"])
        XCTAssertEqual(file.entries.map(\.line), [3, 6, 7])
        XCTAssertEqual(file.malformedLine, 8)
    }

    func testEveryTruncationEndsWithoutHarm() {
        let text = Array(Self.texts.joined(separator: "\n").utf8)
        for count in 0...text.count { _ = GitConfiguration(file: Array(text[..<count])) }
    }
}
