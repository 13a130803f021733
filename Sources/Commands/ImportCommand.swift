import Diagnostics
import Digest
import Git
import Lineage
import Platform
import Repository

/// `git data import`: data from outside, with a record of where it came from.
struct ImportCommand: Command {
    static let from = Value<BytePath>("from", "URL", "import from this repository, with git data or without", parse: .bytes)
    static let revision = Value<String>("revision", "REV", "with --from: the branch, tag or commit; its HEAD if not given", parse: .text(.revisions))
    static let command = Value<String>("from-command", "CMD", "import what this command prints", parse: .text)
    static let manual = Value<String>("manual", "WORDS", "only record where the file that is there came from", parse: .text)
    static let name = Value<String>("name", "NAME", "the stage's name; made from the path if not given", parse: .text)
    static let update = Flag("update", "ask the sources of what was imported for new versions")
    static let check = Flag("check", "with --update: only say what has changed")
    static let queries = Flag("queries", "with --update: run all queries again")
    static let url = Value<BytePath>("url", "URL", "with --update: ask this URL, with its secrets", parse: .bytes)
    static let force = Flag("force", short: "f", "overwrite what is in the way")
    static let sha256 = Value<ObjectID>(
        "sha256", "HEX", "take nothing else than the file with this SHA-256",
        parse: ValueParser(expecting: "64 hexadecimal digits") { ObjectID($0.text.lowercased()) })
    static let trust = Flag("trust", "use a place that only a project names")
    static let arguments = Operands("ARGUMENT", "SOURCE PATH; with --from, the path there and PATH; with --update, names or paths")
    static let declaration = Declaration(
        "import", group: .lineage, summary: "bring data from outside, with a record of where it came from",
        description: """
            Copies a file of a web server, a bucket (`s3://bucket/key`, with the options of a data remote's URL) or this \
            machine, or a folder with all its files, to PATH, and stages it. What is large or binary becomes data, whether \
            or not a pattern says so. `lineage/NAME.stage` says where it comes from, and `lineage/NAME.run.json` which \
            version came: entity tag, date, size, SHA-256, commit. Commit the three together.

            With `--update`, the sources are asked whether they have another version, which is brought; a command of \
            the repository runs again only where it is named, or with `--queries`. Files of this machine, and buckets \
            with an endpoint of their own, are read only where you named them, here or by `--trust`.

            User, password, signature and token of a URL are not recorded; `-` in place of a URL reads it from \
            standard input. A download that was interrupted goes on with the same command. What a server says of \
            digests is verified. No file that Git does not have is overwritten without `--force`.
            """,
        options: [
            from, revision, command, manual, name, update, check, queries, url, sha256, trust, force, CommonOptions.dryRun,
            CommonOptions.json,
        ],
        operands: [arguments],
        exitCodes: [ExitMeaning(.failure, "some updates failed; with `--check`: something has changed")],
        examples: [
            Example("git data import https://example.org/raw.csv data/raw.csv", "a file of a web server"),
            Example("git data import s3://lab/2026/ct.zarr.zip data/ct.zip", "an object of a bucket"),
            Example("git data import --from URL --revision v2 data/x data/x", "a path of another repository"),
            Example("git data import --from-command ./query.sh data/q.csv", "the answer to a query"),
            Example("git data import --manual 'by mail from Ada' data/x.csv", "what a person brought"),
            Example("git data import --update --check", "what has changed outside?"),
        ],
        seeAlso: ["track", "status"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        Process.returnLargeMemory()
        let repository = try context.repository()
        _ = try repository.worktree()
        if !arguments[CommonOptions.dryRun] { try StageWriter.recover(repository) }
        if arguments[update] { return try ImportUpdate(arguments: arguments, context: context, repository: repository).run() }
        for (option, isGiven) in [("--check", arguments[check]), ("--queries", arguments[queries]), ("--url", arguments[url] != nil)] where isGiven {
            throw UsageError("\(option) goes with --update")
        }
        let stages = try ImportStages(repository)
        if let words = arguments[manual] { return try noteManual(words, stages, arguments, context) }
        let order = try order(arguments, context, repository)
        try stages.check(order)
        if arguments[CommonOptions.dryRun] {
            context.output.line("would import '\(order.output)' from \(order.shown) as stage '\(order.name)'")
            return .success
        }
        let run = ImportRun(
            context: context, repository: repository, order: order, isForced: arguments[force], digest: arguments[sha256],
            trustsOthers: arguments[trust])
        let result = try run.run(since: nil)
        try ImportTrust(repository: repository).note(order)
        try ImportReport(isJSON: arguments[CommonOptions.json], context: context).tell(of: [(order, result)])
        if !order.withheld.isEmpty {
            context.output.message(
                "Not recorded, as whoever has it may read the file: \(Set(order.withheld).sorted().joined(separator: ", ")). To update, give the URL again:\n"
                    + "hint: git data import --update --url URL \(order.name)")
        }
        return .success
    }

    private static func order(_ arguments: ParsedArguments, _ context: CommandContext, _ repository: Repository) throws -> ImportOrder {
        let operands = arguments[self.arguments]
        if let command = arguments[command] {
            guard operands.count == 1, arguments[from] == nil else { throw UsageError("--from-command takes one PATH") }
            let output = try output(operands[0], nil, context, repository)
            return ImportOrder(
                name: try stageName(arguments, output), source: Stage.Source(.query, command), address: "", withheld: [], output: output)
        }
        guard arguments[from] != nil || arguments[revision] == nil else { throw UsageError("--revision goes with --from") }
        guard operands.count == 2 else {
            throw UsageError(operands.count < 2 ? "SOURCE and PATH are needed" : "one SOURCE and one PATH are taken")
        }
        let address = try given(arguments[from] ?? operands[0])
        let place = try ImportOrder.place(address)
        let local = place.text.hasPrefix("/") ? BytePath(place.text) : nil
        if let url = arguments[from] {
            let there = operands[0].normalized
            guard operands[0].isUTF8, !operands[0].isAbsolute, there.components.first != ".." else {
                throw CommandFailure("'\(operands[0])' is no path from the top of '\(BytePath(place.text))'")
            }
            let output = try output(operands[1], there.isEmpty ? nil : there.lastComponent, context, repository)
            var source = Stage.Source(.git, place.text)
            source.revision = arguments[revision] ?? "HEAD"
            source.path = there.isEmpty ? "." : there
            return ImportOrder(
                name: try stageName(arguments, output), source: source, address: local ?? (url == "-" ? address : url),
                withheld: place.withheld, output: output)
        }
        let isFolder = local?.isFolder ?? false
        let fileName = isFolder ? nil : local?.lastComponent ?? SourceURL(BytePath(place.text)).fileName.map { BytePath($0) }
        let output = try output(operands[1], fileName, context, repository)
        if let local { try refuseOwn(local, repository) }
        return ImportOrder(
            name: try stageName(arguments, output), source: Stage.Source(.url, place.text), address: local ?? address,
            withheld: place.withheld, output: output)
    }

    /// What is in the repository, or around it, is no source outside.
    private static func refuseOwn(_ place: BytePath, _ repository: Repository) throws {
        // What is not there is refused when it is read.
        guard let resolved = try? place.resolved() else { return }
        let top = try repository.worktree().resolved()
        guard !top.isInside(resolved) || top == resolved else { throw CommandFailure("'\(place)' holds this repository itself") }
        guard !resolved.isInside(top) else {
            throw CommandFailure(
                "'\(place)' is in this repository already", hints: ["to record who brought it: git data import --manual 'WORDS' PATH"])
        }
    }

    /// The URL, which may come on standard input, where no list of processes shows it.
    static func given(_ url: BytePath) throws -> BytePath {
        guard url == "-" else { return url }
        guard let line = try ByteReader(Descriptor.standard(0)).read(until: UInt8(ascii: "\n")), !line.isEmpty else {
            throw CommandFailure("there is no URL on standard input")
        }
        return BytePath(bytes: line.last == UInt8(ascii: "\r") ? line.dropLast() : line[...])
    }

    /// Where it goes, from the top of the worktree.
    /// - Parameter fileName: what a file is called that goes into a folder.
    private static func output(
        _ given: BytePath, _ fileName: BytePath?, _ context: CommandContext, _ repository: Repository
    ) throws -> BytePath {
        var path = try context.paths([given], in: repository)[0]
        let top = try repository.worktree()
        if let fileName, given.bytes.last == UInt8(ascii: "/") || (top / path).isFolder, !path.isEmpty || given.bytes.last != nil {
            path = path.isEmpty ? fileName : path / fileName
        }
        guard !path.isEmpty, Stage.stagePath(path) == path, !path.isInside(StageName.folder) else {
            throw CommandFailure("'\(given)' cannot be the place of what is imported")
        }
        return path
    }

    private static func stageName(_ arguments: ParsedArguments, _ output: BytePath) throws -> StageName {
        if let given = arguments[name] {
            guard let name = StageName(given) else {
                throw UsageError("'\(BytePath(given))' is no name of a stage: letters, digits, '-', '_', '.' and '/'")
            }
            return name
        }
        guard let name = StageName(importing: output) else { throw CommandFailure("'\(output)' gives no name of a stage", hints: ["choose one, by --name"]) }
        return name
    }

    /// Only the record.
    private static func noteManual(
        _ words: String, _ stages: ImportStages, _ arguments: ParsedArguments, _ context: CommandContext
    ) throws -> ExitCode {
        let operands = arguments[self.arguments]
        guard operands.count == 1, arguments[from] == nil, arguments[command] == nil else { throw UsageError("--manual takes one PATH") }
        let repository = stages.repository
        let output = try output(operands[0], nil, context, repository)
        let order = ImportOrder(
            name: try stageName(arguments, output), source: Stage.Source(.manual, words), address: "", withheld: [], output: output)
        try stages.check(order)
        if arguments[CommonOptions.dryRun] {
            context.output.line("would record that '\(output)' comes from \(order.shown)")
            return .success
        }
        let run = ImportRun(context: context, repository: repository, order: order, digest: arguments[sha256])
        let result = try run.noteManual(since: try stages.record(of: order.name))
        try ImportReport(isJSON: arguments[CommonOptions.json], context: context).tell(of: [(order, result)])
        return .success
    }
}
