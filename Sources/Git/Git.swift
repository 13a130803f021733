import Platform

/// The `git` program, working in one folder. Each call is one process of Git.
package struct Git: Sendable {
    package let executable: BytePath
    /// Where Git works; the process's own folder where nil.
    package let folder: BytePath?
    /// The environment that Git gets.
    package let environment: [[UInt8]]
    /// What it gets for commands of `localCommands`.
    private let localEnvironment: [[UInt8]]

    /// Commands that reach no network and start no filter of ours, and so have no use for the secrets of either. Those
    /// that read objects are none of them: in a partial clone they fetch.
    private static let localCommands: Set<BytePath> = [
        "check-attr", "check-ignore", "check-ref-format", "config", "for-each-ref", "hash-object", "init", "ls-files", "merge-file",
        "rev-parse", "symbolic-ref", "update-ref", "var", "version",
    ]

    /// The variables that tie Git to one repository, without which it looks at its folder alone.
    /// Source: `git rev-parse --local-env-vars`.
    package static let localVariables = [
        "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT",
        "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE",
        "GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_PREFIX", "GIT_SHALLOW_FILE",
        "GIT_COMMON_DIR", "GIT_INTERNAL_SUPER_PREFIX",
    ]

    /// - Parameters:
    ///   - folder: where Git works.
    ///   - worktree: where no program is taken from.
    ///   - isolated: whether Git shall forget the repository that the environment names and look at
    ///     `folder` alone.
    ///   - adding: variables for Git alone.
    package init(
        in folder: BytePath? = nil, worktree: BytePath? = nil, isolated: Bool = false,
        adding: [(String, BytePath)] = []
    ) throws(GitError) {
        guard let executable = Environment.findProgram("git", outside: worktree) else { throw .notInstalled }
        self.executable = executable
        self.folder = folder
        // Where Git works in a submodule for the repository around it (`git switch --recurse-submodules`, before Git
        // 2.40), this is set, and most commands of Git refuse to start under it.
        let removed = isolated ? Self.localVariables : ["GIT_INTERNAL_SUPER_PREFIX"]
        // Git finds filters and hooks' programs on PATH, where `.` would be the worktree.
        let added = adding + (Environment.absolutePath.map { [("PATH", $0)] } ?? [])
        environment = Environment.changed(removing: removed, adding: added)
        localEnvironment = Environment.changed(removing: removed + Environment.secretNames, adding: added)
    }

    /// The same Git with its messages in English.
    init(_ other: Git, speakingEnglish: Void) {
        (executable, folder) = (other.executable, other.folder)
        environment = Self.english(other.environment)
        localEnvironment = Self.english(other.localEnvironment)
    }

    private static func english(_ environment: [[UInt8]]) -> [[UInt8]] {
        let language = Array("LC_ALL=".utf8)
        return environment.filter { !$0.starts(with: language) } + [language + Array("C".utf8)]
    }

    /// Starts Git and returns while it works.
    /// - Parameter isBuffered: whether nobody waits for a part of the output. Else `check-attr` and `rev-list` write each
    ///   line by itself, which takes longer than all else that they do (git(1), `GIT_FLUSH`).
    package func start(
        _ arguments: [BytePath], input: ChildProcess.Stream = .null, output: ChildProcess.Stream = .pipe,
        errors: ChildProcess.Stream = .inherited, isBuffered: Bool = false
    ) throws(GitError) -> ChildProcess {
        do throws(SystemError) {
            let flush = Array("GIT_FLUSH=".utf8)
            let environment = Self.command(arguments).map(Self.localCommands.contains) == true ? localEnvironment : self.environment
            let given = isBuffered ? environment.filter { !$0.starts(with: flush) } + [flush + [UInt8(ascii: "0")]] : environment
            return try ChildProcess(
                executable, arguments, name: "git", environment: given, folder: folder, input: input,
                output: output, errors: errors)
        } catch {
            throw .system(error)
        }
    }

    /// What Git ended with and said.
    package struct Answer: Sendable {
        package let status: Int32
        package let output: [UInt8]
        package let message: String

        /// The output without the newline at its end.
        package var line: BytePath {
            BytePath(bytes: output.last == UInt8(ascii: "\n") ? output.dropLast() : output[...])
        }

        /// The output cut at NUL bytes.
        package var records: [BytePath] {
            output.split(separator: 0).map { BytePath(bytes: $0) }
        }

        /// The answer, of a Git that succeeded.
        func checked(_ arguments: [BytePath]) throws(GitError) -> Answer {
            guard status == 0 else { throw .failed(command: Git.name(arguments), status: status, message: message) }
            return self
        }

        /// The lines of the output.
        package var lines: [BytePath] {
            output.split(separator: UInt8(ascii: "\n")).map { BytePath(bytes: $0) }
        }
    }

    /// Runs Git to its end, giving it `input`, and takes all that it says.
    package func run(_ arguments: [BytePath], input: [UInt8]? = nil) throws(GitError) -> Answer {
        let child = try start(arguments, input: input == nil ? .null : .pipe, errors: .pipe, isBuffered: true)
        // Git may write while it still reads, and to both of its outputs: each pipe has a thread.
        let feeder = input.flatMap { bytes in child.takeInput().map { Feeder(bytes, to: $0) } }
        let messages = child.takeErrors().map { Collector($0) }
        let output: [UInt8]
        do throws(SystemError) {
            output = try child.output?.readToEnd() ?? []
        } catch {
            throw .system(error)
        }
        feeder?.finish()
        return try end(of: child, arguments, output, message: messages?.finish() ?? [])
    }

    /// Runs Git to its end, while `body` writes its input, and takes all that it says. Where Git gives up before it has read
    /// all, what it says tells more than the broken pipe.
    /// - Throws: also what `body` throws, once Git has ended with what was written until then.
    func run(_ arguments: [BytePath], feeding body: (ByteWriter) throws(GitError) -> Void) throws(GitError) -> Answer {
        let child = try start(arguments, input: .pipe, errors: .pipe, isBuffered: true)
        let messages = child.takeErrors().map { Collector($0) }
        let answers = child.takeOutput().map { Collector($0) }
        let failure = Self.feed(child, body)
        let output = answers?.finish() ?? []
        let answer = try end(of: child, arguments, output, message: messages?.finish() ?? [])
        if answer.status == 0, let failure { throw failure }
        return answer
    }

    private static func feed(_ child: ChildProcess, _ body: (ByteWriter) throws(GitError) -> Void) -> GitError? {
        guard let input = child.takeInput() else { return nil }
        do throws(GitError) {
            try body(input)
            do throws(SystemError) { try input.flush() } catch { throw .system(error) }
            return nil
        } catch {
            return error
        }
    }

    private func end(
        of child: ChildProcess, _ arguments: [BytePath], _ output: [UInt8], message: [UInt8]
    ) throws(GitError) -> Answer {
        let said = String(decoding: message, as: UTF8.self)
        switch child.wait() {
        case .exited(let status):
            return Answer(status: status, output: output, message: said)
        case .killed(let signal):
            let brokenPipe: Int32 = 13
            // Git dies of it where a program that it has started for an address ends before it is asked: what that program
            // said tells more.
            throw .failed(
                command: Self.name(arguments), status: 128 + signal,
                message: said.isEmpty || signal != brokenPipe ? "killed by signal \(signal)" : said)
        }
    }

    /// Runs Git, which must succeed.
    @discardableResult
    package func query(_ arguments: [BytePath], input: [UInt8]? = nil) throws(GitError) -> Answer {
        try run(arguments, input: input).checked(arguments)
    }

    /// Runs Git with this process's own standard streams, as if the user had typed it.
    package func passThrough(_ arguments: [BytePath]) throws(GitError) -> ChildProcess.Ending {
        try start(arguments, input: .inherited, output: .inherited, errors: .inherited).wait()
    }

    /// `git rev-list` of `git -c a=b rev-list …`, for messages.
    static func name(_ arguments: [BytePath]) -> String {
        "git " + (command(arguments)?.description ?? "")
    }

    private static func command(_ arguments: [BytePath]) -> BytePath? {
        var rest = arguments[...]
        while let first = rest.first, first.bytes.first == UInt8(ascii: "-") {
            rest = rest.dropFirst(first == "-c" || first == "-C" ? 2 : 1)
        }
        return rest.first
    }
}
