private import FoundationEssentials
import Digest
import Platform

/// What one execution of a stage really used and made: `lineage/<stage>.run.json`.
///
/// It is canonical JSON, so that the same record has the same bytes everywhere. Members may be added in later versions
/// of git data; a reader passes over those that it does not know.
package struct RunRecord: Equatable, Sendable {
    /// What, taken together, determines the outputs. Its digest is the record's key.
    package struct Causes: Equatable, Sendable, Codable {
        /// nil for a source.
        package var command: String?
        /// Where the command ran, from the top of the worktree; nil for the top.
        package var folder: String?
        package var inputs: [String: ContentID] = [:]
        /// By `FILE:KEY`, or `FILE` for a whole file.
        package var parameters: [String: JSONValue] = [:]
        /// By file or by what was asked of an interpreter: `{"uv.lock": "git:…"}`, `{"python": {"numpy": "2.1.0"}}`.
        package var environment: [String: JSONValue] = [:]
        /// By name; null for what is not set.
        package var variables: [String: JSONValue] = [:]
        /// Of a source: what was asked for (`url`, `query`, `git`, `manual`, `revision`, `path`).
        package var source: [String: String]?

        package init() {}

        private enum CodingKeys: CodingKey { case command, folder, inputs, parameters, environment, variables, source }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            command = try container.decodeIfPresent(String.self, forKey: .command)
            folder = try container.decodeIfPresent(String.self, forKey: .folder)
            inputs = try container.decodeIfPresent([String: ContentID].self, forKey: .inputs) ?? [:]
            parameters = try container.decodeIfPresent([String: JSONValue].self, forKey: .parameters) ?? [:]
            environment = try container.decodeIfPresent([String: JSONValue].self, forKey: .environment) ?? [:]
            variables = try container.decodeIfPresent([String: JSONValue].self, forKey: .variables) ?? [:]
            source = try container.decodeIfPresent([String: String].self, forKey: .source)
        }

        /// What is empty is left out.
        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encodeIfPresent(command, forKey: .command)
            try container.encodeIfPresent(folder, forKey: .folder)
            if !inputs.isEmpty { try container.encode(inputs, forKey: .inputs) }
            if !parameters.isEmpty { try container.encode(parameters, forKey: .parameters) }
            if !environment.isEmpty { try container.encode(environment, forKey: .environment) }
            if !variables.isEmpty { try container.encode(variables, forKey: .variables) }
            try container.encodeIfPresent(source, forKey: .source)
        }

        /// The SHA-256 of these as canonical JSON.
        package var key: ObjectID { .of(CanonicalJSON.line(self)) }
    }

    package var causes: Causes
    /// Outputs and metrics files.
    package var outputs: [String: ContentID] = [:]
    /// The content of the metrics files, by file.
    package var metrics: [String: JSONValue] = [:]
    /// Of a source: what the place said of what it gave (`etag`, `modified`, `revision`, `size`).
    package var received: [String: JSONValue]?
    /// The full record of the environment: `lineage/environments/<digest>.json`.
    package var environmentRecord: ObjectID?
    /// HEAD when it ran; nil before the first commit.
    package var commit: String?
    /// Whether, when it ran, nothing but the outputs and records of stages differed from that commit.
    package var isTreeClean = false
    /// When it began: seconds since 1970.
    package var started: Int64 = 0
    /// How long it took, in milliseconds.
    package var milliseconds: Int64 = 0
    /// The command's exit status. Only runs that succeeded leave a record.
    package var exitStatus: Int32 = 0
    /// Who ran it: `Name <address>`, as Git knows them.
    package var author: String?

    package init(_ causes: Causes) {
        self.causes = causes
    }

    package var key: ObjectID { causes.key }

    /// When it began, as RFC 3339 has it, in UTC.
    package var startedText: String { Self.text(ofTime: started) }

    /// RFC 3339 in UTC, to the second.
    package static func text(ofTime seconds: Int64) -> String {
        Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601)
    }
}

extension RunRecord {
    private struct Wire: Codable {
        var version: Int
        var key: String
        var causes: Causes
        var outputs: [String: ContentID]
        var metrics: [String: JSONValue]?
        var received: [String: JSONValue]?
        var environmentRecord: String?
        var commit: String?
        var clean: Bool
        var started: String
        var milliseconds: Int64
        var exit: Int32
        var author: String?
    }

    private struct Version: Decodable { var version: Int }
    private static let version = 1

    /// The record's bytes.
    package var text: [UInt8] {
        CanonicalJSON.text(
            Wire(
                version: Self.version, key: key.hex, causes: causes, outputs: outputs, metrics: metrics.isEmpty ? nil : metrics,
                received: received, environmentRecord: environmentRecord?.hex, commit: commit, clean: isTreeClean,
                started: startedText, milliseconds: milliseconds, exit: exitStatus, author: author))
    }

    /// Reads a record, which anybody may have written.
    /// - Parameter file: for the error.
    package init(_ content: [UInt8], file: BytePath) throws(LineageError) {
        let wire: Wire
        do { wire = try JSONDecoder().decode(Wire.self, from: Data(content)) } catch {
            if Self.isInConflict(content) {
                throw .record(file, reason: "it has a merge conflict: two branches ran the same stage")
            }
            if let found = try? JSONDecoder().decode(Version.self, from: Data(content)), found.version != Self.version {
                throw .record(file, reason: "it is of version \(found.version), which a newer git data has written")
            }
            throw .record(file, reason: "it is no record of a run")
        }
        guard wire.version == Self.version else {
            throw .record(file, reason: "it is of version \(wire.version), which a newer git data has written")
        }
        guard wire.causes.key.hex == wire.key else {
            throw .record(file, reason: "its key is not that of what it says, so that it was edited by hand or merged line by line")
        }
        self.init(wire.causes)
        outputs = wire.outputs
        metrics = wire.metrics ?? [:]
        received = wire.received
        environmentRecord = wire.environmentRecord.flatMap { ObjectID($0) }
        commit = wire.commit
        isTreeClean = wire.clean
        started = Int64(((try? Date(wire.started, strategy: .iso8601)) ?? Date(timeIntervalSince1970: 0)).timeIntervalSince1970)
        // No run takes so long; sums with it are of any use.
        milliseconds = min(max(0, wire.milliseconds), 1 << 48)
        exitStatus = wire.exit
        author = wire.author
    }

    /// Whether a merge has left the records of two runs in the file.
    package static func isInConflict(_ content: [UInt8]) -> Bool {
        content.split(separator: UInt8(ascii: "\n")).contains { line in
            // Of whatever length markers are.
            line.starts(with: "<<<<<<<".utf8) && line.drop { $0 == UInt8(ascii: "<") }.first == UInt8(ascii: " ")
        }
    }
}
