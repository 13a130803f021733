import Diagnostics
import Git
import Lineage
import Platform
import Repository

/// What the hooks say of stale outputs, as `data.stale` asks: of those in the tree that is committed or pushed, whatever
/// the worktree has.
struct StaleResults {
    let context: CommandContext
    let repository: Repository

    /// Before a commit: looks at the index.
    /// - Returns: whether the commit may be made.
    func allowCommit() throws -> Bool {
        guard try isAsked else { return true }
        let tree = try repository.git().query(["write-tree"]).line
        guard let tree = GitObjectName(hex: tree.bytes) else { return true }
        return try allow(
            tree, "what would be committed", kept: "what is staged; nothing was committed", bypass: "git commit --no-verify")
    }

    /// Before a push: looks at the trees of what is pushed.
    /// - Returns: whether the push may go on.
    func allowPush(of tips: [GitObjectName]) throws -> Bool {
        guard try isAsked else { return true }
        for tip in Set(tips).sorted(by: { $0.hex.lexicographicallyPrecedes($1.hex) }) {
            // A tag may name what has no tree.
            let revision = BytePath(bytes: tip.hex)
            guard let tree = try repository.git().resolve(revision.adding(suffix: "^{tree}")) else { continue }
            let short = String(decoding: tip.hex.prefix(10), as: UTF8.self)
            guard try allow(tree, "\(short), which is pushed", kept: "your commits; nothing was pushed", bypass: "git push --no-verify")
            else { return false }
        }
        return true
    }

    /// Where there are no stages in the worktree, nothing is asked, which costs one look.
    private var isAsked: Bool {
        get throws {
            guard let top = repository.location.worktree, top.appending(StageName.folder).isFolder else { return false }
            return try repository.settings().stale != .ignore
        }
    }

    private func allow(_ tree: GitObjectName, _ place: String, kept: String, bypass: String) throws -> Bool {
        let isRefused = try repository.settings().stale == .refuse
        let lines: [String]
        do {
            let stages = try CommittedStages(repository, tree: tree)
            lines = stages.graph.order.filter { stages.graph.stages[$0]?.command != nil && !stages.conditions[$0].isFresh }
                .map { "\($0): \(StageWords.causes(stages.conditions[$0]).joined(separator: "; "))" }
        } catch {
            lines = ["the stages cannot be compared: \(Words.explain(error).0.what)"]
        }
        guard !lines.isEmpty else { return true }
        let what = "stale results in \(place):\n" + lines.map { "\t\($0)" }.joined(separator: "\n")
        guard isRefused else {
            context.output.warning(what)
            context.output.message("hint: git data repro")
            return true
        }
        context.output.error(Explanation(what, kept: kept, hints: ["git data repro, and commit what it stages; or, as it is: \(bypass)"]))
        return false
    }
}
