// ObjectStore: the folder of blobs on this machine, each under the name that its bytes give it. A
// file under `objects/` is complete, verified and read-only from the moment it has that name. The
// room knows nothing of Git, pointers or remotes.

import Digest
import Platform

/// Why the store could not do what was asked.
package enum StoreError: Error, Equatable, Sendable {
    /// The file system refused.
    case system(SystemError)
    /// A blob's bytes are not those of its oid. It has been moved to `kept`, out of use.
    case damaged(ObjectID, kept: BytePath)
}

/// The local blobs of a repository, or of several that share a store. Any number of processes and
/// threads may use one folder at once.
///
/// ```
/// <folder>/objects/ab/cd/<oid>    complete, verified, read-only
/// <folder>/incoming/              what is being written: spools, downloads, blobs that wait for a flush; `retired-*`
///                                 is of no use any more, and goes with the next flush
/// <folder>/damaged/<oid>          blobs that failed verification, kept for rescue; `<oid>-2` and so on for more;
///                                 `<oid>-in-alternate` says that an alternate's copy failed
/// <folder>/format                 not there: this layout. Another layout will say `git data store 2` or the like in it
/// ```
package struct ObjectStore: Sendable {
    package let folder: BytePath
    /// Folders with the layout of `objects/` that are read as well and never written:
    /// `.git/lfs/objects` of a repository that used Git LFS.
    package let alternates: [BytePath]

    package init(folder: BytePath, alternates: [BytePath] = []) {
        self.folder = folder
        self.alternates = alternates
    }

    package var objects: BytePath { folder / "objects" }
    package var incoming: BytePath { folder / "incoming" }
    package var damaged: BytePath { folder / "damaged" }

    /// Whether a newer git data has given the store another layout.
    package var isOfNewerFormat: Bool {
        guard let text = try? (folder / "format").contents(limit: 64) else { return false }
        return !text.elementsEqual("git data store 1\n".utf8)
    }

    /// Where the blob is, or would be, in this store's own folder.
    package func path(of oid: ObjectID) -> BytePath {
        objects.appending(Self.place(of: oid))
    }

    /// `ab/cd/<oid>`
    private static func place(of oid: ObjectID) -> BytePath {
        let hex = oid.hexBytes
        let slash = UInt8(ascii: "/")
        return BytePath(bytes: [hex[0], hex[1], slash, hex[2], hex[3], slash] + hex)
    }

    /// Whether the blob is here: by its name, without reading it.
    package func contains(_ oid: ObjectID) -> Bool {
        if path(of: oid).exists { return true }
        // Most of what is not here is not pending either.
        if pendingPath(of: oid).exists, openWritten(oid) != nil || rescuePending(oid) { return true }
        return alternateLocation(of: oid) != nil || path(of: oid).exists
    }

    /// Whether a file of that name has its final place, here or in an alternate.
    func hasPublished(_ oid: ObjectID) -> Bool {
        path(of: oid).exists || alternateLocation(of: oid) != nil
    }

    /// Where the blob is: in the store, or in one of the alternates. One that is not on the disk yet is brought there
    /// first.
    package func location(of oid: ObjectID) -> BytePath? {
        let own = path(of: oid)
        if own.exists { return own }
        if let other = alternateLocation(of: oid) { return other }
        // A process that was killed before its flush may have left the blob one step from its place.
        if rescuePending(oid) { return own }
        return nil
    }

    /// Opens the blob for reading, wherever it is.
    /// - Returns: nil where it is not here.
    package func open(_ oid: ObjectID) throws(StoreError) -> Descriptor? {
        if let own = try Self.opened(path(of: oid)) { return own }
        if let written = openWritten(oid) { return written }
        return try location(of: oid).flatMap(Self.opened)
    }

    /// - Returns: nil where nothing is.
    private static func opened(_ path: BytePath) throws(StoreError) -> Descriptor? {
        do throws(SystemError) {
            return try Descriptor.open(path, [.read, .nonBlocking])
        } catch {
            if error.isAbsent { return nil }
            throw .system(error)
        }
    }

    /// The length of the blob's file, or nil where it is not here.
    package func byteCount(of oid: ObjectID) -> Int64? {
        guard let file = try? open(oid) else { return nil }
        return try? file.status().byteCount
    }

    /// Makes the store's folders, where they are missing.
    package func prepare() throws(StoreError) {
        do throws(SystemError) {
            try objects.makeFolders()
            try incoming.makeFolders()
        } catch {
            throw .system(error)
        }
    }
}
