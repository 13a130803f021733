import Diagnostics
import FoundationEssentials
import Git
import Platform
import Repository

/// The history of a Git remote `data::<place>`, as the remote helper tells of it: a request, and lines of JSON.
struct RemoteHistory {
    static let remote = Value<String>(
        "remote", "REMOTE", "a Git remote's name, or a URL 'data::…'; that of the current branch if none is given", parse: .text)

    let repository: Repository
    let name: BytePath
    let url: BytePath
    let isVerbose: Bool

    /// The history of a URL that is known to be one, for a look that nobody asked for.
    init(_ url: BytePath, _ repository: Repository) {
        (self.repository, self.url, name, isVerbose) = (repository, url, url, false)
    }

    init(_ arguments: ParsedArguments, _ context: CommandContext) throws {
        repository = try context.repository()
        isVerbose = context.output.isVerbose
        let settings = try repository.settings()
        guard let chosen = arguments[Self.remote] ?? repository.defaultGitRemote(settings.configuration) else {
            throw CommandFailure("there is no Git remote", hints: ["git remote add origin data::s3://bucket/project"])
        }
        name = BytePath(chosen)
        let answer = try repository.git().run(["remote", "get-url", name])
        let address = answer.status == 0 ? answer.line : name
        guard DataRemote.place(ofGitRemote: address) != nil else {
            throw CommandFailure(
                "'\(name)' is no repository in a bucket or a folder", hints: ["this is for remotes whose URL begins with 'data::'"])
        }
        url = address
    }

    /// Asks the helper, which says itself what goes wrong.
    /// - Returns: the lines of its answer.
    func ask(_ request: String) throws -> [[UInt8]] {
        let helper = try Environment.executable().parent / "git-remote-data"
        guard helper.isExecutableFile else {
            throw CommandFailure("'\(helper)' is missing", hints: ["run install.sh again"])
        }
        let child = try ChildProcess(helper, [name, url], folder: repository.location.commonFolder, input: .pipe)
        try? child.input?.write((isVerbose ? "option verbosity 2\n" : "") + request + "\n\n")
        try? child.closeInput()
        let answer = try child.output?.readToEnd() ?? []
        guard child.wait().isSuccess else { throw SaidAlready() }
        var lines = answer.split(separator: UInt8(ascii: "\n")).map { Array($0) }
        if isVerbose, !lines.isEmpty { lines.removeFirst() }
        return lines
    }

    func ask<Row: Decodable>(_ request: String, _ type: Row.Type) throws -> [Row] {
        try ask(request).map { line in
            do { return try JSONDecoder().decode(type, from: Data(line)) } catch {
                throw CommandFailure("git-remote-data answered what is not to be read; is it of another version?")
            }
        }
    }

    /// What was pushed at one time.
    struct Entry: Codable {
        let number: Int
        let time: Int64
        let author: String
        let action: String
        let head: String
        let changes: [Change]
        let canBeRestored: Bool
        let packs: Int
        let bytes: Int64
    }

    /// The states, the newest first.
    func entries(limit: Int? = nil) throws -> [Entry] {
        try ask("data-log" + (limit.map { " \($0)" } ?? ""), Entry.self)
    }

    /// What refs have named in the states to which one can go back, beside what they name now.
    func pastObjects() throws -> [GitObjectName] {
        let entries = try entries().filter(\.canBeRestored)
        let names = entries.enumerated().flatMap { position, entry in
            // What was there before the oldest of them may be gone.
            entry.changes.flatMap { [$0.new, position + 1 < entries.count ? $0.old : nil] }
        }
        return Set(names.compactMap { $0 }).compactMap { GitObjectName(hex: Array($0.utf8)) }
    }

    /// What became of a ref.
    struct Change: Codable {
        let ref: String
        let old: String?
        let new: String?

        /// One line for a person.
        var line: String {
            let name = BytePath(shortName).description
            return switch (old, new) {
            case (let old?, let new?): "\(name)  \(old.prefix(10)) → \(new.prefix(10))"
            case (nil, let new?): "\(name)  new, \(new.prefix(10))"
            case (let old?, nil): "\(name)  deleted, was \(old.prefix(10))"
            case (nil, nil): name
            }
        }

        private var shortName: String {
            for (prefix, kind) in [("refs/heads/", ""), ("refs/tags/", "tag ")] where ref.hasPrefix(prefix) {
                return kind + ref.dropFirst(prefix.count)
            }
            return ref
        }
    }
}

/// `git data remote log`: who pushed what, and when.
struct RemoteLogCommand: Command {
    static let limit = Value<Int>("max-count", short: "n", "NUMBER", "the newest so many only", parse: .wholeNumber)
    static let declaration = Declaration(
        "log", group: .sharing, summary: "what was pushed to a repository in a bucket or folder",
        description: """
            Lists the states of the refs of a Git remote `data::…`, the newest first: who made each, when, and what it \
            changed. Forced pushes and deletions are among them; `restore` goes back to one. With `--verbose`, what \
            tidying up has done as well.
            """,
        options: [RemoteHistory.remote, limit, CommonOptions.json])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let history = try RemoteHistory(arguments, context)
        let entries = try history.entries(limit: arguments[limit])
        if arguments[CommonOptions.json] {
            try context.output.json(entries)
            return .success
        }
        // What housekeeping does changes no ref.
        for entry in entries where !entry.changes.isEmpty || entry.action == "head" || context.output.isVerbose {
            let date = CollectionMark.text(entry.time)
            let note = entry.canBeRestored ? "" : ", forgotten"
            context.output.line("\(entry.number)  \(date)  \(BytePath(entry.author))  \(BytePath(entry.action))\(note)")
            for change in entry.changes { context.output.line("    \(change.line)") }
        }
        if entries.isEmpty { context.output.message("Nothing has been pushed to '\(history.name)' yet.") }
        return .success
    }
}

