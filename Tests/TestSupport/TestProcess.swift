import Glibc
import Platform

/// The test process's own environment, which the code under test reads.
package enum TestProcess {
    /// Takes Git's variables, and what the user has configured, out of the environment, and lets writes
    /// to closed pipes fail as they do in the executables. Call it first in each `setUp`.
    package static func makeHermetic() {
        signal(SIGPIPE, SIG_IGN)
        for entry in Environment.all where entry.starts(with: "GIT_".utf8) && !isForTests(entry) {
            unsetenv(String(decoding: entry.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self))
        }
        for (name, value) in hermeticVariables { setenv(name, value, 1) }
    }

    /// What whoever runs the tests tells them: where the executables are, how long to go on.
    private static func isForTests(_ entry: [UInt8]) -> Bool {
        prefixesForTests.contains { entry.starts(with: $0.utf8) }
    }

    private static let prefixesForTests = [
        "GIT_DATA_BIN=", "GIT_DATA_FAULT_", "GIT_DATA_FUZZ_", "GIT_DATA_HOSTILE_", "GIT_DATA_KILL_", "GIT_DATA_LOAD_", "GIT_DATA_NETWORK_",
        "GIT_DATA_RACE_", "GIT_DATA_RANDOM_", "GIT_DATA_SCENARIOS=",
    ]

    private static let hermeticVariables = [
        ("HOME", "/nonexistent"), ("XDG_CONFIG_HOME", "/nonexistent"), ("LC_ALL", "C"), ("TZ", "UTC"),
        ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_AUTHOR_NAME", "Ada"), ("GIT_AUTHOR_EMAIL", "ada@example.org"),
        ("GIT_COMMITTER_NAME", "Ada"), ("GIT_COMMITTER_EMAIL", "ada@example.org"),
        ("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z"), ("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z"),
    ]

    /// Sets a variable while `body` runs; nil takes it away.
    package static func with<Result>(_ variables: [String: BytePath?], _ body: () throws -> Result) rethrows -> Result {
        let before = variables.keys.map { ($0, Environment.value($0)) }
        defer { for (name, value) in before { set(name, value) } }
        for (name, value) in variables { set(name, value) }
        return try body()
    }

    private static func set(_ name: String, _ value: BytePath?) {
        if let value {
            _ = value.withCString { setenv(name, $0, 1) }
        } else {
            unsetenv(name)
        }
    }

    package static var isRoot: Bool { geteuid() == 0 }
}

/// A program run to its end.
package struct Finished {
    package let ending: ChildProcess.Ending
    package let output: [UInt8]
    package let errors: [UInt8]

    package var text: String { String(decoding: output, as: UTF8.self) }
    /// The output without white space at its end.
    package var line: BytePath {
        var bytes = output
        while let last = bytes.last, last == 10 || last == 13 || last == 32 { bytes.removeLast() }
        return BytePath(bytes: bytes)
    }

    /// Runs a program; what it writes must fit into a pipe's buffer only on standard error.
    package init(
        _ program: BytePath, _ arguments: [BytePath], input: [UInt8]? = nil, in folder: BytePath? = nil,
        environment: [[UInt8]] = Environment.all
    ) throws {
        let child = try ChildProcess(
            program, arguments, environment: environment, folder: folder, input: input == nil ? .null : .pipe,
            output: .pipe, errors: .pipe)
        let feeder = input.flatMap { bytes in
            child.takeInput().map { writer in
                Feeder(thread: WorkerThread {
                    try? writer.write(bytes)
                    try? writer.flush()
                })
            }
        }
        output = try child.output?.readToEnd() ?? []
        errors = try child.errors?.readToEnd() ?? []
        feeder?.join()
        ending = child.wait()
    }

    private final class Feeder {
        var thread: WorkerThread?
        init(thread: consuming WorkerThread) { self.thread = consume thread }
        func join() { thread.take()?.join() }
    }
}

/// The program `test-peer`, which stands for other processes in tests.
package enum TestPeer {
    package static func executable() throws -> BytePath {
        try Environment.executable().parent / "test-peer"
    }

    package static func start(_ arguments: [BytePath]) throws -> ChildProcess {
        try ChildProcess(try executable(), arguments, input: .pipe, output: .pipe)
    }
}
