/// What is counted of one column, cell by cell, in memory that does not grow with the rows.
struct ColumnStatistics {
    private var integers = 0
    private var numbers = 0
    private var booleans = 0
    private var times = 0
    private var texts = 0
    private var nested = 0
    /// Cells that hold something.
    private(set) var count = 0
    private var smallest: Int64 = .max
    private var largest: Int64 = .min
    private var low = Double.infinity
    private var high = -Double.infinity
    /// Kept with the error of the last addition, so that millions of rows add up.
    private var sum = 0.0
    private var lost = 0.0
    private var earliest: [UInt8] = []
    private var latest: [UInt8] = []
    private var shortest = Int.max
    private var longest = 0
    private(set) var distinct = DistinctCounter(limit: distinctLimit)
    /// Of all cells with their rows: equal for columns with the same cells in the same rows.
    private(set) var contentHash: UInt64 = 0
    /// Whether each integer was greater than the one above it.
    private var isRising = true

    /// Beyond this many a column is said to have more.
    static let distinctLimit = 1000
    /// A column that may be a key is counted up to this.
    private static let keyLimit = 1 << 20

    mutating func take(_ bytes: UnsafeRawBufferPointer, _ form: Cell.Form, hash: UInt64, row: Int) {
        contentHash &+= CellHash.of(hash, UInt64(row))
        switch CellValue(bytes, form) {
        case .missing: return
        case .integer(let value):
            integers += 1
            if value <= largest { isRising = false }
            smallest = min(smallest, value)
            largest = max(largest, value)
            add(Double(value))
        case .number(let value):
            numbers += 1
            takeNumber(value, bytes)
        case .boolean: booleans += 1
        case .time:
            times += 1
            takeTime(bytes)
        case .text:
            texts += 1
            shortest = min(shortest, bytes.count)
            longest = max(longest, bytes.count)
        case .nested: nested += 1
        }
        count += 1
        distinct.take(hash)
    }

    /// Of values within a rounding error of an extreme the exact ones are taken.
    private mutating func takeNumber(_ value: Double, _ bytes: UnsafeRawBufferPointer) {
        let slack = value.magnitude * 1e-14
        if value - slack < low || value + slack > high, let exact = CellValue.exactNumber(bytes) {
            low = min(low, exact)
            high = max(high, exact)
        }
        add(value)
    }

    private mutating func add(_ value: Double) {
        let corrected = value - lost
        let next = sum + corrected
        lost = (next - sum) - corrected
        sum = next
        // Infinities would leave nothing but NaN behind.
        if !lost.isFinite { lost = 0 }
    }

    private mutating func takeTime(_ bytes: UnsafeRawBufferPointer) {
        if earliest.isEmpty || bytes.lexicographicallyPrecedes(earliest) { earliest = Array(bytes) }
        if latest.lexicographicallyPrecedes(bytes) { latest = Array(bytes) }
    }

    /// Lets the column be counted on, where it has had no value twice: it may be a key.
    mutating func considerAsKey() {
        distinct.raise(to: Self.keyLimit)
    }

    /// Whether the column may be a key as far as it was read. Integers that rise are all different without being counted.
    var isKeyCandidate: Bool {
        distinct.isWithoutDuplicates && !(isRising && integers == count) && numbers == 0 && nested == 0 && booleans == 0
    }

    /// Whether no value occurs twice and none is missing, in that many rows.
    func isKey(rowCount: Int) -> Bool {
        guard count == rowCount, rowCount > 0, numbers == 0, nested == 0 else { return false }
        return distinct.isWithoutDuplicates || integers == rowCount && isRising
    }

    /// What the column is called for its cells.
    private var type: String {
        let kinds = [
            ("number", integers + numbers), ("boolean", booleans), ("time", times), ("text", texts), ("nested", nested),
        ].filter { $0.1 > 0 }
        guard let only = kinds.first else { return "empty" }
        guard kinds.count == 1 else { return "mixed" }
        switch only.0 {
        case "number": return numbers == 0 ? "integer" : "float"
        case "time": return longestTimeIsDate ? "date" : "time"
        default: return only.0
        }
    }

    private var longestTimeIsDate: Bool { earliest.count == 10 && latest.count == 10 }

    /// - Parameter rowCount: of the table, of which this column may lack some.
    func facts(rowCount: Int) -> [DataSummary.Fact] {
        let type = type
        var facts = [DataSummary.Fact("type", type)]
        if type == "mixed" {
            for (name, count) in [
                ("integers", integers), ("floats", numbers), ("booleans", booleans), ("times", times), ("texts", texts), ("nested", nested),
            ] where count > 0 {
                facts.append(.init(name, count))
            }
        }
        if numbers == 0, integers > 0 {
            facts += [.init("min", smallest), .init("max", largest)]
        } else if integers + numbers > 0 {
            let isWithIntegers = integers > 0
            facts.append(.init("min", .number(isWithIntegers ? min(low, Double(smallest)) : low)))
            facts.append(.init("max", .number(isWithIntegers ? max(high, Double(largest)) : high)))
        }
        if integers + numbers > 0, sum.isFinite {
            facts.append(.init("mean", .rounded(sum / Double(integers + numbers))))
        }
        if times > 0 {
            facts += [.init("min", SafeText.of(earliest)), .init("max", SafeText.of(latest))]
        }
        if texts > 0 {
            facts.append(.init("length", shortest == longest ? "\(shortest)" : "\(shortest)…\(longest)"))
        }
        if rowCount > count { facts.append(.init("missing", rowCount - count)) }
        if count > 0 {
            // Integers that rise are all different, however many there are.
            let isCounted = !distinct.isExceeded || isRising && integers == count
            facts.append(isCounted ? .init("distinct", distinct.isExceeded ? count : distinct.count) : .init("distinct", "> \(distinct.passedLimit)"))
        }
        return facts
    }
}
