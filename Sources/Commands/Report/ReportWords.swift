import Lineage
import Platform

/// How a report calls things.
enum ReportWords {
    static func state(_ stage: Stage, _ condition: StageCondition) -> String {
        switch condition {
        case .fresh: "fresh"
        case .neverRan: stage.command == nil ? "never imported" : "never ran"
        case .waiting: "waits for others"
        case .stale: "stale"
        }
    }

    /// `2026-01-02 03:04`, in UTC.
    static func time(_ seconds: Int64) -> String {
        String(RunRecord.text(ofTime: seconds).prefix(16)).replacing("T", with: " ")
    }

    /// The first digits of a commit's name.
    static func short(_ name: String) -> String { String(name.prefix(10)) }

    /// Who ran it, without the address.
    static func author(_ author: String) -> String {
        let name = author.prefix { $0 != "<" }
        return name.isEmpty ? author : String(name).trimmed
    }

    /// A number as people read it, with so many digits that count at most.
    static func number(_ value: Double, digits: Int = 9) -> String {
        guard value.isFinite else { return "\(value)" }
        if value == value.rounded(), abs(value) < 1e15 { return "\(Int(value))" }
        var magnitude = 0
        var rest = abs(value)
        while rest >= 10, magnitude < 400 { (rest, magnitude) = (rest / 10, magnitude + 1) }
        while rest < 1, magnitude > -400 { (rest, magnitude) = (rest * 10, magnitude - 1) }
        guard abs(magnitude) < 100, let scale = Double("1e\(digits - 1 - magnitude)") else { return "\(value)" }
        let rounded = (value * scale).rounded() / scale
        return rounded == rounded.rounded() && abs(rounded) < 1e15 ? "\(Int(rounded))" : "\(rounded)"
    }

    /// A value of a table, not longer than a cell should be.
    static func value(_ value: JSONValue?) -> String {
        guard let value else { return "" }
        if let number = value.double, !number.isNaN { return self.number(number) }
        let text = value.description
        return text.count > 80 ? String(text.prefix(79)) + "…" : text
    }

    /// The values that are no lists and objects, by the keys that lead to them, in the order of keys. Elements of lists are
    /// known by their `name`, where all have one.
    static func flat(_ value: JSONValue) -> [(key: String, value: JSONValue)] {
        var found: [(key: String, value: JSONValue)] = []
        func visit(_ value: JSONValue, _ key: String, depth: Int) {
            let prefix = key.isEmpty ? "" : key + "."
            switch value {
            case .object(let members) where depth < 20:
                for (name, member) in members.sorted(by: { $0.key < $1.key }) { visit(member, prefix + name, depth: depth + 1) }
            case .list(let elements) where depth < 20 && !elements.isEmpty:
                let names = elements.compactMap { element -> String? in
                    if case .text(let name)? = element[["name"]] { name } else { nil }
                }
                for (index, element) in elements.enumerated() {
                    let name = Set(names).count == elements.count ? names[index] : "\(index)"
                    visit(element, prefix + name, depth: depth + 1)
                }
            default: found.append((key, value))
            }
        }
        visit(value, "", depth: 0)
        return found
    }
}

extension String {
    /// Without blanks at its ends.
    fileprivate var trimmed: String {
        var text = self[...]
        while text.first == " " { text = text.dropFirst() }
        while text.last == " " { text = text.dropLast() }
        return String(text)
    }
}
