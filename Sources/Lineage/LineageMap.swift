import Platform

/// Files and stages, and how they hang together: what a stage reads leads to it, and it leads to what it makes.
package struct LineageMap: Sendable {
    package enum Node: Hashable, Sendable {
        case file(BytePath)
        case stage(StageName)
    }

    package enum Relation: String, Sendable {
        case input, parameter, environment, output, metrics
        /// From a folder to a file in it that a stage names by itself, or from what stages make in a folder to the folder.
        case part
    }

    /// In the direction in which data goes.
    package struct Edge: Hashable, Sendable {
        package let from: Node
        package let to: Node
        package let relation: Relation
        /// Of parameters: the keys; empty for a whole file.
        package let keys: [String]
    }

    package let graph: StageGraph
    /// Each after all that leads to it.
    package private(set) var nodes: [Node] = []
    package private(set) var edges: [Edge] = []
    private var incoming: [Node: [Edge]] = [:]
    private var outgoing: [Node: [Edge]] = [:]

    /// - Parameter files: that are to be among the nodes, though no stage may name them.
    package init(_ graph: StageGraph, and files: [BytePath] = []) {
        self.graph = graph
        let products = ProductPaths(graph)
        var known: Set<Node> = []
        func addFile(_ path: BytePath) {
            guard known.insert(.file(path)).inserted else { return }
            nodes.append(.file(path))
        }
        for name in graph.order {
            guard let stage = graph.stages[name] else { continue }
            let node = Node.stage(name)
            var edges = stage.inputs.map { Edge(from: .file($0.value), to: node, relation: .input, keys: []) }
            var keys: [BytePath: [String]] = [:]
            for parameter in stage.parameters.map(\.value) { keys[parameter.file, default: []].append(parameter.key) }
            for (file, keys) in keys.sorted(by: { $0.key < $1.key }) {
                edges.append(Edge(from: .file(file), to: node, relation: .parameter, keys: keys.contains("") ? [] : keys))
            }
            edges += stage.environmentFiles.map { Edge(from: .file($0.value), to: node, relation: .environment, keys: []) }
            for edge in edges { if case .file(let path) = edge.from { addFile(path) } }
            nodes.append(node)
            for output in stage.outputs { edges.append(Edge(from: node, to: .file(output.value), relation: .output, keys: [])) }
            for file in stage.metrics { edges.append(Edge(from: node, to: .file(file.value), relation: .metrics, keys: [])) }
            for product in stage.products { addFile(product.value) }
            self.edges += edges
        }
        for path in files.sorted() { addFile(path) }
        for node in nodes {
            guard case .file(let path) = node, !products.contains(path) else { continue }
            if let folder = path.foldersAround.first(where: products.contains) {
                edges.append(Edge(from: .file(folder), to: node, relation: .part, keys: []))
            } else {
                edges += products.inside(path).map { Edge(from: .file($0), to: node, relation: .part, keys: []) }
            }
        }
        for edge in edges {
            outgoing[edge.from, default: []].append(edge)
            incoming[edge.to, default: []].append(edge)
        }
    }

    package func edges(into node: Node) -> [Edge] { incoming[node] ?? [] }
    package func edges(from node: Node) -> [Edge] { outgoing[node] ?? [] }

    /// The nodes that a path stands for: itself; what stages name in that folder; or the folder around it.
    package func nodes(for path: BytePath) -> [Node] {
        if incoming[.file(path)] != nil || outgoing[.file(path)] != nil { return [.file(path)] }
        return nodes.filter { if case .file(let file) = $0 { file.isInside(path) } else { false } }
    }

    /// Nodes with all that leads to them.
    package func closure(upstreamOf targets: some Sequence<Node>) -> Set<Node> {
        closure(targets) { edges(into: $0).map(\.from) }
    }

    /// Nodes with all that they lead to.
    package func closure(downstreamOf targets: some Sequence<Node>) -> Set<Node> {
        closure(targets) { edges(from: $0).map(\.to) }
    }

    private func closure(_ targets: some Sequence<Node>, _ next: (Node) -> [Node]) -> Set<Node> {
        var found: Set<Node> = []
        var rest = Array(targets)
        while let node = rest.popLast() {
            if found.insert(node).inserted { rest += next(node) }
        }
        return found
    }
}

/// What stages make, by path.
private struct ProductPaths {
    private let all: Set<BytePath>
    private let sorted: [BytePath]

    init(_ graph: StageGraph) {
        all = Set(graph.stages.values.flatMap { $0.products.map(\.value) })
        sorted = all.sorted()
    }

    func contains(_ path: BytePath) -> Bool { all.contains(path) }

    /// Those in a folder.
    func inside(_ folder: BytePath) -> ArraySlice<BytePath> {
        sorted[sorted.positions(inside: folder)]
    }
}
