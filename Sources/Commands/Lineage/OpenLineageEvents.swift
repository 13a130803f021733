import Diagnostics
import Digest
import Lineage
import Platform
import Repository

/// Recorded runs as events of OpenLineage, one that it is complete for each.
///
/// Spec: https://openlineage.io/spec/2-0-2/OpenLineage.json, and the facets that the events name.
struct OpenLineageEvents {
    private let view: LineageView
    /// The repository's URL as clones have it, so that one data set has one name.
    private let namespace: String
    private let producer = "urn:git-data:\(Version.current)"

    init(_ view: LineageView, _ repository: Repository) throws {
        self.view = view
        let url = try repository.git().run(["config", "--get", "remote.origin.url"])
        namespace = url.status == 0 && !url.line.isEmpty ? URLText.withoutSecrets(url.line) : "file"
    }

    /// In the order in which the stages depend on each other.
    var events: [JSONValue] {
        view.orderedNodes.compactMap { node in
            guard case .stage(let name) = node, let record = view.facts.records[name] else { return nil }
            return event(name, record)
        }
    }

    private func event(_ name: StageName, _ record: RunRecord) -> JSONValue {
        .object([
            "eventType": .text("COMPLETE"),
            "eventTime": .text(RunRecord.text(ofMilliseconds: record.started * 1000 + record.milliseconds)),
            "producer": .text(producer), "schemaURL": .text(Self.core("RunEvent")),
            "run": .object(["runId": .text(Self.runID(name, record)), "facets": .object(["gitData_run": run(record)])]),
            "job": .object(["namespace": .text(namespace), "name": .text(name.text), "facets": .object(job(record))]),
            "inputs": .list(inputs(record)),
            "outputs": .list(record.outputs.sorted { $0.key < $1.key }.map { dataset($0, $1) }),
        ])
    }

    private func inputs(_ record: RunRecord) -> [JSONValue] {
        var inputs = record.causes.inputs.sorted { $0.key < $1.key }.map { dataset($0, $1) }
        if let source = record.causes.source {
            let version = ["etag", "revision", "modified"].compactMap { record.received?[$0] }.first
            let facets = version.map { ["version": versionFacet($0.description)] } ?? [:]
            inputs.append(
                .object(["namespace": .text("external"), "name": .text(LineageWords.source(source)), "facets": .object(facets)]))
        }
        return inputs
    }

    private func dataset(_ path: String, _ id: ContentID) -> JSONValue {
        .object([
            "namespace": .text(namespace), "name": .text(path), "facets": .object(["version": versionFacet(id.description)]),
        ])
    }

    private func versionFacet(_ version: String) -> JSONValue {
        facet(Self.schema("1-0-1", "DatasetVersionDatasetFacet"), ["datasetVersion": .text(version)])
    }

    private func job(_ record: RunRecord) -> [String: JSONValue] {
        var facets = [
            "jobType": facet(
                Self.schema("2-0-3", "JobTypeJobFacet"),
                [
                    "processingType": .text("BATCH"), "integration": .text("GIT_DATA"),
                    "jobType": .text(record.causes.source == nil ? "STAGE" : "IMPORT"),
                ]),
        ]
        if let command = record.causes.command {
            facets["sourceCode"] = facet(
                Self.schema("1-0-1", "SourceCodeJobFacet"), ["language": .text("sh"), "sourceCode": .text(command)])
        }
        if let commit = record.commit, namespace.contains("://") {
            facets["sourceCodeLocation"] = facet(
                Self.schema("1-0-1", "SourceCodeLocationJobFacet"),
                ["type": .text("git"), "url": .text(namespace), "version": .text(commit)])
        }
        return facets
    }

    private func run(_ record: RunRecord) -> JSONValue {
        var members: [String: JSONValue] = [
            "key": .text(record.key.hex), "started": .text(record.startedText), "milliseconds": .integer(record.milliseconds),
            "isTreeClean": .boolean(record.isTreeClean), "parameters": .object(record.causes.parameters),
            "metrics": .object(record.metrics),
        ]
        members["commit"] = record.commit.map { .text($0) }
        members["author"] = record.author.map { .text($0) }
        return facet(Self.core("RunFacet"), members)
    }

    private func facet(_ schema: String, _ members: [String: JSONValue]) -> JSONValue {
        .object(members.merging(["_producer": .text(producer), "_schemaURL": .text(schema)]) { $1 })
    }

    private static func core(_ name: String) -> String {
        "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/\(name)"
    }

    private static func schema(_ version: String, _ name: String) -> String {
        "https://openlineage.io/spec/facets/\(version)/\(name).json#/$defs/\(name)"
    }

    /// The same for the same run wherever it is told.
    ///
    /// Spec: RFC 9562, section 5.8: version 8, of which all but six bits are free.
    private static func runID(_ name: StageName, _ record: RunRecord) -> String {
        var bytes = ObjectID.of(Array("git data run\0\(name)\0\(record.key)\0\(record.started)".utf8)).digest.prefix(16).map { $0 }
        bytes[6] = bytes[6] & 0x0f | 0x80
        bytes[8] = bytes[8] & 0x3f | 0x80
        let digits = Array(String(decoding: Hexadecimal.encode(bytes), as: UTF8.self))
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
    }
}
