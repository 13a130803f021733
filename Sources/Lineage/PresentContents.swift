import Digest
import Git
import Platform
import Pointer
import Repository

/// What a file or folder that a stage names is now.
package struct PresentFile: Equatable, Sendable {
    package let id: ContentID
    /// Whether the index has just this, so that it would be in the next commit.
    package let isStaged: Bool
    package let isFolder: Bool
    /// The pointers in the index for this file, or for what is in this folder, wherever their content is.
    package let pointers: [PointerFile]
}

/// Tells what identifies contents as they are now: by the index, where the worktree has what it says, else by reading.
/// Pointers tell their blobs, so that nothing need be fetched.
///
/// Where the time goes: one `lstat` for each file that a stage names, on all processors. What was touched since Git
/// looked is read and hashed, as `git status` does.
package struct PresentContents {
    private let repository: Repository
    private let index: IndexContents
    private let top: BytePath

    package init(_ repository: Repository) throws(LineageError) {
        self.repository = repository
        (index, top) = try asking { () throws(RepositoryError) in (try repository.indexContents(), try repository.worktree()) }
    }

    /// - Parameter paths: of files and folders, from the top of the worktree; what is nowhere is left out of the answer.
    package func look(at paths: some Sequence<BytePath>) throws(LineageError) -> [BytePath: PresentFile] {
        let paths = Set(paths)
        // Which entries and which files of no entry belong to which path.
        var positions: [BytePath: Range<Int>] = [:]
        var folders: Set<BytePath> = []
        var toList: [BytePath] = []
        for path in paths {
            let own = index.positions(of: path)
            let inside = own.isEmpty ? index.positions(inside: path) : own
            positions[path] = inside
            if own.isEmpty {
                let isFolder = top.appending(path).isFolder
                if isFolder || !inside.isEmpty { folders.insert(path) }
                if isFolder || top.appending(path).isPresent { toList.append(path) }
            }
        }
        let untracked = try untrackedFiles(toList)
        let known = try identities(at: positions.values, and: untracked)
        let others = untracked.sorted()
        var answer: [BytePath: PresentFile] = [:]
        for path in paths {
            let entries = (positions[path] ?? 0..<0).map { index.path(of: index.items[$0]) }
            let new = folders.contains(path) ? others[others.positions(inside: path)] : untracked.contains(path) ? [path] : []
            answer[path] = present(path, isFolder: folders.contains(path), entries + new, known)
        }
        return answer
    }

    private func present(
        _ path: BytePath, isFolder: Bool, _ files: [BytePath], _ known: [BytePath: Identity]
    ) -> PresentFile? {
        let found = files.compactMap { file in known[file].map { (file, $0) } }
        guard isFolder else { return found.first.map { PresentFile(id: $0.1.id, isStaged: $0.1.isStaged, isFolder: false, pointers: $0.1.pointers) } }
        guard !found.isEmpty else { return nil }
        let parts = found.map { (path: $0.0.relative(to: path)?.bytes ?? [], id: $0.1.id) }
        return PresentFile(
            id: .folder(parts), isStaged: found.count == files.count && found.allSatisfy(\.1.isStaged), isFolder: true,
            pointers: found.flatMap(\.1.pointers))
    }

    private struct Identity {
        let id: ContentID
        let isStaged: Bool
        var pointers: [PointerFile] = []
    }

    /// Files that are neither in the index nor ignored, below those paths or at them.
    private func untrackedFiles(_ paths: [BytePath]) throws(LineageError) -> Set<BytePath> {
        guard !paths.isEmpty else { return [] }
        let arguments: [BytePath] = [
            "--literal-pathspecs", "ls-files", "-z", "--others", "--exclude-standard", "--full-name", "--",
        ]
        // As many as a command line takes at once.
        var found: Set<BytePath> = []
        var rest = paths.sorted()[...]
        while !rest.isEmpty {
            let some = rest.prefix(1000)
            rest = rest.dropFirst(some.count)
            let whole = some.map { $0.isEmpty ? BytePath(".") : $0 }
            found.formUnion(try git { () throws(GitError) in try repository.git().query(arguments + whole).records })
        }
        // Given by name, an ignored file counts as well.
        return found.union(paths.filter { !top.appending($0).isFolder })
    }

    /// The identities of all those entries and files.
    private func identities(
        at ranges: some Sequence<Range<Int>>, and untracked: Set<BytePath>
    ) throws(LineageError) -> [BytePath: Identity] {
        let positions = Set(ranges.flatMap { $0 }).filter { index.items[$0].stage == 0 }.sorted()
        let sights = try self.sights(of: positions)
        let pointers = try asking { () throws(RepositoryError) in
            try repository.pointers(of: index, at: positions.filter { index.items[$0].isRegularFile })
        }
        let pointerAt = Dictionary(pointers.map { ($0.path, $0) }) { first, _ in first }
        var known: [BytePath: Identity] = [:]
        var staged: [BytePath: ContentID] = [:]
        var changed: [BytePath] = []
        for (position, sight) in zip(positions, sights) {
            let item = index.items[position]
            let path = index.path(of: item)
            let pointer = pointerAt[path]
            let id = pointer.map { ContentID.blob($0.pointer.oid) } ?? .git(item.name)
            switch sight {
            case .asIndexed: known[path] = Identity(id: id, isStaged: true, pointers: pointer.map { [$0] } ?? [])
            case .changed:
                staged[path] = id
                changed.append(path)
            case .absent: break
            }
        }
        let sample = index.items.first?.name
        let fresh = try WorktreeIdentities(repository, top: top, like: sample).look(at: changed + untracked.sorted())
        for (path, id) in fresh {
            let isStaged = staged[path] == id
            known[path] = Identity(id: id, isStaged: isStaged, pointers: isStaged ? pointerAt[path].map { [$0] } ?? [] : [])
        }
        return known
    }

    private enum Sight: Sendable { case asIndexed, changed, absent }

    /// How the files of the worktree stand to their entries.
    private func sights(of positions: [Int]) throws(LineageError) -> [Sight] {
        let worktree: Descriptor
        do throws(SystemError) { worktree = try .open(top, [.read, .folder]) } catch { throw .system(error) }
        let folder = OpenFolder(worktree)
        let index = self.index
        let seen = concurrentMap(positions) { position -> Result<Sight, SystemError> in
            let item = index.items[position]
            // A submodule is what its entry says.
            if !item.isRegularFile, index.entry(item).mode == "160000" { return .success(.asIndexed) }
            do throws(SystemError) {
                guard let status = try index.status(of: item, in: folder.descriptor) else { return .success(.absent) }
                return .success(index.knownStatus(of: item)?.matches(status) == true ? .asIndexed : .changed)
            } catch {
                return .failure(error)
            }
        }
        let sights: [Sight]
        do throws(SystemError) { sights = try seen.map { one throws(SystemError) in try one.get() } } catch { throw .system(error) }
        guard sights.contains(.absent), try isSparse() else { return sights }
        return sights.map { $0 == .absent ? .asIndexed : $0 }
    }

    /// Whether files may be left out of the worktree on purpose.
    private func isSparse() throws(LineageError) -> Bool {
        try asking { () throws(RepositoryError) in try repository.settings().configuration.boolean("core.sparsecheckout") ?? false }
    }
}

private final class OpenFolder: Sendable {
    let descriptor: Descriptor
    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
}

func asking<Result>(_ question: () throws(RepositoryError) -> Result) throws(LineageError) -> Result {
    do throws(RepositoryError) { return try question() } catch { throw .repository(error) }
}

func git<Result>(_ question: () throws(GitError) -> Result) throws(LineageError) -> Result {
    do throws(GitError) { return try question() } catch { throw .git(error) }
}

extension [BytePath] {
    /// Where those that are in a folder stand, in a list in the order of the bytes.
    func positions(inside folder: BytePath) -> Range<Int> {
        guard !folder.isEmpty else { return indices }
        let prefix = folder.bytes + [UInt8(ascii: "/")]
        var range = startIndex..<endIndex
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            let isBefore = self[middle].bytes.lexicographicallyPrecedes(prefix)
            range = isBefore ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        var end = range.lowerBound
        while end < endIndex, self[end].bytes.starts(with: prefix) { end += 1 }
        return range.lowerBound..<end
    }
}
