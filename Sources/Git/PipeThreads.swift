import Platform
private import Synchronization

/// Writes bytes to a child from a thread of its own, then closes the pipe.
final class Feeder {
    private var thread: WorkerThread?

    init(_ bytes: [UInt8], to input: ByteWriter) {
        thread = WorkerThread {
            // A child that needs no more closes its end: its answer tells whether that was right.
            try? input.write(bytes)
            try? input.flush()
        }
    }

    func finish() {
        thread.take()?.join()
    }
}

/// Reads all that a child says from a thread of its own.
final class Collector {
    private var thread: WorkerThread?
    private let collected = Collected()

    init(_ output: ByteReader) {
        thread = WorkerThread { [collected] in
            let bytes = (try? output.readToEnd()) ?? []
            collected.bytes.withLock { $0 = bytes }
        }
    }

    func finish() -> [UInt8] {
        thread.take()?.join()
        return collected.bytes.withLock { $0 }
    }

    private final class Collected: Sendable {
        let bytes = Mutex<[UInt8]>([])
    }
}
