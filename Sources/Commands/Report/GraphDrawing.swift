/// A graph as inline SVG, from left to right, or from top to bottom where that is narrower than the page.
struct GraphDrawing {
    private let graph: ReportGraph
    private let isAcross: Bool
    private let layout: LayeredLayout
    /// Where each layer begins, and how much it takes along the layers.
    private var starts: [Double] = []
    private var extents: [Double]

    private static let pageWidth = 1100.0
    private static let margin = 12.0
    /// Of a letter of the fixed width that the style sets.
    private static let letterWidth = 7.3

    init(_ graph: ReportGraph) {
        self.graph = graph
        let across = Self.layout(graph, isAcross: true)
        let down = Self.layout(graph, isAcross: false)
        let widths = (Self.length(across.extents, isAcross: true), down.layout.breadth)
        isAcross = widths.0 <= Self.pageWidth || widths.0 <= widths.1
        (layout, extents) = isAcross ? across : down
        var start = Self.margin
        for extent in extents {
            starts.append(start)
            start += extent + Self.distance(isAcross)
        }
    }

    private static func distance(_ isAcross: Bool) -> Double { isAcross ? 52 : 40 }

    private static func length(_ extents: [Double], isAcross: Bool) -> Double {
        extents.reduce(0) { $0 + $1 + distance(isAcross) }
    }

    private static func layout(_ graph: ReportGraph, isAcross: Bool) -> (layout: LayeredLayout, extents: [Double]) {
        let sizes = graph.nodes.map { size(of: $0) }
        let layout = LayeredLayout(breadths: sizes.map { isAcross ? $0.height : $0.width }, edges: graph.edges)
        var extents = Array(repeating: 0.0, count: layout.layerCount)
        for (node, size) in sizes.enumerated() {
            extents[layout.layer[node]] = max(extents[layout.layer[node]], isAcross ? size.width : size.height)
        }
        return (layout, extents)
    }

    private static func size(of node: ReportGraph.Node) -> (width: Double, height: Double) {
        let letters = max(width(of: node.label), width(of: node.note))
        return (max(64, Double(letters) * letterWidth + 22), node.note.isEmpty ? 26 : 42)
    }

    /// In letters; those beyond Latin, Greek and Cyrillic may take two.
    private static func width(of text: String) -> Int {
        text.reduce(0) { $0 + (($1.unicodeScalars.first?.value ?? 0) < 0x1100 ? 1 : 2) }
    }

    /// What the drawing takes, in pixels.
    var width: Double { isAcross ? along : layout.breadth + 2 * Self.margin }
    private var height: Double { isAcross ? layout.breadth + 2 * Self.margin : along }
    private var along: Double { (starts.last ?? 0) + (extents.last ?? 0) + Self.margin }

    var markup: Markup {
        """
        <svg id="graph" xmlns="http://www.w3.org/2000/svg" role="img" aria-label="The graph of stages" \
        width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)">
        <defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">\
        <path class="arrow" d="M0 0.5 L8 4 L0 7.5 z"/></marker></defs>
        \(graph.edges.indices.map { edge($0) })\(graph.nodes.indices.map { node($0) })</svg>

        """
    }

    // MARK: nodes

    /// The middle of a node.
    private func middle(_ node: Int) -> (x: Double, y: Double) {
        let layer = layout.layer[node]
        let along = starts[layer] + extents[layer] / 2
        let across = layout.place[node] + Self.margin
        return isAcross ? (along, across) : (across, along)
    }

    private func node(_ position: Int) -> Markup {
        let node = graph.nodes[position]
        let (x, y) = middle(position)
        let size = Self.size(of: node)
        let radius = node.kind == .file ? 3.0 : node.kind == .source ? size.height / 2 : 8
        let note: Markup = node.note.isEmpty ? "" : "<text class=\"note\" x=\"\(x)\" y=\"\(y + 14)\">\(node.note)</text>"
        let stale = node.isStale ? " stale" : ""
        let shape: Markup = """
            <title>\(node.name)\(node.note.isEmpty ? "" : ": \(node.note)")</title>\
            <rect x="\(x - size.width / 2)" y="\(y - size.height / 2)" width="\(size.width)" height="\(size.height)" rx="\(radius)"/>\
            <text x="\(x)" y="\(node.note.isEmpty ? y + 4 : y - 2)">\(node.label)</text>\(note)
            """
        guard let anchor = node.anchor else { return "<g class=\"node \(node.kind.rawValue + stale)\">\(shape)</g>\n" }
        return "<a href=\"#\(anchor)\" class=\"node \(node.kind.rawValue + stale)\">\(shape)</a>\n"
    }

    // MARK: edges

    private func edge(_ position: Int) -> Markup {
        let edge = graph.edges[position]
        let (from, to) = (graph.nodes[edge.from], graph.nodes[edge.to])
        let (fromSize, toSize) = (Self.size(of: from), Self.size(of: to))
        let (start, end) = (middle(edge.from), middle(edge.to))
        let half = isAcross ? (fromSize.width / 2, toSize.width / 2) : (fromSize.height / 2, toSize.height / 2)
        var at = isAcross ? (start.x + half.0, start.y) : (start.y + half.0, start.x)
        var path: Markup = "M\(point(at))"
        for (index, bend) in layout.bends[position].enumerated() {
            let layer = layout.layer[edge.from] + 1 + index
            let place = bend + Self.margin
            path += curve(from: at, to: (starts[layer], place))
            at = (starts[layer] + extents[layer], place)
            path += " L\(point(at))"
        }
        let goal = isAcross ? (end.x - half.1, end.y) : (end.y - half.1, end.x)
        path += curve(from: at, to: goal)
        let stale = graph.doubtful.contains(edge.from) ? " stale" : ""
        return "<path class=\"edge\(stale)\" d=\"\(path)\" marker-end=\"url(#arrow)\"/>\n"
    }

    private func curve(from: (Double, Double), to: (Double, Double)) -> Markup {
        let middle = (from.0 + to.0) / 2
        return " C\(point((middle, from.1))) \(point((middle, to.1))) \(point(to))"
    }

    /// A place along and across the layers.
    private func point(_ place: (Double, Double)) -> Markup {
        isAcross ? "\(place.0) \(place.1)" : "\(place.1) \(place.0)"
    }
}
