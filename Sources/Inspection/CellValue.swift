/// What a cell of a table in text says.
enum CellValue {
    case missing
    case integer(Int64)
    /// As near as a few operations come; `exactNumber` is the very value.
    case number(Double)
    case boolean
    /// A date of ISO 8601, with a time or without.
    case time
    case text
    case nested

    init(_ bytes: UnsafeRawBufferPointer, _ form: Cell.Form) {
        switch form {
        case .plain: self = Self.plain(bytes)
        case .quoted, .escaped: self = bytes.isEmpty ? .missing : Self.isTime(bytes) ? .time : .text
        case .nested: self = .nested
        case .whole: self = .text
        }
    }

    var isText: Bool {
        if case .text = self { return true }
        return false
    }

    private static func plain(_ raw: UnsafeRawBufferPointer) -> CellValue {
        let bytes = trimmed(raw)
        guard let first = bytes.first else { return .missing }
        switch first {
        case 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
            if let number = number(bytes) { return number }
            if isTime(bytes) { return .time }
        default: break
        }
        return word(bytes, first) ?? .text
    }

    /// What some words mean that are no text.
    private static func word(_ bytes: UnsafeRawBufferPointer, _ first: UInt8) -> CellValue? {
        switch first {
        case UInt8(ascii: "N"), UInt8(ascii: "n"), UInt8(ascii: "<"), UInt8(ascii: "#"):
            bytes.count <= 4 && missingWords.contains { $0.elementsEqual(bytes) } ? .missing : nil
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "T"), UInt8(ascii: "F"):
            bytes.count <= 5 && booleanWords.contains { $0.elementsEqual(bytes) } ? .boolean : nil
        case UInt8(ascii: "i"), UInt8(ascii: "I"), UInt8(ascii: "-"): infinity(bytes)
        default: nil
        }
    }

    /// What pandas, R and databases write for nothing.
    private static let missingWords = ["NA", "N/A", "NaN", "nan", "null", "NULL", "None", "<NA>", "#N/A"].map { Array($0.utf8) }
    private static let booleanWords = ["true", "false", "True", "False", "TRUE", "FALSE"].map { Array($0.utf8) }

    private static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var (start, end) = (0, bytes.count)
        while start < end, bytes[start] == 0x20 { start += 1 }
        while end > start, bytes[end - 1] == 0x20 { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }

    private static func infinity(_ bytes: UnsafeRawBufferPointer) -> CellValue? {
        let isNegative = bytes.first == UInt8(ascii: "-")
        let rest = isNegative ? bytes.dropFirst() : bytes[...]
        guard rest.count == 3 || rest.count == 8, rest.first.map({ $0 | 0x20 }) == UInt8(ascii: "i") else { return nil }
        let word = String(decoding: rest, as: UTF8.self).lowercased()
        guard word == "inf" || word == "infinity" else { return nil }
        return .number(isNegative ? -.infinity : .infinity)
    }

    /// The powers of ten that a `Double` has exactly.
    private static let powers: [Double] = (0...22).map { Double("1e\($0)") ?? 0 }

    /// Decimal numbers, with a fraction and an exponent or without.
    private static func number(_ bytes: UnsafeRawBufferPointer) -> CellValue? {
        var position = 0
        let isNegative = bytes[0] == UInt8(ascii: "-")
        if isNegative || bytes[0] == UInt8(ascii: "+") { position = 1 }
        var mantissa: UInt64 = 0
        var digitCount = 0
        var dropped = 0
        var fraction = 0
        var isInteger = true
        while position < bytes.count {
            let byte = bytes[position]
            if byte >= 0x30, byte <= 0x39 {
                digitCount += 1
                // 18 digits fit; those behind them only count.
                if mantissa < 100_000_000_000_000_000 {
                    mantissa = mantissa * 10 + UInt64(byte - 0x30)
                    if !isInteger { fraction += 1 }
                } else if isInteger {
                    dropped += 1
                }
            } else if byte == UInt8(ascii: "."), isInteger {
                isInteger = false
            } else {
                break
            }
            position += 1
        }
        guard digitCount > 0 else { return nil }
        var exponent = dropped - fraction
        if position < bytes.count {
            guard bytes[position] | 0x20 == UInt8(ascii: "e"), let written = Self.exponent(bytes[(position + 1)...]) else { return nil }
            isInteger = false
            exponent += written
        }
        if isInteger {
            if dropped == 0 { return .integer(isNegative ? -Int64(mantissa) : Int64(mantissa)) }
            if let exact = Int64(String(decoding: bytes, as: UTF8.self)) { return .integer(exact) }
        }
        let magnitude = Double(mantissa)
        let value: Double
        switch exponent {
        case 0...22: value = magnitude * powers[exponent]
        case -22..<0: value = magnitude / powers[-exponent]
        default: value = exactNumber(bytes)?.magnitude ?? 0
        }
        return .number(isNegative ? -value : value)
    }

    private static func exponent(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int? {
        let isSigned = bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+")
        let digits = isSigned ? bytes.dropFirst() : bytes
        guard !digits.isEmpty, digits.count <= 6, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        let value = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return bytes.first == UInt8(ascii: "-") ? -value : value
    }

    /// The value that is nearest to what is written.
    static func exactNumber(_ bytes: UnsafeRawBufferPointer) -> Double? {
        Double(String(decoding: trimmed(bytes), as: UTF8.self))
    }

    /// `2026-01-02`, and behind a `T` or a space a time.
    private static func isTime(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= 10, bytes.count <= 35, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-") else { return false }
        for position in [0, 1, 2, 3, 5, 6, 8, 9] where bytes[position] < 0x30 || bytes[position] > 0x39 { return false }
        let month = (bytes[5] - 0x30) * 10 + (bytes[6] - 0x30)
        let day = (bytes[8] - 0x30) * 10 + (bytes[9] - 0x30)
        guard (1...12).contains(month), (1...31).contains(day) else { return false }
        guard bytes.count > 10 else { return true }
        guard bytes.count >= 16, bytes[10] == UInt8(ascii: "T") || bytes[10] == 0x20, bytes[13] == UInt8(ascii: ":") else { return false }
        return bytes[11...].allSatisfy { byte in
            byte >= 0x30 && byte <= 0x39 || [UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "Z")].contains(byte)
        }
    }
}
