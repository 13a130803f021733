import Diagnostics
import Digest
import Git
import Lineage
import ObjectStore
import Platform
import Repository

/// Gives Git what was imported, as data where it is large or binary, and leaves the recipe and the record.
struct ImportStaging {
    let context: CommandContext
    let repository: Repository
    let order: ImportOrder

    /// So many files at once are few questions to Git, and little memory.
    private static let portionCount = 4096

    /// Stages the files.
    /// - Parameter removed: the paths of those that are in the index and not there any more.
    /// - Returns: what identifies the output now.
    func stage(_ files: StagingCandidates, removed: RecordSpool? = nil) throws -> ContentID {
        let tracking = OutputTracking(context: context, repository: repository, of: [order.output])
        try files.forEachPortion(of: Self.portionCount) { try tracking.look(at: $0.map(\.path)) }
        try tracking.track()
        if let removed, removed.count > 0 { try unstage(removed) }
        try DataStaging(context: context, repository: repository).add(files)
        return try contentID()
    }

    private func unstage(_ paths: RecordSpool) throws {
        try repository.git().change(["update-index", "--force-remove", "-z", "--stdin"]) { input throws(GitError) in
            do throws(SystemError) {
                var reader = paths.reader()
                while let path = try reader.next() { try input.write(path + [0]) }
            } catch {
                throw .system(error)
            }
        }
    }

    /// By what the index has.
    func contentID() throws -> ContentID {
        var digest = FolderDigest()
        let next = try repository.readIndex(Self.portionCount)
        while let index = try next() {
            let own = index.positions(of: order.output)
            let positions = (own.isEmpty ? index.positions(inside: order.output) : own).filter { index.items[$0].stage == 0 }
            guard !positions.isEmpty else { continue }
            var pointers = try repository.pointers(of: index, at: positions.filter { index.items[$0].isRegularFile })[...]
            for position in positions {
                let path = index.path(of: index.items[position])
                let pointer = pointers.first?.path == path ? pointers.popFirst() : nil
                let id = pointer.map { ContentID.blob($0.pointer.oid) } ?? .git(index.items[position].name)
                if path == order.output { return id }
                digest.add((path.relative(to: order.output) ?? path).bytes, id)
            }
        }
        return digest.finish()
    }

    // MARK: recipe and record

    /// Writes and stages both.
    func leaveRecord(_ record: RunRecord) throws {
        try StageWriter(context: context, repository: repository).write(order.stage, record)
    }
}
