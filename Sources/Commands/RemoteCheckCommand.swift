import Diagnostics
import Platform
import Remote
import Repository
import Transfer

/// `git data remote check`: whether a data remote can be used, tried out.
struct RemoteCheckCommand: Command {
    static let name = OptionalOperand<String>("NAME", "the data remote to try; the one in use if none is given", parse: .text(.dataRemotes))
    static let declaration = Declaration(
        "check", group: .sharing, summary: "try out whether a data remote can be used",
        description: """
            Does with your credentials what a push and a pull would do, with one small object of its own that it \
            removes again, and prints what works. With `--verbose`, the requests as well. What a remote lacks \
            costs speed or comfort; without what fails it cannot be used.
            """,
        options: [CommonOptions.json], operands: [name],
        exitCodes: [ExitMeaning(.failure, "the remote cannot be used as it is")])

    private struct Report: Encodable {
        struct Row: Encodable {
            let subject: String
            let outcome: String
            let message: String
        }

        let name: String
        let url: String
        var isUsable = true
        var findings: [Row] = []
        var error: String?
    }

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let remote = try arguments[name].map { try repository.dataRemote(named: $0) } ?? repository.dataRemote()
        var report = Report(name: remote.name, url: "\(remote.transferURL)")
        let isJSON = arguments[CommonOptions.json]
        var failure: TransferError?
        do throws(TransferError) {
            let session = try TransferSession.open(remote, repository, isVerbose: context.output.isVerbose)
            defer { session.finish() }
            try session.examine { finding in
                report.findings.append(
                    Report.Row(subject: finding.subject, outcome: finding.outcome, message: finding.message))
                if !isJSON { context.output.line(line(finding)) }
                context.output.flush()
            }
        } catch {
            failure = error
            report.error = Words.explanation(error).what
        }
        report.isUsable = failure == nil && !report.findings.contains { $0.outcome == RemoteFinding.Outcome.fails.rawValue }
        if isJSON { try context.output.json(report) } else { conclude(report, failure, context.output) }
        return report.isUsable ? .success : .failure
    }

    private static func conclude(_ report: Report, _ failure: TransferError?, _ output: Output) {
        if let failure {
            output.error(Explanation(Words.explanation(failure).what))
        } else if report.isUsable {
            output.message("Data remote '\(report.name)' can be used.")
        } else {
            output.error(Explanation("data remote '\(report.name)' cannot be used as it is"))
        }
    }

    private static let titles: [(subject: RemoteFinding.Subject, title: String)] = [
        (.place, "place"), (.credentials, "credentials"), (.clock, "clock"), (.room, "room"), (.list, "list blobs"),
        (.write, "write"), (.verify, "refuse damaged bytes"), (.read, "read"), (.range, "read a part"),
        (.exclusive, "create, never replace"), (.parts, "write in parts"), (.resume, "go on with parts"), (.delete, "remove"),
    ]

    /// One line for a person.
    private static func line(_ finding: AgentFinding) -> String {
        let title = titles.first { $0.subject.rawValue == finding.subject }?.title ?? finding.subject
        let width = titles.reduce(0) { max($0, $1.title.count) } + 2
        let message = finding.message
        let result = switch RemoteFinding.Outcome(rawValue: finding.outcome) {
        case .noted, nil: message
        case .works: message.isEmpty ? "yes" : "yes: \(message)"
        case .lacks: "no: \(message)"
        case .fails: "fails: \(message)"
        }
        return title + String(repeating: " ", count: max(1, width - title.count)) + result
    }
}
