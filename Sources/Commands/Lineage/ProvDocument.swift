import Lineage
import Platform

/// What recorded runs used and made, as PROV-JSON. An entity is a file with one content, an activity a run or an import.
///
/// Spec: https://www.w3.org/submissions/prov-json/, and PROV-DM for what the relations mean.
struct ProvDocument {
    private var entities: [String: JSONValue] = [:]
    private var activities: [String: JSONValue] = [:]
    private var agents: [String: JSONValue] = [:]
    private var relations: [String: [JSONValue]] = [:]

    init(_ view: LineageView) {
        // Which entities of a run stand for a path.
        var made: [BytePath: String] = [:]
        var used: [(path: BytePath, entity: String)] = []
        for node in view.orderedNodes {
            switch node {
            case .stage(let name):
                guard let record = view.facts.records[name] else { continue }
                add(name, record, &made, &used)
            case .file(let path):
                guard let file = view.facts.files[path], let origin = view.facts.origins[path] else { continue }
                let entity = addEntity(path.text, file.id, ["gitdata:commit": .text(origin.commit.description)])
                let agent = addAgent(origin.author)
                relate("wasAttributedTo", ["prov:entity": entity, "prov:agent": agent])
            }
        }
        for (path, entity) in used {
            // A folder that was made, and a file of it that was read.
            guard made[path] == nil, let (folder, whole) = Self.around(path, made), folder != path else { continue }
            relate("hadMember", ["prov:collection": whole, "prov:entity": entity])
        }
    }

    private static func around(_ path: BytePath, _ made: [BytePath: String]) -> (BytePath, String)? {
        var folder = path.parent
        while folder != ".", folder != "/" {
            if let entity = made[folder] { return (folder, entity) }
            folder = folder.parent
        }
        return nil
    }

    private mutating func add(
        _ name: StageName, _ record: RunRecord, _ made: inout [BytePath: String], _ used: inout [(path: BytePath, entity: String)]
    ) {
        let activity = "run:\(Self.local(name.text))-\(record.key.hex.prefix(12))-\(record.started)"
        let end = RunRecord.text(ofMilliseconds: record.started * 1000 + record.milliseconds)
        activities[activity] = .object(attributes(name, record, end: end))
        if let author = record.author {
            relate("wasAssociatedWith", ["prov:activity": activity, "prov:agent": addAgent(author)])
        }
        var inputs: [String] = []
        for (path, id) in record.causes.inputs.sorted(by: { $0.key < $1.key }) {
            let entity = addEntity(path, id)
            inputs.append(entity)
            used.append((BytePath(path), entity))
            relate("used", ["prov:activity": activity, "prov:entity": entity, "prov:role": "input"])
        }
        for (path, value) in record.causes.environment.sorted(by: { $0.key < $1.key }) {
            guard case .text(let text) = value, let id = ContentID(text) else { continue }
            relate("used", ["prov:activity": activity, "prov:entity": addEntity(path, id), "prov:role": "environment"])
        }
        if let source = record.causes.source {
            let entity = "source:" + Self.local(LineageWords.source(source))
            var attributes: [String: JSONValue] = ["prov:label": .text(LineageWords.source(source))]
            for (key, value) in record.received ?? [:] { attributes["gitdata:\(Self.local(key))"] = .text(value.description) }
            entities[entity] = .object(attributes)
            inputs.append(entity)
            relate("used", ["prov:activity": activity, "prov:entity": entity, "prov:role": "source"])
        }
        for (path, id) in record.outputs.sorted(by: { $0.key < $1.key }) {
            let entity = addEntity(path, id)
            made[BytePath(path)] = entity
            relate("wasGeneratedBy", ["prov:entity": entity, "prov:activity": activity, "prov:time": end])
            for input in inputs {
                relate("wasDerivedFrom", ["prov:generatedEntity": entity, "prov:usedEntity": input, "prov:activity": activity])
            }
        }
    }

