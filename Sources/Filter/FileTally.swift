import Diagnostics
private import Synchronization

/// Counts files and bytes of a job that several threads do, for whoever watches.
final class FileTally: Sendable {
    private let tick: Mutex<ProgressTick>
    private let observer: any ProgressObserver

    init(_ fileCount: Int, byteCount: Int64, observer: any ProgressObserver) {
        tick = Mutex(ProgressTick(filesTotal: fileCount, bytesTotal: byteCount))
        self.observer = observer
    }

    func add(byteCount: Int) {
        report { $0.bytesDone += Int64(byteCount) }
    }

    func addFile() {
        report { $0.filesDone += 1 }
    }

    private func report(_ change: (inout ProgressTick) -> Void) {
        observer.advance(
            to: tick.withLock { tick in
                change(&tick)
                return tick
            })
    }
}
