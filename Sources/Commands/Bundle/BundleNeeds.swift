import Digest
import Git
import Platform
import Pointer
import Repository

/// The blobs that belong to the refs of a bundle, as the trees and commits in a repository that has all of them tell.
struct BundleNeeds {
    struct File {
        let path: BytePath
        let pointer: Pointer
    }

    /// What some of the refs name, and its data files.
    struct Tip {
        let object: GitObjectName
        let refs: [BytePath]
        let files: [File]
    }

    let tips: [Tip]
    /// What only older commits name, each blob once.
    let older: [File]
    /// Files whose blob is not their content, as programs of Git LFS have changed it: nothing can be done for them.
    let extendedFileCount: Int

    /// - Parameters:
    ///   - head: of the bundle. What the trees of the commits name that it needs has to be there already.
    ///   - withHistory: whether the blobs of each commit of the bundle belong to it, or those of its refs alone.
    init(_ head: BundleHead, in repository: Repository, withHistory: Bool = false) throws {
        var extendedFileCount = 0
        var known: Set<ObjectID> = []
        for commit in head.prerequisites {
            known.formUnion(try Self.files(of: commit, in: repository).map(\.pointer.oid))
        }
        func isNeeded(_ file: File) -> Bool {
            if file.pointer.isExtended { extendedFileCount += 1 }
            return !file.pointer.isExtended && file.pointer.byteCount > 0 && !known.contains(file.pointer.oid)
        }
        var refs: [GitObjectName: [BytePath]] = [:]
        var objects: [GitObjectName] = []
        for ref in head.refs {
            if refs[ref.object] == nil { objects.append(ref.object) }
            refs[ref.object, default: []].append(ref.name)
        }
        tips = try objects.map { object in
            Tip(object: object, refs: refs[object] ?? [], files: try Self.files(of: object, in: repository).filter(isNeeded))
        }
        known.formUnion(tips.flatMap { $0.files.map(\.pointer.oid) })
        var older: [File] = []
        if withHistory {
            let reached = try repository.reachedPointers(
                from: objects.map(Self.name), excluding: head.prerequisites.map(Self.name), completing: true)
            for item in reached {
                let file = File(path: item.path, pointer: item.pointer)
                if isNeeded(file) { older.append(file) }
                known.insert(item.pointer.oid)
            }
            older.sort { ($0.path, $0.pointer.oid) < ($1.path, $1.pointer.oid) }
        }
        self.older = older
        self.extendedFileCount = extendedFileCount
    }

    /// All files, those of the refs first.
    var files: [File] { tips.flatMap(\.files) + older }

    /// One file's path for each blob.
    static func names(_ files: [File]) -> [ObjectID: BytePath] {
        Dictionary(files.map { ($0.pointer.oid, $0.path) }) { first, _ in first }
    }

    /// How long each blob is, as its pointers say.
    var sizes: [ObjectID: Int64] { Dictionary(files.map { ($0.pointer.oid, $0.pointer.byteCount) }) { first, _ in first } }

    /// The blobs, by rising oid.
    var oids: [ObjectID] { sizes.keys.sorted() }

    /// The data files of a commit or tree, or of what a tag names; none of anything else.
    private static func files(of object: GitObjectName, in repository: Repository) throws -> [File] {
        guard try repository.git().resolve(name(object).adding(suffix: "^{tree}")) != nil else { return [] }
        return try repository.treePointers(name(object)).map { File(path: $0.path, pointer: $0.pointer) }
    }

    private static func name(_ object: GitObjectName) -> BytePath { BytePath(bytes: object.hex) }
}
