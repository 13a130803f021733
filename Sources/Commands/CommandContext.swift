import Diagnostics
import Git
import ObjectStore
import Platform
import Repository
import Transfer

/// What every command works with.
package struct CommandContext: Sendable {
    package let output: Output
    /// All commands, for `help`, `completion` and `manual`.
    package let table: CommandTable
    /// When the command began.
    let began = FileStatus.Time.now

    /// The repository that the process stands in.
    func repository() throws(RepositoryError) -> Repository {
        try .find()
    }

    /// The progress of a job as this run shows it: a live line on a terminal, nothing elsewhere, nor among requests.
    func progress(_ title: String) -> any ProgressObserver {
        guard !output.isQuiet, !output.isVerbose, Environment.isTerminal(2) else { return SilentProgress() }
        return TerminalProgress(title)
    }

    /// Opens the way to a data remote.
    func session(
        to remote: DataRemote, _ repository: Repository, progress: any ProgressObserver = SilentProgress()
    ) throws -> TransferSession {
        // Its own error says more than that of a session without a store.
        _ = try repository.store()
        return try TransferSession.open(remote, repository, isVerbose: output.isVerbose, progress: progress)
    }

    /// Paths that the user gave, as paths from the top of the worktree.
    func paths(_ given: [BytePath], in repository: Repository) throws -> [BytePath] {
        let top = try repository.worktree()
        let here = try BytePath.currentFolder()
        return try given.map { path in
            let absolute = path.absolute(from: here).normalized
            guard let relative = absolute.relative(to: top) else {
                throw CommandFailure("'\(path)' is outside the repository at '\(top)'")
            }
            return relative
        }
    }
}
