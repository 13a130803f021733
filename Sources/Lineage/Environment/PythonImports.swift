/// Which modules a Python script names in its `import` statements: their top-level names. What it imports by a name that it
/// computes is not seen.
///
/// Spec: The Python Language Reference, 2.1 "Line structure" and 7.11 "The import statement".
package enum PythonImports {
    /// - Parameter source: a script.
    package static func modules(ofScript source: [UInt8]) -> Set<String> {
        var modules: Set<String> = []
        for statement in Statements(source) { modules.formUnion(Self.modules(of: statement)) }
        return modules
    }

    /// - Parameter json: a notebook of Jupyter, format 4. Lines for IPython or the shell (`%`, `!`) are no Python.
    package static func modules(ofNotebook json: [UInt8]) -> Set<String> {
        guard let notebook = JSONValue(json: json), case .list(let cells)? = notebook[["cells"]] else { return [] }
        var modules: Set<String> = []
        for cell in cells where cell[["cell_type"]] == .text("code") {
            let text: String
            switch cell[["source"]] {
            case .text(let whole)?: text = whole
            case .list(let lines)?: text = lines.map { if case .text(let line) = $0 { line } else { "" } }.joined()
            default: continue
            }
            let newline = UInt8(ascii: "\n")
            let lines = text.utf8.split(separator: newline, omittingEmptySubsequences: false).filter { line in
                let first = line.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
                return first != UInt8(ascii: "%") && first != UInt8(ascii: "!")
            }
            modules.formUnion(Self.modules(ofScript: Array(lines.joined(separator: [newline]))))
        }
        return modules
    }

    private static func modules(of statement: [UInt8]) -> [String] {
        let words = String(decoding: statement, as: UTF8.self)
        // `from a.b import c`, of which a leading dot means this package.
        if let rest = words.withoutKeyword("from") {
            let name = rest.prefix { $0 != "." && $0 != " " && $0 != "\t" && $0 != "\\" }
            return isName(name) ? [String(name)] : []
        }
        guard let rest = words.withoutKeyword("import") else { return [] }
        return rest.split(separator: ",").compactMap { part in
            let name = part.drop { $0 == " " || $0 == "\t" || $0 == "\\" || $0 == "\n" }
                .prefix { $0 != "." && $0 != " " && $0 != "\t" && $0 != "\\" && $0 != "\n" }
            return isName(name) ? String(name) : nil
        }
    }

    private static func isName(_ name: some StringProtocol) -> Bool {
        guard let first = name.unicodeScalars.first, first == "_" || first.properties.isAlphabetic else { return false }
        return name.unicodeScalars.allSatisfy { $0 == "_" || $0.properties.isAlphabetic || $0.properties.numericType != nil }
    }

    /// The simple statements that begin with `import` or `from`, wherever they stand; nothing in comments and strings.
    private struct Statements: Sequence, IteratorProtocol {
        private var rest: ArraySlice<UInt8>
        /// How many brackets are open.
        private var depth = 0
        private var isAtStart = true

        init(_ source: [UInt8]) {
            rest = source[...]
        }

        mutating func next() -> [UInt8]? {
            while let byte = rest.first {
                switch byte {
                case UInt8(ascii: "\n"), UInt8(ascii: ";"), UInt8(ascii: ":"):
                    rest.removeFirst()
                    // In brackets, a colon is a slice or a dictionary's.
                    if depth == 0 { isAtStart = true }
                case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), 0x0c: rest.removeFirst()
                case UInt8(ascii: "#"): rest = rest.drop { $0 != UInt8(ascii: "\n") }
                case UInt8(ascii: "\\"): rest = rest.dropFirst(2)
                case UInt8(ascii: "\""), UInt8(ascii: "'"):
                    skipString(byte)
                    isAtStart = false
                case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
                    depth += 1
                    rest.removeFirst()
                    isAtStart = false
                case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
                    depth = Swift.max(0, depth - 1)
                    rest.removeFirst()
                    isAtStart = false
                default:
                    if isAtStart, depth == 0, let statement = takeImport() { return statement }
                    isAtStart = false
                    // The rest of a word begins nothing.
                    let word = rest.prefix { $0.isLetterOrDigit || $0 == UInt8(ascii: "_") || $0 >= 0x80 }
                    rest = rest.dropFirst(Swift.max(1, word.count))
                }
            }
            return nil
        }

        /// A statement up to its end, without a comment.
        private mutating func takeImport() -> [UInt8]? {
            guard ["import", "from"].contains(where: { keyword in
                rest.starts(with: keyword.utf8) && (rest.dropFirst(keyword.utf8.count).first.map { [0x20, 0x09, 0x5c, 0x2e].contains($0) } ?? false)
            }) else { return nil }
            var statement: [UInt8] = []
            while let byte = rest.first, byte != UInt8(ascii: "\n"), byte != UInt8(ascii: ";"), byte != UInt8(ascii: "#") {
                if byte == UInt8(ascii: "\\"), rest.dropFirst().first == UInt8(ascii: "\n") || rest.dropFirst().starts(with: "\r\n".utf8) {
                    rest = rest.dropFirst(rest.dropFirst().first == UInt8(ascii: "\r") ? 3 : 2)
                    statement.append(UInt8(ascii: " "))
                    continue
                }
                // The names behind `import (` are of one module.
                if byte == UInt8(ascii: "(") { break }
                // A carriage return ends a line together with the newline.
                if byte != UInt8(ascii: "\r") { statement.append(byte) }
                rest.removeFirst()
            }
            isAtStart = false
            return statement
        }

        private mutating func skipString(_ quote: UInt8) {
            let isLong = rest.prefix(3).elementsEqual([quote, quote, quote])
            rest = rest.dropFirst(isLong ? 3 : 1)
            while let byte = rest.first {
                if byte == UInt8(ascii: "\\") {
                    rest = rest.dropFirst(2)
                } else if isLong ? rest.prefix(3).elementsEqual([quote, quote, quote]) : byte == quote {
                    rest = rest.dropFirst(isLong ? 3 : 1)
                    return
                } else if !isLong, byte == UInt8(ascii: "\n") {
                    return
                } else {
                    rest.removeFirst()
                }
            }
        }
    }
}

extension StringProtocol {
    /// What follows a keyword; nil where this does not begin with it.
    fileprivate func withoutKeyword(_ keyword: String) -> String? {
        guard hasPrefix(keyword) else { return nil }
        let rest = dropFirst(keyword.count)
        guard let first = rest.first, first == " " || first == "\t" || first == "." else { return nil }
        return String(rest.drop { $0 == " " || $0 == "\t" })
    }
}
