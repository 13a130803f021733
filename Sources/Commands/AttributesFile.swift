/// The text of one `.gitattributes`, changed line by line; what is not changed stays byte for byte as it is.
struct AttributesFile {
    /// What `track` came to.
    enum Change: String {
        case added, present
        /// The line gave the pattern to Git LFS before.
        case switched
    }

    /// The mark at the start that some editors write and Git passes over.
    private let byteOrderMark: [UInt8]
    private var lines: [Line] = []

    init(_ content: [UInt8] = []) {
        byteOrderMark = content.starts(with: [0xef, 0xbb, 0xbf]) ? [0xef, 0xbb, 0xbf] : []
        var rest = content.dropFirst(byteOrderMark.count)
        while !rest.isEmpty {
            let text = rest.prefix { $0 != UInt8(ascii: "\n") }
            rest = rest.dropFirst(text.count)
            let isEnded = rest.popFirst() != nil
            let hasReturn = isEnded && text.last == UInt8(ascii: "\r")
            lines.append(
                Line(text: Array(hasReturn ? text.dropLast() : text), ending: isEnded ? (hasReturn ? Line.crlf : Line.lf) : []))
        }
    }

    var content: [UInt8] {
        byteOrderMark + lines.map { $0.text + $0.ending }.joined()
    }

    /// The patterns whose lines give them to the data filter, in their order.
    var dataPatterns: [AttributePattern] {
        lines.compactMap { line in line.words.flatMap { $0.filter == "data" ? $0.pattern : nil } }
    }

    /// Gives the pattern to the data filter: in place where its line names Git LFS, else by a line at the end.
    mutating func track(_ pattern: AttributePattern) -> Change {
        let key = pattern.key
        let last = lines.indices.last { position in
            lines[position].words.map { $0.pattern.key == key && $0.filter != nil } ?? false
        }
        switch last.flatMap({ lines[$0].words?.filter }) {
        case "data": return .present
        case "lfs":
            if let last { lines[last].replaceLFS() }
            return .switched
        default:
            append(Self.line(for: pattern))
            return .added
        }
    }

    /// What `track` appends.
    static func line(for pattern: AttributePattern) -> [UInt8] {
        pattern.written + Array(" filter=data diff=data merge=data -text".utf8)
    }

    /// Gives everything that names Git LFS to git data, macros included.
    /// - Returns: how many lines changed.
    mutating func takeOverFromLFS() -> Int {
        var count = 0
        for position in lines.indices {
            let before = lines[position].text
            if lines[position].words != nil {
                lines[position].replaceLFS()
            } else if before.starts(with: "[attr]".utf8) {
                let words = before.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
                lines[position].text = Array(words.map { Line.withoutLFS($0) }.joined(separator: [UInt8(ascii: " ")]))
            }
            if lines[position].text != before { count += 1 }
        }
        return count
    }

    /// Takes the pattern from the data filter. Attributes that `track` does not write stay.
    /// - Returns: whether any line gave it to the filter.
    mutating func untrack(_ pattern: AttributePattern) -> Bool {
        let key = pattern.key
        var isFound = false
        for position in lines.indices.reversed() {
            guard let words = lines[position].words, words.pattern.key == key, words.filter == "data" else { continue }
            isFound = true
            if lines[position].removeDataWords() { remove(at: position) }
        }
        return isFound
    }

    /// Makes the names ordinary files, whatever the lines before say of them.
    mutating func except(_ names: [String]) {
        for name in names {
            removeException(name)
            append(Self.exception(name))
        }
    }

    /// Takes back what `except` wrote.
    mutating func removeExceptions(_ names: [String]) {
        for name in names { removeException(name) }
    }

    static func exception(_ name: String) -> [UInt8] {
        Array("\(name) !filter !diff !merge !text".utf8)
    }

    private mutating func removeException(_ name: String) {
        let text = Self.exception(name)
        for position in lines.indices.reversed() where lines[position].text == text { remove(at: position) }
    }

