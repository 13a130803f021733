/// Breaking text into lines of a terminal's width.
enum TextLayout {
    static let width = 80

    /// Breaks at spaces.
    /// - Returns: lines, each with `indent` spaces before it; a longer word has a line of its own.
    static func wrapped(_ text: String, indent: Int, width: Int = width) -> [String] {
        wrapped(text.split(separator: " ").map(String.init), first: String(repeating: " ", count: indent), indent: indent, width: width)
    }

    /// Sets `pieces`, none of them broken inside, behind `first`, and `indent` spaces before each further line.
    static func wrapped(_ pieces: [String], first: String, indent: Int, width: Int = width) -> [String] {
        let margin = String(repeating: " ", count: indent)
        var lines: [String] = []
        var line = first
        var isEmpty = first.allSatisfy { $0 == " " }
        for piece in pieces {
            if !isEmpty, line.count + 1 + piece.count > width {
                lines.append(line)
                line = margin
                isEmpty = true
            }
            if !isEmpty, line.last != " " { line += " " }
            line += piece
            isEmpty = false
        }
        if !isEmpty { lines.append(line) }
        return lines
    }

    /// Terms on the left, what they mean in a column on the right; a long term has its line to itself.
    static func table(_ rows: [(term: String, text: String)], indent: Int = 4, column: Int = 26) -> String {
        var text = ""
        for row in rows {
            let term = String(repeating: " ", count: indent) + row.term
            let lines = wrapped(row.text, indent: column)
            if term.count + 1 < column || term.count + 1 == column, let first = lines.first {
                text += term + first.dropFirst(term.count) + "\n"
                for line in lines.dropFirst() { text += line + "\n" }
            } else {
                text += term + "\n"
                for line in lines { text += line + "\n" }
            }
        }
        return text
    }
}
