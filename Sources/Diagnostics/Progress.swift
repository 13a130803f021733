/// How far a job of many files has come.
package struct ProgressTick: Equatable, Sendable {
    /// Files that are done, failed ones included.
    package var filesDone: Int
    package var filesTotal: Int
    package var bytesDone: Int64
    package var bytesTotal: Int64

    package init(filesDone: Int = 0, filesTotal: Int = 0, bytesDone: Int64 = 0, bytesTotal: Int64 = 0) {
        self.filesDone = filesDone
        self.filesTotal = filesTotal
        self.bytesDone = bytesDone
        self.bytesTotal = bytesTotal
    }
}

/// Where a job reports how far it has come. A job may call it from any of its threads and as often
/// as it likes; the observer decides how often a person sees it.
package protocol ProgressObserver: Sendable {
    func advance(to tick: ProgressTick)
}

/// An observer for jobs that nobody watches.
package struct SilentProgress: ProgressObserver {
    package init() {}
    package func advance(to tick: ProgressTick) {}
}
