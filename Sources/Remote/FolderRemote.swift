import Digest
import Platform
internal import Synchronization

/// A remote that is a folder: on this disk, another one, or a file server's. Its layout is the store's,
/// so that a repository's store can serve as a remote as it is.
///
/// ```
/// <folder>/objects/ab/cd/<oid>    complete, verified, read-only
/// <folder>/incoming/upload-*      uploads that are not settled; swept when stale
/// ```
///
/// Where the time of a push goes, by `perf`, for many blobs of 50 KiB on one file system: nearly half of it is Git's own,
/// where the pointers are loose objects, which it packs. Of the agent's time, making folders, hard links and renaming take
/// an eighth each, our own code a quarter.
package final class FolderRemote: Remote {
    let folder: BytePath
    private let mayCreate: Bool
    /// Uploads that are complete and wait for `settle`.
    let unsettled = Mutex<[Upload]>([])
    /// The files of those uploads, which `abandon` removes.
    let temporaryFiles = Mutex<Set<BytePath>>([])
    let sharing = Sharing()
    /// The blobs that have names of their own.
    private let names: [ObjectID: DocumentName]
    /// The permissions of all that is made, once `prepare` has found them.
    private let prepared = Mutex<Permissions?>(nil)

    /// What is made in the folder can be used by whoever may use the folder: a folder that a group
    /// shares stays shared, whatever the umask of the one who uploads.
    struct Permissions: Sendable {
        let folders: UInt32
        let files: UInt32

        init(of folder: FileStatus) {
            folders = folder.permissions & 0o2777 | 0o700
            files = folder.permissions & 0o444 | 0o400
        }
    }

    /// A blob that lies complete and verified under a temporary name.
    struct Upload: Sendable {
        let oid: ObjectID
        let byteCount: Int64
        let file: BytePath
    }

    /// Opens the remote.
    /// - Parameter mayCreate: whether the folder itself may be made, by the first upload. The folder above
    ///   it must be there all the same: a disk that is not mounted is not to be mistaken for an empty one.
    /// - Throws: `unreachable` where there is no such folder, `denied` where we may not look.
    package init(_ folder: BytePath, mayCreate: Bool = false) throws(RemoteError) {
        self.folder = folder
        self.mayCreate = mayCreate
        names = [:]
        try requireFolder(orAbsent: mayCreate)
    }

    /// The place of another in which some blobs have names of their own.
    init(_ other: FolderRemote, naming names: [ObjectID: DocumentName]) {
        folder = other.folder
        mayCreate = other.mayCreate
        self.names = names
    }

    package var name: String { "'\(folder)'" }

    var objects: BytePath { folder / "objects" }
    var incoming: BytePath { folder / "incoming" }

    /// Whether the blob has a name of its own.
    func hasName(_ oid: ObjectID) -> Bool { names[oid] != nil }

    func path(of oid: ObjectID) -> BytePath {
        names[oid].map { folder / BytePath($0.text) } ?? objects / oid.shardedPath
    }

    /// - Throws: `unreachable` where the folder, or with `orAbsent` the one above it, is not there.
    private func requireFolder(orAbsent: Bool) throws(RemoteError) {
        let place = orAbsent && !folder.exists ? folder.parent : folder
        let status: FileStatus?
        do throws(SystemError) {
            status = try place.status(followingLinks: true)
        } catch {
            throw RemoteError(error, "look at", place)
        }
        guard let status else {
            throw RemoteError(.unreachable, "the folder '\(place)' is not there (is its disk mounted?)")
        }
        guard status.kind == .folder else { throw RemoteError(.unreachable, "'\(place)' is not a folder") }
    }

    /// What a missing file means: the blob is not there, or the whole folder is not.
    func absence(of oid: ObjectID) throws(RemoteError) -> RemoteError {
        try requireFolder(orAbsent: mayCreate)
        return RemoteError(.absent, "not at \(name)")
    }

    /// Makes what an upload needs, once.
    func prepare() throws(RemoteError) -> Permissions {
        if let known = prepared.withLock({ $0 }) { return known }
        try requireFolder(orAbsent: mayCreate)
        do throws(SystemError) {
            if mayCreate, !folder.exists, let parent = try folder.parent.status(followingLinks: true) {
                try folder.makeFolder(Permissions(of: parent).folders)
                try folder.parent.synchronizeFolder()
            }
            guard let status = try folder.status(followingLinks: true) else {
                throw SystemError("stat", path: folder, code: SystemError.absentCode)
            }
            let permissions = Permissions(of: status)
            try objects.makeFolder(permissions.folders)
            try incoming.makeFolder(permissions.folders)
            prepared.withLock { $0 = permissions }
            sweep()
            return permissions
        } catch {
            throw RemoteError(error, "write to", folder)
        }
    }

    /// Removes what killed uploads left behind long ago.
    /// - Parameter age: in seconds; a day, where the next upload does it by itself.
    /// - Returns: how many files there were.
    @discardableResult
    func sweep(olderThan age: Int64 = 24 * 60 * 60) -> Int {
        let limit = FileStatus.Time.now.seconds - age
        var count = 0
        for name in (try? incoming.entries()) ?? [] where name.bytes.starts(with: Self.temporaryPrefix.utf8) {
            let file = incoming / name
            if let status = try? file.status(), status.kind == .regular, status.modified.seconds < limit {
                try? file.removeFile()
                count += 1
            }
        }
        return count
    }

    package func abortUnfinishedUploads(olderThan age: Int64) throws(RemoteError) -> Int { sweep(olderThan: age) }

    static let temporaryPrefix = "upload-"

    // MARK: What is there

    package func existing(among oids: [ObjectID]) throws(RemoteError) -> [ObjectID: Int64] {
        var found: [ObjectID: Int64] = [:]
        for oid in oids {
            if let byteCount = try byteCount(of: oid) { found[oid] = byteCount }
        }
        // A disk that has gone away has no blobs either, and that is no answer.
        if found.count < oids.count { try requireFolder(orAbsent: mayCreate) }
        return found
    }

    /// The length of the blob's object, or nil where there is none.
    func byteCount(of oid: ObjectID) throws(RemoteError) -> Int64? {
        let path = path(of: oid)
        do throws(SystemError) {
            // A blob is a plain file. A link in its place could lead to a file that its maker cannot read, and we can.
            guard let status = try path.status(), status.kind == .regular else { return nil }
            return status.byteCount
        } catch {
            if error.isAbsent { return nil }
            throw RemoteError(error, "look at", path)
        }
    }

    package func forEachBlob(_ body: (RemoteBlob) throws(RemoteError) -> Void) throws(RemoteError) {
        try requireFolder(orAbsent: mayCreate)
        for first in try names(in: objects) where Self.isShard(first) {
            for second in try names(in: objects / first) where Self.isShard(second) {
                for name in try names(in: objects / first / second) {
                    guard let oid = ObjectID(hex: name.bytes), path(of: oid) == objects / first / second / name,
                        let byteCount = try byteCount(of: oid)
                    else { continue }
                    try body(RemoteBlob(oid: oid, byteCount: byteCount))
                }
            }
        }
    }

    private static func isShard(_ name: BytePath) -> Bool {
        name.bytes.count == 2 && name.bytes.allSatisfy { Hexadecimal.value(ofDigit: $0) != nil }
    }

    private func names(in folder: BytePath) throws(RemoteError) -> [BytePath] {
        do throws(SystemError) {
            return try folder.entries().sorted()
        } catch {
            if error.isAbsent { return [] }
            throw RemoteError(error, "look at", folder)
        }
    }

    package func delete(_ oid: ObjectID) throws(RemoteError) {
        let file = path(of: oid)
        do throws(SystemError) {
            try file.removeFile()
        } catch {
            if error.isAbsent { return }
            throw RemoteError(error, "remove", file)
        }
        if file.parent.removeEmptyFolder() { file.parent.parent.removeEmptyFolder() }
    }

    // MARK: Downloads

    package func download(
        _ oid: ObjectID, from offset: Int64, _ control: TransferControl,
        receive: (UnsafeRawBufferPointer) throws(RemoteError) -> Void
    ) throws(RemoteError) {
        let path = path(of: oid)
        let file = try open(oid, from: offset)
        let byteCount = (try? file.status())?.byteCount ?? .max
        try file.forEachPiece(of: byteCount, { RemoteError($0, "read", path) }, receive)
    }

    private func open(_ oid: ObjectID, from offset: Int64) throws(RemoteError) -> Descriptor {
        let path = path(of: oid)
        do throws(SystemError) {
            let file = try Descriptor.open(path, [.read, .noFollow, .nonBlocking])
            try file.seek(to: offset)
            return file
        } catch {
            if (try? path.status())?.kind == .link { throw RemoteError(.absent, "'\(path)' is a symbolic link, and no blob") }
            throw error.isAbsent ? try absence(of: oid) : RemoteError(error, "read", path)
        }
    }

    package func share(_ oid: ObjectID, with file: borrowing Descriptor) -> Bool {
        sharing.attempt {
            guard let source = try? Descriptor.open(path(of: oid), [.read, .noFollow, .nonBlocking]) else { return false }
            return file.share(contentOf: source)
        }
    }

    package func link(_ oid: ObjectID, byteCount: Int64, to path: BytePath) -> Bool {
        let own = self.path(of: oid)
        guard let place = try? path.parent.status(followingLinks: true),
            let file = try? Descriptor.open(own, [.read, .noFollow, .nonBlocking]), let status = try? file.status(),
            status.byteCount == byteCount, Self.mayLink(status, into: place), file.isNotedVerified,
            (try? own.link(to: path)) != nil
        else { return false }
        // The name may have come to another file since.
        if let linked = try? path.status(), linked.inode == status.inode { return true }
        try? path.removeFile()
        return false
    }

    /// Whether a blob's file may get a second name in a folder, as `git clone` gives one to the objects of a repository
    /// on the same file system: neither store nor remote ever writes to a blob in place. Whoever may use the folder must
    /// be able to use the file as they would a copy that was made there.
    static func mayLink(_ file: FileStatus, into folder: FileStatus) -> Bool {
        file.kind == .regular && file.device == folder.device && file.owner == folder.owner
            && file.permissions == Permissions(of: folder).files
            && (folder.permissions & 0o2000 == 0 || file.group == folder.group)
    }
}

/// Whether two places share extents: asked until the first no, as it costs each small file a call.
struct Sharing: ~Copyable {
    private let isImpossible = Atomic<Bool>(false)

    /// Whether no attempt has failed.
    var isPossible: Bool { !isImpossible.load(ordering: .relaxed) }

    func attempt(_ share: () -> Bool) -> Bool {
        if isImpossible.load(ordering: .relaxed) { return false }
        if share() { return true }
        isImpossible.store(true, ordering: .relaxed)
        return false
    }
}

extension Descriptor {
    /// Hands out what is left to read, in pieces that fit into a processor's cache.
    /// - Parameters:
    ///   - byteCount: how much it is expected to be; small files need no large buffer.
    ///   - explain: makes the error of a failed read.
    func forEachPiece(
        of byteCount: Int64, _ explain: (SystemError) -> RemoteError, _ body: (UnsafeRawBufferPointer) throws(RemoteError) -> Void
    ) throws(RemoteError) {
        let size = Int(clamping: min(max(byteCount, 1 << 16), 1 << 18))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count: Int
            do throws(SystemError) { count = try read(into: buffer) } catch { throw explain(error) }
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}
