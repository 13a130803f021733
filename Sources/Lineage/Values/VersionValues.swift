import Digest
import Platform

/// One number, text or truth value of a file.
package struct ValueLeaf: Equatable, Sendable {
    /// Keys and positions with dots between them; `value` for a file that is one value.
    package let key: String
    package let value: JSONValue

    package init(_ key: String, _ value: JSONValue) {
        self.key = key
        self.value = value
    }

    /// Lists longer than this are curves and the like, and left out unless they are asked for.
    package static let usualListLength = 20

    /// All that is in a file, see `ValueFile.flattened`.
    package static func all(of value: JSONValue, longestList: Int) -> [ValueLeaf] {
        ValueFile.flattened(value, longestList: longestList).map { ValueLeaf($0.key.isEmpty ? "value" : $0.key, $0.value) }
    }

    /// Whether this is the value of a key, or part of it.
    package func isUnder(_ key: String) -> Bool {
        self.key == key || self.key.hasPrefix(key + ".")
    }
}

/// What a version of the project has in one file.
package enum ValueSource: Sendable {
    case absent
    case values([ValueLeaf])
    /// A pointer in the place of the content.
    case pointer(ObjectID)
    /// It cannot be read, with the reason.
    case unreadable(String)

    /// - Parameter content: all of it; nil where there is no file.
    package static func reading(_ content: [UInt8]?, path: BytePath, longestList: Int) -> ValueSource {
        guard let content else { return .absent }
        do throws(LineageError) {
            return .values(ValueLeaf.all(of: try ValueFile.parse(content, path: path), longestList: longestList))
        } catch {
            if case .values(_, let reason) = error { return .unreadable(reason) }
            return .unreadable("\(error)")
        }
    }
}

/// A metric or parameter of one version of the project.
package struct ValueEntry: Equatable, Sendable {
    /// Whose metric it is; nil for a parameter, which several stages may use.
    package let stage: StageName?
    package let file: BytePath
    package let leaf: ValueLeaf
    package let name: Name

    init(metric leaf: ValueLeaf, of stage: StageName, in file: BytePath, isAmbiguous: Bool) {
        (self.stage, self.file, self.leaf) = (stage, file, leaf)
        name = Name(scope: stage.text, key: isAmbiguous ? "\(file.text):\(leaf.key)" : leaf.key)
    }

    init(parameter leaf: ValueLeaf, in file: BytePath) {
        (stage, self.file, self.leaf) = (nil, file, leaf)
        name = Name(scope: file.text, key: leaf.key)
    }

    package var key: String { leaf.key }
    package var value: JSONValue { leaf.value }

    /// By what it is known again in another version: a metric by its stage, whose file may have had another name, a
    /// parameter by its file.
    package struct Name: Hashable, Sendable, Comparable {
        /// The stage or the file.
        package let scope: String
        /// With the file before it where a stage has a metric twice.
        package let key: String

        package static func < (left: Self, right: Self) -> Bool {
            left.scope != right.scope ? left.scope < right.scope : left.key < right.key
        }
    }
}

