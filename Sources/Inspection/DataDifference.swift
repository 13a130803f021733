import Platform
private import Synchronization

/// How two versions of a data file differ.
package struct DataDifference: Sendable {
    /// A fact that is another now, or is only on one side.
    package struct FactChange: Equatable, Sendable {
        package let name: String
        package let old: DataSummary.Value?
        package let new: DataSummary.Value?
    }

    package struct PartChange: Equatable, Sendable {
        package enum Kind: String, Sendable {
            case added, removed, renamed, changed
        }

        package let kind: Kind
        package let group: DataSummary.Part.Group
        package let name: String
        /// Where it is renamed.
        package var oldName: String?
        /// All facts of a part that was added or removed, and the differences of the others.
        package var facts: [FactChange] = []
        /// How many elements of a tensor differ, and how far at most.
        package var differingElements: Int64?
        package var elementCount: Int64?
        package var largestDifference: Double?
        /// The bytes are others, which is all that can be said.
        package var hasOtherContent = false
        /// How many cells of a column differ in rows that both versions have.
        package var changedCells: Int?
    }

    package let old: DataSummary
    package let new: DataSummary
    package private(set) var facts: [FactChange] = []
    package private(set) var parts: [PartChange] = []
    /// Of two tables in text.
    package private(set) var rows: RowDifference?

    /// Compares two files whose bytes are not the same.
    package static func between(_ old: ByteSource, _ new: ByteSource) throws(SystemError) -> DataDifference {
        let read = Mutex<[Int: Result<DataSummary.Reading, SystemError>]>([:])
        concurrently(count: 2, threads: 2) { position in
            let result: Result<DataSummary.Reading, SystemError>
            do throws(SystemError) {
                result = .success(try DataSummary.Reading(position == 0 ? old : new))
            } catch {
                result = .failure(error)
            }
            read.withLock { $0[position] = result }
        }
        let results = read.withLock { $0 }
        func reading(_ position: Int, of source: ByteSource) throws(SystemError) -> DataSummary.Reading {
            guard let result = results[position] else { return try DataSummary.Reading(source) }
            return try result.get()
        }
        return try DataDifference(reading(0, of: old), reading(1, of: new))
    }

    private init(_ old: DataSummary.Reading, _ new: DataSummary.Reading) throws(SystemError) {
        self.old = old.summary
        self.new = new.summary
        guard old.summary.kind == new.summary.kind else { return }
        facts = Self.changes(old.summary.facts, new.summary.facts)
        if let oldTable = old.table, let newTable = new.table {
            try compareTables(old, oldTable, new, newTable)
        } else {
            try compareParts(old, new)
        }
    }

    static func changes(_ old: [DataSummary.Fact], _ new: [DataSummary.Fact]) -> [FactChange] {
        var changes: [FactChange] = []
        for fact in old {
            let other = new.first { $0.name == fact.name }
            if other != fact { changes.append(FactChange(name: fact.name, old: fact.value, new: other?.value)) }
        }
        for fact in new where !old.contains(where: { $0.name == fact.name }) {
            changes.append(FactChange(name: fact.name, old: nil, new: fact.value))
        }
        return changes
    }

    // MARK: tables

    private mutating func compareTables(
        _ old: DataSummary.Reading, _ oldTable: TableSummary, _ new: DataSummary.Reading, _ newTable: TableSummary
    ) throws(SystemError) {
        let pairs = ColumnPairs(oldTable, newTable)
        var rows = try pairs.areTold
            ? TableComparison(old: (old.source, oldTable), new: (new.source, newTable), pairs: pairs.common).result
            : RowDifference()
        if !pairs.areTold { rows.outcome = .tooManyColumns }
        self.rows = rows
        for pair in pairs.common {
            let (before, after) = (old.summary.parts[pair.old], new.summary.parts[pair.new])
            let isRenamed = oldTable.names[pair.old] != newTable.names[pair.new]
            var change = PartChange(kind: isRenamed ? .renamed : .changed, group: .column, name: after.name)
            if isRenamed { change.oldName = before.name }
            change.facts = Self.changes(before.facts, after.facts)
            change.changedCells = rows.changedCells?[after.name]
            if isRenamed || !change.facts.isEmpty || change.changedCells != nil { parts.append(change) }
        }
        for position in pairs.removed { parts.append(Self.lone(.removed, old.summary.parts[position])) }
        for position in pairs.added { parts.append(Self.lone(.added, new.summary.parts[position])) }
    }

    private static func lone(_ kind: PartChange.Kind, _ part: DataSummary.Part) -> PartChange {
        let facts = part.facts.map { fact in
            FactChange(name: fact.name, old: kind == .removed ? fact.value : nil, new: kind == .added ? fact.value : nil)
        }
        return PartChange(kind: kind, group: part.group, name: part.name, facts: facts)
    }

    // MARK: tensors, members and columns of other formats

    private struct Name: Hashable {
        let group: DataSummary.Part.Group
        let name: String
        /// Archives may have a name twice.
        let occurrence: Int
    }

    private static func named(_ parts: [DataSummary.Part]) -> [(name: Name, part: DataSummary.Part)] {
        var counts: [Name: Int] = [:]
        return parts.map { part in
            let plain = Name(group: part.group, name: part.name, occurrence: 0)
            counts[plain, default: 0] += 1
            return (Name(group: part.group, name: part.name, occurrence: counts[plain] ?? 0), part)
        }
    }

    private mutating func compareParts(_ old: DataSummary.Reading, _ new: DataSummary.Reading) throws(SystemError) {
        let (oldParts, newParts) = (Self.named(old.summary.parts), Self.named(new.summary.parts))
        let before = Dictionary(oldParts.map { ($0.name, $0.part) }) { first, _ in first }
        let after = Set(newParts.map(\.name))
        for (name, part) in oldParts where !after.contains(name) { parts.append(Self.lone(.removed, part)) }
        for (name, part) in newParts {
            guard let other = before[name] else {
                parts.append(Self.lone(.added, part))
                continue
            }
            var change = PartChange(kind: .changed, group: part.group, name: part.name)
            change.facts = Self.changes(other.facts, part.facts)
            if change.facts.isEmpty { try compareContent(&change, old.source, other.content, new.source, part.content) }
            if !change.facts.isEmpty || change.differingElements != nil || change.hasOtherContent { parts.append(change) }
        }
    }

    private func compareContent(
        _ change: inout PartChange, _ old: ByteSource, _ before: DataSummary.Content?, _ new: ByteSource, _ after: DataSummary.Content?
    ) throws(SystemError) {
        guard let before, let after else { return }
        let left = old.part(from: before.offset, count: before.byteCount)
        let right = new.part(from: after.offset, count: after.byteCount)
        if before.element == after.element, try ElementComparison.haveEqualBytes(left, right) { return }
        guard let oldElement = before.element, let newElement = after.element, left.byteCount == right.byteCount,
            oldElement.byteCount == newElement.byteCount
        else {
            change.hasOtherContent = true
            return
        }
        let comparison = try ElementComparison(left, oldElement, right, newElement)
        guard comparison.differing > 0 else { return }
        change.differingElements = comparison.differing
        change.elementCount = left.byteCount / Int64(oldElement.byteCount)
        change.largestDifference = comparison.largestDifference
    }
}

