import Platform

/// Reads the arguments of one command in Git's manner. Pure: bytes in, a value or an error out.
struct ArgumentParser {
    enum Outcome {
        /// The arguments, and for a command with subcommands what follows its own options.
        case parsed(ParsedArguments, subcommand: ArraySlice<BytePath>)
        /// `-h` was met.
        case usageWanted
        /// `--help` was met.
        case helpWanted
    }

    private enum Wish: Error {
        case usage, help
        case refused(UsageError)
    }

    private let declaration: Declaration
    private var arguments = ParsedArguments()
    private var operands: [BytePath] = []
    private var rest: ArraySlice<BytePath>

    private init(_ declaration: Declaration, _ arguments: ArraySlice<BytePath>) {
        self.declaration = declaration
        rest = arguments
    }

    /// - Parameter arguments: those behind the command's name.
    static func parse(_ arguments: ArraySlice<BytePath>, for declaration: Declaration) throws(UsageError) -> Outcome {
        var parser = ArgumentParser(declaration, arguments)
        do throws(Wish) {
            try parser.readArguments()
        } catch {
            switch error {
            case .usage: return .usageWanted
            case .help: return .helpWanted
            case .refused(let error): throw error
            }
        }
        if !declaration.subcommands.isEmpty { return .parsed(parser.arguments, subcommand: parser.operands[...]) }
        try parser.distributeOperands()
        return .parsed(parser.arguments, subcommand: [])
    }

    private mutating func readArguments() throws(Wish) {
        if case .nowhere = declaration.optionOrder {
            if rest.count == 1, rest.first == "-h" { throw .usage }
            if rest.count == 1, rest.first == "--help" { throw .help }
            operands = Array(rest)
            return
        }
        let dash = UInt8(ascii: "-")
        while let argument = rest.popFirst() {
            let bytes = argument.bytes
            if argument == "--" {
                arguments.operandCountBehindDashes = rest.count
                operands += rest
                return
            } else if bytes.starts(with: [dash, dash]) {
                try readLong(argument)
            } else if bytes.first == dash, bytes.count > 1 {
                try readShort(argument)
            } else {
                operands.append(argument)
                if case .beforeOperands = declaration.optionOrder {
                    operands += rest
                    return
                }
            }
        }
    }

    // MARK: long options

    private mutating func readLong(_ argument: BytePath) throws(Wish) {
        let body = argument.bytes.dropFirst(2)
        let nameBytes = body.prefix { $0 != UInt8(ascii: "=") }
        let value = nameBytes.count == body.count ? nil : BytePath(bytes: body.dropFirst(nameBytes.count + 1))
        let shown = BytePath(bytes: argument.bytes.prefix(nameBytes.count + 2)).description
        let name = String(validating: nameBytes, as: UTF8.self) ?? ""
        guard let spelling = try spelling(of: name) else {
            guard let passed = declaration.passedOptions else {
                throw .refused(UsageError("unknown option '\(shown)'" + likelyOption(name)))
            }
            arguments.passedOn.append(argument)
            if value == nil, passed.takingValues.contains(shown), let next = rest.popFirst() {
                arguments.passedOn.append(next)
            }
            return
        }
        guard let option = spelling.option else { throw .help }
        switch option.argument {
        case .none:
            if value != nil { throw .refused(UsageError("option '--\(spelling.text)' takes no value")) }
            arguments.flags[option.name] = spelling.isOn
        case .required(let syntax):
            guard let value = value ?? rest.popFirst() else {
                throw .refused(UsageError("option '--\(option.name)' needs a value: \(syntax.name)"))
            }
            try set(option, syntax, value, shown: "--\(option.name)")
        case .optional(let syntax):
            if let value {
                try set(option, syntax, value, shown: "--\(option.name)")
            } else {
                arguments.values[option.name, default: []].append(nil)
            }
        }
    }

    /// One way to write a long option; without an option it is `--help`.
    private struct Spelling {
        var text: String
        var option: OptionDeclaration?
        var isOn = true
    }

    private var spellings: [Spelling] {
        var all = [Spelling(text: "help")]
        for option in declaration.options {
            all.append(Spelling(text: option.name, option: option))
            if option.isNegatable { all.append(Spelling(text: "no-" + option.name, option: option, isOn: false)) }
        }
        return all
    }

