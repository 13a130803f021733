/// The forms in which options and operands are written in all texts.
enum Synopsis {
    /// What follows the command's name, one piece for each option and operand, not to be broken inside.
    static func pieces(of declaration: Declaration) -> [String] {
        var pieces = declaration.ownOptions.map { option in
            "[" + shortest(option) + "]" + (option.isRepeatable ? "..." : "")
        }
        if let passed = declaration.passedOptions { pieces.append("[\(passed.summary)]") }
        for operand in declaration.operands {
            let name = operand.name + (operand.maximum == nil ? "..." : "")
            pieces.append(operand.minimum == 0 ? "[\(name)]" : name)
        }
        return pieces
    }

    /// The option in its shortest form: `-n`, `--recent DAYS`, `--[no-]verify`.
    private static func shortest(_ option: OptionDeclaration) -> String {
        switch option.argument {
        case .none(isNegatable: true): "--[no-]\(option.name)"
        case .none: option.short.map { "-\($0)" } ?? "--\(option.name)"
        case .required(let syntax): option.short.map { "-\($0) \(syntax.name)" } ?? "--\(option.name) \(syntax.name)"
        case .optional(let syntax): "--\(option.name)[=\(syntax.name)]"
        }
    }

    /// Every way to write the option: `-n, --dry-run`.
    static func spellings(of option: OptionDeclaration) -> String {
        let short = option.short.map { "-\($0), " } ?? ""
        switch option.argument {
        case .none(isNegatable: true): return short + "--[no-]\(option.name)"
        case .none: return short + "--\(option.name)"
        case .required(let syntax): return short + "--\(option.name) \(syntax.name)"
        case .optional(let syntax): return short + "--\(option.name)[=\(syntax.name)]"
        }
    }

    /// The lines that call the command: its own first, then each subcommand's.
    static func lines(of declaration: Declaration, at path: CommandPath) -> [(call: String, pieces: [String])] {
        var lines: [(String, [String])] = []
        if !declaration.needsSubcommand { lines.append((path.typed, pieces(of: declaration))) }
        for subcommand in declaration.subcommands {
            lines += Self.lines(
                of: subcommand.declaration, at: path.appending(subcommand.declaration.name))
        }
        return lines
    }
}
