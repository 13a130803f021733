import Diagnostics
import Git
import Lineage
import Platform

/// What a report says of each stage: how it is run, what its runs gave, and how their environments differ.
struct StageSections {
    let content: ReportContent

    /// So many runs are listed, and drawn, of each stage: the newest.
    private static let runLimit = 200
    private static let columnLimit = 40
    private static let chartLimit = 16

    private typealias Run = (commit: LineageHistory.Commit?, record: RunRecord)

    var markup: Markup {
        let stages = content.graph.order.compactMap { content.graph.stages[$0] }
        let commands = stages.filter { $0.command != nil }
        let sources = stages.filter { $0.command == nil }
        var markup: Markup = ""
        if !commands.isEmpty { markup += "<section id=\"stages\">\n<h2>Stages</h2>\n\(commands.map { section($0) })</section>\n" }
        if !sources.isEmpty { markup += "<section id=\"sources\">\n<h2>Sources</h2>\n\(sources.map { section($0) })</section>\n" }
        return markup
    }

    private func section(_ stage: Stage) -> Markup {
        let condition = content.conditions[stage.name]
        let all = content.runs(of: stage.name)
        let runs = Array(all.suffix(Self.runLimit))
        let causes = StageWords.causes(condition).joined(separator: "; ")
        let cause: Markup = causes.isEmpty || condition == .neverRan ? "" : "<p class=\"cause\">\(causes)</p>\n"
        let omitted: Markup = all.count > runs.count ? "<p>\(all.count - runs.count) older runs are left out.</p>\n" : ""
        return """
            <article id="\(content.anchor(of: stage.name))">
            <h3>\(stage.name.text) <span class="badge \(condition.isFresh ? "good" : "bad")">\(ReportWords.state(stage, condition))</span></h3>
            \(cause)\(recipe(stage))\(charts(runs))\(table(runs, stage))\(omitted)\
            \(EnvironmentDifferences(content: content, runs: runs).markup)</article>

            """
    }

    // MARK: recipe

    private func recipe(_ stage: Stage) -> Markup {
        var rows: Markup = ""
        func row(_ title: String, _ values: [Markup]) {
            guard !values.isEmpty else { return }
            rows += "<dt>\(title)</dt><dd>\(values.enumerated().map { $0 == 0 ? $1 : ", \($1)" as Markup })</dd>\n"
        }
        if let command = stage.command?.value { rows += "<dt>command</dt><dd><pre>\(command)</pre></dd>\n" }
        if let source = stage.source {
            row(source.kind.rawValue, ["<code>\(source.value)</code>"])
            row("revision", source.revision.map { ["<code>\($0)</code>"] } ?? [])
            row("path", source.path.map { ["<code>\($0.text)</code>"] } ?? [])
        }
        row("folder", stage.folder.isEmpty ? [] : ["<code>\(stage.folder.text)</code>"])
        row("reads", stage.inputs.map { link($0.value) })
        row("makes", stage.outputs.map { link($0.value) })
        row("metrics", stage.metrics.map { link($0.value) })
        row("parameters", stage.parameters.map { parameter in
            let value = content.records[stage.name]?.causes.parameters[parameter.value.text]
            return "<code>\(parameter.value.text)</code>\(value.map { " = \(ReportWords.value($0))" } ?? "")"
        })
        row("environment", (stage.environment + stage.variables).map { "<code>\($0.value)</code>" })
        if let record = content.records[stage.name] {
            let received = (record.received ?? [:]).sorted { $0.key < $1.key }
            row("received", received.map { "\($0.key) <code>\(ReportWords.value($0.value))</code>" })
            let author = record.author.map { " by \(ReportWords.author($0))" } ?? ""
            let commit = record.commit.map { ", on \(ReportWords.short($0))" + (record.isTreeClean ? "" : " and changes") } ?? ""
            row(stage.command == nil ? "imported" : "last run", ["\(ReportWords.time(record.started))\(author)\(commit)"])
        }
        return "<dl>\n\(rows)</dl>\n"
    }

    private func link(_ path: BytePath) -> Markup {
        guard let anchor = content.anchor(of: path) else { return "<code>\(path.text)</code>" }
        return "<a href=\"#\(anchor)\"><code>\(path.text)</code></a>"
    }

    // MARK: runs