    /// The spelling that `name` is, or abbreviates: a command that hands options on takes its own in
    /// full only, as the other program has abbreviations too.
    private func spelling(of name: String) throws(Wish) -> Spelling? {
        guard !name.isEmpty else { return nil }
        if let exact = spellings.first(where: { $0.text == name }) { return exact }
        guard declaration.passedOptions == nil else { return nil }
        let candidates = spellings.filter { $0.text.hasPrefix(name) }
        guard candidates.count > 1 else { return candidates.first }
        let names = candidates.map { "--" + $0.text }.joined(separator: " or ")
        throw .refused(UsageError("option '--\(name)' is ambiguous (could be \(names))"))
    }

    private func likelyOption(_ name: String) -> String {
        guard let likely = Similarity.closest(to: name, among: spellings.map(\.text)).first else { return "" }
        return "; did you mean '--\(likely)'?"
    }

    // MARK: short options

    private mutating func readShort(_ argument: BytePath) throws(Wish) {
        var letters = argument.bytes.dropFirst()
        while let letter = letters.popFirst() {
            if letter == UInt8(ascii: "h") { throw .usage }
            guard let option = declaration.options.first(where: { $0.short?.asciiValue == letter }) else {
                return try readUnknownShort(letter, followedBy: letters, in: argument)
            }
            let shown = "-" + String(UnicodeScalar(letter))
            switch option.argument {
            case .none:
                arguments.flags[option.name] = true
            case .required(let syntax):
                let attached = letters.isEmpty ? nil : BytePath(bytes: letters)
                guard let value = attached ?? rest.popFirst() else {
                    throw .refused(UsageError("option '\(shown)' needs a value: \(syntax.name)"))
                }
                return try set(option, syntax, value, shown: shown)
            case .optional(let syntax):
                if !letters.isEmpty { return try set(option, syntax, BytePath(bytes: letters), shown: shown) }
                arguments.values[option.name, default: []].append(nil)
            }
        }
    }

    private mutating func readUnknownShort(
        _ letter: UInt8, followedBy letters: ArraySlice<UInt8>, in argument: BytePath
    ) throws(Wish) {
        let dashed = [UInt8(ascii: "-"), letter]
        if let passed = declaration.passedOptions {
            arguments.passedOn.append(BytePath(bytes: dashed + letters))
            if letters.isEmpty, passed.takingValues.contains(BytePath(bytes: dashed).text), let next = rest.popFirst() {
                arguments.passedOn.append(next)
            }
            return
        }
        let body = String(decoding: argument.bytes.dropFirst(), as: UTF8.self)
        let isLongName = spellings.contains { $0.text == body }
        // A letter of many bytes is shown as a whole, or as the bytes that it is.
        let character = String(validating: [letter] + letters, as: UTF8.self)?.first.map { Array(String($0).utf8) }
        let shown = BytePath(bytes: [UInt8(ascii: "-")] + (character ?? [letter])).description
        throw .refused(UsageError("unknown option '\(shown)'" + (isLongName ? "; did you mean '--\(body)'?" : "")))
    }

    private mutating func set(
        _ option: OptionDeclaration, _ syntax: ValueSyntax, _ value: BytePath, shown: String
    ) throws(Wish) {
        guard syntax.accepts(value) else {
            throw .refused(UsageError("option '\(shown)' expects \(syntax.expectation), not '\(value)'"))
        }
        arguments.values[option.name, default: []].append(value)
    }

    // MARK: operands

    /// Gives each declared operand its share, leaving enough for those behind it.
    private mutating func distributeOperands() throws(UsageError) {
        var left = operands[...]
        for (position, operand) in declaration.operands.enumerated() {
            let reserved = declaration.operands.dropFirst(position + 1).reduce(0) { $0 + $1.minimum }
            let count = max(operand.minimum, min(operand.maximum ?? .max, left.count - reserved))
            guard left.count >= count else { throw .missing(operand) }
            let share = left.prefix(count)
            for value in share where !operand.syntax.accepts(value) {
                throw UsageError("\(operand.name) must be \(operand.syntax.expectation), not '\(value)'")
            }
            arguments.operands[operand.name] = Array(share)
            left = left.dropFirst(count)
        }
        if let surplus = left.first { throw UsageError("unexpected argument '\(surplus)'") }
    }
}
