import Diagnostics
import Platform
private import Synchronization

/// One live line on standard error, as Git's progress: `Uploading data:  50% (5/10), 12.30 MiB | 4.10 MiB/s`.
final class TerminalProgress: ProgressObserver {
    private let title: String
    private let state: Mutex<State>

    private struct State {
        var shown: FileStatus.Time
        let started: FileStatus.Time
        var isEnded = false
    }

    init(_ title: String) {
        self.title = title
        let now = FileStatus.Time.now
        state = Mutex(State(shown: FileStatus.Time(seconds: 0, nanoseconds: 0), started: now))
    }

    func advance(to tick: ProgressTick) {
        state.withLock { state in
            let now = FileStatus.Time.now
            let isEnd = tick.filesDone >= tick.filesTotal
            guard !state.isEnded, isEnd || now.seconds(since: state.shown) >= 0.1 else { return }
            state.shown = now
            state.isEnded = isEnd
            var line = Self.line(title, tick, elapsed: now.seconds(since: state.started))
            if isEnd { line += ", done." }
            Descriptor.writeToStandardError("\r\(line)\u{1b}[K" + (isEnd ? "\n" : ""))
        }
    }

    /// The line for one moment; pure.
    static func line(_ title: String, _ tick: ProgressTick, elapsed: Double) -> String {
        let (done, total) = tick.bytesTotal > 0
            ? (tick.bytesDone, tick.bytesTotal) : (Int64(tick.filesDone), Int64(max(tick.filesTotal, 1)))
        let percent = String(Int(Double(done) / Double(total) * 100))
        let padding = String(repeating: " ", count: max(0, 3 - percent.count))
        var line = "\(title): \(padding)\(percent)% (\(tick.filesDone)/\(tick.filesTotal))"
        if tick.bytesDone > 0 {
            line += ", \(ByteCountText.format(tick.bytesDone))"
            if elapsed > 0.5 { line += " | \(ByteCountText.format(Int64(min(Double(tick.bytesDone) / elapsed, 0x1p62))))/s" }
        }
        return line
    }
}

extension FileStatus.Time {
    fileprivate func seconds(since earlier: FileStatus.Time) -> Double {
        Double(seconds - earlier.seconds) + Double(nanoseconds - earlier.nanoseconds) / 1e9
    }
}
