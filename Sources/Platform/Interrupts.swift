internal import CPlatform
internal import Glibc
private import Synchronization

/// What happens when the process is told to end: files that must not stay behind are removed, then
/// the signal does its work, so that the parent sees how the process ended.
package enum Interrupts {
    private struct State {
        var leftovers: Set<BytePath> = []
        var actions: [@Sendable () -> Void] = []
        /// Who takes signals instead, by a number of their own.
        var receivers: [Int: @Sendable (Signal) -> Bool] = [:]
        var receiverCount = 0
    }

    /// A signal that asks this process to end.
    package struct Signal: Sendable {
        package let number: Int32
        /// Whether a process has sent it, to this one alone perhaps; else it is the terminal's, for all in the foreground.
        package let isFromProcess: Bool
    }

    private static let state = Mutex(State())

    /// Handles SIGINT, SIGTERM and SIGHUP from a thread of its own from now on, and lets writes to a
    /// closed pipe fail with EPIPE instead of killing. Call once, before any other thread starts.
    package static func install() {
        platform_set_ignored(SIGPIPE)
        // Where whoever started this process ignores SIGCHLD, the ends of children are lost.
        platform_set_default(SIGCHLD)
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGHUP] where platform_ignores(number) == 0 { sigaddset(&signals, number) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let watched = signals
        WorkerThread.detach {
            var watched = watched
            while true {
                var details = siginfo_t()
                let number = sigwaitinfo(&watched, &details)
                guard number > 0 else { continue }
                let signal = Signal(number: number, isFromProcess: details.si_code <= 0)
                // A receiver may take long over it; another signal must not find the lock held.
                let receivers = state.withLock { Array($0.receivers.values) }
                if receivers.isEmpty || !receivers.allSatisfy({ $0(signal) }) { end(by: number) }
            }
        }
    }

    /// Runs `action` when a signal ends the process. It must not wait for anything.
    package static func onEnd(_ action: @escaping @Sendable () -> Void) {
        state.withLock { $0.actions.append(action) }
    }

    /// While `body` runs, `receive` is told of signals instead of the process ending: for who waits for a child that
    /// gets them as well. Where several do at once, each is told.
    /// - Parameter receive: called on another thread; says whether the process goes on.
    package static func receiving<Result, Failure: Error>(
        _ receive: @escaping @Sendable (Signal) -> Bool, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let number = state.withLock { state in
            state.receiverCount += 1
            state.receivers[state.receiverCount] = receive
            return state.receiverCount
        }
        defer { state.withLock { _ = $0.receivers.removeValue(forKey: number) } }
        return try body()
    }

    /// Makes a file that is removed when a signal ends the process before `settling` or `forget`.
    static func creating<Made: ~Copyable & Sendable>(
        _ path: BytePath, _ make: () throws(SystemError) -> Made
    ) throws(SystemError) -> Made {
        // The lock is held while the file is made, so the watcher sees it made and noted, or neither.
        try state.withLock { state throws(SystemError) in
            let made = try make()
            state.leftovers.insert(path)
            return made
        }
    }

    /// Removes or renames such a file. From the same instant on its name may be another process's file, and
    /// is left alone.
    static func settling(_ path: BytePath, _ settle: () throws(SystemError) -> Void) throws(SystemError) {
        try state.withLock { state throws(SystemError) in
            try settle()
            state.leftovers.remove(path)
        }
    }

    /// Notes a file that is about to be made, to be removed when a signal ends the process before `forget`. In
    /// difference to `creating`, the file may stay behind when it is made in the very moment of the end; threads
    /// that make thousands of files do not wait for one another.
    static func note(_ path: BytePath) {
        state.withLock { _ = $0.leftovers.insert(path) }
    }

    static func forget(_ path: BytePath) {
        state.withLock { _ = $0.leftovers.remove(path) }
    }

    /// Ends the process where it cannot go on and nobody could be told by an error.
    static func end(saying reason: String) -> Never {
        Descriptor.writeToStandardError("error: \(reason)\nhint: ulimit -u, which says how many processes you may have\n")
        state.withLock { state in
            for action in state.actions { action() }
            for path in state.leftovers { try? path.removeFile() }
        }
        _exit(128)
    }

    private static func end(by number: Int32) {
        state.withLock { state in
            for action in state.actions { action() }
            for path in state.leftovers { try? path.removeFile() }
            platform_set_default(number)
            var only = sigset_t()
            sigemptyset(&only)
            sigaddset(&only, number)
            pthread_sigmask(SIG_UNBLOCK, &only, nil)
            raise(number)
        }
    }
}
