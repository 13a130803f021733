internal import CPlatform
internal import Glibc
private import Synchronization

/// A thread for work that blocks, which Swift's cooperative pool must not do.
package struct WorkerThread: ~Copyable, @unchecked Sendable {
    // Safety: the handle is only ever joined, once, by the consuming `join`.
    private let handle: pthread_t

    /// Where the system gives no thread, even after a while, the process ends: with a message, status 128, and without
    /// the files that must not stay behind.
    package init(_ body: @escaping @Sendable () -> Void) {
        var handle = pthread_t()
        let box = Unmanaged.passRetained(Body(run: body))
        var result = EAGAIN
        for attempt in 0..<Self.attempts where result == EAGAIN {
            // Other processes of the user may be about to end.
            pause(.milliseconds(20 * attempt))
            result = pthread_create(
                &handle, nil,
                { argument in
                    guard let argument else { return nil }
                    Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                    return nil
                }, box.toOpaque())
        }
        if result != 0 {
            Interrupts.end(saying: "cannot start a thread: \(SystemError("pthread_create", code: result).reason)")
        }
        self.handle = handle
    }

    private static let attempts = 10

    /// Waits until the thread has ended.
    package consuming func join() {
        pthread_join(handle, nil)
    }

    /// Starts a thread that nobody waits for.
    package static func detach(_ body: @escaping @Sendable () -> Void) {
        pthread_detach(WorkerThread(body).handle)
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}

/// Holds up the calling thread.
package func pause(_ duration: Duration) {
    guard duration > .zero else { return }
    let (seconds, attoseconds) = duration.components
    var rest = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    var left = timespec()
    while nanosleep(&rest, &left) != 0, errno == EINTR { rest = left }
}

/// Holds up the calling thread for about so long, by half more or less: who looks for the moments in between somebody
/// else's doings is not to keep time with them.
package func pauseAbout(_ duration: Duration) {
    pause(duration * Double.random(in: 0.5...1.5))
}

/// Processors that this process may use.
package func availableProcessorCount() -> Int {
    max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
}

/// Calls `body` once for each index below `count`, on up to `threads` threads, and returns when all
/// are done. Indices are handed out in order.
package func concurrently(count: Int, threads: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let queue = IndexQueue(count: count)
    let work: @Sendable () -> Void = {
        while let index = queue.next() { body(index) }
    }
    let helpers = (1..<max(1, min(threads, count))).map { _ in JoinableThread(work) }
    work()
    for helper in helpers { helper.join() }
}

private final class IndexQueue: Sendable {
    private let count: Int
    private let taken = Atomic<Int>(0)

    init(count: Int) { self.count = count }

    func next() -> Int? {
        let index = taken.add(1, ordering: .relaxed).oldValue
        return index < count ? index : nil
    }
}

// Arrays hold no noncopyable values, so the handle sits in an object here.
private final class JoinableThread {
    private var thread: WorkerThread?

    init(_ body: @escaping @Sendable () -> Void) { thread = WorkerThread(body) }

    func join() { thread.take()?.join() }
}
