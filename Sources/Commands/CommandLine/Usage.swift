/// The short text of `-h`, and of a command line that was not understood.
enum Usage {
    static func text(of declaration: Declaration, at path: CommandPath) -> String {
        var text = ""
        for (position, line) in Synopsis.lines(of: declaration, at: path).enumerated() {
            let first = (position == 0 ? "usage: " : "   or: ") + line.call
            let indent = min(first.count + 1, 30)
            text += TextLayout.wrapped(line.pieces, first: first, indent: indent).joined(separator: "\n") + "\n"
        }
        let options = rows(of: declaration)
        if !options.isEmpty { text += "\n" + TextLayout.table(options) }
        return text + "\n"
    }

    private static func rows(of declaration: Declaration) -> [(term: String, text: String)] {
        declaration.options.map { (Synopsis.spellings(of: $0), $0.summary) }
    }
}

/// The texts about all commands together.
enum Overview {
    static let usageLine = "usage: git data [--version] [--help] COMMAND [ARGUMENT...]"

    private static let groups = CommandGroup.allCases.filter { $0 != .plumbing }

    /// What `git data` alone says.
    static func usage(_ table: CommandTable) -> String {
        var text = usageLine + "\n\nThese are the git data commands:\n"
        text += list(of: groups, in: table)
        return text + "\n'git data help COMMAND' tells more about a command.\n"
    }

    static func help(_ table: CommandTable) -> String {
        PlainManual.text(ManualPage.sections(of: table))
    }

    private static func list(of groups: [CommandGroup], in table: CommandTable) -> String {
        var text = ""
        for group in groups {
            let declarations = table.declarations(in: group)
            guard !declarations.isEmpty else { continue }
            text += "\n\(group.rawValue)\n"
            text += TextLayout.table(declarations.map { ($0.name, $0.summary) }, indent: 3, column: 16)
        }
        return text
    }
}
