import Diagnostics
import Git
import Lineage
import Platform
import Repository

/// `git data log`: the versions of a file, and what made each.
struct LogCommand: Command {
    static let follow = Flag("follow", "go on behind renames; of one file")
    static let all = Flag("all", "in all branches and tags, instead of HEAD")
    static let maxCount = Value<Int>("max-count", short: "n", "N", "at most N commits", parse: .wholeNumber)
    static let oneline = Flag("oneline", "print one line for each version")
    static let csv = Flag("csv", "print a table, with a column for each metric")
    static let operands = Operands(
        "REVISION|PATH", "revisions or ranges, then files or folders, behind `--` where they could be mistaken", minimum: 1)
    static let declaration = Declaration(
        "log", group: .lineage, summary: "show the versions of a data file, and what made each",
        description: """
            For each commit that changed the file, or files of the folder: when, who, how large, and what made \
            it: the stage whose record in that commit names this content as its output, with its command, or \
            the place it was imported from, and with the metrics of that run. Where no record names it, it was \
            changed by hand. Data is not fetched.

            Commits are those that `git log PATH` shows. Merges are shown where they made a new version.

            With `--json`, an array with one object for each version: `commit`, `date`, `author`, `subject`, \
            `path`, `formerPath` where renamed, `status` (`added`, `modified`, `renamed`, `deleted`), `content` \
            (`sha256:…` of data, `git:…` of what Git holds), `size`, and `madeBy` where a record names it: \
            `stage`, `command` or `source`, `started`, `milliseconds`, `key`, `parameters` and `metrics`.
            """,
        options: [follow, all, maxCount, oneline, csv, CommonOptions.json], operands: [operands],
        exitCodes: [ExitMeaning(.failure, "no commit has changed the file")],
        examples: [
            Example("git data log models/churn.onnx", "each version of a model, with its results"),
            Example("git data log -n 5 v1.0..main -- data/", "what came into a folder since a release"),
        ],
        seeAlso: ["lineage", "diff"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let formats = [arguments[oneline], arguments[csv], arguments[CommonOptions.json]].filter { $0 }
        guard formats.count <= 1 else { throw UsageError("--oneline, --csv and --json do not go together") }
        var (revisions, paths) = try split(arguments, repository)
        guard !paths.isEmpty else { throw UsageError("a file or folder is needed") }
        if arguments[all] { revisions.append("--all") }
        if revisions.isEmpty {
            guard try repository.git().resolve("HEAD") != nil else { return nothing(paths, context) }
            revisions = ["HEAD"]
        }
        paths = try context.paths(paths, in: repository)
        if arguments[follow], paths.count > 1 { throw UsageError("--follow takes one file") }
        var versions: [FileHistory.Version] = []
        for path in paths {
            var question = FileHistory.Question(path, revisions: revisions)
            question.followsRenames = arguments[follow]
            question.limit = arguments[maxCount]
            versions += try FileHistory.versions(repository, question)
        }
        if arguments[CommonOptions.json] {
            try context.output.json(versions.map(LogRow.init))
            return versions.isEmpty ? .failure : .success
        }
        guard !versions.isEmpty else { return nothing(paths, context) }
        let text = LogText(versions, isFolder: paths.count > 1 || versions.contains { $0.path != paths[0] && !arguments[follow] })
        if arguments[csv] {
            for line in text.table { context.output.line(line) }
        } else {
            for version in versions { context.output.write(Array(text.text(version, isShort: arguments[oneline]).utf8)) }
        }
        return .success
    }

    private static func nothing(_ paths: [BytePath], _ context: CommandContext) -> ExitCode {
        context.output.message("No commit has changed \(paths.map { "'\($0)'" }.joined(separator: ", ")).")
        return .failure
    }

    /// Revisions stand before paths, as in Git.
    private static func split(
        _ arguments: ParsedArguments, _ repository: Repository
    ) throws -> (revisions: [BytePath], paths: [BytePath]) {
        let given = arguments[operands]
        if let behind = arguments.operandCountBehindDashes {
            let revisions = Array(given.dropLast(behind))
            for revision in revisions where try !isRevision(revision, repository) {
                throw CommandFailure("'\(revision)' is no revision of this repository")
            }
            return (revisions, given.suffix(behind))
        }
        var revisions: [BytePath] = []
        for operand in given {
            let isRevision = try isRevision(operand, repository)
            if isRevision, operand.isPresent {
                throw CommandFailure("'\(operand)' is a revision and a file", hints: ["put '--' between revisions and files"])
            }
            guard isRevision else { break }
            revisions.append(operand)
        }
        return (revisions, Array(given.dropFirst(revisions.count)))
    }

    private static func isRevision(_ text: BytePath, _ repository: Repository) throws -> Bool {
        guard text.bytes.first != UInt8(ascii: "-") else { return false }
        let answer = try repository.git().run(["rev-parse", "--quiet", "--revs-only", text, "--"])
        return answer.status == 0 && !answer.output.isEmpty
    }
}

/// A version as JSON has it.
private struct LogRow: Encodable {
    struct Made: Encodable {
        let stage: String
        let command: String?
        let source: [String: String]?
        let started: String
        let milliseconds: Int64
        let key: String
        let parameters: [String: JSONValue]
        let metrics: [String: JSONValue]
    }

    let commit: String
    let date: String
    let author: String
    let subject: String
    let path: String
    let pathBytes: String?
    let formerPath: String?
    let status: String
    let content: String?
    let size: Int64?
    let madeBy: Made?

    init(_ version: FileHistory.Version) {
        commit = version.commit.name.description
        date = RunRecord.text(ofTime: version.commit.seconds)
        author = version.commit.author
        subject = version.commit.subject
        let path = JSONPath(version.path)
        (self.path, pathBytes) = (path.path, path.pathBytes)
        formerPath = version.formerPath?.text
        status = version.status
        content = version.content?.id.description
        size = version.content?.byteCount
        madeBy = version.maker.map { maker in
            let record = maker.record
            return Made(
                stage: maker.stage.text, command: record.causes.command, source: record.causes.source, started: record.startedText,
                milliseconds: record.milliseconds, key: record.key.hex, parameters: record.causes.parameters, metrics: record.metrics)
        }
    }
}

extension FileHistory.Version {
    /// What the commit did to the file.
    var status: String {
        if content == nil { return "deleted" }
        if formerPath != nil { return "renamed" }
        return isNew ? "added" : "modified"
    }
}
