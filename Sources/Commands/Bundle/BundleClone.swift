import Diagnostics
import Git
import ObjectStore
import Platform
import Repository

/// Makes a repository out of a bundle: branches and tags as they are in it, no remote, and real data in the worktree.
struct BundleClone {
    let file: BundleFile
    /// Must not be there yet, or be empty.
    let folder: BytePath
    let context: CommandContext

    /// The folder that a clone has where none is given.
    static func folderName(for file: BytePath) -> BytePath {
        var name = file.lastComponent.bytes[...]
        for suffix in [".tar", ".bundle"] where name.count > suffix.utf8.count && name.reversed().starts(with: suffix.utf8.reversed()) {
            name = name.dropLast(suffix.utf8.count)
        }
        return BytePath(bytes: name)
    }

    /// - Returns: `failure` where some of the data is lost; those files are named, and stay pointers.
    /// - Throws: where nothing can be made of the bundle; the folder is as it was then.
    func run(isLazy: Bool = false) throws -> ExitCode {
        let wasThere = try prepareFolder()
        context.output.message("Cloning into '\(folder)'...")
        let intake = BundleIntake(file)
        do {
            try makeRepository(from: intake)
        } catch {
            for name in wasThere ? try folder.entries() : [] { TemporaryFolder.removeTree(folder / name) }
            if !wasThere { TemporaryFolder.removeTree(folder) }
            throw error
        }
        try folder.makeCurrentFolder()
        let repository = try context.repository()
        try InitCommand.setUp(repository, isLazy: isLazy, context)
        if let top = repository.location.worktree, try repository.git().resolve("HEAD") != nil {
            // There are no blobs yet, so that all is pointers; what follows replaces them in parallel.
            try Git(in: top, worktree: top, adding: [("GIT_DATA_LAZY", "1")]).query(["reset", "--quiet", "--hard"])
        }
        let blobs = try intake.storeBlobs(
            in: BlobBatch(store: try repository.store()), context.progress("Storing data"))
        let report = BundleReport(file, intake, blobs)
        if !report.isSound {
            let names = try BundleNeeds.names(repository.indexPointers().map { .init(path: $0.path, pointer: $0.pointer) })
            context.output.error(Explanation(report.words(names), kept: "everything else"))
        }
        let pulled = isLazy ? .success : try PullCommand.run(ParsedArguments(), context)
        return report.isSound ? pulled : .failure
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
