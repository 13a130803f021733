import Diagnostics
import Git
import Lineage
import Platform
import Repository

/// `git data lineage`: where things come from, and what comes of them.
struct LineageCommand: Command {
    enum Format: String, CaseIterable {
        case text, dot, json, prov, openlineage
    }

    static let upstream = Flag("upstream", short: "u", "only what the targets come from")
    static let downstream = Flag("downstream", short: "d", "only what comes of the targets")
    static let revision = Value<BytePath>("revision", "REV", "as it was at that revision", parse: .revision)
    static let format = Value<Format>("format", "FORMAT", "how it is printed", parse: .choice)
    static let targets = Operands("TARGET", "stages, files or folders; everything where none is given")
    static let declaration = Declaration(
        "lineage", group: .lineage, summary: "show where data comes from, and what comes of it",
        description: """
            Stages with what they read and make, by the recipes in `lineage/`, in both directions from the \
            targets: whether each stage is fresh, or why not; where imported data is from, and since when; who \
            added data that no stage makes. A file and a stage of the same name are told apart by `./`.

            Formats are `text`, a tree, and for other programs:

                dot          a graph for Graphviz: git data lineage --format dot | dot -Tsvg
                json         nodes and edges, see below
                prov         W3C PROV-JSON: what the recorded runs used and made, when and by whom
                openlineage  a line for each recorded run, an event of OpenLineage 2-0-2

            With `json`, an object: `version` (1), `revision` (null for the worktree), `nodes` and `edges`. A node \
            of `type` `file` has `id`, `path`, `kind` (`data`, `git`, `folder`, `missing`), `content` and, of data \
            that no stage makes, `added` (`commit`, `date`, `author`). One of `type` `stage` has `id`, `name`, \
            `command` or `source`, `condition` (`fresh`, `stale`, `neverRan`, `waiting`), `reasons` and, where it \
            ran, `run` (`started`, `milliseconds`, `commit`, `isTreeClean`, `author`, `key`, `metrics`). An edge \
            goes `from` one `id` `to` another in the direction of the data, with its `relation`: `input`, \
            `parameter` (with `keys`), `environment`, `output`, `metrics`, or `part` between a folder and a file in it.
            """,
        options: [upstream, downstream, revision, format, CommonOptions.json], operands: [targets],
        exitCodes: [ExitMeaning(.failure, "a target is no stage, and no file of the repository")],
        examples: [
            Example("git data lineage models/churn.onnx", "all that a model comes from, and what uses it"),
            Example("git data lineage --downstream data/raw.csv", "what a change of this file would make stale"),
        ],
        seeAlso: ["log", "repro", "status"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let top = try repository.worktree()
        var commit: GitObjectName?
        if let revision = arguments[revision] {
            commit = try repository.git().resolve(revision.adding(suffix: "^{commit}"))
            guard commit != nil else { throw CommandFailure("'\(revision)' is no revision of this repository") }
        }
        let format = arguments[format] ?? (arguments[CommonOptions.json] ? .json : .text)
        let files = try commit.map { name in try StageFiles(of: BytePath(bytes: name.hex), repository) } ?? StageFiles(in: top)
        let graph = try files.graph()
        let given = try LineageTargets(arguments[targets], context, repository, graph, commit)
        let map = LineageMap(graph, and: given.paths)
        let targets = given.nodes(of: map)
        let isBoth = arguments[upstream] == arguments[downstream]
        let nodes = LineageView.nodes(
            around: targets, map, isUpstream: isBoth || arguments[upstream], isDownstream: isBoth || arguments[downstream])
        let view = LineageView(
            map: map, targets: targets, nodes: nodes, isUpstream: isBoth || arguments[upstream], revision: commit,
            facts: try LineageFacts(repository, map, nodes, records: files, revision: commit))
        if let missing = given.paths.first(where: { view.isNowhere($0) }) {
            throw CommandFailure("'\(missing)' is no stage, and no file of this repository", hints: ["git data lineage"], exitCode: .failure)
        }
        switch format {
        case .text:
            if graph.stages.isEmpty, targets.isEmpty { context.output.message("There are no stages. See: git data run --help") }
            for line in LineageTree(view).lines() { context.output.line(line) }
        case .dot: context.output.write(Array(LineageDot(view).text.utf8))
        case .json: try context.output.json(LineageDocument(view))
        case .prov: context.output.write(json: CanonicalJSON.text(ProvDocument(view).value))
        case .openlineage:
            for event in try OpenLineageEvents(view, repository).events {
                context.output.write(json: CanonicalJSON.line(event) + [UInt8(ascii: "\n")])
            }
        }
        return .success
    }
}

/// The targets that a person gave.
private struct LineageTargets {
    private var stages: [StageName] = []
    private(set) var paths: [BytePath] = []
    private var isEverything: Bool

    init(
        _ given: [BytePath], _ context: CommandContext, _ repository: Repository, _ graph: StageGraph, _ revision: GitObjectName?
    ) throws {
        isEverything = given.isEmpty
        for target in given {
            if target.isUTF8, let name = StageName(target.text), graph.stages[name] != nil {
                stages.append(name)
                continue
            }
            let path = try context.paths([target], in: repository)[0]
            if let name = StageName(stageFile: path) ?? StageName(recordFile: path), graph.stages[name] != nil {
                stages.append(name)
            } else if path.isEmpty {
                isEverything = true
            } else {
                paths.append(path)
            }
        }
    }

    /// Empty for everything.
    func nodes(of map: LineageMap) -> [LineageMap.Node] {
        isEverything ? [] : stages.map { .stage($0) } + paths.flatMap { map.nodes(for: $0) }
    }
}

/// The part of a map that is shown, with what is known of it.
struct LineageView {
    let map: LineageMap
    /// Empty for everything.
    let targets: [LineageMap.Node]
    let nodes: Set<LineageMap.Node>
    /// Whether what leads to the targets is among the nodes.
    let isUpstream: Bool
    /// nil for the worktree.
    let revision: GitObjectName?
    let facts: LineageFacts

    /// The nodes that hang together with the targets; all where there are no targets.
    static func nodes(
        around targets: [LineageMap.Node], _ map: LineageMap, isUpstream: Bool, isDownstream: Bool
    ) -> Set<LineageMap.Node> {
        guard !targets.isEmpty else { return Set(map.nodes) }
        var nodes: Set<LineageMap.Node> = []
        if isUpstream { nodes.formUnion(map.closure(upstreamOf: targets)) }
        if isDownstream { nodes.formUnion(map.closure(downstreamOf: targets)) }
        return nodes
    }

    /// Each after all that leads to it.
    var orderedNodes: [LineageMap.Node] { map.nodes.filter(nodes.contains) }
    /// Between nodes that are shown.
    var edges: [LineageMap.Edge] { map.edges.filter { nodes.contains($0.from) && nodes.contains($0.to) } }

    /// Whether a path is neither there nor named by any stage.
    func isNowhere(_ path: BytePath) -> Bool {
        let node = LineageMap.Node.file(path)
        return facts.files[path] == nil && map.nodes(for: path) == [node] && map.edges(into: node).isEmpty && map.edges(from: node).isEmpty
    }
}

/// What a file is, in a word that JSON has too.
enum LineageKind: String {
    case data, git, folder, missing

    init(_ file: PresentFile?) {
        switch file?.id {
        case .blob?: self = .data
        case .git?: self = .git
        case .folder?: self = .folder
        case nil: self = .missing
        }
    }
}
