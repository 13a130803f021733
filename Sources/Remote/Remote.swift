// Remote: places that hold blobs for everybody. Here are the protocol that every such place keeps,
// its errors, the decorator that retries, downloads that survive a kill, and the remote that is a
// folder. The room knows neither Git nor the local store nor who asks.

import Digest
import Platform

/// A place that holds blobs for everybody, one whole and plain object for each under
/// `objects/ab/cd/<oid>`. Any number of threads may call any method at once.
///
/// The rules that every remote keeps:
/// 1. An object appears under its name complete, verified and durable, or not at all.
/// 2. Uploads create. Nothing under `objects/` is ever overwritten, not even by the same bytes: who finds
///    the name taken by another upload of the same length has succeeded.
/// 3. Bytes that are not those of the oid are refused on the way up (`damaged`), and nothing of them stays.
/// 4. An object whose length is not the expected one is `damaged`, never taken for the blob.
/// 5. Errors say what kind they are and whether they are transient. No remote retries: `RetryingRemote` does.
/// 6. Reading makes nothing: asking an empty place for blobs leaves it empty.
package protocol Remote: Sendable {
    /// The place as messages name it, without secrets.
    var name: String { get }

    /// How many transfers at once serve this place well; nil where processors are what counts.
    var transfersAtOnce: Int? { get }

    /// Which of the blobs are there, with the lengths of their objects. It does not read them.
    func existing(among oids: [ObjectID]) throws(RemoteError) -> [ObjectID: Int64]

    /// Brings a blob to the remote. It is there, for everybody, when the next `settle` has returned
    /// without naming it.
    /// - Parameters:
    ///   - byteCount: the blob's length; another length of the source or of an existing object is `damaged`.
    ///   - source: a local file with the blob's bytes, which are verified on the way.
    ///   - control: told of each piece; asked whether to go on.
    /// - Throws: `damaged`, `denied`, `full`, `unreachable`; `absent` where the source is not there.
    func upload(
        _ oid: ObjectID, byteCount: Int64, from source: BytePath, _ control: TransferControl
    ) throws(RemoteError) -> UploadResult

    /// Makes all uploads that have returned so far durable and visible: one flush for many blobs.
    /// - Returns: why a blob is not there all the same. It has to be uploaded again.
    func settle() -> [ObjectID: RemoteError]

    /// Reads a blob from `offset` to its end, piece by piece. The receiver verifies.
    /// - Throws: `absent`, `denied`, `unreachable`, and whatever `receive` throws.
    func download(
        _ oid: ObjectID, from offset: Int64, _ control: TransferControl,
        receive: (UnsafeRawBufferPointer) throws(RemoteError) -> Void
    ) throws(RemoteError)

    /// Gives an empty local file the blob's content with no byte copied, where the two places share extents.
    /// The receiver verifies.
    /// - Returns: false where that cannot be done; the file is then still empty.
    func share(_ oid: ObjectID, with file: borrowing Descriptor) -> Bool

    /// Gives the blob, which was verified in this run of the system, a second name, where the place is on the same
    /// file system and its file could as well have been made by us.
    /// - Parameters:
    ///   - path: the name, in a folder of the local store.
    ///   - byteCount: the length that the blob must have.
    /// - Returns: false where that cannot be done, or the name is taken.
    func link(_ oid: ObjectID, byteCount: Int64, to path: BytePath) -> Bool

    /// Calls `body` for each blob that is there.
    func forEachBlob(_ body: (RemoteBlob) throws(RemoteError) -> Void) throws(RemoteError)

    /// Removes a blob. One that is not there need not be removed.
    func delete(_ oid: ObjectID) throws(RemoteError)

    /// Tries all that the place has to be able to do, with small objects of its own that it removes again.
    /// - Parameter report: called with each finding as it is made.
    /// - Throws: where the place as a whole does not answer, so that nothing more can be found.
    func examine(_ report: (RemoteFinding) -> Void) throws(RemoteError)

    /// Calls `body` for each upload that was begun and not finished, by whomever.
    func forEachUnfinishedUpload(_ body: (UnfinishedUpload) throws(RemoteError) -> Void) throws(RemoteError)

    /// Takes back uploads that were begun longer than `age` seconds ago and not finished.
    /// - Returns: how many.
    func abortUnfinishedUploads(olderThan age: Int64) throws(RemoteError) -> Int

    /// The content of a document; nil where there is none.
    func read(_ name: DocumentName) throws(RemoteError) -> [UInt8]?

    /// Makes a document, whole and durable, unless there is one of that name: of many who do so at once, one
    /// succeeds.
    /// - Returns: false where there is one already, which stays as it is.
    func create(_ name: DocumentName, _ content: [UInt8]) throws(RemoteError) -> Bool

    /// Makes a document, whole and durable, in place of any that has the name: for what is derived from others, and
    /// can be made anew.
    func replace(_ name: DocumentName, _ content: [UInt8]) throws(RemoteError)

    /// Removes a document. One that is not there need not be removed.
    func remove(_ name: DocumentName) throws(RemoteError)

    /// The names of documents in a folder of documents, in the order of their bytes.
    /// - Parameters:
    ///   - start: only names behind this one.
    ///   - limit: how many at most.
    func documents(
        in folder: DocumentName, after start: DocumentName?, limit: Int
    ) throws(RemoteError) -> [DocumentName]

    /// The same place, in which some blobs have names of their own instead of `objects/ab/cd/<oid>`: files of any size,
    /// whose bytes are known beforehand, that other programs look for under these names. All that is promised of
    /// blobs holds for them.
    /// - Parameter areNew: whether they are thought not to be there, so that an upload need not ask first.
    func naming(_ names: [ObjectID: DocumentName], areNew: Bool) -> any Remote

    /// Takes back what is unfinished at the remote, as the process is about to end. Any thread may call it
    /// at any time; it waits for nothing.
    func abandon()
}

