import Diagnostics
import Git
import Lineage
import Platform
import Repository

/// One run of `git data import --update`.
struct ImportUpdate {
    let arguments: ParsedArguments
    let context: CommandContext
    let repository: Repository

    func run() throws -> ExitCode {
        for (option, isGiven) in [
            ("--from", arguments[ImportCommand.from] != nil), ("--from-command", arguments[ImportCommand.command] != nil),
            ("--manual", arguments[ImportCommand.manual] != nil), ("--name", arguments[ImportCommand.name] != nil),
            ("--revision", arguments[ImportCommand.revision] != nil),
        ] where isGiven {
            throw UsageError("\(option) does not go with --update: import it anew, with --force")
        }
        let stages = try ImportStages(repository)
        let names = arguments[ImportCommand.arguments]
        let chosen = try stages.chosen(names, context)
        let address = try arguments[ImportCommand.url].map { try ImportCommand.given($0) }
        guard address == nil && arguments[ImportCommand.sha256] == nil || chosen.count == 1 else {
            throw UsageError("--url and --sha256 are for one import: name it")
        }
        if let address, let source = chosen.first?.source, source.kind != .url && source.kind != .git {
            throw UsageError("'\(address)' is no source of a \(source.kind.rawValue)")
        }
        let isCheck = arguments[ImportCommand.check] || arguments[CommonOptions.dryRun]
        var results: [(ImportOrder, ImportRun.Result)] = []
        var hasFailed = false
        for stage in chosen {
            guard let order = try ImportOrder(stage, address: address) else { continue }
            guard isAsked(order, isNamed: !names.isEmpty) else { continue }
            do {
                results.append((order, try update(order, stages, isCheck: isCheck)))
            } catch {
                hasFailed = true
                context.output.error(Words.explain(error).0)
            }
        }
        try ImportReport(isJSON: arguments[CommonOptions.json], context: context).tell(of: results)
        let hasChanges = results.contains { $0.1.change == .changed }
        return hasFailed || (hasChanges && arguments[ImportCommand.check]) ? .failure : .success
    }

    /// A repository's commands never run unasked, and a person cannot be asked.
    private func isAsked(_ order: ImportOrder, isNamed: Bool) -> Bool {
        switch order.source.kind {
        case .query where !isNamed && !arguments[ImportCommand.queries]:
            context.output.message("Not asked: '\(order.output)', from \(order.shown); name it, or give --queries.")
            return false
        case .manual:
            context.output.message(
                "Not asked: '\(order.output)', from \(order.shown). To bring a new version: git data import --manual 'WORDS' \(ShellWord.quoted(order.output))")
            return false
        default: return true
        }
    }

    private func update(_ order: ImportOrder, _ stages: ImportStages, isCheck: Bool) throws -> ImportRun.Result {
        let trust = ImportTrust(repository: repository)
        if arguments[ImportCommand.trust] || arguments[ImportCommand.url] != nil { try trust.note(order) }
        try trust.require(order)
        let record = try stages.record(of: order.name)
        let run = ImportRun(
            context: context, repository: repository, order: order, isForced: arguments[ImportCommand.force],
            digest: arguments[ImportCommand.sha256], trustsOthers: arguments[ImportCommand.trust])
        do {
            return try run.run(since: record, isCheck: isCheck)
        } catch let error as CommandFailure {
            let withheld = record?.received.map { SourceReceipt($0).withheld } ?? []
            guard !withheld.isEmpty, arguments[ImportCommand.url] == nil else { throw error }
            throw CommandFailure(
                error.explanation.what, kept: error.explanation.kept,
                hints: error.explanation.hints + ["without \(Set(withheld).sorted().joined(separator: ", ")), which is not recorded: git data import --update --url URL \(order.name)"])
        }
    }
}

/// Says what became of imports.
struct ImportReport {
    let isJSON: Bool
    let context: CommandContext

    private struct Row: Encodable {
        let name: String
        let output: String
        let kind: String
        let source: String
        let change: String
        let old: String?
        let new: String?
        let size: Int64?
    }

    func tell(of results: [(ImportOrder, ImportRun.Result)]) throws {
        if isJSON {
            return try context.output.json(
                results.map { order, result in
                    Row(
                        name: order.name.text, output: order.output.text, kind: order.source.kind.rawValue, source: order.source.value,
                        change: result.change.rawValue, old: result.old?.description, new: result.new?.description, size: result.byteCount)
                })
        }
        for (order, result) in results {
            let size = result.byteCount.map { ", \(ByteCountText.format($0))" } ?? ""
            switch result.change {
            case .imported: context.output.line("imported '\(order.output)' (\(result.new?.short ?? "")\(size)) from \(order.shown)")
            case .updated:
                let change = result.old == result.new ? "still \(result.new?.short ?? "")" : "\(result.old?.short ?? "nothing") -> \(result.new?.short ?? "")"
                context.output.line("updated '\(order.output)' (\(change)\(size)) from \(order.shown)")
            case .same: context.output.message("'\(order.output)' is up to date.")
            case .changed: context.output.line("changed: '\(order.output)', from \(order.shown)")
            }
        }
    }
}
