import Glibc
import Platform
import TestSupport
import XCTest

final class ChildProcessTests: XCTestCase {
    private var scratch: ScratchFolder!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
    }

    override func tearDown() { scratch = nil }

    private func shell(_ script: String, _ arguments: [BytePath] = []) throws -> Finished {
        try Finished("/bin/sh", ["-c", BytePath(script), "sh"] + arguments)
    }

    func testEndings() throws {
        XCTAssertEqual(try shell("exit 0").ending, .exited(0))
        XCTAssertEqual(try shell("exit 37").ending, .exited(37))
        XCTAssertEqual(try shell("kill -TERM $$").ending, .killed(signal: SIGTERM))
        XCTAssertEqual(try shell("kill -KILL $$").ending, .killed(signal: SIGKILL))
        XCTAssertTrue(ChildProcess.Ending.exited(0).isSuccess)
        XCTAssertFalse(ChildProcess.Ending.exited(1).isSuccess)
    }

    func testProgramThatIsNotThereIsTypedError() {
        for program in [scratch / "nothing", scratch.path] {
            XCTAssertThrowsError(try ChildProcess(program, [])) { error in
                XCTAssertEqual((error as? SystemError)?.path, program)
            }
        }
    }

    func testArgumentsAreBytes() throws {
        let odd = BytePath(bytes: [0xff, 0x0a, 0x20, 0x22, 0x27])
        XCTAssertEqual(try shell("printf %s \"$1\"", [odd]).output, odd.bytes)
        XCTAssertEqual(try shell("echo $#", ["", "b", ""]).text, "3\n")
    }

    func testEnvironmentIsTheOneGiven() throws {
        let value = BytePath(bytes: [0xff, 0x3d, 0x0a])
        let environment = [Array("ONLY=".utf8) + value.bytes]
        let finished = try Finished("/usr/bin/env", ["-0"], environment: environment)
        XCTAssertEqual(finished.output, environment[0] + [0])
    }

    func testChangedEnvironmentReplacesAndRemoves() {
        TestProcess.with(["GIT_DIR": "x", "GIT_DIRECTORY": "kept"]) {
            let changed = Environment.changed(removing: ["GIT_DIR"], adding: [("HOME", "/elsewhere"), ("NEW", "1")])
            XCTAssertFalse(changed.contains { $0.starts(with: "GIT_DIR=".utf8) })
            XCTAssertTrue(changed.contains(Array("GIT_DIRECTORY=kept".utf8)))
            XCTAssertEqual(changed.filter { $0.starts(with: "HOME=".utf8) }, [Array("HOME=/elsewhere".utf8)])
            XCTAssertTrue(changed.contains(Array("NEW=1".utf8)))
            XCTAssertEqual(Environment.value("GIT_DIR"), "x")
        }
        XCTAssertNil(Environment.value("GIT_DIR"))
    }

    func testFolderIsWhereTheChildWorks() throws {
        try (scratch / "below").makeFolders()
        XCTAssertEqual(try Finished("/bin/pwd", [], in: scratch / "below").line, scratch / "below")
        XCTAssertThrowsError(try Finished("/bin/pwd", [], in: scratch / "nothing"))
    }

    func testLargeInputComesBackWhole() throws {
        var random = SeededRandom(seed: 5)
        let bytes = random.bytes(3 << 20)
        XCTAssertEqual(try Finished("/bin/cat", [], input: bytes).output, bytes)
    }

    func testNullInputIsEmptyAndErrorsAreApart() throws {
        let finished = try shell("cat; echo out; echo err >&2")
        XCTAssertEqual(finished.text, "out\n")
        XCTAssertEqual(String(decoding: finished.errors, as: UTF8.self), "err\n")
    }

    func testChildGetsNoDescriptorOpenedHere() throws {
        // What started the tests may have left some open for everybody.
        let inherited = try BytePath("/proc/self/fd").entries().compactMap { Int32($0.text) }
            .filter { fcntl($0, F_GETFD) == 0 }
        let held = try Descriptor.open(scratch / "held", [.write, .create])
        let other = try ChildProcess("/bin/cat", [], input: .pipe)
        let numbers = try Finished("/bin/ls", ["/proc/self/fd"], input: []).text.split(separator: "\n").compactMap { Int32($0) }
        let further = Set(numbers).subtracting(inherited)
        XCTAssertEqual(further.count, 1, "of \(numbers) one is the folder that ls has open")
        XCTAssertEqual(try held.status().byteCount, 0)
        other.wait()
    }

    func testSignalsOfChildAreThoseOfFreshProgram() throws {
        // Under `Interrupts`, which blocks signals and ignores SIGPIPE in its own process.
        let arguments: [BytePath] = ["spawn", "/bin/grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]
        let finished = try Finished(try TestPeer.executable(), arguments)
        var masks: [String: UInt64] = [:]
        for line in finished.text.split(separator: "\n") {
            let fields = line.split(separator: "\t")
            masks[String(fields[0])] = UInt64(fields[1], radix: 16)
        }
        XCTAssertEqual(masks["SigBlk:"], 0)
        XCTAssertEqual(masks["SigIgn:"].map { $0 & (1 << (UInt64(SIGPIPE) - 1)) }, 0)
    }

    func testEndIsKnownWhereParentIgnoredChildren() throws {
        let finished = try Finished(
            "/usr/bin/env", ["--ignore-signal=CHLD", try TestPeer.executable(), "spawn", "/bin/sh", "-c", "exit 7"])
        XCTAssertEqual(finished.ending, .exited(7))
    }

    func testSignalSentEndsChildAndLaterIsNoError() throws {
        let child = try ChildProcess("/bin/cat", [], input: .pipe)
        child.send(signal: SIGTERM)
        XCTAssertEqual(child.wait(), .killed(signal: SIGTERM))
        XCTAssertEqual(child.wait(), .killed(signal: SIGTERM))
        child.send(signal: SIGTERM)
    }

    func testClosedInputEndsChild() throws {
        let child = try ChildProcess("/bin/cat", [], input: .pipe)
        try child.input?.write("abc")
        try child.closeInput()
        XCTAssertEqual(try child.output?.readToEnd(), Array("abc".utf8))
        XCTAssertEqual(child.wait(), .exited(0))
    }

    // MARK: programs

    private func makeProgram(_ path: BytePath) throws {
        try scratch.write("#!/bin/sh\n", to: path, permissions: 0o755)
    }

    func testProgramsAreFoundInAbsoluteFoldersOfPathOnly() throws {
        try makeProgram("first/tool")
        try makeProgram("second/tool")
        try scratch.write("", to: "third/tool", permissions: 0o644)
        let (first, second, third) = (scratch / "first", scratch / "second", scratch / "third")
        let before = try BytePath.currentFolder()
        defer { try? before.makeCurrentFolder() }
        try first.makeCurrentFolder()
        for (path, found) in [
            ("\(first):\(second)", first / "tool"), ("\(second):\(first)", second / "tool"),
            ("\(third):\(second)", second / "tool"), (".:../first:first:\(second)", second / "tool"),
            (":\(second):", second / "tool"), (".:", nil), ("", nil), ("\(scratch / "nothing")", nil),
        ] as [(String, BytePath?)] {
            TestProcess.with(["PATH": BytePath(path)]) {
                XCTAssertEqual(Environment.findProgram("tool"), found, path)
            }
        }
    }

    func testProgramsAreNotTakenFromWorktreeByAnyWay() throws {
        try makeProgram("worktree/bin/tool")
        try makeProgram("outside/tool")
        try (scratch / "ways").makeFolders()
        // Links to the folder, to the program, out of the worktree, and to the worktree itself.
        for (link, target) in [
            ("bin", "worktree/bin"), ("ways/tool", "../worktree/bin/tool"), ("worktree/out", "../outside"),
            ("alias", "worktree"),
        ] { XCTAssertEqual(symlink(target, (scratch / BytePath(link)).text), 0) }
        let outside = scratch / "outside/tool"
        for folder in ["worktree/bin", "bin", "ways", "worktree/out", "alias/bin", "worktree/../worktree/bin", "outside/../bin"] {
            TestProcess.with(["PATH": BytePath("\(scratch / BytePath(folder)):\(scratch / "outside")")]) {
                for worktree in ["worktree", "alias", "worktree/../alias"] {
                    let found = Environment.findProgram("tool", outside: scratch / BytePath(worktree))
                    XCTAssertEqual(found, outside, "\(folder), \(worktree)")
                }
            }
        }
    }
}
