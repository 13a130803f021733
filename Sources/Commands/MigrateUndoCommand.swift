import Diagnostics
import Git
import Platform
import Repository

/// `git data migrate undo`: back to the history that the last migration kept.
struct MigrateUndoCommand: Command {
    static let force = Flag("force", short: "f", "also where branches have got commits since")
    static let declaration = Declaration(
        "undo", group: .start, summary: "go back to the history before the last migration",
        description: """
            Gives every branch and tag that has a backup below `refs/original` what it named before, in one \
            transaction, and removes the backup. Blobs stay in the local store.
            """,
        options: [force, CommonOptions.dryRun])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        Process.returnLargeMemory()
        let repository = try context.repository()
        let git = try repository.git()
        let ground = try MigrationGround(repository)
        try ground.check()
        let backups = try git.refs([Migration.backupPrefix])
        guard !backups.isEmpty else { throw CommandFailure("there is no backup of a migration: 'refs/original' is empty") }
        let present = Dictionary(uniqueKeysWithValues: try git.refs(["refs/"]).map { ($0.name, $0) })
        let renamed = try commitMap(of: repository)
        var changes: [RefChange] = []
        var moved: [BytePath] = []
        for backup in backups {
            let name = Migration.name(ofBackup: backup.name)
            let now = present[name]?.object
            // Of an annotated tag there is no record; nobody commits to a tag.
            if backup.kind == .commit, let now, now != renamed[backup.object], now != backup.object { moved.append(name) }
            changes.append(.set(name, to: backup.object, from: now))
        }
        if let first = moved.first, !arguments[force] {
            throw CommandFailure(
                "'\(Migration.shortName(first))' has got commits since the migration, which would be left behind",
                hints: ["to go back all the same: git data migrate undo --force", "the reflog keeps them: git reflog \(ShellWord.quoted(Migration.shortName(first)))"])
        }
        if arguments[CommonOptions.dryRun] {
            for backup in backups { context.output.line("would restore \(Migration.name(ofBackup: backup.name))") }
            return .success
        }
        let branch = try repository.location.worktree.map { _ in try ground.currentBranch() }
        let target = backups.first { Migration.name(ofBackup: $0.name) == branch }
        // A migration that was killed has not come to the index.
        let isIndexBack = try target.map { try git.indexIs($0.object) } ?? true
        let worktree = isIndexBack ? nil : try MigrationWorktree(repository)
        let head = try git.resolve("HEAD")
        try ground.refuseOtherWorktrees(on: Set(changes.compactMap { if case .set(_, _, let now) = $0 { now } else { nil } }))
        try git.change(changes + backups.map { .delete($0.name, from: $0.object) }, reason: "git data migrate undo")
        if let head { try worktree?.follow(from: head, nil, context.output) }
        context.output.message("Restored \(Count.noun(backups.count, "ref")).")
        return .success
    }

    private static func commitMap(of repository: Repository) throws -> [GitObjectName: GitObjectName] {
        var renamed: [GitObjectName: GitObjectName] = [:]
        for line in try Migration.commitMap(of: repository).contents()?.split(separator: UInt8(ascii: "\n")) ?? [] {
            let names = line.split(separator: UInt8(ascii: ",")).map { GitObjectName(hex: $0) }
            if names.count == 2, let old = names[0], let new = names[1] { renamed[old] = new }
        }
        return renamed
    }
}
