import Diagnostics
import Digest
import Git
import ObjectStore
import Platform
import Repository
private import Synchronization

/// Makes a repository out of a bundle: branches and tags as they are in it, no remote, and real data in the worktree.
struct BundleClone {
    let file: BundleFile
    /// Must not be there yet, or be empty.
    let folder: BytePath
    let context: CommandContext

    /// The folder that a clone has where none is given.
    static func folderName(for file: BytePath) -> BytePath {
        var name = file.lastComponent.bytes[...]
        let suffix = [".tar", ".bundle"].map { Array($0.utf8) }.first { name.count > $0.count && name.suffix($0.count) == $0[...] }
        if let suffix { name = name.dropLast(suffix.count) }
        return BytePath(bytes: name)
    }

    /// Whether there is a file at the path that begins as a bundle.
    static func isBundle(_ path: BytePath) -> Bool {
        guard let file = try? BundleFile(path), file.byteCount > 0 else { return false }
        let reader = BundleReader(file.input)
        guard let item = try? reader.next(), item.member == .readme else { return false }
        return (try? reader.content(limit: BundleIntake.readmeLimit))?.starts(with: BundleMember.anySignature) ?? false
    }

    /// - Returns: `failure` where some of the data is lost; those files are named, and stay pointers.
    /// - Throws: where nothing can be made of the bundle; the folder is as it was then.
    func run(isLazy: Bool = false) throws -> ExitCode {
        let wasThere = try prepareFolder()
        context.output.message("Cloning into '\(folder)'...")
        let path = try folder.resolved()
        let leftover = Leftover(path: path, wasThere: wasThere)
        // The store that is to be: Git takes a folder for its own that has no more than that.
        let intake = BundleIntake(file, scratch: ObjectStore(folder: path / ".git/data"))
        do {
            try makeRepository(from: intake)
        } catch {
            leftover.remove()
            throw error
        }
        leftover.keep()
        try folder.makeCurrentFolder()
        let repository = try context.repository()
        try InitCommand.setUp(repository, isLazy: isLazy, context)
        if let top = repository.location.worktree, try repository.git().resolve("HEAD") != nil {
            // There are no blobs yet, so that all is pointers; what follows replaces them in parallel.
            try Git(in: top, worktree: top).query(FilterConfiguration.leavingPointers + ["reset", "--quiet", "--hard"])
        }
        let blobs = try intake.storeBlobs(
            in: BlobBatch(store: try repository.store()), context.progress("Storing data"))
        let report = try BundleReport(file, intake, blobs)
        if !report.isSound {
            let lost = Set(report.lost)
            var names: [ObjectID: BytePath] = [:]
            try repository.forEachIndexPointers { files throws(RepositoryError) in
                for file in files where lost.contains(file.pointer.oid) && names[file.pointer.oid] == nil {
                    names[file.pointer.oid] = file.path
                }
            }
            context.output.error(Explanation(report.words(names), kept: "everything else"))
        }
        let pulled = isLazy ? .success : try PullCommand.run(ParsedArguments(), context)
        return report.isSound ? pulled : .failure
    }

    /// What a clone has put into its folder, as long as it is no repository.
    private final class Leftover: Sendable {
        private let path: BytePath
        private let wasThere: Bool
        private let isKept = Mutex(false)

        init(path: BytePath, wasThere: Bool) {
            self.path = path
            self.wasThere = wasThere
            Interrupts.onEnd { self.remove() }
        }

        func keep() { isKept.withLock { $0 = true } }

        func remove() {
            isKept.withLock { isKept in
                guard !isKept else { return }
                isKept = true
                guard wasThere else { return TemporaryFolder.removeTree(path) }
                for name in (try? path.entries()) ?? [] { TemporaryFolder.removeTree(path / name) }
            }
        }
    }

    /// - Returns: whether the folder was there, empty.
    private func prepareFolder() throws -> Bool {
        guard let status = try folder.status(followingLinks: true) else {
            try folder.makeFolders()
            return false
        }
        guard status.kind == .folder, try folder.entries().isEmpty else {
            throw CommandFailure("destination path '\(folder)' already exists and is not an empty directory")
        }
        return true
    }

    private func makeRepository(from intake: BundleIntake) throws {
        // Nothing of it stays: it has its bytes in Git's own pack then.
        let temporary = try TemporaryFile(in: folder.resolved(), prefix: ".bundle-")
        let part = BundleGitPart(path: temporary.path, head: try intake.readRepository(into: temporary.descriptor))
        guard part.head.prerequisites.isEmpty else {
            throw CommandFailure(
                "\(file.name) is an update, for a repository that is there already",
                hints: ["in that repository: git data bundle unbundle \(ShellWord.quoted(file.path))"])
        }
        let git = try part.makeRepository(folder)
        try part.fetch(["heads", "tags", "notes", "remotes"].map { BytePath("+refs/\($0)/*:refs/\($0)/*") }, with: git)
        try setHead(part.head, git)
    }

    /// HEAD is the branch that has its commit, or that commit; where there is no HEAD, the first branch, else the first
    /// tag.
    private func setHead(_ head: BundleHead, _ git: Git) throws {
        let object = head.refs.first { $0.name == "HEAD" }?.object
        let branches = try git.refs(["refs/heads/"]).filter { object == nil || $0.object == object }
        let preferred = [try git.run(["config", "init.defaultBranch"]).line, "main", "master"]
        let named = preferred.lazy.compactMap { name in branches.first { $0.name == BytePath("refs/heads/") / name } }.first
        if let branch = named ?? branches.first {
            try git.query(["symbolic-ref", "HEAD", branch.name])
        } else if let object = object ?? head.refs.first?.object {
            // A tag's object is not its commit.
            guard let commit = try git.resolve(BytePath(bytes: object.hex).adding(suffix: "^{commit}")) else { return }
            try git.query(["update-ref", "--no-deref", "HEAD", BytePath(bytes: commit.hex)])
        }
    }
}
