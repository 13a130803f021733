import Lineage
import Platform

/// The graph of a report: stages, what they make, data that they read, and where it came from.
struct ReportGraph {
    struct Node {
        enum Kind: String { case stage, source, file }
        let kind: Kind
        /// All of its name.
        let name: String
        /// Below the name.
        let note: String
        let isStale: Bool
        /// The place in the page that it leads to.
        let anchor: String?

        /// A name of any length, shortened in its middle; wide characters count for two.
        var label: String {
            let characters = Array(name)
            guard characters.count > 32 else { return name }
            return String(characters.prefix(12)) + "…" + String(characters.suffix(19))
        }
    }

    private(set) var nodes: [Node] = []
    private(set) var edges: [(from: Int, to: Int)] = []
    /// Stages that are stale, and what they make: by position.
    private(set) var doubtful: Set<Int> = []
    /// Whether files are left out, as there would be too many.
    private(set) var isWithoutFiles = false

    /// A graph of more nodes shows stages alone.
    private static let nodeLimit = 180

    init(_ content: ReportContent) {
        let full = Self.build(content, withFiles: true)
        isWithoutFiles = full.nodes.count > Self.nodeLimit
        (nodes, edges) = isWithoutFiles ? Self.build(content, withFiles: false) : full
        doubtful = Set(nodes.indices.filter { nodes[$0].isStale })
        for edge in edges where nodes[edge.from].isStale { doubtful.insert(edge.to) }
    }

    private static func build(_ content: ReportContent, withFiles: Bool) -> (nodes: [Node], edges: [(from: Int, to: Int)]) {
        var nodes: [Node] = []
        var edges: [(from: Int, to: Int)] = []
        var stages: [StageName: Int] = [:]
        for name in content.graph.order {
            guard let stage = content.graph.stages[name] else { continue }
            stages[name] = nodes.count
            nodes.append(node(stage, content))
        }
        guard withFiles else {
            for (name, position) in stages {
                for upstream in content.graph.upstream[name] ?? [] {
                    if let from = stages[upstream] { edges.append((from, position)) }
                }
            }
            return (nodes, edges.sorted { ($0.from, $0.to) < ($1.from, $1.to) })
        }
        let listed = Dictionary(content.files.map { ($0.path, $0) }) { first, _ in first }
        var files: [BytePath: Int] = [:]
        func file(_ path: BytePath) -> Int {
            if let known = files[path] { return known }
            files[path] = nodes.count
            nodes.append(Node(kind: .file, name: path.text, note: "", isStale: false, anchor: content.anchor(of: path)))
            return nodes.count - 1
        }
        for name in content.graph.order {
            guard let stage = content.graph.stages[name], let own = stages[name] else { continue }
            for product in stage.products { edges.append((own, file(product.value))) }
        }
        for name in content.graph.order {
            guard let stage = content.graph.stages[name], let own = stages[name] else { continue }
            var sources: Set<Int> = []
            for read in stage.reads.map(\.value) {
                let made = content.graph.makers(of: read).filter { $0 != name }.flatMap { maker in
                    (content.graph.stages[maker]?.products ?? []).map(\.value).filter { $0.overlaps(read) }
                }
                if made.isEmpty {
                    // Code and the like stands in the stage's own section.
                    if listed[read] != nil { sources.insert(file(read)) }
                } else {
                    sources.formUnion(made.map { file($0) })
                }
            }
            edges += sources.sorted().map { ($0, own) }
        }
        return (nodes, edges)
    }

    private static func node(_ stage: Stage, _ content: ReportContent) -> Node {
        let condition = content.conditions[stage.name]
        return Node(
            kind: stage.command == nil ? .source : .stage, name: stage.name.text, note: ReportWords.state(stage, condition),
            isStale: !condition.isFresh, anchor: content.anchor(of: stage.name))
    }
}
