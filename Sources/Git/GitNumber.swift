extension Int64 {
    /// A number as Git's configuration has it: decimal, octal behind a `0`, hexadecimal behind `0x`, with a
    /// sign or not, times 1024, 1024² or 1024³ by the units `k`, `m` and `g` of either case.
    ///
    /// Source: Git, `git_parse_signed`; C, `strtoimax` with base 0.
    /// - Returns: nil where it is none, or too large.
    init?(gitNumber text: [UInt8]) {
        var rest = text.drop { $0 == 0x20 || (0x09...0x0d).contains($0) }
        var isNegative = false
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            rest.removeFirst()
        }
        let base = Self.takeBase(&rest)
        let digits = rest.prefix { Self.digitValue($0).map { $0 < base } ?? false }
        guard !digits.isEmpty, let factor = Self.factor(ofUnit: rest.dropFirst(digits.count)) else { return nil }
        var magnitude: Int64 = 0
        for digit in digits {
            let (shifted, isTooLarge) = magnitude.multipliedReportingOverflow(by: base)
            let (sum, isTooLargeNow) = shifted.addingReportingOverflow(Self.digitValue(digit) ?? 0)
            guard !isTooLarge, !isTooLargeNow else { return nil }
            magnitude = sum
        }
        let (product, isTooLarge) = magnitude.multipliedReportingOverflow(by: factor)
        guard !isTooLarge else { return nil }
        self = isNegative ? -product : product
    }

    /// Removes `0x`; the `0` of an octal number is a digit of it as well.
    private static func takeBase(_ rest: inout ArraySlice<UInt8>) -> Int64 {
        guard rest.first == UInt8(ascii: "0") else { return 10 }
        let behind = rest.dropFirst()
        guard behind.first.map({ $0 | 0x20 }) == UInt8(ascii: "x"),
            let digit = behind.dropFirst().first, digitValue(digit) != nil
        else { return 8 }
        rest = behind.dropFirst()
        return 16
    }

    private static func digitValue(_ byte: UInt8) -> Int64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int64(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int64(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }

    private static func factor(ofUnit unit: ArraySlice<UInt8>) -> Int64? {
        switch unit.map({ $0 | 0x20 }) {
        case []: 1
        case [UInt8(ascii: "k")]: 1 << 10
        case [UInt8(ascii: "m")]: 1 << 20
        case [UInt8(ascii: "g")]: 1 << 30
        default: nil
        }
    }
}
