import Lineage
import Platform

/// A map in Graphviz's language: files are boxes, stages ellipses, stale ones filled.
///
/// Spec: https://graphviz.org/doc/info/lang.html, "escString" for labels.
struct LineageDot {
    let view: LineageView

    init(_ view: LineageView) {
        self.view = view
    }

    var text: String {
        var text = "digraph lineage {\n\trankdir=LR;\n\tnode [fontname=\"sans-serif\"];\n\tedge [fontname=\"sans-serif\", fontsize=10];\n"
        for node in view.orderedNodes { text += "\t\(Self.quoted(node.id)) [\(attributes(node))];\n" }
        for edge in view.edges {
            let label = edge.relation == .parameter && !edge.keys.isEmpty ? edge.keys.joined(separator: "\n") : ""
            var attributes = label.isEmpty ? [] : ["label=\(Self.label(label))"]
            if edge.relation == .part { attributes.append("style=dotted") }
            if edge.relation == .environment { attributes.append("style=dashed") }
            let list = attributes.isEmpty ? "" : " [\(attributes.joined(separator: ", "))]"
            text += "\t\(Self.quoted(edge.from.id)) -> \(Self.quoted(edge.to.id))\(list);\n"
        }
        return text + "}\n"
    }

    private func attributes(_ node: LineageMap.Node) -> String {
        switch node {
        case .file(let path):
            let file = view.facts.files[path]
            let kind = LineageKind(file)
            let id = file.map { " \($0.id.short)" } ?? ""
            let style = kind == .missing ? ", style=dashed" : kind == .git ? "" : ", style=bold"
            return "shape=\(kind == .folder ? "folder" : "box"), label=\(Self.label("\(path)\n\(kind.rawValue)\(id)"))\(style)"
        case .stage(let name):
            let condition = view.facts.conditions[name] ?? .neverRan
            let stage = view.map.graph.stages[name]
            let what = stage?.source.map { LineageWords.source($0.causes) } ?? LineageWords.command(stage?.command?.value)
            let reasons = StageWords.causes(condition)
            let state = condition.isFresh ? "" : "\nstale: \(reasons.first ?? "")" + (reasons.count > 1 ? "; …" : "")
            let style = condition.isFresh ? "" : ", style=filled, fillcolor=\"#ffd7a8\""
            return "shape=ellipse, label=\(Self.label("\(name)\(state)"))\(style), tooltip=\(Self.label(what))"
        }
    }

    /// An ID, in which only quotes need a backslash. It may come to a terminal.
    private static func quoted(_ text: String) -> String {
        let isPlain = !text.unicodeScalars.contains { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) }
        let text = isPlain ? text : BytePath(text).description
        // A backslash at the end would take the closing quote away.
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// Text as a label shows it, newlines included.
    private static func label(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { LineageWords.plain(String($0)) }
        return "\"" + lines.map { $0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") }.joined(separator: "\\n") + "\""
    }
}

extension LineageMap.Node {
    /// The same for the same file or stage in every answer.
    var id: String {
        switch self {
        case .file(let path): "file:\(path.text)"
        case .stage(let name): "stage:\(name)"
        }
    }
}
