import Diagnostics
import Git
import Inspection
import Platform
import Pointer
import Repository

/// `git data diff`: what changed in the data.
struct DiffCommand: Command {
    static let cached = Flag("cached", "compare the index with HEAD, or with the revision that is given")
    static let files = Flag("files", "compare two files, in a repository or not")
    static let fetch = Flag("fetch", "fetch what is missing first")
    static let stat = Flag("stat", "print one line for each file")
    static let exitCode = Flag("exit-code", "exit with 1 where data differs; `--quiet` does so too")
    static let operands = Operands("REVISION|PATH", "revisions as `git diff` takes them, then paths, behind `--` where they could be mistaken")
    static let declaration = Declaration(
        "diff", group: .files, summary: "show what changed in data files",
        description: """
            Compares data files of two versions of the project: the worktree with the index, with `--cached` the \
            index with HEAD, or whatever revisions are given, as for git-diff(1). `git diff` shows summaries; this \
            compares the data.

            Of tables in text (CSV, TSV, JSON Lines) it counts the rows that were added, removed and changed, and \
            shows the first of them. Rows are known again by the first column that has another value in each row \
            of both versions; where there is none, rows are the same that have the same cells. It names the \
            columns that were added, removed and renamed, and what changed in the values of the others. Of arrays \
            and tensors (NumPy, safetensors, ONNX, GGUF) it counts the elements that differ and says how far at \
            most; of Parquet files it compares what the footers say, of archives the members, of pictures the \
            sizes. Numbers are exact; what would take too much memory is said not to have been compared.

            Data that is not on this machine is not fetched without `--fetch`: such a file is shown with its sizes.

            With `--json`, an array with one object for each file: `path`, `oldPath` where renamed, `status` \
            (`added`, `removed`, `modified`, `renamed`), `old` and `new` (`oid`, `size`, `isHere`, `type`, \
            `facts`, `parts`, `damage`), `facts` that changed, `rows` and `parts` (columns, tensors, members).
            """,
        options: [cached, files, fetch, stat, exitCode, CommonOptions.json], operands: [operands],
        exitCodes: [ExitMeaning(.failure, "with `--exit-code` or `--quiet`: data differs")],
        examples: [
            Example("git data diff", "what you have changed and not staged"),
            Example("git data diff v1.0 HEAD -- data/", "what changed since a release, in one folder"),
            Example("git data diff --files old.csv new.csv", "two files, wherever they are"),
        ],
        seeAlso: ["status", "textconv"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        var repository: Repository?
        let forEachPortion: (([DiffPair]) throws -> Void) throws -> Void
        if arguments[files] {
            let given = arguments[operands]
            guard given.count == 2 else { throw UsageError("--files takes two files") }
            if arguments[cached] { throw UsageError("--cached and --files do not go together") }
            forEachPortion = { try $0([DiffPair(comparing: given[0], with: given[1])]) }
        } else {
            let found = try context.repository()
            repository = found
            let pairs = try DiffPairs(found)
            forEachPortion = { try pairs.forEachPortion(options: arguments[cached] ? ["--cached"] : [], operandsForGit(arguments), $0) }
            if arguments[fetch] { try fetchMissing(forEachPortion, context, found) }
        }
        let store = try repository?.store()
        var isDifferent = false
        func forEachChange(_ body: (DiffChange) throws -> Void) throws {
            try forEachPortion { pairs in
                for pair in pairs where !(isDifferent && context.output.isQuiet) {
                    let change = try DiffChange(pair, store)
                    guard change.isDifferent else { continue }
                    isDifferent = true
                    try body(change)
                }
            }
        }
        if context.output.isQuiet {
            try forEachChange { _ in }
        } else if arguments[CommonOptions.json] {
            try context.output.jsonArray(of: DiffReport.self) { give in try forEachChange { try give(DiffReport($0)) } }
        } else {
            try forEachChange { try print($0, arguments, repository, context.output) }
        }
        return isDifferent && (arguments[exitCode] || context.output.isQuiet) ? .failure : .success
    }

    /// The revisions and paths as they were typed, with the `--` between them.
    private static func operandsForGit(_ arguments: ParsedArguments) -> [BytePath] {
        let given = arguments[operands]
        guard let behind = arguments.operandCountBehindDashes else { return given }
        return given.dropLast(behind) + ["--"] + given.suffix(behind)
    }

    private static func fetchMissing(
        _ forEachPortion: (([DiffPair]) throws -> Void) throws -> Void, _ context: CommandContext, _ repository: Repository
    ) throws {
        let download = Download(context: context, repository: repository)
        let wanted = WantedBlobs(in: try repository.store())
        try forEachPortion { pairs in
            for pair in pairs { [pair.old, pair.new].compactMap { $0?.pointer }.forEach(wanted.add) }
        }
        let fetched = try download.fetch(wanted)
        DownloadOptions.sayFetched(fetched, context.output)
        if let failure = fetched.failure { context.output.warning(failure.what) }
    }

    private static func print(
        _ change: DiffChange, _ arguments: ParsedArguments, _ repository: Repository?, _ output: Output
    ) throws {
        let text = DiffText(change, isColoured: Environment.isTerminal(1) && Environment.value("NO_COLOR")?.isEmpty != false)
        if arguments[stat] {
            output.line(text.shortLine)
            return
        }
        for line in text.lines { output.line(line) }
        let limit = try repository?.settings().diffLimit ?? Settings.defaultDiffLimit
        if let lines = try DiffLines(change, repository).text(limit: limit) { output.write(lines) }
        // A long comparison is shown as it goes.
        output.flush()
    }
}
