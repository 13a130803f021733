import Digest
import Platform

/// A remote whose transient errors are met with patience: the one place that tries again. The delays
/// double and are drawn at random, so that a thousand clients of a server that recovers come back one by
/// one. A transfer that moves on has all its attempts again.
package struct RetryingRemote: Remote {
    /// How often and how soon.
    package struct Policy: Sendable {
        /// All attempts at one request, the first included.
        package var attempts: Int
        /// The longest delay before the second attempt.
        package var firstDelay: Duration
        /// The longest delay before any attempt.
        package var longestDelay: Duration
        /// By how many bytes a transfer must have come further to have all its attempts again. A connection that is
        /// cut after a few bytes each time would otherwise be asked for ever.
        package var leastProgress: Int64

        package init(
            attempts: Int = 6, firstDelay: Duration = .milliseconds(200), longestDelay: Duration = .seconds(20), leastProgress: Int64 = 64 << 10
        ) {
            self.attempts = attempts
            self.firstDelay = firstDelay
            self.longestDelay = longestDelay
            self.leastProgress = leastProgress
        }

        /// The longest delay after `failures` failed attempts, of which the real one is a random share.
        package func delayLimit(afterFailures failures: Int) -> Duration {
            min(longestDelay, firstDelay * (1 << min(max(0, failures - 1), 20)))
        }
    }

    /// The failed attempts at one transfer since it last moved on.
    package struct Failures {
        private let policy: Policy
        private var mark: Int64
        private(set) package var count = 0

        /// - Parameter position: how far the transfer is before its first attempt, in bytes.
        package init(_ policy: Policy, from position: Int64 = 0) {
            (self.policy, mark) = (policy, position)
        }

        /// Whether there is to be another attempt.
        /// - Parameter position: how far the transfer is now.
        package mutating func allowAnother(after error: RemoteError, at position: Int64) -> Bool {
            let hasMovedOn = position - mark >= policy.leastProgress
            count = hasMovedOn ? 1 : count + 1
            if hasMovedOn { mark = position }
            return error.isTransient && count < policy.attempts
        }

        /// How long to wait for it, unless it is told to wait longer.
        package var delay: Duration { policy.delayLimit(afterFailures: count) * Double.random(in: 0.1...1) }
    }

    private let remote: any Remote
    private let policy: Policy
    private let notice: @Sendable (RemoteError, Duration) -> Void
    private let wait: @Sendable (Duration) -> Void

    /// - Parameters:
    ///   - notice: told why there is to be another attempt, and after how long.
    ///   - wait: holds up the calling thread; tests look at the delays here.
    package init(
        _ remote: any Remote, policy: Policy = Policy(), notice: @escaping @Sendable (RemoteError, Duration) -> Void = { _, _ in },
        wait: @escaping @Sendable (Duration) -> Void = { pause($0) }
    ) {
        self.remote = remote
        self.policy = policy
        self.notice = notice
        self.wait = wait
    }

    package var name: String { remote.name }
    package var transfersAtOnce: Int? { remote.transfersAtOnce }

    package func existing(among oids: [ObjectID]) throws(RemoteError) -> [ObjectID: Int64] {
        try retrying { () throws(RemoteError) in try remote.existing(among: oids) }
    }

    package func upload(
        _ oid: ObjectID, byteCount: Int64, from source: BytePath, _ control: TransferControl
    ) throws(RemoteError) -> UploadResult {
        var failures = Failures(policy)
        while true {
            control.reach(0)
            do throws(RemoteError) {
                return try remote.upload(oid, byteCount: byteCount, from: source, control)
            } catch {
                // What counts is what stays at the remote, where it keeps parts of a blob.
                guard failures.allowAnother(after: error, at: control.bytesSoFar) else { throw error }
                try hold(after: failures, control, of: error)
            }
        }
    }

    package func settle() -> [ObjectID: RemoteError] { remote.settle() }

    package func download(
        _ oid: ObjectID, from offset: Int64, _ control: TransferControl,
        receive: (UnsafeRawBufferPointer) throws(RemoteError) -> Void
    ) throws(RemoteError) {
        var position = offset
        var failures = Failures(policy, from: offset)
        while true {
            let start = position
            do throws(RemoteError) {
                return try remote.download(oid, from: start, control) { piece throws(RemoteError) in
                    try receive(piece)
                    position += Int64(piece.count)
                }
            } catch {
                guard failures.allowAnother(after: error, at: position) else { throw error }
                try hold(after: failures, control, of: error)
            }
        }
    }

    package func link(_ oid: ObjectID, byteCount: Int64, to path: BytePath) -> Bool {
        remote.link(oid, byteCount: byteCount, to: path)
    }

    package func share(_ oid: ObjectID, with file: borrowing Descriptor) -> Bool {
        remote.share(oid, with: file)
    }

    package func forEachBlob(_ body: (RemoteBlob) throws(RemoteError) -> Void) throws(RemoteError) {
        try listing { begin throws(RemoteError) in
            try remote.forEachBlob { blob throws(RemoteError) in
                begin()
                try body(blob)
            }
        }
    }

    /// Reads a list. One that has begun is not begun again: its receiver would see entries twice.
    private func listing(_ read: (_ begin: () -> Void) throws(RemoteError) -> Void) throws(RemoteError) {
        var hasBegun = false
        var failures = Failures(policy)
        while true {
            do throws(RemoteError) {
                return try read { hasBegun = true }
            } catch {
                guard failures.allowAnother(after: error, at: 0), !hasBegun else { throw error }
                try hold(after: failures, of: error)
            }
        }
    }

    package func delete(_ oid: ObjectID) throws(RemoteError) {
        try retrying { () throws(RemoteError) in try remote.delete(oid) }
    }

    /// Shows the place as it is, without patience.
    package func examine(_ report: (RemoteFinding) -> Void) throws(RemoteError) { try remote.examine(report) }

    package func forEachUnfinishedUpload(
        _ body: (UnfinishedUpload) throws(RemoteError) -> Void
    ) throws(RemoteError) {
        try listing { begin throws(RemoteError) in
            try remote.forEachUnfinishedUpload { upload throws(RemoteError) in
                begin()
                try body(upload)
            }
        }
    }

    package func abortUnfinishedUploads(olderThan age: Int64) throws(RemoteError) -> Int {
        try retrying { () throws(RemoteError) in try remote.abortUnfinishedUploads(olderThan: age) }
    }

    package func read(_ name: DocumentName) throws(RemoteError) -> [UInt8]? {
        try retrying { () throws(RemoteError) in try remote.read(name) }
    }

    /// A lost answer leaves it open who has made the document: its content tells.
    package func create(_ name: DocumentName, _ content: [UInt8]) throws(RemoteError) -> Bool {
        var isFirst = true
        return try retrying { () throws(RemoteError) in
            defer { isFirst = false }
            if try remote.create(name, content) { return true }
            if isFirst { return false }
            let found = try remote.read(name)
            return found == content
        }
    }

    package func remove(_ name: DocumentName) throws(RemoteError) {
        try retrying { () throws(RemoteError) in try remote.remove(name) }
    }

    package func replace(_ name: DocumentName, _ content: [UInt8]) throws(RemoteError) {
        try retrying { () throws(RemoteError) in try remote.replace(name, content) }
    }

    package func documents(
        in folder: DocumentName, after start: DocumentName?, limit: Int
    ) throws(RemoteError) -> [DocumentName] {
        try retrying { () throws(RemoteError) in try remote.documents(in: folder, after: start, limit: limit) }
    }

    package func naming(_ names: [ObjectID: DocumentName], areNew: Bool) -> any Remote {
        RetryingRemote(remote.naming(names, areNew: areNew), policy: policy, notice: notice, wait: wait)
    }

    package func abandon() { remote.abandon() }

    private func retrying<Result>(_ body: () throws(RemoteError) -> Result) throws(RemoteError) -> Result {
        var failures = Failures(policy)
        while true {
            do throws(RemoteError) {
                return try body()
            } catch {
                guard failures.allowAnother(after: error, at: 0) else { throw error }
                try hold(after: failures, of: error)
            }
        }
    }

    /// Waits for as long as the remote itself asks for, at least.
    private func hold(after failures: Failures, _ control: TransferControl? = nil, of error: RemoteError) throws(RemoteError) {
        var rest = max(error.retryAfter ?? .zero, failures.delay)
        notice(error, rest)
        // In slices, so that whoever calls the work off need not wait for it.
        let slice = Duration.milliseconds(200)
        while rest > .zero {
            try control?.checkpoint()
            wait(min(rest, slice))
            rest -= slice
        }
        try control?.checkpoint()
    }
}
