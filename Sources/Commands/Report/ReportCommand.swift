import Diagnostics
import FoundationEssentials
import Platform

/// `git data report`: stages, data and metrics as a page.
struct ReportCommand: Command {
    static let outputFile = Value<BytePath>("output", short: "o", "FILE", "write the page to FILE instead of standard output", parse: .path)
    static let range = OptionalOperand<BytePath>("REVISIONS", "a revision or a range A..B, whose versions and runs are shown", parse: .revision)
    static let declaration = Declaration(
        "report", group: .lineage, summary: "write stages, data and metrics as a page",
        description: """
            One HTML file that shows what is stale and why, the graph of stages, each stage with its runs, how \
            metrics changed with commits and parameters, how environments differed, the sources, and the data \
            files with their versions. It has everything in it, runs no script and asks no network, so that it \
            can be mailed, kept with a paper or shown by a continuous integration service.

            The graph is that of the worktree, and so is what is stale. History is that of HEAD, or of REVISIONS. \
            Data is not read and need not be here.
            """,
        options: [outputFile], operands: [range],
        examples: [
            Example("git data report --output report.html", "all of the current branch's history"),
            Example("git data report v1.0..main > report.html", "what has changed since a tag"),
        ],
        seeAlso: ["status", "repro", "ci"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        Process.returnLargeMemory()
        let file = arguments[outputFile]
        if file == nil, Environment.isTerminal(1) {
            throw CommandFailure("a page is nothing for a terminal", hints: ["git data report --output report.html"])
        }
        let repository = try context.repository()
        let content = try ReportContent(repository, range: arguments[range], time: Int64(Date().timeIntervalSince1970))
        let page = Array(ReportPage(content).text.utf8)
        guard let file, file != "-" else {
            context.output.write(page)
            return .success
        }
        try file.replaceContents(with: page)
        context.output.message("Wrote '\(file)'.")
        return .success
    }
}
