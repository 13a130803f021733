import Glibc
import Platform
import TestSupport
import XCTest

/// Many processes, and how they end, under watch.
final class WatchedProcessesTests: XCTestCase {
    private var scratch: ScratchFolder!
    private var top: BytePath { scratch.path }

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
        try scratch.write("content\n", to: "in")
    }

    override func tearDown() { scratch = nil }

    private func run(
        _ program: BytePath, _ arguments: [BytePath], environment: [[UInt8]] = Environment.all,
        road: OpenedFiles.Road? = .calls
    ) throws -> (ending: ChildProcess.Ending, files: OpenedFiles) {
        try WatchedCommand.run(program, arguments, folder: top, environment: environment, watching: top, road: road)
    }

    private func shell(_ script: String, _ arguments: [BytePath] = []) throws -> (ending: ChildProcess.Ending, files: OpenedFiles) {
        try run("/bin/sh", ["-c", BytePath(script), "sh"] + arguments)
    }

    private func python(_ script: String) throws -> (ending: ChildProcess.Ending, files: OpenedFiles) {
        try run(try XCTUnwrap(Environment.findProgram("python3")), ["-c", BytePath(script)])
    }

    private func compile(_ source: String, _ options: [BytePath]) throws -> BytePath {
        guard let compiler = Environment.findProgram("gcc") else { throw XCTSkip("no C compiler") }
        let (file, program) = (try scratch.write(source, to: "build/program.c"), scratch / "build/program")
        XCTAssertEqual(try Finished(compiler, options + ["-o", program, file]).ending, .exited(0))
        return program
    }

    /// Waits for a file that some process is to make.
    private func isMade(_ name: BytePath) -> Bool {
        for _ in 0..<1000 {
            if (top / name).exists { return true }
            pause(.milliseconds(10))
        }
        return false
    }

    func testPipelinesAndSubshells() throws {
        for name in 0..<5 { try scratch.write("\(name)\n", to: BytePath("part\(name)")) }
        let (ending, files) = try shell("cat part0 part1 | sort | tee middle | (cat; cat part2) | sh -c 'cat - part3 > out'; exit 3")
        XCTAssertEqual(ending, .exited(3))
        XCTAssertEqual(files.read, ["part0", "part1", "part2", "part3"])
        XCTAssertEqual(files.written, ["middle", "out"])
    }

    func testEightThreadsAtOnce() throws {
        for number in 0..<800 { try scratch.write("x", to: BytePath("many/\(number)")) }
        let (ending, files) = try python(
            """
            import threading
            def work(part):
                for number in range(part, 800, 8):
                    open('many/%d' % number).read()
                    open('out%d' % number, 'w').close()
            threads = [threading.Thread(target=work, args=(part,)) for part in range(8)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            """)
        XCTAssertEqual(ending, .exited(0))
        XCTAssertEqual(files.read, Set((0..<800).map { BytePath("many/\($0)") }))
        XCTAssertEqual(files.written, Set((0..<800).map { BytePath("out\($0)") }))
    }

    func testThousandChildren() throws {
        let (ending, files) = try shell("i=0; while [ $i -lt 1000 ]; do (: < in; : > out$i) & i=$((i + 1)); [ $((i % 50)) = 0 ] && wait; done; wait")
        XCTAssertEqual(ending, .exited(0))
        XCTAssertEqual(files.read, ["in"])
        XCTAssertEqual(files.written, Set((0..<1000).map { BytePath("out\($0)") }))
    }

    func testStaticProgram() throws {
        let program = try compile(
            """
            #include <fcntl.h>
            #include <unistd.h>
            int main(void) {
                return open("in", O_RDONLY) < 0 || open("out", O_WRONLY | O_CREAT, 0600) < 0 || rename("out", "final") != 0;
            }
            """, ["-static"])
        let (ending, files) = try run(program, [])
        XCTAssertEqual(ending, .exited(0))
        XCTAssertEqual(files.read, ["in", "build/program"])
        XCTAssertEqual(files.written, ["final"])
    }

    /// All calls that the filter names, also those that no library uses any more.
    func testEveryCallByItsNumber() throws {
        let program = try compile(
            """
            #define _GNU_SOURCE
            #include <fcntl.h>
            #include <linux/openat2.h>
            #include <sys/syscall.h>
            #include <unistd.h>
            #define MUST(call) if ((call) < 0) return __LINE__ & 127
            int main(int count, char **arguments) {
                if (count == 1) return 0;
                struct open_how how = {.flags = O_RDONLY}, make = {.flags = O_WRONLY | O_CREAT, .mode = 0600};
                MUST(syscall(SYS_openat2, AT_FDCWD, "in", &how, sizeof how));
                MUST(syscall(SYS_openat2, AT_FDCWD, "how", &make, sizeof make));
                MUST(syscall(SYS_openat, AT_FDCWD, "at", O_WRONLY | O_CREAT, 0600));
                MUST(syscall(SYS_linkat, AT_FDCWD, "at", AT_FDCWD, "linkat", 0));
                MUST(syscall(SYS_symlinkat, "at", AT_FDCWD, "symlinkat"));
                MUST(syscall(SYS_renameat2, AT_FDCWD, "linkat", AT_FDCWD, "renameat2", 0));
                MUST(syscall(SYS_truncate, "in", 0));
                MUST(syscall(SYS_unlinkat, AT_FDCWD, "gone", 0));
                MUST(syscall(SYS_mkdirat, AT_FDCWD, "mkdirat", 0700));
                MUST(open("mkdirat", O_RDONLY));
            #ifdef SYS_open
                MUST(syscall(SYS_open, "second", O_RDONLY, 0));
                MUST(syscall(SYS_creat, "creat", 0600));
                MUST(syscall(SYS_link, "creat", "link"));
                MUST(syscall(SYS_symlink, "creat", "symlink"));
                MUST(syscall(SYS_rename, "link", "rename"));
                MUST(syscall(SYS_unlink, "lost"));
                MUST(syscall(SYS_mkdir, "mkdir", 0700));
                MUST(open("mkdir", O_RDONLY));
            #endif
                int self = open(arguments[1], O_PATH);
                char *const none[] = {0};
                char *const one[] = {arguments[1], 0};
                MUST(self);
                MUST(syscall(SYS_execveat, self, "", one, none, AT_EMPTY_PATH));
            }
            """, [])
        for name in ["second", "gone", "lost"] { try scratch.write("x", to: BytePath(name)) }
        let before = BytePath("build/copy")
        XCTAssertEqual(try Finished("/bin/cp", [program, top / before]).ending, .exited(0))
        let (ending, files) = try run(program, [before])
        XCTAssertEqual(ending, .exited(0))
        var read: Set<BytePath> = ["in", "build/program", "build/copy"]
        var written: Set<BytePath> = ["how", "at", "renameat2", "symlinkat", "in"]
        var removed: Set<BytePath> = ["gone"]
        #if arch(x86_64)
        read.insert("second")
        written.formUnion(["creat", "rename", "symlink"])
        removed.insert("lost")
        #endif
        XCTAssertEqual(files.read, read)
        XCTAssertEqual(files.written, written)
        XCTAssertEqual(files.removed, removed)
        XCTAssertEqual(files.listed, [])
    }

    // MARK: endings

    func testEndingsArePassedOn() throws {
        XCTAssertEqual(try shell("exit 37").ending, .exited(37))
        let killed = try shell("cat in > out; kill -KILL $$")
        XCTAssertEqual(killed.ending, .killed(signal: SIGKILL))
        XCTAssertEqual(killed.files.read, ["in"])
        XCTAssertEqual(killed.files.written, ["out"])
        XCTAssertEqual(try shell("kill -TERM $$").ending, .killed(signal: SIGTERM))
    }

    func testWhatCannotStartIsTypedError() throws {
        let plain = try scratch.write("x", to: "plain")
        for road in [nil, .calls] + OpenedFiles.Road.allCases {
            for program in [top / "nothing", top, plain] {
                XCTAssertThrowsError(try run(program, [], road: road), "\(program)") { error in
                    XCTAssertEqual((error as? SystemError)?.path, program)
                    XCTAssertEqual((error as? SystemError)?.code, program == top / "nothing" ? ENOENT : EACCES)
                }
            }
        }
        XCTAssertThrowsError(
            try WatchedCommand.run("/bin/true", [], folder: top / "nothing", watching: top, road: .calls)
        ) { XCTAssertEqual($0 as? SystemError, SystemError("chdir", path: top / "nothing", code: ENOENT)) }
        XCTAssertThrowsError(try WatchedCommand.run("/bin/true", [], folder: top, watching: top / "nothing"))
    }

    func testDescendantThatOutlivesTheCommandIsNeitherWaitedForNorHarmed() throws {
        // It opens files long after nobody watches any more; without a caretaker these calls would fail.
        let (ending, files) = try shell(
            "cat in; setsid sh -c 'exec >/dev/null 2>&1; until [ -e go ]; do sleep 0.01; done; cat in > late; mv late done' &")
        XCTAssertEqual(ending, .exited(0))
        XCTAssertEqual(files.read, ["in"])
        XCTAssertEqual(files.written, [])
        XCTAssertFalse((top / "done").exists)
        try scratch.write("", to: "go")
        XCTAssertTrue(isMade("done"))
        XCTAssertEqual(try (top / "done").contents(), Array("content\n".utf8))
    }

    func testCommandRunsOnWhereTheWatcherIsKilled() throws {
        let peer = try TestPeer.executable()
        // Killed while the command calls without pause, so that a call is often being looked at.
        for round in 0..<10 {
            let child = try ChildProcess(
                peer, ["watch", top, "calls", "/bin/sh", "-c", "echo > began; i=0; while [ $i -lt 3000 ]; do : < in || exit 1; i=$((i+1)); done; echo > ended"],
                input: .null, output: .null)
            XCTAssertTrue(isMade("began"))
            pause(.milliseconds(Int64(round)))
            child.send(signal: SIGKILL)
            XCTAssertEqual(child.wait(), .killed(signal: SIGKILL))
            XCTAssertTrue(isMade("ended"), "round \(round)")
            for name in ["began", "ended"] { try (top / BytePath(name)).removeFile() }
        }
    }

    func testNoProcessIsLeftBehind() throws {
        // Other tests of this process may have children of their own.
        let before = try children()
        for _ in 0..<3 { _ = try shell("cat in") }
        XCTAssertEqual(try children().subtracting(before), [], "a child is left")
        // What is looked for can be seen.
        let child = try ChildProcess("/bin/sleep", ["60"], input: .null, output: .null)
        XCTAssertEqual(try children().subtracting(before).count, 1)
        child.send(signal: SIGKILL)
        child.wait()
    }

    /// The processes whose parent is this one, ended and not waited for among them.
    private func children() throws -> Set<String> {
        let own = "\(getpid())"
        return Set(
            try BytePath("/proc").entries().filter { name in
                guard Int32(name.text) != nil, let stat = try? (BytePath("/proc") / name / "stat").contents() else { return false }
                // `<pid> (<name>) <state> <parent> …`
                let fields = String(decoding: stat, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
                return fields.count > 1 && fields[1] == own
            }.map(\.text))
    }

    func testDescriptorsAreClosed() throws {
        _ = try shell("true")
        let before = try BytePath("/proc/self/fd").entries().count
        for road in OpenedFiles.Road.allCases { _ = try run("/bin/cat", ["in"], road: road) }
        XCTAssertThrowsError(try run(top / "nothing", []))
        XCTAssertEqual(try BytePath("/proc/self/fd").entries().count, before)
    }

    // MARK: what the command finds

    func testSignalsDescriptorsAndStreamsOfChildAreThoseOfFreshProgram() throws {
        let held = try Descriptor.open(scratch / "held", [.write, .create])
        _ = try shell("grep -E '^Sig(Blk|Ign)' /proc/self/status > signals; ls /proc/self/fd > numbers; ps -o pgid= -p $$ > group")
        let signals = String(decoding: try (top / "signals").contents() ?? [], as: UTF8.self)
        var masks: [String: UInt64] = [:]
        for line in signals.split(separator: "\n") {
            let fields = line.split(separator: "\t")
            masks[String(fields[0])] = UInt64(fields[1], radix: 16)
        }
        XCTAssertEqual(masks["SigBlk:"], 0)
        XCTAssertEqual(masks["SigIgn:"].map { $0 & (1 << (UInt64(SIGPIPE) - 1)) }, 0)
        let own = try BytePath("/proc/self/fd").entries().compactMap { Int32($0.text) }
            .filter { $0 > 2 && fcntl($0, F_GETFD) == 0 }
        let numbers = String(decoding: try (top / "numbers").contents() ?? [], as: UTF8.self)
            .split(separator: "\n").compactMap { Int32($0) }
        XCTAssertEqual(Set(numbers).subtracting(own).subtracting([0, 1, 2]).count, 1, "the folder that ls has open, of \(numbers)")
        let group = String(decoding: try (top / "group").contents() ?? [], as: UTF8.self)
        XCTAssertEqual(Int32(group.filter(\.isNumber)), getpgrp())
        XCTAssertEqual(try held.status().byteCount, 0)
        var mask = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &mask)
        XCTAssertEqual(sigismember(&mask, SIGINT), 0, "this thread's own signals are as they were")
    }

    func testEnvironmentAndArgumentsAreBytes() throws {
        let odd = BytePath(bytes: [0xff, 0x0a, 0x22])
        let (ending, _) = try run(
            "/bin/sh", ["-c", "printf '%s|%s|%s' \"$1\" \"$#\" \"$ONLY\" > out", "sh", odd, ""], environment: [Array("ONLY=".utf8) + odd.bytes])
        XCTAssertEqual(ending, .exited(0))
        XCTAssertEqual(try (top / "out").contents(), odd.bytes + Array("|2|".utf8) + odd.bytes)
    }

    func testSignalsAmongCallsChangeNothing() throws {
        // A timer of 1 kHz. Without SA_RESTART a call might fail with EINTR before it is taken.
        let program = try compile(
            """
            #include <fcntl.h>
            #include <signal.h>
            #include <string.h>
            #include <sys/time.h>
            #include <unistd.h>
            static volatile int ticks;
            static void tick(int number) { ticks++; }
            int main(void) {
                struct sigaction action;
                memset(&action, 0, sizeof action);
                action.sa_handler = tick;
                action.sa_flags = SA_RESTART;
                sigaction(SIGALRM, &action, 0);
                struct itimerval often = {{0, 1000}, {0, 1000}};
                setitimer(ITIMER_REAL, &often, 0);
                for (int round = 0; round < 20000 || ticks < 50; round++) {
                    int file = open("in", O_RDONLY);
                    if (file < 0) return 1;
                    close(file);
                }
                return 0;
            }
            """, [])
        let (ending, files) = try run(program, [])
        XCTAssertEqual(ending, .exited(0))
        XCTAssertEqual(files.read, ["in", "build/program"])
    }

    func testWatchInsideWatchTakesAnotherRoad() throws {
        let peer = try TestPeer.executable()
        let (ending, files) = try run(peer, ["watch", top, "byAnyProcess", "/bin/cat", "in"])
        XCTAssertEqual(ending, .exited(0), "another road, found by itself")
        XCTAssertTrue(files.read.contains("in"))
    }

    func testTwoCommandsAtOnce() throws {
        for name in ["one", "two", "three", "four"] { try scratch.write(String(repeating: "x\n", count: 10), to: BytePath(name)) }
        let names: [BytePath] = ["one", "two", "three", "four"]
        let top = self.top
        let found = Monitor([Int: Set<BytePath>]())
        concurrently(count: 8, threads: 4) { index in
            let name = names[index % 4]
            let script = BytePath("i=0; while [ $i -lt 50 ]; do : < \(name.text); i=$((i+1)); done")
            let result = try? WatchedCommand.run("/bin/sh", ["-c", script], folder: top, watching: top, road: .calls)
            found.change { $0[index] = result?.files.read }
        }
        for index in 0..<8 { XCTAssertEqual(found.change { $0[index] }, [names[index % 4]]) }
    }
}
