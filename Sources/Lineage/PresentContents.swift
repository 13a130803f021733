import Digest
import Git
import Platform
import Pointer
import Repository

/// Tells what identifies contents as they are now: by the index, where the worktree has what it says, else by reading.
/// Pointers tell their blobs, so that nothing need be fetched.
///
/// Where the time goes: one `lstat` for each file that a stage names, on all processors. What was touched since Git
/// looked is read and hashed, as `git status` does.
package struct PresentContents {
    private let repository: Repository
    private let top: BytePath
    private let portionCount: Int

    /// - Parameter portionCount: so many entries of the index are looked at at once.
    package init(_ repository: Repository, portionCount: Int = 4096) throws(LineageError) {
        self.repository = repository
        self.portionCount = portionCount
        top = try asking { () throws(RepositoryError) in try repository.worktree() }
    }

    /// - Parameters:
    ///   - paths: of files and folders, from the top of the worktree; what is nowhere is left out of the answer.
    ///   - body: is called with the pointers in the index for all of them, many at once, each once, wherever their content is.
    package func look(
        at paths: some Sequence<BytePath>, pointers body: ([PointerFile]) throws(RepositoryError) -> Void = { _ in }
    ) throws(LineageError) -> [BytePath: PresentFile] {
        let paths = Set(paths).sorted()
        guard !paths.isEmpty else { return [:] }
        let gatherings = paths.map { ($0, PresentFileGathering($0)) }
        var new = try newFiles(at: paths)[...]
        var sample: GitObjectName?
        let next = try asking { () throws(RepositoryError) in try repository.readIndex(portionCount) }
        while true {
            let index = try asking { () throws(RepositoryError) in try next() }
            sample = sample ?? index?.items.first?.name
            let portion = Portion(index ?? IndexContents([]), new: &new, isLast: index == nil)
            let known = try identities(in: portion, gatherings.map(\.0), like: sample)
            for (path, gathering) in gatherings { portion.give(to: gathering, at: path, known) }
            let pointers = known.values.compactMap(\.pointer)
            if !pointers.isEmpty { try asking { () throws(RepositoryError) in try body(pointers.sorted { $0.path < $1.path }) } }
            if index == nil { break }
        }
        return Dictionary(uniqueKeysWithValues: gatherings.compactMap { path, gathering in gathering.finish().map { (path, $0) } })
    }

    /// So much of the index as is in memory at once, with the files that stand between its entries and are in none.
    private struct Portion {
        let index: IndexContents
        /// In the order of their paths.
        let new: [BytePath]

        /// - Parameter rest: of all such files; those of this portion are taken away.
        init(_ index: IndexContents, new rest: inout ArraySlice<BytePath>, isLast: Bool) {
            self.index = index
            let last = index.items.last.map { index.path(of: $0) }
            let some = isLast ? rest : rest.prefix { path in last.map { path <= $0 } ?? false }
            rest = rest.dropFirst(some.count)
            // What was given by name may be in the index.
            new = some.filter { index.positions(of: $0).isEmpty }
        }

        /// The positions of the entries at or below paths.
        func positions(of paths: [BytePath]) -> Set<Int> {
            var positions: Set<Int> = []
            for path in paths {
                positions.formUnion(index.positions(of: path))
                positions.formUnion(index.positions(inside: path))
            }
            return positions
        }

        /// The other files at or below paths.
        func new(of paths: [BytePath]) -> Set<BytePath> {
            var files: Set<BytePath> = []
            for path in paths {
                if new.position(of: path) != nil { files.insert(path) }
                files.formUnion(new[new.positions(inside: path)])
            }
            return files
        }

        func give(to gathering: PresentFileGathering, at path: BytePath, _ known: [BytePath: FoundFile]) {
            let own = index.positions(of: path)
            if !own.isEmpty || new.position(of: path) != nil { gathering.take(known[path]) }
            guard !gathering.isFile else { return }
            var others = new[new.positions(inside: path)]
            for position in index.positions(inside: path) {
                let file = index.path(of: index.items[position])
                while let other = others.first, other < file {
                    gathering.take(known[other], inside: other)
                    others.removeFirst()
                }
                gathering.take(known[file], inside: file)
            }
            for other in others { gathering.take(known[other], inside: other) }
        }
    }

    /// Files below those paths that are neither in the index nor ignored, and what is there at those paths themselves, in the
    /// order of the paths.
    private func newFiles(at paths: [BytePath]) throws(LineageError) -> [BytePath] {
        let arguments: [BytePath] = [
            "--literal-pathspecs", "ls-files", "-z", "--others", "--exclude-standard", "--full-name", "--",
        ]
        let folders = paths.filter { top.appending($0).isFolder }
        // Given by name, an ignored file counts as well.
        var found = Set(paths.filter { !$0.isEmpty && top.appending($0).isPresent }).subtracting(folders)
        // As many as a command line takes at once.
        var rest = folders[...]
        while !rest.isEmpty {
            let some = rest.prefix(1000)
            rest = rest.dropFirst(some.count)
            let whole = some.map { $0.isEmpty ? BytePath(".") : $0 }
            try git { () throws(GitError) in
                try repository.git().forEachRecord(of: arguments + whole, endingWith: 0) { found.insert(BytePath(bytes: $0)) }
            }
        }
        return found.sorted()
    }

    /// The identities of a portion's files at or below paths.
    private func identities(
        in portion: Portion, _ paths: [BytePath], like sample: GitObjectName?
    ) throws(LineageError) -> [BytePath: FoundFile] {
        let index = portion.index
        let positions = portion.positions(of: paths).filter { index.items[$0].stage == 0 }.sorted()
        let new = portion.new(of: paths)
        guard !positions.isEmpty || !new.isEmpty else { return [:] }
        let sights = try self.sights(of: positions, in: index)
        let pointers = try asking { () throws(RepositoryError) in
            try repository.pointers(of: index, at: positions.filter { index.items[$0].isRegularFile })
        }
        var rest = pointers[...]
        var known: [BytePath: FoundFile] = [:]
        var staged: [BytePath: FoundFile] = [:]
        var changed: [BytePath] = []
        for (position, sight) in zip(positions, sights) {
            let item = index.items[position]
            let path = index.path(of: item)
            let pointer = rest.first?.path == path ? rest.popFirst() : nil
            let file = FoundFile(id: pointer.map { .blob($0.pointer.oid) } ?? .git(item.name), isStaged: true, pointer: pointer)
            switch sight {
            case .asIndexed: known[path] = file
            case .changed:
                staged[path] = file
                changed.append(path)
            case .absent: break
            }
        }
        let fresh = try WorktreeIdentities(repository, top: top, like: sample).look(at: changed + new.sorted())
        for (path, id) in fresh {
            let file = staged[path]
            known[path] = file?.id == id ? file : FoundFile(id: id, isStaged: false, pointer: nil)
        }
        return known
    }

    private enum Sight: Sendable { case asIndexed, changed, absent }

    /// How the files of the worktree stand to their entries.
    private func sights(of positions: [Int], in index: IndexContents) throws(LineageError) -> [Sight] {
        let worktree: Descriptor
        do throws(SystemError) { worktree = try .open(top, [.read, .folder]) } catch { throw .system(error) }
        let folder = OpenFolder(worktree)
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
