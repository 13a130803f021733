import Platform

/// Compares the rows of two tables in one pass over both at once. A row that stands in both is forgotten as
/// soon as it was met on both sides, so that memory holds only what differs, or stands elsewhere.
struct TableComparison {
    /// Rows that were met on one side only.
    private let heldLimit: Int
    /// Rows are read again to find which cells differ, this often at most.
    private static let lookupLimit = 100_000
    private static let sampleLimit = 5

    /// A row that has not been met on the other side.
    private struct Held {
        let content: UInt64
        let offset: Int64
        /// Where there is no key, how many such rows there are.
        var count = 1
    }

    /// One of the two tables.
    private final class Side {
        let reader: TableReader
        /// Goes back to rows that the first has left.
        let lookup: TableReader
        /// For each column what it is called in both tables; 0 for those that the other has not.
        let identities: [UInt64]
        let key: Int?
        /// By key, or by content where there is none.
        var held: [UInt64: Held] = [:]
        /// Whether the reader stands on a row that has not been dealt with.
        private var isStanding = false
        private var isFinished = false

        init(_ source: ByteSource, _ format: TableFormat, identities: [UInt64], key: Int?) throws(SystemError) {
            reader = try TableReader(source, format)
            lookup = try TableReader(source, format)
            self.identities = identities
            self.key = key
        }

        /// Stays on the present row until it is left, and moves to the next one then.
        /// - Returns: false where there is none.
        func stand() throws(SystemError) -> Bool {
            if !isStanding, !isFinished {
                isStanding = try reader.next()
                isFinished = !isStanding
            }
            return isStanding
        }

        func leave() { isStanding = false }

        /// What the cell's column is called in both tables; nil for one that the other has not. Cells of no column go
        /// by their place: a row may be wider than the first.
        private func identity(of cell: Cell, at position: Int) -> UInt64? {
            guard cell.form != .whole else { return 0 }
            guard let identity = namedIdentity(of: cell) else { return UInt64(position) }
            return identity == 0 ? nil : identity
        }

        func namedIdentity(of cell: Cell) -> UInt64? {
            identities.indices.contains(cell.column) ? identities[cell.column] : nil
        }

        /// Whether the cell holds something. Between delimiters an empty cell is none, in quotes or without.
        func holds(_ cell: Cell) -> Bool {
            cell.start < cell.end || reader.format == .jsonLines
        }

        /// The present row: its name, and what is in it.
        func present() -> (name: UInt64, content: UInt64) {
            // Cells are added up, so that their order is none of the content.
            var content: UInt64 = 0
            var name: UInt64?
            for (position, cell) in reader.cells.enumerated() {
                let hash = reader.hash(cell)
                if cell.column == key { name = hash }
                guard let column = identity(of: cell, at: position), holds(cell) else { continue }
                content &+= CellHash.of(column, hash)
            }
            return (key == nil ? content : name ?? content, content)
        }
    }

    private let old: Side
    private let new: Side
    private let names: [UInt64: String]
    /// Whether equal bytes are equal rows.
    private let isSameLayout: Bool
    private(set) var result = RowDifference()
    private var lookups = 0
    private var isMoved = false

    /// - Parameters:
    ///   - pairs: columns of the old table and those of the new one that continue them.
    ///   - heldLimit: how many rows are held at most.
    init(
        old: (ByteSource, TableSummary), new: (ByteSource, TableSummary), pairs: [(old: Int, new: Int)],
        heldLimit: Int = 1 << 20
    ) throws(SystemError) {
        var names: [UInt64: String] = [:]
        var identities = (
            old: [UInt64](repeating: 0, count: old.1.names.count), new: [UInt64](repeating: 0, count: new.1.names.count)
        )
        for pair in pairs {
            let identity = new.1.names[pair.new].withUnsafeBytes(CellHash.of)
            names[identity] = SafeText.of(new.1.names[pair.new])
            identities.old[pair.old] = identity
            identities.new[pair.new] = identity
        }
        self.names = names
        self.heldLimit = heldLimit
        isSameLayout = old.1.format == new.1.format && (old.1.format == .jsonLines || identities.old == identities.new)
        let keys = pairs.filter { old.1.isKey($0.old) && new.1.isKey($0.new) }.sorted { $0.old < $1.old }
        // A measured value may happen to be unique; a column with such a name is meant to be.
        let key = keys.first { Self.isKeyName(new.1.names[$0.new]) } ?? keys.first
        self.old = try Side(old.0, old.1.format, identities: identities.old, key: key?.old)
        self.new = try Side(new.0, new.1.format, identities: identities.new, key: key?.new)
        result.key = key.map { SafeText.of(new.1.names[$0.new]) }
        if old.1.damage != nil || new.1.damage != nil {
            result.outcome = .damaged
        } else if pairs.isEmpty, old.1.rowCount > 0, new.1.rowCount > 0 {
            result.outcome = .noCommonColumns
        } else {
            try run()
        }
    }

    private static func isKeyName(_ name: [UInt8]) -> Bool {
        let words = String(decoding: name, as: UTF8.self).lowercased()
        return ["id", "key", "uuid"].contains { words.hasSuffix($0) }
    }

