import Git
import Platform
import Repository

/// Whether a repository is in a state in which its history can be written anew.
struct MigrationGround {
    let repository: Repository
    let git: Git

    init(_ repository: Repository) throws {
        self.repository = repository
        git = try repository.git()
    }

    /// What holds for any commit of the repository.
    func check() throws {
        if try git.query(["rev-parse", "--is-shallow-repository"]).line == "true" {
            throw CommandFailure(
                "this clone is shallow: the start of its history is missing", hints: ["git fetch --unshallow"])
        }
        try refusePartialClone()
        let grafts = try git.query(["rev-parse", "--git-path", "info/grafts"]).line
        let isGrafted = try grafts.absolute(from: repository.location.worktree ?? repository.location.gitFolder).contents()?.isEmpty == false
        if try !git.refs(["refs/replace/"]).isEmpty || isGrafted {
            throw CommandFailure(
                "this repository shows other commits than it has (git replace, or grafts)",
                hints: ["to look at them: git replace --list", "git filter-branch makes them permanent"])
        }
        for name in ["rebase-merge", "rebase-apply", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "BISECT_LOG"]
        where (repository.location.gitFolder / name).exists {
            throw CommandFailure("another operation is under way here, and must be ended first", hints: ["git status"])
        }
    }

    /// Refuses where the refs of an earlier migration are kept.
    /// - Parameter force: whether they are given up, which those of an interrupted migration never are: the others of
    ///   its refs have not moved.
    func checkBackup(force: Bool) throws {
        let backups = try git.refs([Migration.backupPrefix])
        guard let first = backups.first else { return }
        let present = Set(try git.refs(["refs/heads/", "refs/tags/"]).map { [$0.name.bytes, $0.object.bytes] })
        if backups.contains(where: { present.contains([Migration.name(ofBackup: $0.name).bytes, $0.object.bytes]) }) {
            throw CommandFailure(
                "an earlier migration was interrupted while it moved the refs", kept: "the old refs, below 'refs/original'",
                hints: ["git data migrate undo"])
        }
        guard !force else { return }
        throw CommandFailure(
            "a backup of an earlier migration is in '\(first.name)' and its like",
            hints: ["to go back to it: git data migrate undo", "to give it up: the same command with --force"])
    }

    /// In a partial clone Git would fetch what is asked about, one object at a time.
    func refusePartialClone() throws {
        let configuration = try repository.settings().configuration
        let isPartial = configuration.value("extensions.partialclone") != nil
            || configuration.subsections(of: "remote").contains { configuration.boolean("remote.\($0).promisor") == true }
        guard !isPartial else {
            throw CommandFailure("this clone is partial: contents of its history are missing", hints: ["clone without --filter"])
        }
    }

    /// The branch of HEAD, its full name.
    func currentBranch() throws -> BytePath {
        let head = try git.run(["symbolic-ref", "--quiet", "HEAD"])
        guard head.status == 0 else {
            throw CommandFailure("HEAD is detached, at no branch", hints: ["git switch BRANCH"])
        }
        guard try git.resolve(head.line) != nil else {
            throw CommandFailure("there are no commits yet on '\(Migration.shortName(head.line))'")
        }
        return head.line
    }

    /// Refuses where another worktree stands on one of the commits: nothing would tell it that they have moved.
    func refuseOtherWorktrees(on commits: Set<GitObjectName>) throws {
        for other in try repository.worktrees() where other != repository.location.worktree {
            let git = try Git(in: other, worktree: other, isolated: true)
            guard let head = try git.resolve("HEAD"), commits.contains(head) else { continue }
            throw CommandFailure(
                "the worktree at '\(other)' stands on commits that would be written anew",
                hints: ["git worktree remove \(ShellWord.quoted(other))"])
        }
    }
}

/// The refs that a migration was given, and the commits that they lead to.
struct MigrationScope {
    /// In the order of their names.
    let refs: [GitRef]
    /// Parents first.
    let commits: [(commit: GitObjectName, tree: GitObjectName)]

    init(_ arguments: ParsedArguments, _ ground: MigrationGround) throws {
        let git = ground.git
        let given = arguments[MigrateOptions.refs]
        let names: [BytePath]
        if arguments[MigrateOptions.everything] {
            guard given.isEmpty else { throw UsageError("--everything takes no refs") }
            names = ["refs/heads/", "refs/tags/"]
        } else if given.isEmpty {
            names = [try ground.currentBranch()]
        } else {
            names = try given.map { try Self.fullName($0, git) }
        }
        // A ref that only stands for another goes where that one goes.
        refs = try git.refs(names).filter { !$0.isSymbolic }
        let excluded = try arguments[MigrateOptions.excludeRef].map { revision in
            guard let commit = try git.resolve(revision) else {
                throw CommandFailure("'\(revision)' is no revision of this repository")
            }
            return commit
        }
        commits = try git.history(of: refs.map(\.object), excluding: excluded)
        guard !refs.isEmpty else { throw CommandFailure("there are no branches or tags with commits") }
    }

    private static func fullName(_ given: BytePath, _ git: Git) throws -> BytePath {
        let name = try git.fullRefName(given)
        guard let name, ["refs/heads/", "refs/tags/"].contains(where: { name.bytes.starts(with: Array($0.utf8)) }) else {
            throw CommandFailure(
                "'\(given)' is no branch and no tag of this repository",
                hints: ["commits of others can only be left alone: --exclude-ref"])
        }
        return name
    }
}
