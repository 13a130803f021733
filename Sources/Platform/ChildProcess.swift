internal import CPlatform
internal import Glibc

/// A running program. Its pipes are closed and it is waited for by `wait`; one that goes without is
/// ended by its closed pipes and left to the system.
package final class ChildProcess {
    /// What one of the child's standard streams is.
    package enum Stream: Sendable {
        case inherited, null, pipe
    }

    package enum Ending: Equatable, Sendable {
        case exited(Int32)
        case killed(signal: Int32)

        package var isSuccess: Bool { self == .exited(0) }
    }

    package let processID: Int32
    /// The writing end of the child's standard input, where that is a pipe.
    package private(set) var input: ByteWriter?
    /// The reading end of the child's standard output, where that is a pipe.
    package private(set) var output: ByteReader?
    /// The reading end of the child's standard error, where that is a pipe.
    package private(set) var errors: ByteReader?
    private var ending: Ending?

    /// Starts `executable`.
    /// - Parameters:
    ///   - arguments: without the program's own name, which is `name` or else the executable's path.
    ///   - environment: the whole environment, `NAME=value` each.
    ///   - folder: where the child works; this process's folder where nil.
    ///   - isDetached: whether it has a session of its own, so that it outlives this process and its terminal.
    package init(
        _ executable: BytePath, _ arguments: [BytePath], name: BytePath? = nil,
        environment: [[UInt8]] = Environment.all, folder: BytePath? = nil,
        input: Stream = .null, output: Stream = .pipe, errors: Stream = .inherited, isDetached: Bool = false
    ) throws(SystemError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The child starts with the signals as a program expects them, whatever `Interrupts` did here.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var reset = sigset_t()
        sigemptyset(&reset)
        sigaddset(&reset, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &reset)
        let session = isDetached ? platform_spawn_session_flag() : 0
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | Int32(session)))

        var inputPipe = try Self.pipe(if: input == .pipe)
        var outputPipe = try Self.pipe(if: output == .pipe)
        var errorPipe = try Self.pipe(if: errors == .pipe)
        Self.connect(STDIN_FILENO, to: input, inputPipe?.readingEnd, &actions)
        Self.connect(STDOUT_FILENO, to: output, outputPipe?.writingEnd, &actions)
        Self.connect(STDERR_FILENO, to: errors, errorPipe?.writingEnd, &actions)
        if let folder {
            _ = folder.withCString { platform_spawn_chdir(&actions, $0) }
        }

        var child: pid_t = 0
        let result = Self.withTerminatedStrings([(name ?? executable).bytes] + arguments.map(\.bytes)) { argv in
            Self.withTerminatedStrings(environment) { envp in
                executable.withCString { posix_spawn(&child, $0, &actions, &attributes, argv, envp) }
            }
        }
        guard result == 0 else { throw SystemError("posix_spawn", path: executable, code: result) }
        processID = child
        if let pipe = inputPipe.take() { self.input = ByteWriter(pipe.takeWritingEnd()) }
        if let pipe = outputPipe.take() { self.output = ByteReader(pipe.takeReadingEnd()) }
        if let pipe = errorPipe.take() { self.errors = ByteReader(pipe.takeReadingEnd()) }
    }

    /// A child that was started in another way, with no pipes.
    init(running processID: Int32) {
        self.processID = processID
    }

    /// Flushes and closes the child's standard input: the end of it, for the child.
    package func closeInput() throws(SystemError) {
        guard let input else { return }
        self.input = nil
        try input.flush()
    }

    /// Gives the writing end of the child's standard input away, for a thread to write.
    package func takeInput() -> ByteWriter? { input.take() }

    /// Gives the reading end of the child's standard output away, for a thread to read.
    package func takeOutput() -> ByteReader? { output.take() }

    /// Gives the reading end of the child's standard error away, for a thread to read.
    package func takeErrors() -> ByteReader? { errors.take() }

    /// Closes the pipes and waits for the end of the child.
    @discardableResult
    package func wait() -> Ending {
        if let ending { return ending }
        input = nil
        output = nil
        errors = nil
        var status: Int32 = 0
        let result = retryingInterrupts { waitpid(processID, &status, 0) }
        return noteEnding(result, status)
    }

    /// Whether the child has ended, without waiting for it.
    func hasEnded() -> Bool {
        guard ending == nil else { return true }
        var status: Int32 = 0
        let result = retryingInterrupts { waitpid(processID, &status, WNOHANG) }
        if result != 0 { noteEnding(result, status) }
        return result != 0
    }

    @discardableResult
    private func noteEnding(_ result: pid_t, _ status: Int32) -> Ending {
        let ended: Ending
        if result == processID, platform_exited(status) != 0 {
            ended = .exited(platform_exit_status(status))
        } else {
            ended = .killed(signal: platform_termination_signal(status))
        }
        ending = ended
        return ended
    }

    /// Sends a signal; a child that has ended already is no error.
    package func send(signal: Int32) {
        guard ending == nil else { return }
        kill(processID, signal)
    }

    /// Sends a signal to a child that another thread waits for. One that has just ended is no error.
    package static func send(signal: Int32, to processID: Int32) {
        kill(processID, signal)
    }

    private struct Pipe: ~Copyable {
        var reading: Descriptor
        var writing: Descriptor
        var readingEnd: Int32 { reading.number }
        var writingEnd: Int32 { writing.number }

        consuming func takeReadingEnd() -> Descriptor { reading }
        consuming func takeWritingEnd() -> Descriptor { writing }
    }

    private static func pipe(if wanted: Bool) throws(SystemError) -> Pipe? {
        guard wanted else { return nil }
        var ends: (Int32, Int32) = (-1, -1)
        let result = withUnsafeMutableBytes(of: &ends) { platform_pipe($0.bindMemory(to: Int32.self).baseAddress) }
        guard result == 0 else { throw .last("pipe") }
        return Pipe(reading: Descriptor(owning: ends.0), writing: Descriptor(owning: ends.1))
    }

    private static func connect(
        _ number: Int32, to stream: Stream, _ end: Int32?, _ actions: inout posix_spawn_file_actions_t
    ) {
        switch stream {
        case .inherited: break
        case .null: posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
        case .pipe: if let end { posix_spawn_file_actions_adddup2(&actions, end, number) }
        }
    }

    static func withTerminatedStrings<Result>(
        _ strings: [[UInt8]], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let pointers: [UnsafeMutablePointer<CChar>?] = strings.map { string in
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: string.count + 1)
            for (position, byte) in string.enumerated() { copy[position] = CChar(bitPattern: byte) }
            copy[string.count] = 0
            return copy
        }
        defer { for pointer in pointers { pointer?.deallocate() } }
        return body(pointers + [nil])
    }
}
