import Digest
import Platform

/// A store that several repositories share: each leaves a note of itself, so that nobody clears away what
/// another one needs.
///
/// ```
/// <folder>/clones/<name>          the repository's common Git folder, as bytes
/// ```
extension ObjectStore {
    private var clones: BytePath { folder / "clones" }

    private func note(of repository: BytePath) -> BytePath {
        clones / String(ObjectID.of(repository.bytes).hex.prefix(16))
    }

    /// Notes that a repository uses this store.
    /// - Parameter repository: its common Git folder, absolute.
    package func register(_ repository: BytePath) throws(StoreError) {
        let note = note(of: repository)
        if note.exists { return }
        do throws(SystemError) {
            try clones.makeFolders()
            try note.replaceContents(with: repository.bytes)
        } catch {
            throw .system(error)
        }
    }

    /// The repositories that use this store, as far as they have left a note.
    package func registeredRepositories() throws(StoreError) -> [BytePath] {
        do throws(SystemError) {
            // A folder that does not answer is not empty: somebody's blobs would seem to be nobody's.
            guard try clones.status(followingLinks: true)?.kind == .folder else { return [] }
            var found: [BytePath] = []
            for name in try clones.entries().sorted() {
                guard let bytes = try (clones / name).contents(limit: 1 << 16) else { continue }
                let repository = BytePath(bytes: bytes)
                // Files of another name are not notes, or not finished.
                if note(of: repository) == clones / name { found.append(repository) }
            }
            return found
        } catch {
            throw .system(error)
        }
    }

    /// Forgets a repository that is gone.
    package func forget(_ repository: BytePath) throws(StoreError) {
        do throws(SystemError) { try note(of: repository).removeFile() } catch { throw .system(error) }
    }
}
