import Diagnostics
import Filter
import Platform
import Repository

/// `git data merge-driver`: both sides changed a data file.
struct MergeDriverCommand: Command {
    static let base = Operand<BytePath>("BASE", "the common ancestor's version (%O)", parse: .path)
    static let ours = Operand<BytePath>("OURS", "our version, and where the result goes (%A)", parse: .path)
    static let theirs = Operand<BytePath>("THEIRS", "their version (%B)", parse: .path)
    static let markerSize = Operand<Int>("SIZE", "the length of conflict markers (%L)", parse: .wholeNumber)
    static let path = Operand<BytePath>("PATH", "the file's path (%P)", parse: .path)
    static let declaration = Declaration(
        "merge-driver", group: .plumbing, summary: "merge two versions of a data file",
        description: """
            Text is merged as Git merges text, with `merge.conflictStyle`, and the result is stored as a new \
            blob. Where both sides changed the same lines, the worktree's file gets conflict markers, as \
            source does. Rows that both sides appended to a table or to JSON Lines are no conflict, if they \
            are distinct. Notebooks and all that is no text stay a conflict in which the worktree has our \
            version. `git data conflicts` explains each.
            """,
        operands: [base, ours, theirs, markerSize, path],
        exitCodes: [ExitMeaning(.failure, "the file stays a conflict")], seeAlso: ["conflicts"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let path = try arguments[path]
        let merge = DataMerge(
            try context.repository(),
            DataMerge.Inputs(
                base: try arguments[base], ours: try arguments[ours], theirs: try arguments[theirs],
                markerSize: try arguments[markerSize], path: path))
        switch try merge.run() {
        case .merged: return .success
        case .conflict(let conflict):
            context.output.message("git data: '\(path)': \(words(conflict)) (git data conflicts)")
        case .missing(let reason):
            context.output.warning("'\(path)' cannot be merged: a version is missing (\(Words.reason(reason)))")
        }
        return .failure
    }

    private static func words(_ conflict: DataMerge.Conflict) -> String {
        switch conflict {
        case .lines(let count): "both sides changed the same lines in \(Count.noun(count, "place"))"
        case .binary: "both sides changed it, and it is no text"
        case .notebook: "both sides changed this notebook"
        case .large(let limit): "both sides changed it, and it is larger than \(ByteCountText.format(limit))"
        }
    }
}
