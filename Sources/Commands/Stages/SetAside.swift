import Git
import Platform
import Repository
private import Synchronization

/// What a stage has made before, out of the way while its command runs: the command finds nothing that it could take
/// for its own work, and where it fails, all is as it was. A run that was killed is undone by the next command that
/// looks at stages.
///
/// `<Git folder>/data/aside/<name>/`: `lock`, held by the process whose run it is; `paths`, with a NUL behind each; and
/// the files and folders by their position in it.
final class SetAside: Sendable {
    private let top: BytePath
    private let folder: BytePath
    private let lock: Mutex<Lock?>
    /// With the names that they have in `folder`.
    private let taken: Mutex<[(position: Int, path: BytePath)]?>
    /// What was nowhere before.
    private let absent: [BytePath]

    private final class Lock: Sendable {
        let descriptor: Descriptor
        init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
    }

    /// Takes the products of a stage away. Where the file system does not allow it, they stay where they are.
    init(_ paths: [BytePath], of repository: Repository) throws {
        let top = try repository.worktree()
        self.top = top
        let parent = Self.parent(repository)
        try parent.makeFolders()
        let folder = try Self.newFolder(in: parent)
        self.folder = folder
        let lock = Lock(try Descriptor.open(folder / "lock", [.readWrite, .create]))
        _ = try lock.descriptor.lock(waiting: true)
        self.lock = Mutex(lock)
        // What cannot be looked at may be there, and must not pass for what the command will have begun.
        let present = try paths.filter { try top.appending($0).status() != nil }
        absent = paths.filter { !present.contains($0) }
        try (folder / "paths").replaceContents(with: present.flatMap { $0.bytes + [0] })
        taken = Mutex([])
        for (position, path) in present.enumerated() {
            guard let place = try? WorktreeEntry.find(path, under: top, makingFolders: false) else { continue }
            do { try place.folder.move(entry: place.name, to: folder / "\(position)") } catch { continue }
            taken.withLock { $0?.append((position, path)) }
        }
    }

    private static func parent(_ repository: Repository) -> BytePath {
        repository.location.gitFolder / "data/aside"
    }

    private static func newFolder(in parent: BytePath) throws -> BytePath {
        // The name is one that no other run has.
        let file = try TemporaryFile(in: parent, prefix: "run-")
        let name = file.path.adding(suffix: ".d")
        try name.makeFolder(0o777)
        return name
    }

    /// Puts everything back, in the place of what the command has left there; what it has begun where nothing was goes.
    /// What cannot be put back now, the next command that looks at stages does.
    func giveBack() {
        guard let files = taken.withLock({ $0.take() }) else { return }
        for path in absent { Self.remove(top.appending(path)) }
        var isBack = true
        for (position, path) in files {
            let target = top.appending(path)
            if target.isPresent { Self.remove(target) }
            if !Self.restore(folder / "\(position)", to: path, below: top) { isBack = false }
        }
        if isBack { forget() } else { lock.withLock { $0 = nil } }
    }

    /// As `giveBack()`, and keeps what the command has made.
    /// - Returns: the folder that has it now; nil where it could not be kept.
    func giveBackKeepingMade() -> BytePath? {
        let place = folder.adding(suffix: ".made")
        guard let earlier = try? Self.paths(in: folder) else { return nil }
        for path in earlier + absent where top.appending(path).isPresent {
            let target = place.appending(path)
            guard (try? target.parent.makeFolders()) != nil, (try? top.appending(path).rename(to: target)) != nil else { return nil }
        }
        giveBack()
        return place
    }

    /// Forgets what was taken: the command has made it anew.
    func discard() {
        taken.withLock { $0 = nil }
        forget()
    }

    private func forget() {
        Self.remove(folder)
        lock.withLock { $0 = nil }
    }

    private static func remove(_ path: BytePath) {
        if (try? path.status())?.kind == .folder { _ = path.removeTree() } else { try? path.removeFile() }
    }

    private static func restore(_ kept: BytePath, to path: BytePath, below top: BytePath) -> Bool {
        guard kept.isPresent, let place = try? WorktreeEntry.find(path, under: top, makingFolders: true),
            (try? place.folder.status(ofEntry: place.name)) ?? nil == nil
        else { return false }
        do { try place.folder.take(kept, as: place.name, isReplacing: false) } catch { return false }
        return true
    }

    private static func paths(in folder: BytePath) throws(SystemError) -> [BytePath] {
        try (folder / "paths").contents()?.split(separator: 0).map { BytePath(bytes: $0) } ?? []
    }

    /// The files that a run which was killed had taken; where that cannot be known, another command will know it.
    private static func left(in folder: BytePath) -> [(position: Int, path: BytePath)]? {
        do throws(SystemError) {
            var found: [(position: Int, path: BytePath)] = []
            for (position, path) in try paths(in: folder).enumerated() where try (folder / "\(position)").status() != nil {
                found.append((position, path))
            }
            return found
        } catch {
            return nil
        }
    }

    /// Undoes the runs of processes that are gone. What has been made in the place of an earlier output meanwhile stays,
    /// and the earlier one is kept.
    static func recover(_ repository: Repository, _ output: Output) {
        guard let top = repository.location.worktree, let runs = try? parent(repository).entries() else { return }
        for name in runs where name.text.hasSuffix(".d") {
            let folder = parent(repository).appending(name)
            guard let lock = try? Descriptor.open(folder / "lock", [.readWrite]), (try? lock.lock(waiting: false)) == true else { continue }
            guard let files = left(in: folder) else { continue }
            var kept: [(path: BytePath, position: Int)] = []
            for (position, path) in files {
                if restore(folder / "\(position)", to: path, below: top) {
                    output.message("'\(path)' is back, which a run that was killed had set aside")
                } else {
                    kept.append((path, position))
                }
            }
            guard !kept.isEmpty else {
                remove(folder)
                continue
            }
            // It is said once; the files stay until somebody removes them.
            let place = folder.adding(suffix: ".kept")
            guard (try? folder.rename(to: place)) != nil else { continue }
            for (path, position) in kept {
                output.warning("a run that was killed has left '\(path)'; the version before it is '\(place / "\(position)")'")
            }
        }
    }
}
