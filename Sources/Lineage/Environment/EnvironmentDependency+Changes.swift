extension EnvironmentDependency {
    /// How two states differ, for people: `numpy 2.0.1 → 2.1.0`, `pandas added`, `scipy removed`, in the order of the names.
    ///
    /// States within states (`{"python": {"numpy": …}}`) are compared by what is in them. null counts as not there.
    package static func changes(from old: JSONValue, to new: JSONValue) -> [String] {
        named(nil, old, new).map { found in found.name.map { "\($0) \(found.change)" } ?? found.change }
    }

    private static func named(_ name: String?, _ old: JSONValue, _ new: JSONValue) -> [(name: String?, change: String)] {
        if old == new { return [] }
        if case .object(let before) = old, case .object(let after) = new { return members(before, after) }
        if case .object(let before) = old, new == .null { return members(before, [:]) }
        if case .object(let after) = new, old == .null { return members([:], after) }
        switch (old, new) {
        case (.null, _): return [(name, "added")]
        case (_, .null): return [(name, "removed")]
        default: return [(name, "\(old.description) → \(new.description)")]
        }
    }

    private static func members(_ old: [String: JSONValue], _ new: [String: JSONValue]) -> [(name: String?, change: String)] {
        let names = Set(old.keys).union(new.keys).sorted()
        return names.flatMap { named($0, old[$0] ?? .null, new[$0] ?? .null) }.sorted { ($0.name ?? "") < ($1.name ?? "") }
    }
}