    private mutating func run() throws(SystemError) {
        while true {
            let (hasOld, hasNew) = (try old.stand(), try new.stand())
            guard hasOld || hasNew else { break }
            // Most rows are the same bytes in the same columns.
            if hasOld, hasNew, isSameLayout, ElementComparison.areEqual(old.reader.row, new.reader.row) {
                old.leave()
                new.leave()
                continue
            }
            let left = hasOld ? old.present() : nil
            let right = hasNew ? new.present() : nil
            if let left, let right, left.name == right.name {
                if left.content != right.content { try noteChange(oldOffset: nil, newOffset: nil) }
            } else if let left, try meet(left, old, new) {
                // The other side is ahead by what stands only there: it waits.
                old.leave()
                continue
            } else if let right, try meet(right, new, old) {
                new.leave()
                continue
            } else {
                if let left { hold(left, old) }
                if let right { hold(right, new) }
            }
            old.leave()
            new.leave()
            if old.held.count + new.held.count > heldLimit {
                let key = result.key
                result = RowDifference()
                result.key = key
                result.outcome = .tooMany(heldLimit)
                return
            }
        }
        result.removed = old.held.values.reduce(0) { $0 + $1.count }
        result.added = new.held.values.reduce(0) { $0 + $1.count }
        result.isReordered = isMoved && result.removed == 0 && result.added == 0 && result.changed == 0
        result.removedSamples = try samples(old)
        result.addedSamples = try samples(new)
    }

    /// Takes the row off what the other side has held.
    /// - Returns: false where it is not among that.
    private mutating func meet(_ row: (name: UInt64, content: UInt64), _ side: Side, _ other: Side) throws(SystemError) -> Bool {
        guard var waiting = other.held[row.name] else { return false }
        waiting.count -= 1
        other.held[row.name] = waiting.count > 0 ? waiting : nil
        isMoved = true
        if waiting.content != row.content {
            let (here, there) = (side.reader.rowOffset, waiting.offset)
            try side === old ? noteChange(oldOffset: here, newOffset: there) : noteChange(oldOffset: there, newOffset: here)
        }
        return true
    }

    private func hold(_ row: (name: UInt64, content: UInt64), _ side: Side) {
        if (side.held[row.name]?.count += 1) == nil {
            side.held[row.name] = Held(content: row.content, offset: side.reader.rowOffset)
        }
    }

    /// Finds which cells of a changed row differ.
    /// - Parameters: where the rows are; nil for those that the readers stand on.
    private mutating func noteChange(oldOffset: Int64?, newOffset: Int64?) throws(SystemError) {
        result.changed += 1
        guard result.changedCells != nil else { return }
        guard let before = try row(old, oldOffset), let after = try row(new, newOffset) else {
            result.changedCells = nil
            return
        }
        let oldCells = cells(before, old)
        let newCells = cells(after, new)
        var changes: [String] = []
        for identity in Set(oldCells.keys).union(newCells.keys) {
            let (left, right) = (oldCells[identity], newCells[identity])
            guard left?.hash != right?.hash, let name = names[identity] else { continue }
            result.changedCells?[name, default: 0] += 1
            guard result.changedSamples.count < Self.sampleLimit else { continue }
            changes.append("\(name) \(Self.text(left?.cell, before)) → \(Self.text(right?.cell, after))")
        }
        guard result.changedSamples.count < Self.sampleLimit, let key = new.key, let cell = after.cells.first(where: { $0.column == key })
        else { return }
        result.changedSamples.append(.init(text: "\(Self.text(cell, after)): \(changes.sorted().joined(separator: ", "))"))
    }

    /// The reader that stands on the row; nil where rows have been looked up often enough.
    private mutating func row(_ side: Side, _ offset: Int64?) throws(SystemError) -> TableReader? {
        guard let offset, offset != side.reader.rowOffset else { return side.reader }
        lookups += 1
        guard lookups <= Self.lookupLimit else { return nil }
        side.lookup.seek(to: offset)
        return try side.lookup.next() ? side.lookup : nil
    }

    private func cells(_ reader: TableReader, _ side: Side) -> [UInt64: (cell: Cell, hash: UInt64)] {
        var cells: [UInt64: (Cell, UInt64)] = [:]
        for cell in reader.cells where side.holds(cell) {
            if let identity = side.namedIdentity(of: cell), identity != 0 { cells[identity] = (cell, reader.hash(cell)) }
        }
        return cells
    }

    private static func text(_ cell: Cell?, _ reader: TableReader) -> String {
        guard let cell else { return "nothing" }
        return SafeText.of(reader.value(cell), limit: 40)
    }

    /// The first rows of those that one side alone has.
    private func samples(_ side: Side) throws(SystemError) -> [RowDifference.Sample] {
        var samples: [RowDifference.Sample] = []
        for offset in side.held.values.map(\.offset).sorted().prefix(Self.sampleLimit) {
            side.lookup.seek(to: offset)
            if try side.lookup.next() { samples.append(.init(text: SafeText.of(side.lookup.row))) }
        }
        return samples
    }
}
