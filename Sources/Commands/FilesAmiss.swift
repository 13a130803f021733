import Git
import Platform
import Pointer
import Repository

/// Files that Git does not hold as the attributes say: somebody has committed them past the filter, or past our hooks.
/// `git data fix` mends them.
struct FilesAmiss {
    /// Content under a data pattern.
    var raw = CountedFiles()
    /// Pointers that no attribute makes data of. They stand in the worktree as files like any other, and nothing fills them.
    var stray = CountedFiles()

    var isEmpty: Bool { raw.count == 0 && stray.count == 0 }

    /// Says so, where there are some.
    func report(_ output: Output) {
        if raw.count > 0 {
            output.warning("\(Count.files(raw.count)) \(raw.count == 1 ? "is" : "are") in Git itself, though a pattern makes data of \(Self.them(raw)): \(raw)")
        }
        if stray.count > 0 {
            output.warning("\(Count.files(stray.count)) left as pointers, as no pattern makes data of \(Self.them(stray)): \(stray)")
        }
        if !isEmpty { output.message("hint: git data fix") }
    }

    private static func them(_ files: CountedFiles) -> String { files.count == 1 ? "it" : "them" }
}

/// The regular files that the index has, and some commit has not, or has otherwise.
struct ChangedFiles {
    let repository: Repository

    /// So many files are looked at at once.
    private static let portionCount = 8192

    /// Calls `body` with them, so many at once: those of the data filter, and those of which no attribute says that they
    /// have a filter, or that they have none.
    /// - Parameter isStaged: whether attributes count as they are staged, whatever the worktree has.
    func forEachPortion(
        since commit: BytePath, isStaged: Bool = false, _ body: (_ data: [IndexEntry], _ others: [IndexEntry]) throws -> Void
    ) throws {
        let git = try repository.git()
        var failure: (any Error)?
        try git.forEachStagedPortion(since: commit, of: Self.portionCount) { files throws(GitError) in
            guard failure == nil else { return }
            let filters = try git.beginAttribute("filter", of: files.map(\.path), cached: isStaged).values()
            func those(with filter: BytePath?) -> [IndexEntry] {
                zip(files, filters).compactMap { $1 == filter ? $0 : nil }
            }
            do { try body(those(with: "data"), those(with: nil)) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// The pointers among files that have no filter.
    func pointers(among files: [IndexEntry]) throws -> [BytePath] {
        var pointers: Set<GitObjectName> = []
        try repository.git().forEachBlob(Array(Set(files.map(\.name))), shorterThan: Pointer.maximumTextByteCount) { name, content in
            if case .pointer(let pointer) = Pointer.recognize(content), pointer.form == .gitData { pointers.insert(name) }
        }
        return files.filter { pointers.contains($0.name) }.map(\.path)
    }

    /// What is amiss with those of them that are checked out. Of others a partial clone would fetch the content, one by one.
    func amiss(since commit: BytePath) throws -> FilesAmiss {
        let top = try repository.worktree()
        func present(_ files: [IndexEntry]) -> [IndexEntry] { files.filter { top.appending($0.path).isPresent } }
        var amiss = FilesAmiss()
        try forEachPortion(since: commit) { data, others in
            amiss.raw.add(try repository.rawFiles(among: present(data)).map(\.path))
            amiss.stray.add(try pointers(among: present(others)))
        }
        return amiss
    }
}
