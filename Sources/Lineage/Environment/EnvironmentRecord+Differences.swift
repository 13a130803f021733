extension EnvironmentRecord {
    /// One thing that is not the same in two records.
    package struct Difference: Equatable, Sendable {
        /// `system`, `processor`, …; of interpreters what `EnvironmentDependency` calls them: `python`.
        package let group: String
        /// `kernel`, a package's name, …; empty where the group is one value.
        package let name: String
        /// nil where it is only in the other.
        package let old: JSONValue?
        package let new: JSONValue?
    }

    /// What differs, in the order of groups and names.
    package func differences(to other: EnvironmentRecord) -> [Difference] {
        let (before, after) = (values, other.values)
        let places = Set(before.keys).union(after.keys).sorted { ($0.order, $0.group, $0.name) < ($1.order, $1.group, $1.name) }
        return places.compactMap { place in
            let (old, new) = (before[place], after[place])
            return old == new ? nil : Difference(group: place.group, name: place.name, old: old, new: new)
        }
    }

    /// Every value of the record, in the order in which people read it.
    package var lines: [(group: String, name: String, value: JSONValue)] {
        values.sorted { ($0.key.order, $0.key.group, $0.key.name) < ($1.key.order, $1.key.group, $1.key.name) }
            .map { ($0.key.group, $0.key.name, $0.value) }
    }

    private struct Place: Hashable {
        let order: Int
        let group: String
        let name: String
    }

    private static let order = [
        "system", "processor", "memory", "accelerators", "acceleratorSoftware", "container", "interpreters", "conda", "lockFiles", "variables",
    ]

    private var values: [Place: JSONValue] {
        guard case .object(let members) = json else { return [:] }
        var values: [Place: JSONValue] = [:]
        for (group, value) in members where group != "version" {
            let order = Self.order.firstIndex(of: group) ?? Self.order.count
            if group == "interpreters", case .object(let interpreters) = value {
                for (name, interpreter) in interpreters { Self.add(interpreter, to: &values, order, name, []) }
            } else {
                Self.add(value, to: &values, order, group, [])
            }
        }
        return values
    }

    private static func add(_ value: JSONValue, to values: inout [Place: JSONValue], _ order: Int, _ group: String, _ path: [String]) {
        switch value {
        case .object(let members) where group == "conda" && path.count == 1:
            // A package is one thing: `1.26.4 py311h64a7726_0 conda-forge`.
            let parts = ["version", "build", "channel"].compactMap { members[$0]?.description }
            values[Place(order: order, group: group, name: path[0])] = .text(parts.joined(separator: " "))
        case .object(let members):
            for (name, member) in members { add(member, to: &values, order, group, path + [name]) }
        case .list(let elements) where group == "lockFiles":
            for element in elements { values[Place(order: order, group: group, name: element.description)] = .text("present") }
        case .list(let elements):
            for (number, element) in elements.enumerated() { add(element, to: &values, order, group, path + ["\(number)"]) }
        default:
            // An interpreter's version is the group's own, and its packages stand beside it.
            let path = path.first == "packages" || path == ["version"] && group != "system" ? Array(path.dropFirst()) : path
            values[Place(order: order, group: group, name: path.joined(separator: "."))] = value
        }
    }
}
