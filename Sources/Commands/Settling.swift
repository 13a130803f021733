import Diagnostics
import ObjectStore
import Platform
import Repository

/// Who brings to the disk what was stored: `git add` need not wait for that, as nothing depends on it before the
/// commit. A process of its own begins at once, and the pre-commit hook waits until all of it is there.
enum Settling {
    /// For a batch of blobs that a commit will name. Without the hook it waits itself.
    static func beforeCommit(_ repository: Repository) -> BlobBatch.Later {
        { store throws(StoreError) in
            if hookWaits(repository) { try store.settleAfterwards() } else { try store.settle() }
        }
    }

    /// Whether commits in this repository wait for `settle`. Cheap, as each `git add` asks.
    private static func hookWaits(_ repository: Repository) -> Bool {
        guard let settings = try? repository.settings() else { return false }
        let given = settings.configuration.value("core.hookspath")
        let folder = given?.absolute(from: repository.location.worktree ?? repository.location.gitFolder)
            ?? repository.location.commonFolder / "hooks"
        let hook = folder / "pre-commit"
        return HookInstallation.isOurs(hook) && hook.isExecutableFile
    }
}

/// `git data settle`: what `git add` leaves for after its end.
struct SettleCommand: Command {
    static let whenInputEnds = Flag("when-input-ends", "begin when standard input ends")
    static let store = Operand<BytePath>("STORE", "the folder of the local store", parse: .path)
    static let declaration = Declaration(
        "settle", group: .plumbing, summary: "bring blobs that were just added to the disk, and to their place",
        description: """
            Started by the filter, which does not wait for it. The pre-commit hook does the same, and waits: what a \
            commit names has been written to the disk.
            """,
        options: [whenInputEnds], operands: [store])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        if arguments[whenInputEnds] { _ = try ByteReader(Descriptor.standard(0)).readToEnd(limit: .max) }
        try ObjectStore(folder: arguments[store]).settle()
        return .success
    }
}
