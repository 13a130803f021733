import Lineage
import Platform

/// A map as JSON: nodes and edges. `git data lineage --help` says what is in it.
struct LineageDocument: Encodable {
    let version = 1
    let revision: JSONValue
    let nodes: [Node]
    let edges: [Edge]

    struct Node: Encodable {
        let id: String
        let type: String
        var path: String?
        var pathBytes: String?
        var kind: String?
        var content: String?
        var size: Int64?
        var isStaged: Bool?
        var added: Added?
        var name: String?
        var command: String?
        var source: [String: String]?
        var condition: String?
        var reasons: [String]?
        var run: Run?
    }

    struct Added: Encodable {
        let commit: String
        let date: String
        let author: String
    }

    struct Run: Encodable {
        let started: String
        let milliseconds: Int64
        let commit: String?
        let isTreeClean: Bool
        let author: String?
        let key: String
        let metrics: [String: JSONValue]
    }

    struct Edge: Encodable {
        let from: String
        let to: String
        let relation: String
        let keys: [String]?
    }

    init(_ view: LineageView) {
        revision = view.revision.map { .text($0.description) } ?? .null
        nodes = view.orderedNodes.map { node in
            switch node {
            case .file(let path): Self.file(path, node, view.facts)
            case .stage(let name): Self.stage(name, node, view)
            }
        }
        edges = view.edges.map { edge in
            Edge(
                from: edge.from.id, to: edge.to.id, relation: edge.relation.rawValue,
                keys: edge.relation == .parameter ? edge.keys : nil)
        }
    }

    private static func file(_ path: BytePath, _ node: LineageMap.Node, _ facts: LineageFacts) -> Node {
        let file = facts.files[path]
        let text = JSONPath(path)
        var answer = Node(id: node.id, type: "file", path: text.path, pathBytes: text.pathBytes)
        answer.kind = LineageKind(file).rawValue
        answer.content = file?.id.description
        answer.isStaged = file?.isStaged
        if case .blob? = file?.id, let pointer = file?.pointer { answer.size = pointer.pointer.byteCount }
        answer.added = facts.origins[path].map {
            Added(commit: $0.commit.description, date: RunRecord.text(ofTime: $0.seconds), author: $0.author)
        }
        return answer
    }

    private static func stage(_ name: StageName, _ node: LineageMap.Node, _ view: LineageView) -> Node {
        let stage = view.map.graph.stages[name]
        let condition = view.facts.conditions[name] ?? .neverRan
        var answer = Node(id: node.id, type: "stage")
        answer.name = name.text
        answer.command = stage?.command?.value
        answer.source = stage?.source?.causes
        answer.condition = condition.word
        answer.reasons = StageWords.causes(condition)
        answer.run = view.facts.records[name].map { record in
            Run(
                started: record.startedText, milliseconds: record.milliseconds, commit: record.commit, isTreeClean: record.isTreeClean,
                author: record.author, key: record.key.hex, metrics: record.metrics)
        }
        return answer
    }
}

extension StageCondition {
    /// As JSON has it.
    fileprivate var word: String {
        switch self {
        case .fresh: "fresh"
        case .neverRan: "neverRan"
        case .stale: "stale"
        case .waiting: "waiting"
        }
    }
}
