import Diagnostics
import Git
import Platform
import Repository

/// What `git data migrate import` and `export` have in common: the checks, the walk through history, and the move of refs,
/// index and worktree.
struct MigrationRun {
    let migration: Migration
    /// Whether nothing is to be changed.
    let isDryRun: Bool
    private let scope: MigrationScope
    /// The current branch; nil in a bare repository.
    private let head: BytePath?
    /// nil in a bare repository, and where nothing is to be changed.
    private let worktree: MigrationWorktree?
    private let objectMap: BytePath?

    /// - Throws: `CommandFailure` where the repository is in no state for it.
    init(_ arguments: ParsedArguments, _ context: CommandContext) throws {
        Process.returnLargeMemory()
        let repository = try context.repository()
        isDryRun = arguments[CommonOptions.dryRun]
        objectMap = arguments[MigrateOptions.objectMap]
        let ground = try MigrationGround(repository)
        try ground.check()
        if !isDryRun { try ground.checkBackup(force: arguments[MigrateOptions.force]) }
        scope = try MigrationScope(arguments, ground)
        head = try repository.location.worktree.map { _ in try ground.currentBranch() }
        worktree = isDryRun ? nil : try MigrationWorktree(repository)
        if !isDryRun { try ground.refuseOtherWorktrees(on: Set(scope.commits.map(\.commit))) }
        migration = try Migration(repository, ground, context)
    }

    /// Reads the history: calls `body` with what the files of the commits have had in them, many contents at once.
    func forEachVersionPortion(_ body: ([HistoryCatalogue.Version]) throws -> Void) throws {
        try migration.readHistory(scope.commits, body)
    }

    /// Writes the commits anew and moves everything to them.
    /// - Parameters:
    ///   - migrated: the Git blobs that are replaced.
    ///   - isData: whether the files are data files from now on.
    ///   - name: of the command.
    ///   - publishing: what to do next for others to have it.
    func complete(
        _ editor: any HistoryEditor, _ migrated: MigratedBlobs, isData: Bool, name: String, publishing: String
    ) throws {
        let output = migration.context.output
        let rewritten = try migration.rewrite(scope.commits, editor)
        guard !rewritten.moves.isEmpty else { return output.message("Nothing to convert.") }
        try migration.moveRefs(rewritten, objectMap: objectMap, reason: "git data migrate \(name)")
        if let move = rewritten.moves.first(where: { $0.ref.name == head }), let worktree {
            try worktree.follow(from: move.ref.object, migrated, output)
            try worktree.warnOfContradictions(from: move.ref.object, migrated, isData: isData, output)
        }
        try migration.report(rewritten, of: scope.commits.count, publishing: publishing)
    }
}
