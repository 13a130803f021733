/// What became of a metric or parameter from one version to another.
package struct ValueDifference: Equatable, Sendable {
    package let name: ValueEntry.Name
    /// nil where it was not there.
    package let old: JSONValue?
    /// nil where it is not there any more.
    package let new: JSONValue?

    /// All values of either version, in the order of stages or files, and keys.
    package static func between(_ old: [ValueEntry], _ new: [ValueEntry]) -> [ValueDifference] {
        let before = Dictionary(old.map { ($0.name, $0.value) }) { first, _ in first }
        let after = Dictionary(new.map { ($0.name, $0.value) }) { first, _ in first }
        var seen: Set<ValueEntry.Name> = []
        let names = (new + old).map(\.name).filter { seen.insert($0).inserted }
        return names.sorted().map { ValueDifference(name: $0, old: before[$0], new: after[$0]) }
    }

    package var isChange: Bool {
        guard let old, let new else { return true }
        return !old.isSame(as: new)
    }

    /// How much a number grew; nil where that is no number. It has no more decimal places than the two numbers, as
    /// they are written, and six significant digits at most.
    package var growth: JSONValue? {
        switch (old, new) {
        case (.integer(let old)?, .integer(let new)?):
            let (difference, overflows) = new.subtractingReportingOverflow(old)
            return overflows ? .number(Double(new) - Double(old)) : .integer(difference)
        default:
            guard let old = old?.double, let new = new?.double, (new - old).isFinite else { return nil }
            let places = max(NumberText.decimalPlaces(old), NumberText.decimalPlaces(new))
            return .number(NumberText.rounded(new - old, decimalPlaces: places, significantDigits: 6))
        }
    }
}

extension JSONValue {
    /// Whether it says the same: `1` and `1.0` do, and what is no number is the same as itself.
    package func isSame(as other: JSONValue) -> Bool {
        if case .integer(let own) = self, case .integer(let others) = other { return own == others }
        if let own = double, let others = other.double { return own == others || (own.isNaN && others.isNaN) }
        return self == other
    }

    /// As it stands in a table: numbers as short as they can be read back, text without quotes.
    package var cellText: String {
        switch self {
        case .null: ""
        case .boolean(let value): value ? "true" : "false"
        case .integer(let value): "\(value)"
        case .number(let value): NumberText.text(value)
        case .text(let value): value
        case .list, .object: description
        }
    }
}

/// Numbers as text.
package enum NumberText {
    /// The shortest text that is read back as the same number.
    package static func text(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
        return "\(number)"
    }

    /// How many digits its shortest text has behind the point: 2 of `0.25`, 5 of `1e-05`.
    static func decimalPlaces(_ number: Double) -> Int {
        guard number.isFinite else { return 0 }
        let parts = "\(number)".split(separator: "e")
        let fraction = parts[0].split(separator: ".").dropFirst().first.map { $0 == "0" ? 0 : $0.count } ?? 0
        let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        return max(0, fraction - exponent)
    }

    /// - Returns: the number that is nearest among those of so many digits.
    static func rounded(_ number: Double, decimalPlaces: Int, significantDigits: Int) -> Double {
        guard number != 0, number.isFinite else { return 0 }
        // The decimal exponent of the first digit, as the shortest text has it.
        let text = "\(number.magnitude)"
        let parts = text.split(separator: "e")
        let digits = parts[0].split(separator: ".")
        let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        let leading: Int
        if digits[0] != "0" {
            leading = digits[0].count - 1 + exponent
        } else {
            leading = exponent - 1 - (digits.dropFirst().first?.prefix { $0 == "0" }.count ?? 0)
        }
        let places = min(decimalPlaces, significantDigits - 1 - leading)
        // Of all digits, those up to the place; the number that they say is rounded correctly by reading them.
        let all = digits.joined()
        let point = digits[0].count + exponent
        let kept = point + places
        guard kept >= 0 else { return 0 }
        guard kept < all.count else { return number }
        var number10 = all.prefix(kept).reduce(0) { $0 * 10 + ($1.wholeNumberValue ?? 0) }
        if let next = all.dropFirst(kept).first?.wholeNumberValue, next >= 5 { number10 += 1 }
        return Double("\(number < 0 ? "-" : "")\(number10)e\(-places)") ?? number
    }
}
