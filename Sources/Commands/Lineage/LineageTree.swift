import Lineage
import Platform

/// A map as trees of text: below each target what it comes from, then what comes of it.
struct LineageTree {
    private let view: LineageView
    /// The nodes whose own tree was shown already: a map is no tree.
    private var shown: Set<LineageMap.Node> = []
    private var text: [String] = []

    /// Deeper trees are no help to a person.
    private static let depthLimit = 60

    init(_ view: LineageView) {
        self.view = view
    }

    private enum Direction { case upstream, downstream }

    /// A node on its way onto the page.
    private struct Branch {
        let node: LineageMap.Node
        let edge: LineageMap.Edge?
        /// What stands before it in its line, and before what hangs below it.
        let prefix: String
        let rest: String
        let depth: Int
    }

    func lines() -> [String] {
        var tree = self
        tree.draw()
        return tree.text
    }

    private mutating func draw() {
        let isDownstreamOnly = !view.isUpstream
        var roots = view.targets
        if roots.isEmpty {
            // Everything: from its ends, or from its beginnings.
            let map = view.map
            roots = map.nodes.filter { isDownstreamOnly ? map.edges(into: $0).isEmpty : map.edges(from: $0).isEmpty }
        }
        for (position, root) in roots.enumerated() {
            if position > 0 { text.append("") }
            draw(root, isDownstreamOnly ? .downstream : .upstream)
            guard view.isUpstream, !view.targets.isEmpty, !children(of: root, .downstream).isEmpty else { continue }
            text.append("")
            text.append("What comes of \(title(root)):")
            shown = []
            drawChildren(of: root, .downstream)
            shown = []
        }
    }

    private mutating func draw(_ root: LineageMap.Node, _ direction: Direction) {
        draw([Branch(node: root, edge: nil, prefix: "", rest: "", depth: 0)], direction)
    }

    private mutating func drawChildren(of root: LineageMap.Node, _ direction: Direction) {
        draw(branches(below: Branch(node: root, edge: nil, prefix: "", rest: "", depth: 0), direction), direction)
    }

    private mutating func draw(_ roots: [Branch], _ direction: Direction) {
        // The next one to be drawn is the last.
        var waiting: [Branch] = roots.reversed()
        while let branch = waiting.popLast() {
            let below = branches(below: branch, direction)
            let isRepeated = !below.isEmpty && shown.contains(branch.node)
            let isDeep = !below.isEmpty && !isRepeated && branch.depth >= Self.depthLimit
            let mark = isRepeated ? " (see above)" : isDeep ? " …" : ""
            text.append(branch.prefix + line(branch.node, branch.edge) + mark)
            guard !isRepeated, !isDeep else { continue }
            shown.insert(branch.node)
            waiting += below.reversed()
        }
    }

    private func branches(below branch: Branch, _ direction: Direction) -> [Branch] {
        let edges = children(of: branch.node, direction)
        return edges.enumerated().map { position, edge in
            let isLast = position == edges.count - 1
            return Branch(
                node: direction == .upstream ? edge.from : edge.to, edge: edge, prefix: branch.rest + (isLast ? "└── " : "├── "),
                rest: branch.rest + (isLast ? "    " : "│   "), depth: branch.depth + 1)
        }
    }

    private func children(of node: LineageMap.Node, _ direction: Direction) -> [LineageMap.Edge] {
        direction == .upstream
            ? view.map.edges(into: node).filter { view.nodes.contains($0.from) }
            : view.map.edges(from: node).filter { view.nodes.contains($0.to) }
    }

    // MARK: Lines

    private func title(_ node: LineageMap.Node) -> String {
        switch node {
        case .file(let path): "\(path)"
        case .stage(let name): "stage '\(name)'"
        }
    }

    private func line(_ node: LineageMap.Node, _ edge: LineageMap.Edge?) -> String {
        switch node {
        case .file(let path): file(path, edge)
        case .stage(let name): stage(name)
        }
    }

    private func file(_ path: BytePath, _ edge: LineageMap.Edge?) -> String {
        var facts: [String] = []
        let file = view.facts.files[path]
        switch LineageKind(file) {
        case .missing: facts.append("missing")
        case .git: facts.append("Git \(file?.id.short ?? "")")
        case .data: facts.append("data \(file?.id.short ?? "")")
        case .folder: facts.append("folder \(file?.id.short ?? "")")
        }
        switch edge?.relation {
        case .parameter?:
            let keys = edge?.keys ?? []
            if !keys.isEmpty { facts.append("\(keys.count == 1 ? "parameter" : "parameters") \(LineageWords.plain(keys.joined(separator: " ")))") }
        case .environment?: facts.append("environment")
        case .metrics?: facts.append("metrics")
        case .input?, .output?, .part?, nil: break
        }
        if let file, !file.isStaged { facts.append("not staged") }
        if let origin = view.facts.origins[path] {
            let commit = String(origin.commit.description.prefix(10))
            facts.append("by \(LineageWords.plain(origin.author)) in \(commit), \(RunRecord.text(ofTime: origin.seconds).prefix(10))")
        }
        return "\(path)  \(facts.joined(separator: ", "))"
    }

    private func stage(_ name: StageName) -> String {
        let condition = view.facts.conditions[name] ?? .neverRan
        let reasons = StageWords.causes(condition)
        let more = reasons.count > 2 ? "; and \(reasons.count - 2) more" : ""
        let state = condition.isFresh ? "fresh" : "stale: " + reasons.prefix(2).joined(separator: "; ") + more
        guard let stage = view.map.graph.stages[name] else { return "\(name)" }
        guard let source = stage.source else { return "[\(name)] \(state)  $ \(LineageWords.command(stage.command?.value))" }
        let date = view.facts.records[name].map { ", \($0.startedText.prefix(10))" } ?? ""
        return "[\(name)] from \(LineageWords.source(source.causes))\(date)" + (condition.isFresh ? "" : ", \(state)")
    }
}
