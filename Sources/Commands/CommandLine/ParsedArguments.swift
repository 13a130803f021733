import Platform

/// A command line that was understood. What it holds is asked with the keys of the declaration.
package struct ParsedArguments: Sendable {
    var flags: [String: Bool] = [:]
    /// The values of each option in their order; nil for one that was given without.
    var values: [String: [BytePath?]] = [:]
    var operands: [String: [BytePath]] = [:]
    /// How many operands stand behind `--`; nil without it. Where operands are revisions and paths, it tells them apart.
    package internal(set) var operandCountBehindDashes: Int?
    /// The options that are meant for another program, with their values, as they were given.
    package internal(set) var passedOn: [BytePath] = []

    /// Whether the flag was given and not taken back.
    package subscript(flag: Flag) -> Bool {
        flags[flag.declaration.name] ?? false
    }

    /// What the flag was set to, or nil where the command line does not say.
    package subscript(ifGiven flag: Flag) -> Bool? {
        flags[flag.declaration.name]
    }

    package subscript<Parsed>(option: Value<Parsed>) -> Parsed? {
        values[option.declaration.name]?.last?.flatMap(option.parser.parse)
    }

    package subscript<Parsed>(option: Values<Parsed>) -> [Parsed] {
        (values[option.declaration.name] ?? []).compactMap { $0.flatMap(option.parser.parse) }
    }

    package subscript<Parsed>(option: OptionalValue<Parsed>) -> OptionalValue<Parsed>.Given? {
        guard let last = values[option.declaration.name]?.last else { return nil }
        guard let value = last.flatMap(option.parser.parse) else { return .bare }
        return .value(value)
    }

    /// - Throws: `UsageError` only for an operand that the command does not declare.
    package subscript<Parsed>(operand: Operand<Parsed>) -> Parsed {
        get throws(UsageError) {
            guard let value = operands[operand.declaration.name]?.first.flatMap(operand.parser.parse) else {
                throw .missing(operand.declaration)
            }
            return value
        }
    }

    package subscript<Parsed>(operand: OptionalOperand<Parsed>) -> Parsed? {
        operands[operand.declaration.name]?.first.flatMap(operand.parser.parse)
    }

    package subscript(operands: Operands) -> [BytePath] {
        self.operands[operands.declaration.name] ?? []
    }
}

/// A command line that was not understood: one line for the person, without `error:`.
package struct UsageError: Error, Equatable, Sendable {
    package let message: String

    package init(_ message: String) {
        self.message = message
    }

    static func missing(_ operand: OperandDeclaration) -> UsageError {
        UsageError("\(operand.name) is missing")
    }
}
