import Diagnostics
import Lineage

/// How the environments of a stage's runs differ, each from that of the run before.
struct EnvironmentDifferences {
    let content: ReportContent
    /// Oldest first.
    let runs: [(commit: LineageHistory.Commit?, record: RunRecord)]

    private static let lineLimit = 300

    var markup: Markup {
        var parts: Markup = ""
        for (before, after) in zip(runs, runs.dropFirst()) {
            guard let old = before.record.environmentRecord, let new = after.record.environmentRecord, old != new,
                let oldValue = content.history.environments[old], let newValue = content.history.environments[new]
            else { continue }
            let lines = Self.lines(oldValue, newValue)
            guard !lines.isEmpty else { continue }
            let omitted = lines.count - Self.lineLimit
            parts += """
                <details><summary>Environment of \(Self.name(after)), unlike that of \(Self.name(before)): \
                \(Count.noun(lines.count, "difference"))</summary>
                <div class="wide"><table><thead><tr><th></th><th>then</th><th>now</th></tr></thead><tbody>
                \(lines.prefix(Self.lineLimit).map { line -> Markup in
                    "<tr><td><code>\(line.key)</code></td><td class=\"old\">\(line.old)</td><td class=\"new\">\(line.new)</td></tr>\n"
                })</tbody></table></div>
                \(omitted > 0 ? "<p>\(omitted) more are left out.</p>\n" as Markup : "")</details>

                """
        }
        return parts
    }

    private static func name(_ run: (commit: LineageHistory.Commit?, record: RunRecord)) -> String {
        run.commit.map { ReportWords.short($0.name.description) } ?? "now"
    }

    private static func lines(_ old: JSONValue, _ new: JSONValue) -> [(key: String, old: String, new: String)] {
        let (before, after) = (values(old), values(new))
        return Set(before.keys).union(after.keys).sorted().compactMap { key in
            before[key] == after[key] ? nil : (key, ReportWords.value(before[key]), ReportWords.value(after[key]))
        }
    }

    private static func values(_ value: JSONValue) -> [String: JSONValue] {
        Dictionary(ReportWords.flat(value).map { ($0.key, $0.value) }) { first, _ in first }
    }
}
