import Diagnostics
import Git
import Lineage
import Platform
import Repository

/// `git data verify-repro`: does the command still make what its record says?
struct VerifyReproCommand: Command {
    static let revision = Value<BytePath>("revision", "REV", "the revision to verify, instead of HEAD", parse: .revision)
    static let tolerance = Value<Double>(
        "tolerance", "NUMBER", "accept other bits where no metric differs by more, relative to the greater of the two", parse: .fraction)
    static let keep = Flag("keep", "keep the folder in which the stages ran, and say where it is")
    static let targets = ReproCommand.targets
    static let declaration = Declaration(
        "verify-repro", group: .lineage, summary: "remake outputs apart, and compare them with the record",
        description: """
            Checks a revision out into a folder of its own, runs each stage there on the inputs that its record \
            names, and compares what it makes: bit by bit, or by its metrics with `--tolerance`. Your worktree, \
            index and records are not touched. Only the declared inputs have their data there, so that a stage \
            that reads more than it says fails.
            """,
        options: [revision, tolerance, keep], operands: [targets],
        exitCodes: [ExitMeaning(.failure, "something came out differently, or could not be remade")],
        examples: [
            Example("git data verify-repro train", "one stage of HEAD"),
            Example("git data verify-repro --revision v1.2 --tolerance 0.01", "all of a release, metrics within 1 %"),
        ],
        seeAlso: ["repro", "metrics"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        // Nothing runs whose results could not be stored.
        _ = try repository.store()
        let revision = arguments[self.revision] ?? "HEAD"
        guard let commit = try repository.git().resolve(revision.adding(suffix: "^{commit}")) else {
            throw CommandFailure("'\(revision)' is no commit of this repository")
        }
        let files = try StageFiles(of: BytePath(bytes: commit.hex), repository)
        let graph = try files.graph()
        let given = arguments[targets]
        let named = try Set(given.flatMap { try ReproCommand.stages($0, context, repository, graph) })
        let names = graph.order.filter { graph.stages[$0]?.command != nil && (given.isEmpty || named.contains($0)) }
        guard !names.isEmpty else { throw CommandFailure("there is no stage to verify in '\(revision)'", exitCode: .failure) }
        let place = try VerificationPlace(repository, commit: commit, context)
        Interrupts.onEnd { place.abandon() }
        defer { arguments[keep] ? context.output.message("Kept '\(place.folder)'; remove it with: git worktree remove --force \(ShellWord.quoted(place.folder))") : place.remove() }
        var isSame = true
        for name in names {
            guard let stage = graph.stages[name] else { continue }
            do {
                let verdict = try verify(stage, files.record(of: name), in: place, context, tolerance: arguments[tolerance])
                context.output.line("\(name): \(verdict.words)")
                for line in verdict.details { context.output.line("\t\(line)") }
                if !verdict.isGood { isSame = false }
                if !verdict.hasSameBits { try place.restore(stage.products.map(\.value)) }
            } catch let interruption as StageInterruption {
                return ExitCode(interruption.status)
            } catch {
                context.output.error(Words.explain(error).0)
                isSame = false
                try place.restore(stage.products.map(\.value))
            }
        }
        return isSame ? .success : .failure
    }

    private struct Verdict {
        let isGood: Bool
        let words: String
        var details: [String] = []
        var hasSameBits = false
    }

    private static func verify(
        _ stage: Stage, _ record: RunRecord?, in place: VerificationPlace, _ context: CommandContext, tolerance: Double?
    ) throws -> Verdict {
        guard let record else { return Verdict(isGood: false, words: "it has no record of a run") }
        let execution = StageExecution(
            context: context, repository: place.repository, stage: stage, products: [], isInteractive: false)
        try execution.fetchInputs()
        let before = try execution.observe(stage)
        if let missing = before.missing.first { throw try execution.missing(missing) }
        if before.causes.inputs != record.causes.inputs || before.causes.parameters != record.causes.parameters {
            return Verdict(isGood: false, words: "its inputs in this revision are not those of its record", details: StageWords.causes(StageCondition(before, record)))
        }
        let differing = StageCondition(before, record)
        try place.clear(stage.products.map(\.value))
        try execution.makeFolders(in: place.folder)
        try execution.execute()
        try execution.checkProducts()
        let after = try execution.observe(stage)
        let changed = stage.products.map(\.value.text).filter { after.productIDs[$0] != record.outputs[$0] }
        if changed.isEmpty { return Verdict(isGood: true, words: "the same bits", hasSameBits: true) }
        // What else is not as it was tells why the bits may differ.
        var details = changed.map { "'\(BytePath($0))' differs" }
        if case .stale(let changes) = differing {
            details += StageWords.causes(.stale(changes.filter { if case .environment = $0 { true } else if case .variable = $0 { true } else { false } }))
        }
        let metrics = try MetricDistance(record.metrics, execution.metrics())
        details += metrics.lines
        if let tolerance, let distance = metrics.largest, distance <= tolerance {
            return Verdict(isGood: true, words: "other bits, metrics within \(tolerance)", details: details)
        }
        return Verdict(isGood: false, words: "it came out differently", details: details)
    }
}

/// How far two sets of metrics are from each other.
private struct MetricDistance {
    /// The largest relative difference; nil where there is nothing to compare, or something is no number on one side.
    let largest: Double?
    let lines: [String]

