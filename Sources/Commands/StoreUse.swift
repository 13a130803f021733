import Diagnostics
import Digest
import ObjectStore
import Platform
import Repository

/// What the blobs of the local store are needed for, by all repositories that share it.
struct StoreUse {
    private let repository: Repository
    private let store: ObjectStore
    private let needs: SortedBlobs
    /// What stands in the worktree and may go from the store for that, where the user wants it so.
    private let spare: SortedBlobs
    /// The repositories that shared the store and are not where they were.
    let gone: [BytePath]

    /// - Parameter isDryRun: whether nothing is to be changed, not even what is known of clones that are gone.
    init(context: CommandContext, repository: Repository, recentDays: Int, isDryRun: Bool = true) throws {
        self.repository = repository
        store = try repository.store()
        var gone: [BytePath] = []
        do throws(BlobNeedsError) {
            needs = try repository.blobNeedsOfAll(recentDays: recentDays) { gone.append($0) }
        } catch {
            throw Self.words(error, store)
        }
        self.gone = gone
        for folder in gone where !isDryRun {
            context.output.message("The repository '\(folder)' is gone; the store forgets it.")
            try? store.forget(folder)
        }
        let spare = SortedBlobs(in: store)
        if try repository.settings().keep == .pushed { try repository.forEachBlobInWorktree { spare.add($0) } }
        self.spare = spare
    }

    private static func words(_ error: BlobNeedsError, _ store: ObjectStore) -> any Error {
        switch error {
        case .repository(let error): error
        case .store(let error): error
        case .cloneOutOfReach(let folder):
            CommandFailure(
                "the store '\(store.folder)' is shared with '\(folder)', which cannot be looked at now",
                kept: "all of it",
                hints: ["mount its disk, or, where it is gone for good, remove its note in '\(store.folder)/clones'"])
        }
    }

    /// The blobs that anything names, a reflog included, in any repository that shares the store.
    func named() throws -> SortedBlobs {
        do throws(BlobNeedsError) { return try repository.blobsNamedByAll() } catch { throw Self.words(error, store) }
    }

    /// Calls `body` for each blob of the store's own folder, in the order of the oids, with what it is needed for; nil
    /// where it may go once a remote has it.
    func forEachEntry(_ body: (ObjectStore.Entry, BlobNeed?) -> Void) throws {
        var needs = try needs.reader()
        var spare = try spare.reader()
        try store.forEachEntry { entry throws(StoreError) in
            do throws(SystemError) {
                let isSpare = try spare.first(of: entry.oid) != nil
                let need = BlobNeed(try needs.first(of: entry.oid))
                body(entry, isSpare ? nil : need)
            } catch {
                throw .system(error)
            }
        }
    }
}