extension Remote {
    package var transfersAtOnce: Int? { nil }
    package func settle() -> [ObjectID: RemoteError] { [:] }
    package func share(_ oid: ObjectID, with file: borrowing Descriptor) -> Bool { false }
    package func link(_ oid: ObjectID, byteCount: Int64, to path: BytePath) -> Bool { false }
    package func examine(_ report: (RemoteFinding) -> Void) throws(RemoteError) {}
    package func forEachUnfinishedUpload(_ body: (UnfinishedUpload) throws(RemoteError) -> Void) throws(RemoteError) {}
    package func abortUnfinishedUploads(olderThan age: Int64) throws(RemoteError) -> Int { 0 }
    package func read(_ name: DocumentName) throws(RemoteError) -> [UInt8]? { nil }
    package func create(_ name: DocumentName, _ content: [UInt8]) throws(RemoteError) -> Bool {
        throw RemoteError(.other, "\(self.name) keeps no documents")
    }
    package func remove(_ name: DocumentName) throws(RemoteError) {}
    package func replace(_ name: DocumentName, _ content: [UInt8]) throws(RemoteError) {
        throw RemoteError(.other, "\(self.name) keeps no documents")
    }
    package func documents(
        in folder: DocumentName, after start: DocumentName?, limit: Int
    ) throws(RemoteError) -> [DocumentName] { [] }
    package func naming(_ names: [ObjectID: DocumentName], areNew: Bool) -> any Remote { self }
    package func abandon() {}

    /// The names of all documents in a folder of documents.
    package func documents(in folder: DocumentName) throws(RemoteError) -> [DocumentName] {
        try documents(in: folder, after: nil, limit: .max)
    }
}

/// What an upload found.
package enum UploadResult: Equatable, Sendable {
    /// The blob's bytes have been sent.
    case sent
    /// The remote has had it already.
    case existed
}

/// An object of a remote.
package struct RemoteBlob: Hashable, Sendable {
    package let oid: ObjectID
    package let byteCount: Int64

    package init(oid: ObjectID, byteCount: Int64) {
        self.oid = oid
        self.byteCount = byteCount
    }
}
