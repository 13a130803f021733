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

    /// The file as it stands in the worktree, where that is a pointer of another version: `git stash pop`, or a side
    /// that is taken in a conflict, leaves such where the filter hands out no content. Anything else is given as it
    /// came.
    package func standing(_ file: PointerFile) throws(RepositoryError) -> PointerFile {
        let path = try worktree().appending(file.path)
        guard let status = try? path.status(), status.kind == .regular,
            status.byteCount > 0, status.byteCount < Int64(Pointer.maximumTextByteCount),
            let content = try? path.contents(limit: Pointer.maximumTextByteCount), content != file.text,
            case .pointer(let pointer) = Pointer.recognize(content), pointer.form == .gitData || file.pointer.form != .gitData,
            let name = GitObjectName.ofBlob(content, like: file.entry.name)
        else { return file }
        let entry = IndexEntry(mode: file.entry.mode, name: name, stage: file.entry.stage, path: file.path)
        return PointerFile(entry: entry, pointer: pointer, text: content)
    }
}