/// Which columns of two tables are the same.
private struct ColumnPairs {
    private(set) var common: [(old: Int, new: Int)] = []
    private(set) var removed: [Int] = []
    private(set) var added: [Int] = []
    /// Whether all columns are told apart, or the tables have the same ones.
    let areTold: Bool

    init(_ old: TableSummary, _ new: TableSummary) {
        let isFull = max(old.names.count, new.names.count) >= TableReader.columnLimit
        areTold = !isFull || old.names == new.names
        let places = Dictionary(new.names.enumerated().map { ($1, $0) }) { first, _ in first }
        var taken: Set<Int> = []
        for (position, name) in old.names.enumerated() {
            if let place = places[name] {
                common.append((position, place))
                taken.insert(place)
            } else {
                removed.append(position)
            }
        }
        added = new.names.indices.filter { !taken.contains($0) }
        findRenamed(old, new)
    }

    /// A column that went and one that came are one, where all their cells are the same, row by row.
    private mutating func findRenamed(_ old: TableSummary, _ new: TableSummary) {
        guard old.rowCount == new.rowCount else { return }
        for position in removed {
            let column = old.columns[position]
            guard column.count > 0,
                let place = added.first(where: { new.columns[$0].count > 0 && new.columns[$0].contentHash == column.contentHash })
            else { continue }
            common.append((position, place))
            removed.removeAll { $0 == position }
            added.removeAll { $0 == place }
        }
        common.sort { $0.new < $1.new }
    }
}
