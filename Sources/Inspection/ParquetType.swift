/// The type of a Parquet column, and what row groups say of its values.
///
/// Spec: apache/parquet-format, `parquet.thrift`, `Type`, `ConvertedType`, `LogicalType`, `Statistics`.
struct ParquetType {
    var physical: Int64 = -1
    var length: Int64 = 0
    var converted: Int64?
    var scale: Int64 = 0
    var precision: Int64 = 0
    /// The field of the union, and of a time its unit: 1 milliseconds, 2 microseconds, 3 nanoseconds.
    private var logical: Int?
    private var unit = 2

    /// What the footer has of one chunk.
    struct Statistics {
        var missing: Int64?
        var low: [UInt8]?
        var high: [UInt8]?

        init() {}

        init(_ reader: inout ThriftReader) throws(ThriftReader.Damaged) {
            var read = Self()
            try reader.structure { reader, field, kind throws(ThriftReader.Damaged) in
                switch (field, kind) {
                case (3, .long): read.missing = try reader.integer()
                case (5, .binary): read.high = Array(try reader.binary())
                case (6, .binary): read.low = Array(try reader.binary())
                default: try reader.skip(kind)
                }
            }
            self = read
        }
    }

    /// A least or greatest value.
    enum Extreme {
        case integer(Int64)
        case unsigned(UInt64)
        case number(Double)
        case text([UInt8])

        func isBelow(_ other: Extreme) -> Bool {
            switch (self, other) {
            case (.integer(let left), .integer(let right)): left < right
            case (.unsigned(let left), .unsigned(let right)): left < right
            case (.number(let left), .number(let right)): left < right
            case (.text(let left), .text(let right)): left.lexicographicallyPrecedes(right)
            default: false
            }
        }
    }

    enum Extremes {
        /// Of no row group yet.
        case ofNothing
        case between(Extreme, Extreme)
    }

    mutating func readLogical(_ reader: inout ThriftReader) throws(ThriftReader.Damaged) {
        var type = self
        try reader.structure { reader, field, kind throws(ThriftReader.Damaged) in
            guard kind == .structure else { return try reader.skip(kind) }
            type.logical = field
            try reader.structure { reader, inner, kind throws(ThriftReader.Damaged) in
                guard field == 7 || field == 8, inner == 2, kind == .structure else { return try reader.skip(kind) }
                try reader.structure { reader, unit, kind throws(ThriftReader.Damaged) in
                    type.unit = unit
                    try reader.skip(kind)
                }
            }
        }
        self = type
    }

    private var isUnsigned: Bool { converted.map { (11...14).contains($0) } ?? false }
    private var isText: Bool { logical == 1 || converted == 0 || logical == 4 || converted == 4 }
    private var isDate: Bool { logical == 6 || converted == 6 }
    private var isTimestamp: Bool { logical == 8 || converted == 9 || converted == 10 }
    private var isDecimal: Bool { logical == 5 || converted == 5 }

    var name: String {
        if isText { return "text" }
        if isDate { return "date" }
        if isTimestamp { return "timestamp" }
        if isDecimal { return "decimal(\(precision), \(scale))" }
        if logical == 7 || converted == 7 || converted == 8 { return "time" }
        if logical == 12 || converted == 19 { return "json" }
        if logical == 14 { return "uuid" }
        if logical == 15 { return "float16" }
        if let converted, (11...18).contains(converted) {
            return ["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"][Int(converted - 11)]
        }
        switch physical {
        case 0: return "bool"
        case 1: return "int32"
        case 2: return "int64"
        case 3: return "int96"
        case 4: return "float32"
        case 5: return "float64"
        case 6: return "bytes"
        case 7: return "bytes of \(length)"
        default: return "unknown"
        }
    }

    private func extreme(_ bytes: [UInt8]) -> Extreme? {
        var cursor = ByteCursor(bytes)
        if isDecimal || logical == 15 || logical == 14 { return nil }
        switch physical {
        case 1:
            guard bytes.count == 4, let bits = cursor.little(UInt32.self) else { return nil }
            return isUnsigned ? .unsigned(UInt64(bits)) : .integer(Int64(Int32(bitPattern: bits)))
        case 2:
            guard bytes.count == 8, let bits = cursor.little(UInt64.self) else { return nil }
            return isUnsigned ? .unsigned(bits) : .integer(Int64(bitPattern: bits))
        case 4:
            guard bytes.count == 4, let bits = cursor.little(UInt32.self) else { return nil }
            return .number(Double(Float(bitPattern: bits)))
        case 5:
            guard bytes.count == 8, let bits = cursor.little(UInt64.self) else { return nil }
            return .number(Double(bitPattern: bits))
        case 6: return isText ? .text(bytes) : nil
        default: return nil
        }
    }

    /// - Returns: nil where the chunk does not say, so that nothing is known of the whole.
    func extend(_ extremes: Extremes, by statistics: Statistics) -> Extremes? {
        guard let low = statistics.low.flatMap(extreme), let high = statistics.high.flatMap(extreme) else { return nil }
        switch extremes {
        case .ofNothing: return .between(low, high)
        case .between(let lowest, let highest):
            return .between(low.isBelow(lowest) ? low : lowest, highest.isBelow(high) ? high : highest)
        }
    }

    fileprivate func time(_ value: Int64) -> String? {
        if isDate { return CalendarText.date(value) }
        guard isTimestamp else { return nil }
        let unit = logical == 8 ? unit : converted == 9 ? 1 : 2
        let perSecond: Int64 = [1: 1000, 2: 1_000_000, 3: 1_000_000_000][unit] ?? 1
        let second = value.floorDivided(by: perSecond)
        let fraction = value - second * perSecond
        let digits = String(fraction + perSecond).dropFirst()
        return CalendarText.time(second).map { fraction == 0 ? $0 : "\($0).\(digits)" }
    }
}

extension ParquetType.Extreme {
    func value(_ type: ParquetType) -> DataSummary.Value {
        switch self {
        case .integer(let value): type.time(value).map(DataSummary.Value.text) ?? .integer(value)
        case .unsigned(let value): Int64(exactly: value).map(DataSummary.Value.integer) ?? .text("\(value)")
        case .number(let value): .number(value)
        case .text(let bytes): .text(SafeText.of(bytes, limit: 40))
        }
    }
}

extension Int64 {
    fileprivate func floorDivided(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

/// Days and seconds since 1970 as ISO 8601 has them.
enum CalendarText {
    /// - Returns: nil beyond the years 1 to 9999.
    static func date(_ days: Int64) -> String? {
        guard days >= -719_162, days <= 2_932_896 else { return nil }
        // Years begin in March here, so that the leap day is the last.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let calendarMonth = month < 10 ? month + 3 : month - 9
        let calendarYear = year + era * 400 + (calendarMonth <= 2 ? 1 : 0)
        return "\(padded(calendarYear, 4))-\(padded(calendarMonth, 2))-\(padded(day, 2))"
    }

    static func time(_ seconds: Int64) -> String? {
        let days = seconds.floorDivided(by: 86_400)
        let second = seconds - days * 86_400
        return date(days).map { "\($0)T\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))" }
    }

    private static func padded(_ number: Int64, _ count: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, count - digits.count)) + digits
    }
}
