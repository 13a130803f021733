import Digest
import Lineage
import ObjectStore
import Platform

/// A folder for what one import brings, below the store's incoming ones. It goes with the import; that of an import which was
/// killed goes with the next.
final class ImportFolder {
    private let folder: TemporaryFolder
    /// Tells by its lock that the import lives.
    private let lock: Descriptor
    private let parent: BytePath

    var path: BytePath { folder.path }

    init(in incoming: BytePath) throws(SystemError) {
        parent = incoming / "imports"
        try parent.makeFolders()
        Self.sweep(parent)
        folder = try TemporaryFolder(in: parent)
        lock = try Descriptor.open(folder.path, [.read, .folder])
        _ = try? lock.lock(waiting: false)
    }

    deinit {
        TemporaryFolder.removeTree(folder.path)
        parent.removeEmptyFolder()
    }

    /// One that is younger than this may not have come to its lock yet.
    private static let leastAge: Int64 = 60

    private static func sweep(_ parent: BytePath) {
        let now = FileStatus.Time.now.seconds
        for name in (try? parent.entries()) ?? [] {
            let path = parent / name
            guard let status = try? path.status(), now - status.changed.seconds > leastAge,
                let folder = try? Descriptor.open(path, [.read, .folder, .noFollow]), (try? folder.lock(waiting: false)) == true
            else { continue }
            TemporaryFolder.removeTree(path)
        }
    }
}

/// What an import is about to put in its place: where it is killed between that and the record, the next knows the file for
/// its own.
struct PlacingMark {
    private let path: BytePath
    /// The SHA-256 of what was to be placed; nil where nothing was.
    let digest: ObjectID?

    init(_ order: ImportOrder, _ store: ObjectStore) {
        let identity = Array(order.source.value.utf8) + [0] + order.output.bytes
        path = store.incoming / "import-\(ObjectID.of(identity).hex.prefix(20)).placing"
        digest = (try? path.contents(limit: 100)).flatMap { ObjectID(hex: $0) }
    }

    func set(_ digest: ObjectID?) throws(SystemError) {
        guard let digest else { return try path.removeFile() }
        try path.replaceContents(with: Array(digest.hex.utf8), permissions: 0o600)
    }
}
