/// An option as the parser, the texts and the completions see it, without the type of its value.
package struct OptionDeclaration: Sendable {
    /// What follows the option's name.
    package enum Argument: Sendable {
        case none(isNegatable: Bool)
        /// `--name=VALUE` or `--name VALUE`.
        case required(ValueSyntax)
        /// `--name` or `--name=VALUE`, never in a word of its own.
        case optional(ValueSyntax)
    }

    /// The long name, without dashes.
    package let name: String
    /// The one letter behind a single dash, ASCII.
    package let short: Character?
    /// What it does, in a few words of lower case.
    package let summary: String
    package let argument: Argument
    package let isRepeatable: Bool

    var isNegatable: Bool {
        if case .none(isNegatable: true) = argument { return true }
        return false
    }

    var syntax: ValueSyntax? {
        switch argument {
        case .none: nil
        case .required(let syntax), .optional(let syntax): syntax
        }
    }
}

/// What may be written in a declaration's list of options.
package protocol OptionKey: Sendable {
    var declaration: OptionDeclaration { get }
}

/// An option without a value: `arguments[flag]` says whether it was given.
package struct Flag: OptionKey {
    package let declaration: OptionDeclaration

    /// - Parameter negatable: whether `--no-<name>` takes it back.
    package init(_ name: String, short: Character? = nil, _ summary: String, negatable: Bool = false) {
        declaration = OptionDeclaration(
            name: name, short: short, summary: summary, argument: .none(isNegatable: negatable), isRepeatable: false)
    }
}

/// An option with a value, of which the last one given counts: `arguments[value]` is nil where none was.
package struct Value<Parsed: Sendable>: OptionKey {
    package let declaration: OptionDeclaration
    let parser: ValueParser<Parsed>

    /// - Parameter valueName: how the texts call the value, in capitals.
    package init(
        _ name: String, short: Character? = nil, _ valueName: String, _ summary: String, parse parser: ValueParser<Parsed>
    ) {
        self.parser = parser
        declaration = OptionDeclaration(
            name: name, short: short, summary: summary, argument: .required(parser.syntax(named: valueName)),
            isRepeatable: false)
    }
}

/// An option that may be given many times: `arguments[values]` has all, in their order.
package struct Values<Parsed: Sendable>: OptionKey {
    package let declaration: OptionDeclaration
    let parser: ValueParser<Parsed>

    package init(
        _ name: String, short: Character? = nil, _ valueName: String, _ summary: String, parse parser: ValueParser<Parsed>
    ) {
        self.parser = parser
        declaration = OptionDeclaration(
            name: name, short: short, summary: summary, argument: .required(parser.syntax(named: valueName)),
            isRepeatable: true)
    }
}

/// An option whose value may be left out: `arguments[option]` is nil where it was not given at all.
package struct OptionalValue<Parsed: Sendable>: OptionKey {
    package enum Given: Sendable {
        case bare
        case value(Parsed)
    }

    package let declaration: OptionDeclaration
    let parser: ValueParser<Parsed>

    package init(
        _ name: String, short: Character? = nil, _ valueName: String, _ summary: String, parse parser: ValueParser<Parsed>
    ) {
        self.parser = parser
        declaration = OptionDeclaration(
            name: name, short: short, summary: summary, argument: .optional(parser.syntax(named: valueName)),
            isRepeatable: false)
    }
}

/// The options that every command has, and those that mean the same wherever they are.
package enum CommonOptions {
    package static let quiet = Flag("quiet", short: "q", "print errors only")
    package static let verbose = Flag("verbose", short: "v", "say more")
    package static let json = Flag("json", "print the result as JSON")
    package static let null = Flag("null", short: "z", "end each entry with a NUL, and print paths as they are")
    package static let dryRun = Flag("dry-run", short: "n", "only show what would be done")

    static let everywhere = [quiet.declaration, verbose.declaration]
}
