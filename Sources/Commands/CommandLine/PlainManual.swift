/// A manual page as plain text: what `--help` prints.
enum PlainManual {
    static func text(_ sections: [ManualPage.Section]) -> String {
        var lines: [String] = []
        for section in sections {
            lines.append(section.title)
            for (position, block) in section.blocks.enumerated() {
                if position > 0, needsGap(before: block) { lines.append("") }
                lines += Self.lines(block)
            }
            lines.append("")
        }
        return lines.dropLast().joined(separator: "\n") + "\n"
    }

    private static func needsGap(before block: ManualPage.Block) -> Bool {
        switch block {
        case .paragraph, .literal, .heading: true
        case .call, .term: false
        }
    }

    private static func lines(_ block: ManualPage.Block) -> [String] {
        switch block {
        case .paragraph(let text): return TextLayout.wrapped(plain(text), indent: 4)
        case .literal(let lines): return lines.map { "        " + $0 }
        case .call(let call, let pieces):
            return TextLayout.wrapped(pieces, first: "    " + call, indent: min(call.count + 5, 30))
        case .term(let term, let text):
            let rows = TextLayout.table([(term, plain(text))])
            return rows.split(separator: "\n").map(String.init)
        case .heading(let text):
            return TextLayout.wrapped(plain(text).split(separator: " ").map(String.init), first: "    ", indent: 8)
        }
    }

    /// Code in single quotes, as Git's messages have it.
    private static func plain(_ text: String) -> String {
        String(text.map { $0 == "`" ? "'" : $0 })
    }
}
