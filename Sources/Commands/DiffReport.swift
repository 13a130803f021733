import Digest
import Inspection
import Platform

/// A change as `--json` prints it. Fields are added, never renamed.
struct DiffReport: Encodable {
    private let path: String
    private let pathBytes: String?
    private let oldPath: String?
    private let status: String
    private let old: Side?
    private let new: Side?
    private let facts: [Fact]?
    private let rows: Rows?
    private let parts: [PartChange]?

    private struct Side: Encodable {
        let oid: String
        let size: Int64
        let isHere: Bool
        let type: String?
        let facts: [String: Value]?
        let parts: [Part]?
        let damage: String?

        init(_ side: DiffChange.Side) {
            oid = side.oid.hex
            size = side.byteCount
            isHere = side.summary != nil
            type = side.summary?.kind.name
            facts = side.summary.map { Value.dictionary($0.facts) }
            parts = side.summary.map { $0.parts.map(Part.init) }
            damage = side.summary?.damage
        }
    }

    private struct Part: Encodable {
        let group: String
        let name: String
        let facts: [String: Value]

        init(_ part: DataSummary.Part) {
            group = part.group.rawValue
            name = part.name
            facts = Value.dictionary(part.facts)
        }
    }

    private struct Fact: Encodable {
        let name: String
        let old: Value?
        let new: Value?

        init(_ change: DataDifference.FactChange) {
            name = change.name
            old = change.old.map(Value.init)
            new = change.new.map(Value.init)
        }
    }

    private struct Rows: Encodable {
        let isCompared: Bool
        let added: Int?
        let removed: Int?
        let changed: Int?
        let key: String?
        let isReordered: Bool?

        init(_ rows: RowDifference) {
            isCompared = rows.outcome == .compared
            added = isCompared ? rows.added : nil
            removed = isCompared ? rows.removed : nil
            changed = isCompared ? rows.changed : nil
            key = rows.key
            isReordered = isCompared ? rows.isReordered : nil
        }
    }

    private struct PartChange: Encodable {
        let change: String
        let group: String
        let name: String
        let oldName: String?
        let facts: [Fact]
        let differingElements: Int64?
        let elementCount: Int64?
        let largestDifference: Value?
        let hasOtherContent: Bool
        let changedCells: Int?

        init(_ part: DataDifference.PartChange) {
            change = part.kind.rawValue
            group = part.group.rawValue
            name = part.name
            oldName = part.oldName
            facts = part.facts.map(Fact.init)
            differingElements = part.differingElements
            elementCount = part.elementCount
            largestDifference = part.largestDifference.map { Value(.number($0)) }
            hasOtherContent = part.hasOtherContent
            changedCells = part.changedCells
        }
    }

    private struct Value: Encodable {
        let value: DataSummary.Value

        init(_ value: DataSummary.Value) { self.value = value }

        static func dictionary(_ facts: [DataSummary.Fact]) -> [String: Value] {
            Dictionary(facts.map { ($0.name, Value($0.value)) }) { first, _ in first }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch value {
            case .integer(let integer): try container.encode(integer)
            // JSON has no infinity.
            case .number(let number): try number.isFinite ? container.encode(number) : container.encode("\(number)")
            case .text(let text): try container.encode(text)
            case .shape(let sizes): try container.encode(sizes)
            }
        }
    }

    init(_ change: DiffChange) {
        let path = JSONPath(change.path)
        self.path = path.path
        pathBytes = path.pathBytes
        oldPath = change.oldPath?.text
        status = change.status.rawValue
        old = change.old.map(Side.init)
        new = change.new.map(Side.init)
        facts = change.difference?.facts.map(Fact.init)
        rows = change.difference?.rows.map(Rows.init)
        parts = change.difference?.parts.map(PartChange.init)
    }
}
