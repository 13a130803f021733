import Digest
import Git
import Platform
import Pointer

extension VersionValues.Sources {
    /// The recipes and records of a worktree.
    package init(worktree: BytePath) throws(SystemError) {
        self.init()
        try add(StageName.folder, in: worktree, depth: 0)
    }

    private mutating func add(_ folder: BytePath, in worktree: BytePath, depth: Int) throws(SystemError) {
        let place = worktree / folder
        guard depth < 16, try place.status()?.kind == .folder else { return }
        for name in try place.entries().sorted() {
            let path = folder / name
            switch try (worktree / path).status()?.kind {
            case .folder: try add(path, in: worktree, depth: depth + 1)
            case .regular where StageName(stageFile: path) != nil || StageName(recordFile: path) != nil:
                if let content = try (worktree / path).regularContents(limit: ValueFile.maximumByteCount) { add(path, content) }
            default: break
            }
        }
    }
}

extension ValueSource {
    /// What a worktree has in a file.
    package static func worktree(_ path: BytePath, in worktree: BytePath, longestList: Int) -> ValueSource {
        do throws(WorktreePathError) {
            // One byte more shows that it is too long.
            guard let content = try WorktreeEntry.contents(path, under: worktree, limit: ValueFile.maximumByteCount + 1) else {
                return .absent
            }
            if case .pointer(let pointer) = Pointer.recognize(content) { return .pointer(pointer.oid) }
            return reading(content, path: path, longestList: longestList)
        } catch {
            switch error {
            case .link: return .unreadable("a symbolic link is in its place, or leads to it")
            case .notFolder: return .absent
            case .notFile, .forbidden: return .unreadable("it is no regular file")
            case .system(let error): return .unreadable(error.reason)
            }
        }
    }
}
