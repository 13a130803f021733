// S3: blobs in a bucket of AWS or of any server that speaks its language. Here are signatures,
// credentials, addresses, what the answers mean, and the remote itself with its multipart uploads and
// downloads by ranges. The room knows neither Git nor the local store, and never writes the user's
// configuration.

import Digest
import Platform
import Remote
internal import Synchronization

/// A remote that is a bucket, or a prefix in one.
///
/// ```
/// <prefix>/objects/ab/cd/<oid>    one object for each blob, whole and plain
/// ```
///
/// Uploads are create-if-absent, by `If-None-Match: *` where the server knows it. An object is visible and
/// durable when its upload returns, so that there is nothing to settle.
package final class S3Remote: Remote {
    let client: S3Client
    let prefix: [UInt8]
    let known = KnownBlobs()
    let uploads = RequestBudget(requests: 24, bytes: 24 << 20)
    let downloads = RequestBudget(requests: 24, bytes: 28 << 20)
    let multipart: MultipartUploads
    /// Uploads in parts that have failed in this run and may be tried again.
    let interrupted = Mutex<[ObjectID: PartProgress]>([:])
    /// What the server has refused to understand.
    let dialect = ServerDialect()
    package let name: String

    init(_ client: S3Client, prefix: [UInt8], name: String) {
        self.client = client
        self.prefix = prefix
        self.name = name
        multipart = MultipartUploads(client)
    }

    /// Transfers wait for the network more than they compute.
    package var transfersAtOnce: Int? { 24 }

    var objectsPrefix: [UInt8] {
        prefix + (prefix.isEmpty ? [] : [UInt8(ascii: "/")]) + Array("objects/".utf8)
    }

    func key(of oid: ObjectID) -> [UInt8] {
        objectsPrefix + Array(oid.shardedPath.utf8)
    }

    /// The blob that a key names, where it is one of ours.
    func oid(ofKey key: some Collection<UInt8>) -> ObjectID? {
        guard key.count > ObjectID.digitCount, let oid = ObjectID(hex: key.suffix(ObjectID.digitCount)),
            key.elementsEqual(self.key(of: oid))
        else { return nil }
        return oid
    }

    package func delete(_ oid: ObjectID) throws(RemoteError) {
        try reported { () throws(S3Failure) in
            let request = S3Request(method: "DELETE", key: key(of: oid), action: "delete")
            do throws(S3Failure) {
                _ = try client.send(request, Cancellation())
            } catch {
                guard error.isAbsence else { throw error }
            }
            known.setAbsent(oid)
        }
    }

    /// Does what may fail, with the failure as others know it.
    func reported<Result>(_ body: () throws(S3Failure) -> Result) throws(RemoteError) -> Result {
        do throws(S3Failure) {
            return try body()
        } catch {
            throw error.error
        }
    }
}