    /// A line at the end, with the line end of the file; a file that does not end its last line stays so.
    private mutating func append(_ text: [UInt8]) {
        let ending = lines.last { !$0.ending.isEmpty }?.ending ?? Line.lf
        let isOpen = lines.last?.ending.isEmpty ?? false
        if isOpen { lines[lines.count - 1].ending = ending }
        lines.append(Line(text: text, ending: isOpen ? [] : ending))
    }

    private mutating func remove(at position: Int) {
        let removed = lines.remove(at: position)
        if removed.ending.isEmpty, position > 0 { lines[position - 1].ending = [] }
    }
}

/// One line and what ends it.
private struct Line {
    static let lf = Array("\n".utf8)
    static let crlf = Array("\r\n".utf8)

    var text: [UInt8]
    var ending: [UInt8]

    var words: AttributeLine? { AttributeLine(text) }

    mutating func replaceLFS() {
        replaceWords(Self.withoutLFS)
    }

    static func withoutLFS(_ word: some Collection<UInt8>) -> [UInt8] {
        guard let name = ["filter", "diff", "merge"].first(where: { word.elementsEqual("\($0)=lfs".utf8) }) else { return Array(word) }
        return Array("\(name)=data".utf8)
    }

    /// - Returns: whether nothing but the pattern is left.
    mutating func removeDataWords() -> Bool {
        let ours = ["filter=data", "diff=data", "merge=data", "-text"].map { Array($0.utf8) }
        replaceWords { ours.contains($0) ? [] : $0 }
        return words?.attributes.isEmpty ?? true
    }

    /// Puts other words in place; one that becomes empty goes with the blanks before it.
    private mutating func replaceWords(_ replacement: ([UInt8]) -> [UInt8]) {
        guard let words else { return }
        for range in words.attributes.reversed() {
            let new = replacement(Array(text[range]))
            if new.isEmpty {
                let before = text[..<range.lowerBound].reversed().prefix { isBlank($0) }.count
                text.removeSubrange((range.lowerBound - before)..<range.upperBound)
            } else {
                text.replaceSubrange(range, with: new)
            }
        }
    }
}

/// A line that gives attributes to a pattern.
///
/// Source: Git, `parse_attr_line` and `parse_attr` in attr.c.
struct AttributeLine {
    /// Git passes over lines of so many bytes.
    static let byteLimit = 2048

    let pattern: AttributePattern
    /// Where each attribute stands in the line.
    let attributes: [Range<Int>]
    /// What the line sets `filter` to, in words: nil where it does not mention it, empty where it takes it away.
    let filter: String?

    /// nil for anything else: comments, macros, and lines that Git passes over.
    init?(_ text: [UInt8]) {
        guard text.count < Self.byteLimit, let start = text.firstIndex(where: { !isBlank($0) }),
            text[start] != UInt8(ascii: "#"), !text.contains(0)
        else { return nil }
        let (pattern, byteCount) = AttributePattern.read(text[start...])
        guard pattern.bytes.first != UInt8(ascii: "!"), !pattern.isMacro else { return nil }
        self.pattern = pattern
        var attributes: [Range<Int>] = []
        var filter: String?
        var position = start + byteCount
        while let first = text[position...].firstIndex(where: { !isBlank($0) }) {
            let end = text[first...].firstIndex(where: isBlank) ?? text.endIndex
            guard let (name, value) = Self.attribute(text[first..<end]) else { return nil }
            if name == "filter" { filter = value }
            attributes.append(first..<end)
            position = end
        }
        self.attributes = attributes
        self.filter = filter
    }

    /// Name and value of one word; nil for one that is none, which spoils its line.
    private static func attribute(_ word: ArraySlice<UInt8>) -> (name: String, value: String)? {
        let isTaken = word.first == UInt8(ascii: "-") || word.first == UInt8(ascii: "!")
        let assignment = (isTaken ? word.dropFirst() : word)
        let name = assignment.prefix { $0 != UInt8(ascii: "=") }
        let isValid = !name.isEmpty && name.first != UInt8(ascii: "-") && name.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || [0x2d, 0x2e, 0x5f].contains(byte)
        }
        guard isValid, !name.starts(with: Array("builtin_".utf8)) else { return nil }
        let value = isTaken ? [] : assignment.dropFirst(name.count + 1)
        return (String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self))
    }
}
