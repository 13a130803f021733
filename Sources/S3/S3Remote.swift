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
    let keys: BlobKeys
    let known = KnownBlobs()
    let uploads = RequestBudget(requests: requestsAtOnce, bytes: 24 << 20)
    let downloads = RequestBudget(requests: requestsAtOnce, bytes: 0)
    let buffers = RangeBuffers(count: 6)
    let multipart: MultipartUploads
    /// Uploads in parts that have failed in this run and may be tried again.
    let interrupted = Mutex<[ObjectID: PartProgress]>([:])
    /// Documents that did not fit the server's tag, by what came.
    let doubtful = Mutex<[DocumentName: ObjectID]>([:])
    /// What the server has refused to understand.
    let dialect = ServerDialect()
    package let name: String

    convenience init(_ client: S3Client, prefix: [UInt8], name: String) {
        self.init(client, BlobKeys(below: prefix), name: name)
    }

    init(_ client: S3Client, _ keys: BlobKeys, name: String) {
        self.client = client
        self.keys = keys
        self.name = name
        multipart = MultipartUploads(client, keys)
    }

    private static let requestsAtOnce = 24

    /// Transfers wait for the network more than they compute.
    package var transfersAtOnce: Int? { Self.requestsAtOnce }

    package func delete(_ oid: ObjectID) throws(RemoteError) {
        try reported { () throws(S3Failure) in
            let request = S3Request(method: "DELETE", key: keys.key(of: oid), action: "delete")
            do throws(S3Failure) {
                try sendDeletion(request)
            } catch {
                guard error.isAbsence else { throw error }
            }
            known.setAbsent(oid)
        }
    }

    /// A network that wants its users to sign in says 200 to everything.
    func sendDeletion(_ request: S3Request) throws(S3Failure) {
        let response = try client.send(request, Cancellation())
        guard [200, 202, 204].contains(response.status), S3ErrorDocument(response).code == nil, !S3Failure.isWebPage(response) else {
            throw client.nonsense(request, response)
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
