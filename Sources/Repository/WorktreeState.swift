import Git
import Platform
import Pointer

/// What stands in the worktree for a file that Git holds as a pointer.
package enum WorktreeState: Equatable, Sendable {
    /// The pointer's own text.
    case pointer
    /// Something else: the blob's content, or a user's edit of it. Which, Git tells by the index.
    case content
    /// Nothing: deleted, or outside a sparse checkout.
    case absent
}

extension Repository {
    /// Looks at the worktree, without following a link in the file's place.
    package func worktreeState(of file: PointerFile) throws(RepositoryError) -> WorktreeState {
        let path = try worktree().appending(file.path)
        guard let status = try? path.status() else { return .absent }
        guard status.kind == .regular, status.byteCount == Int64(file.text.count) else { return .content }
        let content = try? path.contents(limit: Pointer.maximumTextByteCount)
        return content == file.text ? .pointer : .content
    }
}
