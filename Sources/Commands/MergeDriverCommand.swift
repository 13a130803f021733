import Diagnostics
import Filter
import Lineage
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

            Of two records of one stage (`lineage/STAGE.run.json`), neither is mixed with the other: the file \
            says which runs there are to choose from.
            """,
        operands: [base, ours, theirs, markerSize, path],
        exitCodes: [ExitMeaning(.failure, "the file stays a conflict")], seeAlso: ["conflicts"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let path = try arguments[path]
        if let stage = StageName(recordFile: path) { return try mergeRecords(of: stage, arguments, context) }
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

    /// Records are never mixed line by line: one of two runs has made the outputs.
    private static func mergeRecords(of stage: StageName, _ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let place = try arguments[ours]
        let (ours, theirs) = (try place.contents() ?? [], try arguments[theirs].contents() ?? [])
        switch RecordMerge.merge(ours: ours, theirs: theirs, markerSize: try arguments[markerSize], file: stage.recordFile) {
        case .merged(let text):
            if text != ours { try place.replaceContents(with: text) }
            return .success
        case .unreadable: break
        case .conflict(let text, let ours, let theirs):
            try place.replaceContents(with: text)
            context.output.message("git data: both sides ran stage '\(stage)'\n\tours: \(ours)\n\ttheirs: \(theirs)")
            context.output.message(
                "hint: git checkout --ours (or --theirs) -- \(stage.recordFile) and the stage's outputs, then git add them; or git data repro \(stage)")
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
