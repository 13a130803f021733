import Platform

/// Rows and columns, for people or as CSV.
struct TextTable {
    struct Cell: Equatable {
        let text: String
        let isNumber: Bool

        init(_ text: String, isNumber: Bool = false) {
            self.text = text
            self.isNumber = isNumber
        }
    }

    let header: [String]
    private(set) var rows: [[Cell]] = []

    init(_ header: [String]) {
        self.header = header
    }

    mutating func add(_ row: [Cell]) {
        rows.append(row)
    }

    /// The lines for people: columns aligned, numbers to the right.
    /// - Parameter width: where to cut each line; nil for nowhere.
    func lines(width: Int? = nil) -> [String] {
        let shown = [header.map { Cell(Self.safe($0)) }] + rows.map { row in row.map { Cell(Self.safe($0.text), isNumber: $0.isNumber) } }
        let widths = header.indices.map { column in shown.map { $0[column].text.count }.max() ?? 0 }
        let isRight = header.indices.map { column in
            rows.contains { $0[column].isNumber } && rows.allSatisfy { $0[column].isNumber || $0[column].text.isEmpty }
        }
        return shown.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.text.count)
                if column > 0 { line += "  " }
                line += isRight[column] ? padding + cell.text : cell.text + padding
            }
            while line.last == " " { line.removeLast() }
            guard let width, line.count > width, width > 1 else { return line }
            return line.prefix(width - 1) + "…"
        }
    }

    /// Spec: RFC 4180, with newlines alone. What a terminal would obey stands in other words here too.
    var csv: [UInt8] {
        let lines = ([header] + rows.map { $0.map(\.text) }).map { line in
            line.map { $0.split(separator: "\n", omittingEmptySubsequences: false).map { Self.safe(String($0)) }.joined(separator: "\n") }
        }
        return lines.flatMap { line in Array(line.map(Self.quoted).joined(separator: ",").utf8) + [UInt8(ascii: "\n")] }
    }

    private static func quoted(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { ",\"\n\r".unicodeScalars.contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }

    /// Text without what a terminal would obey.
    private static func safe(_ text: String) -> String {
        let isObeyed: (Unicode.Scalar) -> Bool = { scalar in
            switch scalar.value {
            case 0..<0x20, 0x7f...0x9f, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069: true
            default: false
            }
        }
        guard text.unicodeScalars.contains(where: isObeyed) else { return text }
        return text.unicodeScalars.map { scalar in
            switch scalar {
            case "\n": "\\n"
            case "\t": "\\t"
            case "\r": "\\r"
            default: isObeyed(scalar) ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
            }
        }.joined()
    }

    /// Prints it, cut at the edge of a terminal where there is one.
    func print(_ output: Output) {
        let width = Environment.isTerminal(1) ? Environment.terminalColumns(1) : nil
        for line in lines(width: width) { output.line(line) }
    }
}
