import Digest
import Platform
import TestSupport
import XCTest

/// A project, and a web server with files.
class ImportTestCase: EndToEndTestCase {
    private(set) var work: Worktree!
    private(set) var origin: BytePath!
    private(set) var server: FileServer!

    override func setUpWithError() throws {
        try super.setUpWithError()
        (work, origin) = try laboratory.project()
        server = try FileServer(laboratory.folder / "www")
    }

    override func tearDown() {
        (work, origin, server) = (nil, nil, nil)
        super.tearDown()
    }

    /// Runs `git data import` however it ends.
    func attempt(_ arguments: BytePath..., input: String = "") throws -> Outcome {
        try laboratory.run("git", ["data", "import"] + arguments, in: work.folder, input: Array(input.utf8))
    }

    /// Nothing that is under way is left.
    func assertNothingLeft(line: UInt = #line) throws {
        let incoming = work.folder / ".git/data/incoming"
        // Blobs on their way to the disk are the store's.
        let left = incoming.exists ? try incoming.entries().filter { !$0.text.hasSuffix(".pending") } : []
        XCTAssertEqual(left, [], line: line)
    }

    /// A word is in no file of the project, Git's own included, and was not said.
    func assertAbsent(_ word: String, _ outcomes: [Outcome] = [], line: UInt = #line) throws {
        let found = try work.shell("grep -rlaF '\(word)' . ; git log --all -p | grep -aF '\(word)'")
        XCTAssertEqual(found.text, "", "'\(word)' was found", line: line)
        for outcome in outcomes { XCTAssertFalse((outcome.text + outcome.errorText).contains(word), outcome.description, line: line) }
    }

    func record(_ name: String) throws -> String { try work.readText(BytePath("lineage/\(name).run.json")) }
}
