internal import CPlatform
internal import Glibc
private import Synchronization

/// What happens when the process is told to end: files that must not stay behind are removed, then
/// the signal does its work, so that the parent sees how the process ended.
package enum Interrupts {
    private struct State {
        var leftovers: Set<BytePath> = []
        var actions: [@Sendable () -> Void] = []
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
            var number: Int32 = 0
            guard sigwait(&watched, &number) == 0 else { return }
            end(by: number)
        }
    }

    /// Runs `action` when a signal ends the process. It must not wait for anything.
    package static func onEnd(_ action: @escaping @Sendable () -> Void) {
        state.withLock { $0.actions.append(action) }
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
