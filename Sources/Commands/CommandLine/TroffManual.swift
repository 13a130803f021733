/// A manual page in the language of man(7).
enum TroffManual {
    /// - Parameter name: the page's name: `git-data-prune`.
    static func text(_ sections: [ManualPage.Section], name: String, version: String) -> String {
        var text = ".TH \"\(escaped(name).uppercased())\" 1 \"\" \"git data \(escaped(version))\" \"git data manual\"\n"
        // Neither hyphenation nor stretched lines: commands are to be read and copied.
        text += ".nh\n.ad l\n"
        for section in sections {
            text += ".SH \(section.title)\n"
            var isFirst = true
            for block in section.blocks {
                text += Self.text(block, isFirst: isFirst)
                isFirst = if case .heading = block { true } else { false }
            }
        }
        return text
    }

    private static func text(_ block: ManualPage.Block, isFirst: Bool) -> String {
        switch block {
        case .paragraph(let text):
            return (isFirst ? "" : ".PP\n") + line(marked(text))
        case .literal(let lines):
            return ".PP\n.RS 4\n.nf\n" + lines.map { line(escaped($0)) }.joined() + ".fi\n.RE\n"
        case .call(let call, let pieces):
            let words = pieces.map { escaped($0).replacing(" ", with: "\\ ") }
            return (isFirst ? "" : ".br\n") + line("\\fB\(escaped(call))\\fR " + words.joined(separator: " "))
        case .term(let term, let text):
            return ".TP\n" + line("\\fB\(escaped(term))\\fR") + line(marked(text))
        case .heading(let text):
            return ".SS \"\(marked(text))\"\n"
        }
    }

    /// One input line, which must not be taken for a request.
    private static func line(_ text: String) -> String {
        (text.hasPrefix(".") || text.hasPrefix("\\(aq") || text.hasPrefix("'") ? "\\&" : "") + text + "\n"
    }

    /// Text whose backticks set code in bold.
    private static func marked(_ text: String) -> String {
        var isCode = false
        var marked = ""
        for (position, piece) in text.split(separator: "`", omittingEmptySubsequences: false).enumerated() {
            if position > 0 {
                isCode.toggle()
                marked += isCode ? "\\fB" : "\\fR"
            }
            marked += escaped(String(piece))
        }
        return isCode ? marked + "\\fR" : marked
    }

    /// Characters that troff would take for something else, among them those it would turn into
    /// typographic ones, which cannot be pasted.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\e"
            case "-": escaped += "\\-"
            case "'": escaped += "\\(aq"
            case "\"": escaped += "\\(dq"
            case "`": escaped += "\\(ga"
            case "^": escaped += "\\(ha"
            case "~": escaped += "\\(ti"
            case "\n", "\t": escaped += " "
            default:
                if scalar.isASCII {
                    escaped.unicodeScalars.append(scalar)
                } else {
                    let code = String(scalar.value, radix: 16, uppercase: true)
                    escaped += "\\[u" + String(repeating: "0", count: max(0, 4 - code.count)) + code + "]"
                }
            }
        }
        return escaped
    }
}

extension CommandTable {
    /// Every manual page by its file name: `git-data.1`, `git-data-prune.1` and so on.
    package func manualPages(version: String) -> [(fileName: String, text: String)] {
        var pages = [("git-data.1", TroffManual.text(ManualPage.sections(of: self), name: "git-data", version: version))]
        for command in commands {
            let path = CommandPath(command.declaration.name)
            let name = ManualPage.name(of: path)
            let sections = ManualPage.sections(of: command.declaration, at: path)
            pages.append((name + ".1", TroffManual.text(sections, name: name, version: version)))
        }
        return pages
    }

    /// The full text about one command, or nil for a name that is none.
    package func helpText(for name: String) -> String? {
        declaration(named: name).map { PlainManual.text(ManualPage.sections(of: $0, at: CommandPath(name))) }
    }

    /// The full text about `git data` itself.
    package var helpText: String { Overview.help(self) }
}
