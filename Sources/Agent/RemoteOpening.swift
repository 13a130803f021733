import Platform
import Remote
import S3
import Synchronization

/// Opens the remote that a URL names, with patience for its transient errors.
/// - Parameters:
///   - mayCreate: whether its place may be made by the first upload.
///   - trace: told of what is asked of a server.
package func openRemote(_ url: BytePath, mayCreate: Bool, trace: RemoteTrace? = nil) throws(RemoteError) -> any Remote {
    if S3Location.isOne(url) {
        var policy = RetryingRemote.Policy()
        policy.attempts = S3Remote.attempts ?? policy.attempts
        return RetryingRemote(try S3Remote.open(url, trace: trace), policy: policy, notice: sayPause)
    }
    guard let folder = BytePath(localURL: url) else {
        // What stands behind the scheme may be a secret.
        let scheme = BytePath(bytes: url.bytes.prefix { $0 != UInt8(ascii: ":") })
        throw RemoteError(
            .other, "'\(scheme)…' is no data remote that this version knows: buckets are, as 's3://bucket/prefix', and folders, as '/path' or 'file:///path'")
    }
    return RetryingRemote(try FolderRemote(folder, mayCreate: mayCreate), notice: sayPause)
}

/// Tells the user of a pause that is long, before a screen on which nothing moves: of all transfers that one trouble holds
/// up, the first does.
func sayPause(_ error: RemoteError, _ pause: Duration) {
    guard pause >= .seconds(10) else { return }
    let now = ContinuousClock.now
    let isFirst = lastPause.withLock { end in
        if let end, now < end { return false }
        end = now + pause
        return true
    }
    if isFirst { Descriptor.writeToStandardError("git data: \(error.message); trying again in \(pause.components.seconds) s\n") }
}

/// When the pause that was told of is over.
private let lastPause = Mutex<ContinuousClock.Instant?>(nil)
