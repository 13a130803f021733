import Platform

/// Whether what a stage has made is still what it would make.
package enum StageCondition: Equatable, Sendable {
    /// Key and outputs are those of the record.
    case fresh
    /// There is no record of a run.
    case neverRan
    /// It differs from the record in these points.
    case stale([Change])
    /// Nothing of its own has changed, but a stage that it depends on will run.
    case waiting(on: [StageName])

    /// One thing that is not as the record has it.
    package enum Change: Equatable, Sendable {
        case command(old: String?, new: String?)
        case folder(old: String?, new: String?)
        /// nil where it was not an input, or is none any more.
        case input(String, old: ContentID?, new: ContentID?)
        case parameter(String, old: JSONValue?, new: JSONValue?)
        case environment(String, old: JSONValue?, new: JSONValue?)
        case variable(String, old: JSONValue?, new: JSONValue?)
        case source(old: [String: String]?, new: [String: String]?)
        /// new is nil where it is missing.
        case output(String, old: ContentID?, new: ContentID?)
    }

    package var isFresh: Bool { self == .fresh }

    /// Compares what is there now with a record.
    package init(_ now: StageObservation, _ record: RunRecord?) {
        guard let record else {
            self = .neverRan
            return
        }
        var changes: [Change] = []
        let (old, new) = (record.causes, now.causes)
        // A number that is none (NaN) is not even equal to itself; `valueDifferences` looks closer.
        if old != new {
            if old.command != new.command { changes.append(.command(old: old.command, new: new.command)) }
            if old.folder != new.folder { changes.append(.folder(old: old.folder, new: new.folder)) }
            if old.source != new.source { changes.append(.source(old: old.source, new: new.source)) }
            changes += Self.differences(old.inputs, new.inputs).map { .input($0, old: $1, new: $2) }
            changes += Self.valueDifferences(old.parameters, new.parameters).map { .parameter($0, old: $1, new: $2) }
            changes += Self.valueDifferences(old.environment, new.environment).map { .environment($0, old: $1, new: $2) }
            changes += Self.valueDifferences(old.variables, new.variables).map { .variable($0, old: $1, new: $2) }
        }
        changes += Self.differences(record.outputs, now.productIDs).map { .output($0, old: $1, new: $2) }
        self = changes.isEmpty ? .fresh : .stale(changes)
    }

    private static func valueDifferences(
        _ old: [String: JSONValue], _ new: [String: JSONValue]
    ) -> [(String, JSONValue?, JSONValue?)] {
        differences(old, new).filter { CanonicalJSON.line([$0.1]) != CanonicalJSON.line([$0.2]) }
    }

    private static func differences<Value: Equatable>(
        _ old: [String: Value], _ new: [String: Value]
    ) -> [(String, Value?, Value?)] {
        Set(old.keys).union(new.keys).sorted().compactMap { key in
            old[key] == new[key] ? nil : (key, old[key], new[key])
        }
    }
}

/// The conditions of all stages.
package struct StageConditions: Sendable {
    package private(set) var conditions: [StageName: StageCondition] = [:]

    /// - Parameters:
    ///   - observations: of all stages of the graph.
    ///   - records: those that there are.
    package init(_ graph: StageGraph, _ observations: [StageName: StageObservation], _ records: [StageName: RunRecord]) {
        for name in graph.order {
            guard let observation = observations[name] else { continue }
            var condition = StageCondition(observation, records[name])
            if condition.isFresh {
                let waiting = (graph.upstream[name] ?? []).filter { conditions[$0].map { !$0.isFresh } ?? false }
                if !waiting.isEmpty { condition = .waiting(on: waiting) }
            }
            conditions[name] = condition
        }
    }

    package subscript(name: StageName) -> StageCondition { conditions[name] ?? .neverRan }

    /// What is not fresh.
    package var isStale: Bool { conditions.values.contains { !$0.isFresh } }
}
