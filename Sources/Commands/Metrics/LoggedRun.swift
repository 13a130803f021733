import Git
import Lineage
import Platform

/// A commit as `git log` tells of it.
struct LoggedCommit {
    let name: GitObjectName
    let parents: [GitObjectName]
    /// Seconds since 1970, of the author.
    let time: Int64
    let author: String
    /// The short names of branches and tags that point at it.
    let refs: [String]

    /// The commits that the options and operands mean, in the order of `git log`.
    static func list(_ arguments: ParsedArguments, _ git: Git) throws -> [LoggedCommit] {
        var revisions: [BytePath] = []
        if arguments[MetricsLogCommand.all] { revisions.append("--all") }
        if arguments[MetricsLogCommand.branches] { revisions.append("--branches") }
        if arguments[MetricsLogCommand.tags] { revisions.append("--tags") }
        let ranges = arguments[MetricsLogCommand.ranges]
        if let option = ranges.first(where: { $0.bytes.first == UInt8(ascii: "-") }) { throw UsageError("'\(option)' is no revision") }
        let options: [BytePath] = [
            "-c", "i18n.logOutputEncoding=UTF-8", "log", "-z", "--no-show-signature", "--no-color", "--no-patch", "--no-notes",
            "--decorate=short", "--format=%H%x00%P%x00%at%x00%an%x00%D",
        ]
        let answer = try git.query(options + revisions + ranges + ["--"])
        let fields = answer.output.split(separator: 0, omittingEmptySubsequences: false)
        return try stride(from: 0, to: fields.count - 1, by: 5).map { start in
            guard start + 4 < fields.count, let name = GitObjectName(hex: fields[start]) else {
                throw GitError.unexpected(command: "git log", answer: "a commit that ends early")
            }
            func text(_ offset: Int) -> String { String(decoding: fields[start + offset], as: UTF8.self) }
            return LoggedCommit(
                name: name, parents: fields[start + 1].split(separator: UInt8(ascii: " ")).compactMap { GitObjectName(hex: $0) },
                time: Int64(text(2)) ?? 0, author: text(3), refs: refs(text(4)))
        }
    }

    /// `HEAD -> main, tag: v1, origin/main`
    private static func refs(_ text: String) -> [String] {
        text.split(separator: ", ").compactMap { ref in
            for prefix in ["HEAD -> ", "tag: "] where ref.hasPrefix(prefix) { return String(ref.dropFirst(prefix.count)) }
            return ref.hasSuffix("/HEAD") ? nil : String(ref)
        }
    }
}

/// A commit that changed results, with what they are after it.
struct LoggedRun {
    let commit: LoggedCommit
    let metrics: [ValueEntry]
    let parameters: [ValueEntry]

    /// Those among commits that have values, and others than each of their parents, or records of other runs.
    static func list(
        _ commits: [LoggedCommit], _ project: ProjectValues, hasParameters: Bool, _ output: Output
    ) throws -> [LoggedRun] {
        let listed = Set(commits.map(\.name))
        let edge = Set(commits.flatMap(\.parents)).subtracting(listed)
        // Parents that a shallow clone does not have are as if they had nothing.
        let versions = try project.ofCommits(commits.map(\.name) + edge)
        var problems: [VersionValues.Problem] = []
        let runs = commits.compactMap { commit -> LoggedRun? in
            guard let version = versions[commit.name] else { return nil }
            let run = LoggedRun(
                commit: commit, metrics: project.selected(version.values.metrics),
                parameters: hasParameters ? version.values.parameters : [])
            guard !run.metrics.isEmpty else {
                problems += version.values.problems
                return nil
            }
            let isChange = commit.parents.allSatisfy { parent in
                guard let before = versions[parent] else { return true }
                return before.records != version.records
                    || ValueDifference.between(project.selected(before.values.metrics), run.metrics).contains { $0.isChange }
                    || (hasParameters && ValueDifference.between(before.values.parameters, run.parameters).contains { $0.isChange })
            }
            guard isChange else { return nil }
            problems += version.values.problems
            return run
        }
        if let first = problems.first {
            let count = Set(problems).count
            output.warning("cannot read '\(first.file)' of a commit: \(first.reason)" + (count > 1 ? "; and \(count - 1) more" : ""))
        }
        return runs
    }
}

/// The metrics and parameters that a list of runs has, each with a name of its own.
struct MetricColumns {
    struct Column {
        let name: ValueEntry.Name
        let isMetric: Bool
        let title: String

        func value(_ run: LoggedRun) -> JSONValue? {
            (isMetric ? run.metrics : run.parameters).first { $0.name == name }?.value
        }

        /// nil where it is no number, or one that cannot be compared.
        func number(_ run: LoggedRun) -> Double? {
            value(run)?.double.flatMap { $0.isNaN ? nil : $0 }
        }

        /// The best first; those of the same value in the order that they had; those without one last.
        func sorted(_ runs: [LoggedRun], isLowestFirst: Bool) -> [LoggedRun] {
            let numbered = runs.map { ($0, number($0)) }
            let known = numbered.compactMap { run, number in number.map { (run, $0) } }
                .enumerated()
                .sorted { left, right in
                    let (first, second) = (left.element.1, right.element.1)
                    if first != second { return isLowestFirst ? first < second : first > second }
                    return left.offset < right.offset
                }
            return known.map(\.element.0) + numbered.filter { $0.1 == nil }.map(\.0)
        }
    }

    let columns: [Column]

    init(_ runs: [LoggedRun]) {
        let metrics = Set(runs.flatMap { $0.metrics.map(\.name) }).sorted()
        let parameters = Set(runs.flatMap { $0.parameters.map(\.name) }).sorted()
        let counts = Dictionary((metrics + parameters).map { ($0.key, 1) }, uniquingKeysWith: +)
        func column(_ name: ValueEntry.Name, isMetric: Bool) -> Column {
            Column(name: name, isMetric: isMetric, title: counts[name.key, default: 1] > 1 ? "\(name.scope):\(name.key)" : name.key)
        }
        columns = metrics.map { column($0, isMetric: true) } + parameters.map { column($0, isMetric: false) }
    }

    /// The column that a person means.
    func column(_ key: String) throws -> Column {
        if let column = columns.first(where: { $0.title == key || "\($0.name.scope):\($0.name.key)" == key }) { return column }
        let titles = columns.filter { $0.name.key == key || $0.name.key.hasPrefix(key + ".") }.map(\.title)
        if titles.isEmpty { throw CommandFailure("no commit has a metric '\(BytePath(key))'", hints: ["git data metrics log"]) }
        throw CommandFailure("'\(BytePath(key))' may be \(titles.map { "'\(BytePath($0))'" }.joined(separator: " or "))")
    }

    func values(of run: LoggedRun, isMetric: Bool) -> [String: JSONValue] {
        var values: [String: JSONValue] = [:]
        for column in columns where column.isMetric == isMetric { values[column.title] = column.value(run) }
        return values
    }
}