/// The metrics and parameters of one version of the project: of a commit, or of the worktree.
package struct VersionValues: Sendable {
    package private(set) var metrics: [ValueEntry] = []
    package private(set) var parameters: [ValueEntry] = []
    /// What could not be read, and why.
    package private(set) var problems: [Problem] = []

    package struct Problem: Hashable, Sendable {
        package let file: BytePath
        /// In words: lower case, no full stop.
        package let reason: String

        package init(_ file: BytePath, _ reason: String) {
            self.file = file
            self.reason = reason
        }
    }

    /// Where the values of one version come from.
    package struct Sources {
        package var stages: [Stage] = []
        package var records: [StageName: RunRecord] = [:]
        package var problems: [Problem] = []

        package init() {}

        /// The files that hold values, each once.
        package var files: [BytePath] {
            Array(Set(stages.flatMap { $0.metrics.map(\.value) + $0.parameters.map(\.value.file) })).sorted()
        }

        /// Reads a recipe or a record; anything else is passed over.
        package mutating func add(_ path: BytePath, _ content: [UInt8]) {
            if let name = StageName(stageFile: path) {
                do throws(StageError) {
                    stages.append(try Stage(content, name: name))
                } catch {
                    problems.append(Problem(path, error.line.map { "line \($0): \(error.reason)" } ?? error.reason))
                }
            } else if let name = StageName(recordFile: path) {
                do throws(LineageError) {
                    records[name] = try RunRecord(content, file: path)
                } catch {
                    if case .record(_, let reason) = error { problems.append(Problem(path, reason)) }
                }
            }
        }
    }

    /// Collects the values that the recipes name. A file tells its own values; where it is not there, or its data is not,
    /// the record of the run does.
    /// - Parameters:
    ///   - file: what the version has in a file.
    ///   - blob: what is in a blob, read as that file; `.absent` where it is not on this machine.
    package init(
        _ sources: Sources, stages wanted: Set<StageName> = [], longestList: Int = ValueLeaf.usualListLength,
        file: (BytePath) -> ValueSource, blob: (ObjectID, BytePath) -> ValueSource
    ) {
        problems = sources.problems
        var known: Set<String> = []
        for stage in sources.stages.sorted(by: { $0.name < $1.name }) where wanted.isEmpty || wanted.contains(stage.name) {
            let record = sources.records[stage.name]
            var found: [(leaf: ValueLeaf, file: BytePath)] = []
            for path in stage.metrics.map(\.value) {
                let recorded = record?.metrics[path.text].map { Self.recorded($0, longestList) }
                let leaves: [ValueLeaf]
                switch file(path) {
                case .values(let values): leaves = values
                case .absent: leaves = recorded ?? []
                case .unreadable(let reason):
                    problems.append(Problem(path, reason))
                    leaves = []
                case .pointer(let oid):
                    let isRecorded = record?.outputs[path.text] == .blob(oid)
                    leaves = held(blob(oid, path), path) ?? (isRecorded ? recorded : nil) ?? missing(path)
                }
                found += leaves.map { ($0, path) }
            }
            let counts = Dictionary(found.map { ($0.leaf.key, 1) }, uniquingKeysWith: +)
            metrics += found.map { leaf, file in
                ValueEntry(metric: leaf, of: stage.name, in: file, isAmbiguous: counts[leaf.key, default: 1] > 1)
            }
            for parameter in stage.parameters.map(\.value) {
                let recorded = record?.causes.parameters[parameter.text]
                for leaf in values(of: parameter, recorded, longestList, file, blob) where known.insert("\(parameter.file.text):\(leaf.key)").inserted {
                    parameters.append(ValueEntry(parameter: leaf, in: parameter.file))
                }
            }
        }
    }

    private mutating func values(
        of parameter: Stage.Parameter, _ recorded: JSONValue?, _ longestList: Int, _ file: (BytePath) -> ValueSource,
        _ blob: (ObjectID, BytePath) -> ValueSource
    ) -> [ValueLeaf] {
        let path = parameter.file
        // A whole file that is none of values counts by its content alone.
        guard !parameter.key.isEmpty || ValueFile.Kind(path) != nil else { return [] }
        let fromRecord = recorded.map { value in
            Self.recorded(value, longestList).map { leaf in
                guard !parameter.key.isEmpty else { return leaf }
                return ValueLeaf(leaf.key == "value" ? parameter.key : "\(parameter.key).\(leaf.key)", leaf.value)
            }
        }
        let leaves: [ValueLeaf]
        switch file(path) {
        case .values(let values): leaves = values
        case .absent: return fromRecord ?? []
        case .unreadable(let reason):
            problems.append(Problem(path, reason))
            return []
        case .pointer(let oid):
            guard let values = held(blob(oid, path), path) else { return fromRecord ?? missing(path) }
            leaves = values
        }
        guard !parameter.key.isEmpty else { return leaves }
        return leaves.filter { $0.isUnder(parameter.key) }
    }

    /// - Returns: nil where the blob is not here.
    private mutating func held(_ source: ValueSource, _ path: BytePath) -> [ValueLeaf]? {
        switch source {
        case .values(let values): return values
        case .absent, .pointer: return nil
        case .unreadable(let reason):
            problems.append(Problem(path, reason))
            return []
        }
    }

    private mutating func missing(_ path: BytePath) -> [ValueLeaf] {
        problems.append(Problem(path, "its data is not on this machine"))
        return []
    }

    /// Values of a record, where numbers that JSON does not have are text.
    private static func recorded(_ value: JSONValue, _ longestList: Int) -> [ValueLeaf] {
        ValueLeaf.all(of: value, longestList: longestList).map { leaf in
            switch leaf.value {
            case .text("NaN"): ValueLeaf(leaf.key, .number(.nan))
            case .text("Infinity"): ValueLeaf(leaf.key, .number(.infinity))
            case .text("-Infinity"): ValueLeaf(leaf.key, .number(-.infinity))
            default: leaf
            }
        }
    }

    /// Leaves what is not asked for.
    /// - Parameter keys: as `matches` takes them; all where empty.
    package mutating func select(metrics keys: [String]) {
        guard !keys.isEmpty else { return }
        metrics.removeAll { entry in !keys.contains { entry.matches($0) } }
    }
}

extension ValueEntry {
    /// Whether it is what a person means by a key: its own or a beginning of it, perhaps behind `stage:` or `file:`.
    package func matches(_ asked: String) -> Bool {
        if leaf.isUnder(asked) { return true }
        for prefix in [stage.map { "\($0):" }, "\(file.text):"].compactMap({ $0 }) where asked.hasPrefix(prefix) {
            if leaf.isUnder(String(asked.dropFirst(prefix.count))) { return true }
        }
        return false
    }
}