    private func attributes(_ name: StageName, _ record: RunRecord, end: String) -> [String: JSONValue] {
        var attributes: [String: JSONValue] = [
            "prov:startTime": .text(record.startedText), "prov:endTime": .text(end), "prov:label": .text(name.text),
            "prov:type": .object(["$": .text(record.causes.source == nil ? "gitdata:Run" : "gitdata:Import"), "type": .text("prov:QUALIFIED_NAME")]),
            "gitdata:key": .text(record.key.hex), "gitdata:isTreeClean": .boolean(record.isTreeClean),
        ]
        attributes["gitdata:command"] = record.causes.command.map { .text($0) }
        attributes["gitdata:folder"] = record.causes.folder.map { .text($0) }
        attributes["gitdata:commit"] = record.commit.map { .text($0) }
        attributes["gitdata:environmentRecord"] = record.environmentRecord.map { .text($0.hex) }
        func list(_ pairs: [(String, String)]) -> JSONValue? {
            pairs.isEmpty ? nil : .list(pairs.map { .text("\($0)=\($1)") })
        }
        let parameters = record.causes.parameters.sorted { $0.key < $1.key }
        attributes["gitdata:parameter"] = list(parameters.map { ($0.key, $0.value.description) })
        let variables = record.causes.variables.sorted { $0.key < $1.key }
        attributes["gitdata:variable"] = list(variables.map { ($0.key, $0.value.description) })
        attributes["gitdata:metric"] = list(LineageWords.metrics(of: record).map { ($0.name, $0.value) })
        return attributes
    }

    private mutating func addEntity(_ path: String, _ id: ContentID, _ more: [String: JSONValue] = [:]) -> String {
        let entity = "file:\(Self.local(path))@\(id.description.replacing(":", with: "-"))"
        var attributes: [String: JSONValue] = [
            "prov:label": .text(path), "gitdata:path": .text(path), "gitdata:content": .text(id.description),
        ]
        if case .folder = id {
            attributes["prov:type"] = .object(["$": .text("prov:Collection"), "type": .text("prov:QUALIFIED_NAME")])
        }
        if case .object(let known)? = entities[entity] { attributes.merge(known) { $1 } }
        entities[entity] = .object(attributes.merging(more) { $1 })
        return entity
    }

    /// - Parameter author: `Name <address>`, or a name alone.
    private mutating func addAgent(_ author: String) -> String {
        let agent = "agent:" + Self.local(author)
        agents[agent] = .object([
            "prov:label": .text(author), "prov:type": .object(["$": .text("prov:Person"), "type": .text("prov:QUALIFIED_NAME")]),
        ])
        return agent
    }

    private mutating func relate(_ relation: String, _ members: [String: String]) {
        relations[relation, default: []].append(.object(members.mapValues { .text($0) }))
    }

    /// The document.
    var value: JSONValue {
        let prefixes = ["gitdata": "", "file": "file:", "run": "run:", "agent": "agent:", "source": "source:"]
        var members: [String: JSONValue] = [
            "prefix": .object(prefixes.mapValues { .text("urn:git-data:\($0)") }),
        ]
        if !entities.isEmpty { members["entity"] = .object(entities) }
        if !activities.isEmpty { members["activity"] = .object(activities) }
        if !agents.isEmpty { members["agent"] = .object(agents) }
        for (relation, all) in relations {
            var named: [String: JSONValue] = [:]
            for (number, one) in all.enumerated() { named["_:\(relation)\(number + 1)"] = one }
            members[relation] = .object(named)
        }
        return .object(members)
    }

    /// Text as the local part of a qualified name: what could mean something there is percent-encoded.
    private static func local(_ text: String) -> String {
        var local = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "/"):
                local.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                local += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
            }
        }
        return local
    }
}

extension RunRecord {
    /// RFC 3339 in UTC, to the millisecond.
    static func text(ofMilliseconds milliseconds: Int64) -> String {
        let rest = milliseconds % 1000
        let digits = "\(rest)"
        return text(ofTime: milliseconds / 1000).dropLast() + "." + String(repeating: "0", count: max(0, 3 - digits.utf8.count)) + digits + "Z"
    }
}
