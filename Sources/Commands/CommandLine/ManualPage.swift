/// A manual page before it has a form: what `--help` and the `man` pages both say.
enum ManualPage {
    struct Section {
        var title: String
        var blocks: [Block]
    }

    enum Block {
        /// Running text, `code` between backticks.
        case paragraph(String)
        /// Shown as it is, line by line.
        case literal([String])
        /// A call with pieces that are not to be broken inside.
        case call(String, pieces: [String])
        /// Something and what it means.
        case term(String, String)
        case heading(String)
    }

    /// The page's name without section: `git-data-prune`.
    static func name(of path: CommandPath) -> String {
        "git-data-" + path.words.joined(separator: "-")
    }

    /// The page of one command, its subcommands included.
    static func sections(of declaration: Declaration, at path: CommandPath) -> [Section] {
        var sections = [
            Section(title: "NAME", blocks: [.paragraph("\(name(of: path)) - \(declaration.summary)")]),
            Section(
                title: "SYNOPSIS",
                blocks: Synopsis.lines(of: declaration, at: path).map { .call($0.call, pieces: $0.pieces) }),
        ]
        let description = blocks(declaration.description)
        if !description.isEmpty { sections.append(Section(title: "DESCRIPTION", blocks: description)) }
        if !declaration.subcommands.isEmpty {
            let blocks = declaration.subcommands.flatMap { subcommandBlocks($0.declaration, at: path) }
            sections.append(Section(title: "SUBCOMMANDS", blocks: blocks))
        }
        if !declaration.operands.isEmpty {
            sections.append(Section(title: "ARGUMENTS", blocks: declaration.operands.map { .term($0.name, $0.summary) }))
        }
        let options = optionBlocks(declaration)
        if !options.isEmpty { sections.append(Section(title: "OPTIONS", blocks: options)) }
        let exits = declaration.exitCodes.map { Block.term(String($0.code.status), $0.summary) }
        sections.append(Section(title: "EXIT STATUS", blocks: exits))
        if !declaration.examples.isEmpty {
            let blocks = declaration.examples.flatMap { [Block.paragraph($0.summary), .literal([$0.command])] }
            sections.append(Section(title: "EXAMPLES", blocks: blocks))
        }
        let others = (["git-data"] + declaration.seeAlso.map { "git-data-\($0)" }).map { "`\($0)`(1)" }
        sections.append(Section(title: "SEE ALSO", blocks: [.paragraph(others.joined(separator: ", "))]))
        return sections
    }

    /// The page of `git data` itself.
    static func sections(of table: CommandTable) -> [Section] {
        let calls: [Block] = [.call("git data", pieces: ["[--version]", "[--help]", "COMMAND", "[ARGUMENT...]"])]
        var commands: [Block] = []
        for group in CommandGroup.allCases {
            let declarations = table.declarations(in: group)
            guard !declarations.isEmpty else { continue }
            commands.append(.heading(group.rawValue))
            commands += declarations.map { .term("git data \($0.name)", $0.summary) }
        }
        return [
            Section(title: "NAME", blocks: [.paragraph("git-data - version data files with Git")]),
            Section(title: "SYNOPSIS", blocks: calls),
            Section(title: "DESCRIPTION", blocks: blocks(overview)),
            Section(title: "COMMANDS", blocks: commands),
            Section(
                title: "EXIT STATUS",
                blocks: [
                    .term("0", "all was done"),
                    .term("1", "the answer is no: something is missing, differs, or failed for some of the files"),
                    .term("128", "the command could not do its work"),
                    .term("129", "the command line was not understood"),
                ]),
            Section(title: "SEE ALSO", blocks: [.paragraph("`git`(1), `gitattributes`(5), `gitignore`(5)")]),
        ]
    }

    private static let overview = """
        `git data` keeps large files out of Git's own storage: Git stores a pointer of three lines, \
        and the content, a blob named by its SHA-256, goes to a local store and to a data remote. \
        Which files those are is said in `.gitattributes`; `git add`, `git checkout`, `git merge` and \
        `git push` work on them as on any other file.

            git data install
            git data track '*.parquet'
            git add .gitattributes table.parquet
            git commit -m 'Add the table'
            git push

        Sizes are given in bytes or with a unit: `500k`, `10M` and `10MiB` count by 1024, `10MB` by \
        1000. Results go to standard output, messages and progress to standard error.
        """

    /// The paragraphs and literal lines of a declaration's description.
    static func blocks(_ description: String) -> [Block] {
        var blocks: [Block] = []
        var paragraph: [Substring] = []
        var literal: [String] = []
        func close() {
            if !paragraph.isEmpty { blocks.append(.paragraph(paragraph.joined(separator: " "))) }
            if !literal.isEmpty { blocks.append(.literal(literal)) }
            paragraph = []
            literal = []
        }
        for line in description.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("    ") {
                if !paragraph.isEmpty { close() }
                literal.append(String(line.dropFirst(4)))
            } else if line.allSatisfy({ $0 == " " }) {
                close()
            } else {
                if !literal.isEmpty { close() }
                paragraph.append(line)
            }
        }
        close()
        return blocks
    }

    private static func subcommandBlocks(_ declaration: Declaration, at path: CommandPath) -> [Block] {
        let pieces = Synopsis.pieces(of: declaration).joined(separator: " ")
        let call = declaration.name + (pieces.isEmpty ? "" : " " + pieces)
        var blocks: [Block] = [.heading(call), .paragraph(declaration.summary)]
        blocks += Self.blocks(declaration.description)
        blocks += declaration.operands.map { .term($0.name, $0.summary) }
        blocks += declaration.ownOptions.map { .term(Synopsis.spellings(of: $0), $0.summary) }
        for next in declaration.subcommands {
            blocks += subcommandBlocks(next.declaration, at: path.appending(declaration.name))
        }
        return blocks
    }

    private static func optionBlocks(_ declaration: Declaration) -> [Block] {
        var blocks = declaration.options.map { Block.term(Synopsis.spellings(of: $0), $0.summary) }
        if let passed = declaration.passedOptions {
            blocks.append(.term(passed.summary, "is handed on as it is"))
        }
        if !declaration.options.isEmpty {
            blocks.append(.term("-h, --help", "print a short usage, or this text"))
        }
        return blocks
    }
}
