import Glibc
import Platform
import TestSupport
import XCTest

/// How the commands behave towards terminals, signals and one another.
final class MannersTests: EndToEndTestCase {
    private let content = SampleData.bytes(800_000)
    private var origin: BytePath!

    override func setUpWithError() throws {
        try super.setUpWithError()
        let (work, origin) = try laboratory.project()
        self.origin = origin
        for number in 0..<20 { try work.write([UInt8(number)] + content, to: BytePath("\(number).bin")) }
        try work.commit("Data")
        try work.git("push", "--quiet")
    }

    private func assertComplete(_ clone: Worktree, file: StaticString = #filePath, line: UInt = #line) throws {
        for number in 0..<20 {
            try assertContent(BytePath("\(number).bin"), in: clone, is: [UInt8(number)] + content, file: file, line: line)
        }
        try assertClean(clone, file: file, line: line)
    }

    func testTerminalGetsALiveLineAndALogGetsNone() throws {
        let clone = try laboratory.cloneOfPointers(origin)
        let terminal = try laboratory.run("script", ["-qec", "git data pull", "/dev/null"], in: clone.folder)
        XCTAssertEqual(terminal.status, 0, terminal.description)
        assertContains(terminal.text, "100% (20/20)")
        assertContains(terminal.text, "done.")
        let other = try laboratory.cloneOfPointers(origin, as: "other")
        let log = try other.data("pull")
        XCTAssertFalse(log.errorText.contains("%"))
        XCTAssertFalse(log.errorText.contains("\r"))
        assertContains(log.errorText, "20 files")
        let quiet = try laboratory.cloneOfPointers(origin, as: "quiet").data("pull", "--quiet")
        XCTAssertEqual(quiet.errorText + quiet.text, "")
    }

    func testInterruptLeavesNoLockAndThePullGoesOn() throws {
        let clone = try laboratory.cloneOfPointers(origin)
        for delay in [10, 30, 60] {
            let child = try ChildProcess(
                laboratory.installation.gitData, ["pull", "--quiet"], environment: laboratory.environment(),
                folder: clone.folder, output: .null, errors: .null)
            pause(.milliseconds(delay))
            child.send(signal: SIGINT)
            _ = child.wait()
            // A command of Git that was under way, and got no signal here, may hold it for a moment more.
            let lock = clone.folder / ".git/index.lock"
            for _ in 0..<100 where lock.exists { pause(.milliseconds(20)) }
            XCTAssertFalse(lock.exists)
        }
        let left = try clone.folder.entries().filter { !$0.text.hasSuffix(".bin") }.map(\.text).sorted()
        XCTAssertEqual(left, [".git", ".gitattributes"], "no temporary file stays in the worktree")
        try clone.data("pull", "--quiet")
        try assertComplete(clone)
    }

    func testTwoPullsAtOnceBothSucceed() throws {
        let clone = try laboratory.cloneOfPointers(origin)
        let run = try clone.shell("git data pull --quiet & first=$!; git data pull --quiet; second=$?; wait $first && exit $second")
        XCTAssertEqual(run.status, 0, run.description)
        try assertComplete(clone)
        try clone.data("fsck")
    }

    func testTwoClonesThatShareAStorePullAtOnce() throws {
        let shared = laboratory.folder / "shared"
        let clones = try ["one", "two"].map { name in
            let clone = try laboratory.cloneOfPointers(origin, as: name)
            try clone.git("config", "data.store", shared)
            return clone
        }
        let run = try laboratory.run(
            "sh", ["-c", "(cd one && git data pull --quiet) & (cd two && git data pull --quiet); s=$?; wait $! && exit $s"])
        XCTAssertEqual(run.status, 0, run.description)
        for clone in clones { try assertComplete(clone) }
        XCTAssertFalse((clones[0].folder / ".git/data/objects").exists)
    }

    func testClosedOutputEndsQuietly() throws {
        let clone = try laboratory.cloneOfPointers(origin)
        let run = try clone.shell("git data ls-files | true; git data help | head -n 1 > /dev/null")
        XCTAssertEqual(run.status, 0, run.description)
        XCTAssertEqual(run.errorText, "")
    }
}
