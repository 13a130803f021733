import Diagnostics
import Git
import Platform
import Repository

/// `git data ci init`: writes the workflow.
struct IntegrationInitCommand: Command {
    enum Provider: String, CaseIterable { case github, gitlab }

    static let provider = Value<Provider>("provider", "SERVICE", "whose workflow to write; else the remote's URL tells", parse: .choice)
    static let source = Value<String>("source", "URL", "where git data is built from", parse: .text)
    static let reference = Value<String>("ref", "REV", "the tag or commit of git data to build", parse: .text)
    static let force = Flag("force", short: "f", "write over a workflow that is there")
    static let declaration = Declaration(
        "init", group: .lineage, summary: "write a workflow for GitHub or GitLab",
        description: """
            Writes `.github/workflows/git-data.yml` or `.gitlab-ci.yml`; where a `.gitlab-ci.yml` is there, \
            `.gitlab/git-data.yml`, to be included. Nothing is staged: look at it, and commit it.

            The workflow fails where `git data repro --dry-run` says that committed results are stale. Then it \
            fetches what stale stages read, and nothing else, makes them anew, and shows what was stale, how \
            metrics changed, and the page that `git data report` writes. Credentials are named, never written \
            down; only the step that fetches data sees them. For pull requests from forks, which get no secrets, \
            it says what is stale and runs no command of the repository, unless a variable allows it. The head \
            of the file says which variables there are.
            """,
        options: [provider, source, reference, force],
        examples: [
            Example("git data ci init", "write a workflow for the service that the remote's URL names"),
            Example("git data ci init --provider gitlab --ref v0.1.0", "for GitLab, with that version of git data"),
        ])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let top = try repository.worktree()
        var settings = IntegrationSettings()
        settings.branch = try branch(of: repository)
        if let source = arguments[source] { settings.source = try plain(source, "URL") }
        if let reference = arguments[reference] { settings.reference = try plain(reference, "revision") }
        switch try arguments[provider] ?? guess(repository, top) {
        case .github:
            try write(GitHubWorkflow(settings: settings).text, to: GitHubWorkflow.path, top, arguments[force], context.output)
            context.output.message("hint: its head says which variables and secrets to set")
        case .gitlab:
            let text = GitLabPipeline(settings: settings).text
            let own = top.appending(BytePath(GitLabPipeline.path))
            if own.isPresent, try own.contents(limit: 1 << 20) != Array(text.utf8) {
                try write(text, to: GitLabPipeline.included, top, arguments[force], context.output)
                context.output.message("'\(GitLabPipeline.path)' is left as it is. Add to it:\n\ninclude:\n  - local: \(GitLabPipeline.included)\n")
            } else {
                try write(text, to: GitLabPipeline.path, top, arguments[force], context.output)
            }
            context.output.message("hint: its head says which variables to set")
        }
        return .success
    }

    private static func plain(_ text: String, _ what: String) throws -> String {
        let isPlain = text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7f && $0 != "$" }
        guard isPlain, !text.hasPrefix("-") else { throw CommandFailure("'\(BytePath(text))' is no \(what)") }
        guard URLText.withoutPasswords(text) == text else {
            throw CommandFailure(
                "the \(what) holds a user or a password, and the workflow is for everybody to read", kept: "the project, as it was",
                hints: ["leave it out, or set the variable GIT_DATA_SOURCE of the service"])
        }
        return text
    }

    /// The branch that others see first.
    private static func branch(of repository: Repository) throws -> String {
        let git = try repository.git()
        let remote = try git.run(["symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"])
        if remote.status == 0, remote.line.isUTF8, let slash = remote.line.text.firstIndex(of: "/") {
            return String(remote.line.text[remote.line.text.index(after: slash)...])
        }
        let own = try git.run(["symbolic-ref", "--quiet", "--short", "HEAD"])
        return own.status == 0 && own.line.isUTF8 && !own.line.isEmpty ? own.line.text : "main"
    }

    /// What is there already tells most; else the names of servers.
    private static func guess(_ repository: Repository, _ top: BytePath) throws -> Provider {
        let hasGitHub = top.appending(".github").isPresent
        let hasGitLab = top.appending(BytePath(GitLabPipeline.path)).isPresent
        if hasGitHub != hasGitLab { return hasGitHub ? .github : .gitlab }
        let answer = try repository.git().run(["config", "--get-regexp", "^remote\\..*\\.url$"])
        let urls = answer.status == 0 ? answer.output : []
        let text = String(decoding: urls, as: UTF8.self).lowercased()
        let (namesGitHub, namesGitLab) = (text.contains("github"), text.contains("gitlab"))
        if namesGitHub != namesGitLab { return namesGitHub ? .github : .gitlab }
        throw CommandFailure(
            "which service runs the workflow? neither what is here nor the remotes' URLs tell",
            hints: ["git data ci init --provider github", "git data ci init --provider gitlab"])
    }

    private static func write(_ text: String, to name: String, _ top: BytePath, _ isForced: Bool, _ output: Output) throws {
        let path = BytePath(name)
        // A link could lead out of the worktree.
        var folder = path.parent
        while folder != "." {
            if let status = try top.appending(folder).status(), status.kind != .folder {
                throw CommandFailure("'\(folder)' is no folder")
            }
            folder = folder.parent
        }
        let file = top.appending(path)
        if let status = try file.status() {
            guard status.kind == .regular else { throw CommandFailure("'\(path)' is no regular file") }
            if try file.contents(limit: 1 << 20) == Array(text.utf8) {
                output.message("'\(path)' is as it would be written.")
                return
            }
            guard isForced else {
                throw CommandFailure("'\(path)' is there already", hints: ["git data ci init --force, to write it anew"])
            }
        }
        try file.parent.makeFolders()
        try file.replaceContents(with: Array(text.utf8))
        output.message("Wrote '\(path)'.")
    }
}
