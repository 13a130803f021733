import Diagnostics
import Git
import Platform
import Repository

/// `git data init`: sets one repository up.
struct InitCommand: Command {
    static let lazy = Flag("lazy", "leave pointers in the worktree until they are asked for")
    static let declaration = Declaration(
        "init", group: .start, summary: "set up this repository for data",
        description: """
            Installs the hooks, makes the local store, and registers the filter where Git does not know it yet. \
            It asks nothing, says what it did, and may be run again at any time.
            """,
        options: [lazy], seeAlso: ["install", "track", "clone"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        Process.returnLargeMemory()
        let repository = try context.repository()
        try setUp(repository, isLazy: arguments[lazy], context)
        guard repository.location.worktree != nil else { return .success }
        var (count, waitingCount) = (0, 0)
        try repository.forEachIndexPointers { files throws(RepositoryError) in
            for file in files where file.entry.stage == 0 {
                count += 1
                if try repository.worktreeState(of: file) == .pointer { waitingCount += 1 }
            }
        }
        if waitingCount > 0 {
            context.output.message("\(Count.files(waitingCount)) in the worktree without data: git data pull")
        } else if count == 0 {
            context.output.message("hint: git data track '*.parquet'")
        }
        return .success
    }

    /// What `init` and `clone` do to a repository.
    static func setUp(_ repository: Repository, isLazy: Bool, _ context: CommandContext) throws {
        let git = try repository.git()
        let output = context.output
        if try !FilterConfiguration(git: git, scope: .user).differences().isEmpty {
            let configuration = FilterConfiguration(git: git, scope: .repository)
            if try !configuration.install(overwriting: true).written.isEmpty {
                output.message("Registered git data in this repository's Git configuration.")
            }
        }
        if try repository.settings().pointerForm == .lfs {
            let configuration = FilterConfiguration(git: git, scope: .repository, entries: FilterConfiguration.entriesForLFS)
            if try !configuration.install(overwriting: true).written.isEmpty {
                output.message("Registered git data for the commits that name the filter of Git LFS.")
            }
        }
        let store = try repository.store()
        if !store.objects.exists {
            try store.prepare()
            output.message("Made the local store in '\(store.folder)'.")
        }
        let changed = try HookInstallation(repository).install(output)
        if changed > 0 { output.message("Installed \(Count.noun(changed, "hook")) in '\(try HookInstallation(repository).folder())'.") }
        if isLazy {
            try git.change(["config", "--local", "data.lazy", "true"])
            repository.forgetSettings()
            output.message("Data is fetched only when asked for (data.lazy).")
        }
        if changed == 0 { output.message("This repository is set up for data.") }
    }
}
