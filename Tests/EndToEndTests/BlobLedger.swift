import Digest
import Platform
import Pointer
import TestSupport

/// The book of the blobs that two clones and their remote name: each must be somewhere, with the right bytes, for
/// as long as something names it.
///
/// What counts as naming, and for whom:
/// - a ref, a stash of any depth, HEAD or the index of any worktree, of either clone or of the remote: for everybody;
/// - a reflog alone: for the clone that has it. Nobody else can see it, so what somebody else's sweep takes from a
///   data remote, and only a reflog named, is written off.
final class BlobLedger {
    /// A folder of blobs, by a name for people: a store or a data remote.
    struct Place {
        let name: String
        /// `objects/` is in here.
        let folder: BytePath

        /// The file of that blob, complete or, in a store, waiting for its flush. It may be damaged.
        func file(of oid: ObjectID) -> BytePath? {
            [folder / "objects" / oid.shardedPath, folder / "incoming" / "\(oid.hex).pending"].first(where: \.exists)
        }

        func isIntact(_ oid: ObjectID) -> Bool {
            guard let content = try? file(of: oid)?.contents() else { return false }
            return ObjectID.of(content) == oid
        }
    }

    /// What names blobs in one repository.
    struct Names {
        var everybody: Set<ObjectID> = []
        /// By the reflog alone.
        var reflog: Set<ObjectID> = []
    }

    private struct Record {
        var names: [String] = []
        var places: [String] = []
        var history: [String] = []
        var isWrittenOff = false
    }

    private let laboratory: Laboratory
    /// The repositories, by their names for people; the first two are the clones.
    private let repositories: [(name: String, folder: BytePath)]
    private var records: [ObjectID: Record] = [:]
    /// What each Git object is that was looked at once, by its name: the oid of a pointer, or nil.
    private var known: [String: ObjectID?] = [:]
    /// As of the last check, by repository.
    private(set) var names: [Names] = []
    private(set) var checks = 0

    /// The blobs that were ever named.
    var count: Int { records.count }

    init(_ repositories: [(name: String, folder: BytePath)], in laboratory: Laboratory) {
        self.repositories = repositories
        self.laboratory = laboratory
    }

    /// Compares what is named with what is there.
    /// - Parameters:
    ///   - event: what has happened since the last check.
    ///   - worktrees: folders whose files count as copies too.
    /// - Throws: `Unexpected` with the history of the first blob of which no intact copy is left.
    func check(after event: String, _ places: [Place], worktrees: [BytePath]) throws {
        checks += 1
        names = try repositories.map { try self.names(in: $0.folder) }
        var naming: [ObjectID: [String]] = [:]
        let everybody = names.reduce(into: Set<ObjectID>()) { $0.formUnion($1.everybody) }
        for (repository, names) in zip(repositories, names) {
            for oid in names.everybody { naming[oid, default: []].append(repository.name) }
            for oid in names.reflog.subtracting(everybody) { naming[oid, default: []].append("reflog of \(repository.name)") }
        }
        var shown: Set<ObjectID>?
        for (oid, names) in naming {
            let present = places.filter { $0.file(of: oid) != nil }
            note(oid, names, present.map(\.name), event)
            if present.contains(where: { $0.isIntact(oid) }) { continue }
            if shown == nil { shown = try blobs(in: worktrees) }
            if shown?.contains(oid) == true { continue }
            if records[oid]?.isWrittenOff == true, !everybody.contains(oid) { continue }
            throw Unexpected("no intact copy of \(oid.hex) is left\n" + history(of: oid))
        }
    }

    /// Writes down what changed for a blob.
    private func note(_ oid: ObjectID, _ names: [String], _ places: [String], _ event: String) {
        var record = records[oid] ?? Record()
        guard record.names != names || record.places != places else { return }
        (record.names, record.places) = (names, places)
        record.history.append("\(event): named by \(names.joined(separator: ", ")); in \(places.joined(separator: ", "))")
        records[oid] = record
    }

    func history(of oid: ObjectID) -> String {
        (records[oid]?.history ?? ["never seen"]).map { "  \($0)" }.joined(separator: "\n")
    }

    /// A sweep of a data remote by one of the clones: what of the deleted only the other's reflog named is written off.
    func collected(_ deleted: Set<ObjectID>, by clone: Int, after event: String) {
        let others = names.indices.filter { $0 != clone }.reduce(into: Set<ObjectID>()) { $0.formUnion(names[$1].reflog) }
        let needed = names.reduce(names[clone].reflog) { $0.union($1.everybody) }
        for oid in deleted.intersection(others).subtracting(needed) {
            records[oid, default: Record()].isWrittenOff = true
            records[oid]?.history.append("\(event): swept, as only a reflog elsewhere named it")
        }
    }

    /// The blobs of a place, by their names.
    func blobs(of place: Place) -> Set<ObjectID> {
        let files = (try? laboratory.scratch.files(below: place.folder / "objects")) ?? []
        return Set(files.compactMap { ObjectID($0.lastComponent.text) })
    }

    // MARK: what is named

    private func names(in folder: BytePath) throws -> Names {
        // A bare repository has neither an index nor, as it is set up here, reflogs.
        guard (folder / ".git").exists else { return Names(everybody: try pointers(["--all"], in: folder)) }
        let stashes = try laboratory.run("git", ["stash", "list", "--format=%H"], in: folder).lines.map { BytePath($0) }
        var names = Names(everybody: try pointers(["--all", "--indexed-objects"] + stashes, in: folder))
        names.reflog = try pointers(["--all", "--reflog"], in: folder).subtracting(names.everybody)
        return names
    }

    /// The pointers among the objects that `git rev-list` reaches.
    private func pointers(_ arguments: [BytePath], in folder: BytePath) throws -> Set<ObjectID> {
        let objects = try laboratory.git(["rev-list", "--objects", "--no-object-names"] + arguments, in: folder).lines
        let new = objects.filter { known[$0] == nil }
        if !new.isEmpty { try look(at: new, in: folder) }
        return Set(objects.compactMap { known[$0] ?? nil })
    }

    /// Spec: git-cat-file(1), "BATCH OUTPUT".
    private func look(at objects: [String], in folder: BytePath) throws {
        let input = Array(objects.joined(separator: "\n").utf8) + [10]
        let output = try laboratory.run("git", ["cat-file", "--batch"], in: folder, input: input).expecting(0).output
        var rest = output[...]
        while let end = rest.firstIndex(of: 10) {
            let head = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ").map(String.init)
            guard head.count == 3, let size = Int(head[2]) else { throw Unexpected("git cat-file says: \(head)") }
            let content = rest.dropFirst(end + 1 - rest.startIndex).prefix(size)
            rest = rest.dropFirst(end + 1 - rest.startIndex + size + 1)
            var oid: ObjectID?
            if head[1] == "blob", case .pointer(let pointer) = Pointer.recognize(content) { oid = pointer.oid }
            known.updateValue(oid, forKey: head[0])
        }
    }

    /// What stands in worktrees.
    private func blobs(in worktrees: [BytePath]) throws -> Set<ObjectID> {
        var found: Set<ObjectID> = []
        for worktree in worktrees where worktree.exists {
            for file in try laboratory.filesOfPeople(in: worktree) {
                if let content = try (worktree / file).contents() { found.insert(.of(content)) }
            }
        }
        return found
    }
}
