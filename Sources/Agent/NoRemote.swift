import Digest
import Platform
import Remote

/// What stands for the remote where a client asks for files of web servers and buckets alone.
struct NoRemote: Remote {
    let name = "no data remote"

    private var refusal: RemoteError { RemoteError(.other, "this conversation is about no data remote") }

    func existing(among oids: [ObjectID]) throws(RemoteError) -> [ObjectID: Int64] { throw refusal }

    func upload(
        _ oid: ObjectID, byteCount: Int64, from source: BytePath, _ control: TransferControl
    ) throws(RemoteError) -> UploadResult { throw refusal }

    func download(
        _ oid: ObjectID, from offset: Int64, _ control: TransferControl,
        receive: (UnsafeRawBufferPointer) throws(RemoteError) -> Void
    ) throws(RemoteError) { throw refusal }

    func forEachBlob(_ body: (RemoteBlob) throws(RemoteError) -> Void) throws(RemoteError) { throw refusal }

    func delete(_ oid: ObjectID) throws(RemoteError) { throw refusal }
}
