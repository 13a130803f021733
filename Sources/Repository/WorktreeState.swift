import Digest
import Git
import Platform
import Pointer

/// What stands in the worktree for a file that Git holds as a pointer.
package enum WorktreeState: Equatable, Sendable {
    /// The pointer's own text; or a file that cannot be looked at: it must not pass for one that needs nothing, and
    /// who goes on to fill it learns why.
    case pointer
    /// Something else: the blob's content, or a user's edit of it. Which, Git tells by the index.
    case content
    /// Nothing: deleted, or outside a sparse checkout.
    case absent
}

extension Repository {
    /// Looks at the worktree, without following a link in the file's place.
    package func worktreeState(of file: PointerFile) throws(RepositoryError) -> WorktreeState {
        try WorktreeLook(worktree()).state(of: file)
    }

    /// As `worktreeState(of:)`, for many at once.
    package func worktreeStates(of files: [PointerFile]) throws(RepositoryError) -> [WorktreeState] {
        let look = try WorktreeLook(worktree())
        return concurrentMap(files) { look.state(of: $0) }
    }

    /// Says what stands in the worktree for each file, and makes it the pointer that stands there. That may be one of
    /// another version: `git stash pop`, or a side that is taken in a conflict, leaves such where the filter hands out
    /// no content. Any other file is left as it is.
    package func look(at files: inout [PointerFile]) throws(RepositoryError) -> [WorktreeState] {
        let look = try WorktreeLook(worktree())
        let sights = concurrentMap(files) { look.standing($0) }
        for (position, sight) in sights.enumerated() {
            if let other = sight.other { files[position] = other.file }
        }
        return sights.map(\.state)
    }

    /// The pointers of the index, at every stage, whose files in the worktree are short enough to be pointers.
    /// Whether attributes give them to a filter, was not asked: `waiting(among:)` does, of the few that are left.
    ///
    /// Where the time goes: one `lstat` for each entry, on all processors, as Git does it. Nothing is asked of Git, nor
    /// looked up, for files that have their content.
    /// - Parameter body: called with them portion by portion.
    package func forEachShortPointers(_ body: ([PointerFile]) throws(RepositoryError) -> Void) throws(RepositoryError) {
        let top = try self.worktree()
        let worktree: Descriptor
        do throws(SystemError) { worktree = try .open(top, [.read, .folder]) } catch { throw .system(error) }
        let folder = Shared(worktree)
        let git = try asking { () throws(GitError) -> Git in try self.git() }
        try forEachIndexPortion(of: isIsolated ? nil : location.index, git) { index throws(RepositoryError) in
            let short = concurrentMap(index.items) { item in
                guard item.isRegularFile else { return false }
                do throws(SystemError) {
                    return try index.status(of: item, in: folder.descriptor).map(WorktreeLook.mayBePointer) ?? false
                } catch {
                    return true
                }
            }
            let positions = short.indices.filter { short[$0] }
            if !positions.isEmpty { try body(try pointers(of: index, at: positions)) }
        }
    }

    /// Those of the files that stand as pointers in the worktree and have a data filter, as they stand.
    /// - Parameter stray: called with those that stand as pointers, and of which no attribute says anything.
    package func standing(
        among files: [PointerFile], stray: (PointerFile) -> Void = { _ in }
    ) throws(RepositoryError) -> [PointerFile] {
        var files = files
        let states = try look(at: &files)
        return try keepingFiltered(zip(files, states).compactMap { $1 == .pointer ? $0 : nil }, stray: stray)
    }

    /// Those of the files that stand as pointers in the worktree and that the filter would fill, as they stand.
    package func waiting(among files: [PointerFile]) throws(RepositoryError) -> [PointerFile] {
        try standing(among: files).filter { !$0.pointer.isExtended }
    }
}

private final class Shared: Sendable {
    let descriptor: Descriptor
    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
}

/// Looks at files of a worktree. Any number of threads may use it.
private struct WorktreeLook: Sendable {
    let top: BytePath

    init(_ top: BytePath) {
        self.top = top
    }

    /// Whether a file has a pointer's length. None is shorter than the oid in it.
    static func mayBePointer(_ status: FileStatus) -> Bool {
        status.kind == .regular && (Int64(ObjectID.digitCount)..<Int64(Pointer.maximumTextByteCount)).contains(status.byteCount)
    }

    func state(of file: PointerFile) -> WorktreeState {
        let path = top.appending(file.path)
        do throws(SystemError) {
            guard let status = try path.status() else { return .absent }
            guard Self.mayBePointer(status) else { return .content }
            let text = file.text
            guard status.byteCount == Int64(text.count) else { return .content }
            return try path.regularContents(limit: Pointer.maximumTextByteCount) == text ? .pointer : .content
        } catch {
            return .pointer
        }
    }

    /// What stands for a file, and the pointer that does where that is another.
    func standing(_ file: PointerFile) -> (state: WorktreeState, other: Other?) {
        let path = top.appending(file.path)
        let text = file.text
        let found: [UInt8]?
        do throws(SystemError) {
            guard let status = try path.status() else { return (.absent, nil) }
            guard Self.mayBePointer(status) else { return (.content, nil) }
            // A pointer of another version would be another entry for Git.
            if status.byteCount != Int64(text.count), file.status?.matches(status) == true { return (.content, nil) }
            found = try path.regularContents(limit: Pointer.maximumTextByteCount)
        } catch {
            return (.pointer, nil)
        }
        guard let content = found else { return (.absent, nil) }
        if content == text { return (.pointer, nil) }
        guard case .pointer(let pointer) = Pointer.recognize(content),
            pointer.form == .gitData || file.pointer.form != .gitData,
            let name = GitObjectName.ofBlob(content, like: file.entry.name)
        else { return (.content, nil) }
        let entry = IndexEntry(mode: file.entry.mode, name: name, stage: file.entry.stage, path: file.path)
        return (.pointer, Other(PointerFile(entry: entry, pointer: pointer, text: content)))
    }

    /// A few among many, which take no room where there is none.
    final class Other: Sendable {
        let file: PointerFile
        init(_ file: PointerFile) { self.file = file }
    }
}