/// `git data remote restore`: back to an earlier state.
struct RemoteRestoreCommand: Command {
    static let number = Operand<Int>("STATE", "the number of a state, as 'git data remote log' shows it", parse: .wholeNumber)
    static let refs = Operands("REF", "branches, tags or full names of refs; all if none is given", completion: .revisions)
    static let declaration = Declaration(
        "restore", group: .sharing, summary: "undo forced pushes and deletions at a repository in a bucket or folder",
        description: """
            Gives refs of a Git remote `data::…` back what they named in an earlier state. That is a new state in \
            turn, so that it can be undone as well; clones see it as a forced push.
            """,
        options: [RemoteHistory.remote], operands: [number, refs],
        examples: [Example("git data remote restore 41 main", "what 'main' was at state 41")])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let history = try RemoteHistory(arguments, context)
        let state = try arguments[number]
        // A short name may be a branch's or a tag's: what is there, or was, decides.
        let names = try fullNames(arguments[refs], history)
        let request = ["data-restore \(state)"] + names.map(\.text)
        let changes = try history.ask(request.joined(separator: " "), RemoteHistory.Change.self)
        for change in changes { context.output.line(change.line) }
        context.output.flush()
        context.output.message(changes.isEmpty ? "Nothing differs from state \(state)." : "hint: git fetch")
        return .success
    }

    private static func fullNames(_ given: [BytePath], _ history: RemoteHistory) throws -> [BytePath] {
        try given.map { name in
            if name.bytes.starts(with: "refs/".utf8) { return name }
            let isTag = try history.repository.git().run(["ls-remote", "--tags", "--exit-code", history.url, name]).status == 0
            let isBranch = try history.repository.git().run(["ls-remote", "--heads", "--exit-code", history.url, name]).status == 0
            let prefix = isTag && !isBranch ? "refs/tags/" : "refs/heads/"
            return BytePath(bytes: Array(prefix.utf8) + name.bytes)
        }
    }
}

/// `git data remote head`: the branch that clones check out.
struct RemoteHeadCommand: Command {
    static let branch = OptionalOperand<BytePath>("BRANCH", "the branch that clones shall check out", parse: .revision)
    static let declaration = Declaration(
        "head", group: .sharing, summary: "show or change the default branch of a repository in a bucket or folder",
        options: [RemoteHistory.remote], operands: [branch])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let history = try RemoteHistory(arguments, context)
        let prefix = "refs/heads/"
        let name = arguments[branch].map { name in
            name.bytes.starts(with: "refs/".utf8) ? name.text : prefix + name.text
        }
        for line in try history.ask((["data-head"] + [name].compactMap { $0 }).joined(separator: " ")) {
            let text = String(decoding: line, as: UTF8.self)
            context.output.line(BytePath(text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text).description)
        }
        return .success
    }
}

/// `git data remote gc`: one pack instead of many.
struct RemoteCollectCommand: Command {
    static let expire = Value<Int>("expire", "DAYS", "forget states older than this, and what they alone name; 90", parse: .wholeNumber)
    static let prune = Value<Int>("prune", "DAYS", "remove packs that have been unused for so long; 1", parse: .wholeNumber)
    static let declaration = Declaration(
        "gc", group: .sharing, summary: "tidy the history of a repository in a bucket or folder",
        description: """
            Pushes put small packs together by themselves. This packs all of the history of a Git remote `data::…` anew, \
            forgets the states before the last 90 days, with what they alone name, and removes files that nothing \
            names. Pushes and fetches may go on meanwhile. Blobs of data are left alone: \
            `git data gc --remote` is for them.
            """,
        options: [RemoteHistory.remote, expire, prune])

    private struct Report: Codable {
        let packsBefore: Int
        let bytesBefore: Int64
        let packsAfter: Int
        let bytesAfter: Int64
        let statesRemoved: Int
        let packsRemoved: Int

        var hasChanged: Bool {
            packsBefore != packsAfter || bytesBefore != bytesAfter || statesRemoved > 0 || packsRemoved > 0
        }
    }

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let history = try RemoteHistory(arguments, context)
        let day = 24 * 60 * 60
        let request = "data-gc \((arguments[expire] ?? 90) * day) \((arguments[prune] ?? 1) * day)"
        for report in try history.ask(request, Report.self) {
            guard report.hasChanged else {
                context.output.message("Nothing to tidy.")
                continue
            }
            context.output.message(
                "\(Count.noun(report.packsBefore, "pack")) (\(ByteCountText.format(report.bytesBefore))) became \(Count.noun(report.packsAfter, "pack")) (\(ByteCountText.format(report.bytesAfter)))")
            if report.packsRemoved > 0 { context.output.message("\(Count.noun(report.packsRemoved, "unused pack")) removed") }
            if report.statesRemoved > 0 { context.output.message("\(Count.noun(report.statesRemoved, "old state")) forgotten") }
        }
        return .success
    }
}
