import Diagnostics
import Platform
import Repository

/// `git data doctor`: everything one would ask in a bug report, with the fix for what is wrong.
struct DoctorCommand: Command {
    static let declaration = Declaration(
        "doctor", group: .keeping, summary: "look at the installation and this repository, and say what to fix",
        description: "Each line is marked `ok`, `note` for what is worth knowing, or `wrong`, with the command that mends it. Works outside a repository too.",
        options: [CommonOptions.json], exitCodes: [ExitMeaning(.failure, "something is wrong")],
        seeAlso: ["fsck", "status"])

    private struct Row: Encodable {
        let state: String
        let subject: String
        let finding: String
        let fixes: [String]
    }

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        Process.returnLargeMemory()
        var findings = Installation.findings()
        do throws(RepositoryError) {
            findings += RepositoryExamination(context: context, repository: try .find()).findings()
        } catch {
            findings.append(Finding(.note, "repository", Words.explanation(error).what))
        }
        let isWell = !findings.contains { $0.state == .wrong }
        if arguments[CommonOptions.json] {
            try context.output.json(
                findings.map { Row(state: $0.state.rawValue, subject: $0.subject, finding: $0.text, fixes: $0.fixes) })
            return isWell ? .success : .failure
        }
        for finding in findings {
            let state = finding.state.rawValue
            context.output.line("\(state)\(String(repeating: " ", count: 6 - state.count))\(finding.subject): \(finding.text)")
            for fix in finding.fixes { context.output.line("      fix: \(fix)") }
        }
        return isWell ? .success : .failure
    }
}

/// One thing that the doctor looked at.
struct Finding: Equatable {
    enum State: String {
        case ok, note, wrong
    }

    let state: State
    let subject: String
    let text: String
    let fixes: [String]

    init(_ state: State, _ subject: String, _ text: String, fixes: [String] = []) {
        self.state = state
        self.subject = subject
        self.text = text
        self.fixes = fixes
    }
}
