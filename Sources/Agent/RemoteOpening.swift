import Platform
import Remote
import S3

/// Opens the remote that a URL names, with patience for its transient errors.
/// - Parameters:
///   - mayCreate: whether its place may be made by the first upload.
///   - trace: told of what is asked of a server.
package func openRemote(_ url: BytePath, mayCreate: Bool, trace: RemoteTrace? = nil) throws(RemoteError) -> any Remote {
    if S3Location.isOne(url) {
        var policy = RetryingRemote.Policy()
        policy.attempts = S3Remote.attempts ?? policy.attempts
        return RetryingRemote(try S3Remote.open(url, trace: trace), policy: policy)
    }
    guard let folder = BytePath(localURL: url) else {
        // What stands behind the scheme may be a secret.
        let scheme = BytePath(bytes: url.bytes.prefix { $0 != UInt8(ascii: ":") })
        throw RemoteError(
            .other, "'\(scheme)…' is no data remote that this version knows: buckets are, as 's3://bucket/prefix', and folders, as '/path' or 'file:///path'")
    }
    return RetryingRemote(try FolderRemote(folder, mayCreate: mayCreate))
}