    /// `{"a.b": 1, "a": {"b": 2}}` has one key twice; the first counts.
    private static func leaves(_ value: JSONValue?) -> [String: JSONValue] {
        guard let value else { return [:] }
        return Dictionary(ValueFile.flattened(value).map { ($0.key, $0.value) }) { first, _ in first }
    }

    init(_ old: [String: JSONValue], _ new: [String: JSONValue]) {
        var largest: Double? = 0
        var lines: [String] = []
        var count = 0
        for file in Set(old.keys).union(new.keys).sorted() {
            let (was, now) = (Self.leaves(old[file]), Self.leaves(new[file]))
            for key in Set(was.keys).union(now.keys).sorted() {
                count += 1
                guard was[key] != now[key] else { continue }
                lines.append("\(BytePath(key)): \(was[key]?.description ?? "none") → \(now[key]?.description ?? "none")")
                if let one = was[key]?.double, let two = now[key]?.double, one.isFinite, two.isFinite {
                    let distance = abs(one - two) / max(abs(one), abs(two), .leastNormalMagnitude)
                    largest = largest.map { max($0, distance) }
                } else {
                    largest = nil
                }
            }
        }
        self.largest = count == 0 ? nil : largest
        self.lines = lines
    }
}

/// A worktree apart in which stages are run again: below `data/verify/` in the Git folder, without a branch.
private final class VerificationPlace: Sendable {
    let folder: BytePath
    let repository: Repository
    private let owner: Repository

    init(_ owner: Repository, commit: GitObjectName, _ context: CommandContext) throws {
        let parent = owner.location.commonFolder / "data/verify"
        try parent.makeFolders()
        let name = try TemporaryFile(in: parent, prefix: "run-")
        let folder = name.path.adding(suffix: ".d")
        // Everything that is data stays a pointer, whatever is on this machine: the stages' own inputs are filled later.
        try owner.git().query(Self.leavingPointers + ["worktree", "add", "--quiet", "--detach", folder, BytePath(bytes: commit.hex)])
        self.folder = folder
        self.owner = owner
        repository = try .find(from: folder)
    }

    /// Takes away what the revision has of a stage's outputs.
    func clear(_ paths: [BytePath]) throws {
        for path in paths {
            let target = folder.appending(path)
            guard let status = try target.status() else { continue }
            if status.kind == .folder { _ = target.removeTree() } else { try target.removeFile() }
        }
    }

    /// Puts back what the revision has of a stage's outputs: what the stages that read them have been recorded with.
    func restore(_ paths: [BytePath]) throws {
        try clear(paths)
        let known = try repository.git().query(["--literal-pathspecs", "ls-files", "-z", "--"] + paths).records
        guard !known.isEmpty else { return }
        try repository.git().query(Self.leavingPointers + ["--literal-pathspecs", "checkout", "--quiet", "HEAD", "--"] + known)
    }

    private static let leavingPointers = ["-c", "core.hooksPath=/dev/null"] + FilterConfiguration.leavingPointers

    func remove() {
        _ = try? owner.git().run(["worktree", "remove", "--force", folder])
        abandon()
    }

    /// Without Git, which sees to its own part later (`git worktree prune`).
    func abandon() {
        _ = folder.removeTree()
    }
}