    /// The values of metrics by file and key.
    private static func metrics(_ record: RunRecord) -> [String: JSONValue] {
        var values: [String: JSONValue] = [:]
        for (file, value) in record.metrics {
            for (key, leaf) in ReportWords.flat(value) { values[key.isEmpty ? file : "\(file):\(key)"] = leaf }
        }
        return values
    }

    private func table(_ runs: [Run], _ stage: Stage) -> Markup {
        guard !runs.isEmpty, stage.command != nil else { return "" }
        let metrics = runs.map { Self.metrics($0.record) }
        let parameters = Array(Set(runs.flatMap { $0.record.causes.parameters.keys }).sorted().prefix(Self.columnLimit))
        let columns = Array(Set(metrics.flatMap(\.keys)).sorted().prefix(Self.columnLimit))
        let rows = runs.indices.reversed().map { index -> Markup in
            let run = runs[index]
            let before = index > 0 ? runs[index - 1].record : nil
            let cells = parameters.map { name -> Markup in
                let value = run.record.causes.parameters[name]
                let isChanged = before != nil && before?.causes.parameters[name] != value
                return "<td class=\"value\(isChanged ? " changed" : "")\">\(ReportWords.value(value))</td>"
            }
            return """
                <tr><td>\(commit(run))</td><td>\(ReportWords.time(run.record.started))</td>\
                <td class="value">\(DurationText.format(milliseconds: run.record.milliseconds))</td>\(cells)\
                \(columns.map { "<td class=\"value\">\(ReportWords.value(metrics[index][$0]))</td>" as Markup })</tr>

                """
        }
        let title = Count.noun(runs.count, "run")
        return """
            <details\(runs.count <= 12 ? " open=\"open\"" as Markup : "")><summary>\(title)</summary>
            <div class="wide"><table>
            <thead><tr><th>commit</th><th>started</th><th>took</th>\(parameters.map { heading($0, "parameter") })\
            \(columns.map { heading($0, "metric") })</tr></thead>
            <tbody>
            \(rows)</tbody></table></div>
            </details>

            """
    }

    /// The key of a value, and below it the file.
    private func heading(_ name: String, _ kind: String) -> Markup {
        let parts = name.split(separator: ":", maxSplits: 1)
        guard parts.count == 2 else { return "<th class=\"value \(kind)\">\(name)</th>" }
        return "<th class=\"value \(kind)\">\(String(parts[1]))<small>\(String(parts[0]))</small></th>"
    }

    private func commit(_ run: Run) -> Markup {
        guard let commit = run.commit else { return "<em>not committed</em>" }
        return "<code title=\"\(commit.subject.text)\">\(ReportWords.short(commit.name.description))</code>"
    }

    // MARK: charts

    /// A chart for each last key, with a line for each metric that ends in it.
    private func charts(_ runs: [Run]) -> Markup {
        let metrics = runs.map { Self.metrics($0.record) }
        var groups: [String: [String]] = [:]
        for name in Set(metrics.flatMap(\.keys)).sorted() where metrics.contains(where: { $0[name]?.double != nil }) {
            let key = name.split(separator: ":", maxSplits: 1).last.map(String.init) ?? name
            groups[key.split(separator: ".").last.map(String.init) ?? key, default: []].append(name)
        }
        guard runs.count > 1, !groups.isEmpty else { return "" }
        let labels = runs.map { $0.commit.map { String($0.name.description.prefix(7)) } ?? "now" }
        let hints = runs.map { hint($0) }
        let charts = groups.sorted { $0.key < $1.key }.prefix(Self.chartLimit).map { key, names in
            LineChart(
                title: names.count == 1 ? names[0] : key,
                series: names.prefix(LineChart.styles).map { name in
                    LineChart.Series(name: name, values: metrics.map { $0[name]?.double })
                },
                labels: labels, hints: hints
            ).markup
        }
        let omitted = groups.count - charts.count
        return "<div class=\"charts\">\n\(charts)</div>\n\(omitted > 0 ? "<p>\(omitted) more metrics are in the table.</p>\n" as Markup : "")"
    }

    private func hint(_ run: Run) -> String {
        let commit = run.commit.map { "\(ReportWords.short($0.name.description)) \($0.subject.text)" } ?? "not committed"
        let parameters = run.record.causes.parameters.sorted { $0.key < $1.key }.prefix(8)
        return ([commit, ReportWords.time(run.record.started)] + parameters.map { "\($0.key) = \(ReportWords.value($0.value))" })
            .joined(separator: "\n")
    }
}
