import Lineage
import Platform

/// Conditions of stages, in words.
enum StageWords {
    /// Why a stage is not fresh, a phrase for each cause.
    static func causes(_ condition: StageCondition) -> [String] {
        switch condition {
        case .fresh: []
        case .neverRan: ["it never ran"]
        case .waiting(let stages): ["it depends on \(stages.map { "'\($0)'" }.joined(separator: ", "))"]
        case .stale(let changes): changes.flatMap { words($0) }
        }
    }

    private static func words(_ change: StageCondition.Change) -> [String] {
        switch change {
        case .command: return ["its command changed"]
        case .folder: return ["the folder of its command changed"]
        case .input(let path, let old, let new): return ["input '\(BytePath(path))' \(verb(old, new))"]
        case .parameter(let name, let old, let new):
            return ["parameter '\(BytePath(name))': \(values(old, new))"]
        case .environment(let name, let old?, let new?):
            if case .object = old, case .object = new {
                let changes = EnvironmentDependency.changes(from: old, to: new)
                let shown = changes.prefix(3).joined(separator: ", ") + (changes.count > 3 ? " and \(changes.count - 3) more" : "")
                return ["environment '\(name)': \(shown)"]
            }
            return ["environment '\(name)' changed"]
        case .environment(let name, let old, let new): return ["environment '\(name)' \(verb(old, new))"]
        case .variable(let name, let old, let new): return ["variable \(name): \(values(old, new))"]
        case .source: return ["its source changed"]
        case .output(let path, let old, let new):
            if old == nil { return ["output '\(BytePath(path))' is not in its record"] }
            return ["output '\(BytePath(path))' \(new == nil ? "is missing" : "was changed since")"]
        }
    }

    private static func verb<Value>(_ old: Value?, _ new: Value?) -> String {
        switch (old, new) {
        case (nil, _): "is new"
        case (_, nil): "is gone"
        default: "changed"
        }
    }

    private static func values(_ old: JSONValue?, _ new: JSONValue?) -> String {
        "\(word(old)) → \(word(new))"
    }

    private static func word(_ value: JSONValue?) -> String {
        guard let value, value != .null else { return "none" }
        return BytePath(String(value.description.prefix(60))).description
    }
}
