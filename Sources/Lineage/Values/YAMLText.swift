/// The part of YAML that files of parameters and metrics use: maps and lists in blocks and in brackets, all styles of
/// text, and the scalars of the core schema (so that `010` is ten, and `yes` and `on` are text). Anchors, aliases, tags,
/// merge keys, keys that are no text of one line, and several documents in a file are refused.
///
/// Spec: YAML 1.2.2, chapters 6 to 9 and section 10.3.
struct YAMLText {
    var cursor: ValueCursor

    static func parse(_ text: [UInt8]) throws(ValueError) -> JSONValue {
        var reader = YAMLText(cursor: ValueCursor(lines: text))
        guard !text.contains(where: { $0 < 0x20 && ![0x09, 0x0a, 0x0d].contains($0) }) else {
            throw ValueError(line: nil, "it holds control characters")
        }
        // YAML 1.1 breaks lines there, and YAML 1.2 does not.
        for (place, byte) in text.enumerated() where byte == 0xc2 || byte == 0xe2 {
            let rest = text[place...]
            guard rest.starts(with: [0xc2, 0x85]) || rest.starts(with: [0xe2, 0x80, 0xa8]) || rest.starts(with: [0xe2, 0x80, 0xa9]) else { continue }
            throw ValueCursor(text).error("a line separator of Unicode, which versions of YAML read differently", at: place)
        }
        return try reader.document()
    }

    private mutating func document() throws(ValueError) -> JSONValue {
        try skipToContent()
        var hasDirective = false
        while cursor.next == UInt8(ascii: "%"), column == 0 {
            guard cursor.take("%YAML 1."), !hasDirective, !cursor.skip(while: \.isDigit).isEmpty else {
                throw cursor.error("directives other than %YAML 1.2 are not understood")
            }
            hasDirective = true
            try endLine()
            try skipToContent()
        }
        if isAtMarker("---") {
            cursor.position += 3
            cursor.skipBlanks()
            // A map or list cannot begin beside the marker.
            if !isAtLineEnd, implicitKeyEnd() != nil || isAtDash { throw cursor.error("a map or a list beside '---'") }
        } else if hasDirective {
            throw cursor.error("'---' is missing behind a directive")
        }
        let value = try node(parent: -1, place: .document, depth: 0)
        try skipToContent()
        if isAtMarker("...") {
            cursor.position += 3
            try skipToContent()
        }
        if isAtMarker("---") { throw cursor.error("files of several documents are not understood") }
        guard cursor.isAtEnd else { throw cursor.error("this does not belong to what stands before it") }
        return value
    }

    /// Where a node begins.
    enum Place {
        case document
        /// Behind `key:`
        case value
        /// Behind `- `
        case element
    }

    /// How far into its line the cursor is, in bytes.
    var column: Int {
        var start = cursor.position
        while start > 0, cursor.bytes[start - 1] != UInt8(ascii: "\n") { start -= 1 }
        return cursor.position - start
    }

    /// A node, which begins here or in one of the next lines.
    /// - Parameter parent: the column of the map or list that this is in; -1 at the top.
    private mutating func node(parent: Int, place: Place, depth: Int) throws(ValueError) -> JSONValue {
        guard depth <= ValueFile.maximumDepth else { throw cursor.error("it is nested too deeply") }
        skipSpaces()
        var beginsLine = place == .element
        if isAtLineEnd {
            try skipToContent()
            guard !cursor.isAtEnd, !isAtDocumentEnd else { return .null }
            let column = column
            // A list may stand below its key, no further in.
            guard column > parent || (column == parent && place == .value && isAtDash) else { return .null }
            beginsLine = true
        }
        if place == .document { beginsLine = true }
        if isAtDash {
            guard beginsLine else { throw cursor.error("a list in the line of its key") }
            return try list(at: column, depth: depth)
        }
        if let end = implicitKeyEnd() {
            guard beginsLine else { throw cursor.error("a map in the line of its key") }
            return try map(at: column, firstKeyEnd: end, depth: depth)
        }
        let value: JSONValue
        switch cursor.next {
        case UInt8(ascii: "|"), UInt8(ascii: ">"): return .text(try blockScalar(parent: parent))
        case UInt8(ascii: "\""), UInt8(ascii: "'"): value = .text(try quoted())
        case UInt8(ascii: "["), UInt8(ascii: "{"): value = try flow(depth: depth)
        default: return Self.scalar(try plainLines(parent: parent))
        }
        try endLine()
        return value
    }

    private mutating func map(at indentation: Int, firstKeyEnd: Int, depth: Int) throws(ValueError) -> JSONValue {
        var members: [String: JSONValue] = [:]
        var end = firstKeyEnd
        while true {
            let start = cursor.position
            let key = try key(endingAt: end)
            guard members[key] == nil else { throw cursor.error("'\(key)' stands here twice", at: start) }
            members[key] = try node(parent: indentation, place: .value, depth: depth + 1)
            guard try isAnother(at: indentation) else { return .object(members) }
            guard !isAtDash else { throw cursor.error("an element of a list where a key should be") }
            guard let next = implicitKeyEnd() else { throw cursor.error("this is no 'key: value'") }
            end = next
        }
    }

    private mutating func list(at indentation: Int, depth: Int) throws(ValueError) -> JSONValue {
        var elements: [JSONValue] = []
        repeat {
            cursor.position += 1
            elements.append(try node(parent: indentation, place: .element, depth: depth + 1))
        } while try isAnother(at: indentation) && isAtDash
        return .list(elements)
    }

    /// Moves to the next content.
    /// - Returns: whether it is at this indentation, and so belongs to the same map or list.
    private mutating func isAnother(at indentation: Int) throws(ValueError) -> Bool {
        try skipToContent()
        guard !cursor.isAtEnd, !isAtDocumentEnd else { return false }
        let column = column
        guard column <= indentation else { throw cursor.error("this is indented further than what it could belong to") }
        return column == indentation
    }

    /// The key that begins here, and moves behind its colon.
    private mutating func key(endingAt end: Int) throws(ValueError) -> String {
        let key: String
        switch cursor.next {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): key = try quoted()
        default:
            var bytes = cursor.bytes[cursor.position..<end]
            while bytes.last?.isBlank == true { bytes.removeLast() }
            try refuseIndicator()
            key = String(decoding: bytes, as: UTF8.self)
            if key == "<<" { throw cursor.error("merge keys are not understood") }
        }
        cursor.position = end + 1
        return key
    }

    /// Where the colon is that makes what begins here a key; nil where it is none.
    private func implicitKeyEnd() -> Int? {
        var ahead = cursor
        switch ahead.next {
        case nil, UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: ">"), UInt8(ascii: "#"): return nil
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            guard let quote = ahead.next else { return nil }
            ahead.position += 1
            while let byte = ahead.next, byte != UInt8(ascii: "\n") {
                if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") { ahead.position += 1 }
                ahead.position += 1
                guard byte == quote else { continue }
                if quote == UInt8(ascii: "'"), ahead.take(quote) { continue }
                ahead.skipBlanks()
                return isColon(ahead) ? ahead.position : nil
            }
            return nil
        default:
            while let byte = ahead.next, byte != UInt8(ascii: "\n") {
                if isColon(ahead) { return ahead.position }
                if byte.isBlank, ahead.peek(1) == UInt8(ascii: "#") { return nil }
                ahead.position += 1
            }
            return nil
        }
    }

    /// Whether a colon is here that ends a key.
    private func isColon(_ place: ValueCursor) -> Bool {
        place.next == UInt8(ascii: ":") && (place.peek(1).map { $0.isBlank || $0 == UInt8(ascii: "\n") } ?? true)
    }

    /// Whether `- ` is here.
    var isAtDash: Bool {
        cursor.next == UInt8(ascii: "-") && (cursor.peek(1).map { $0.isBlank || $0 == UInt8(ascii: "\n") } ?? true)
    }

    private func isAtMarker(_ marker: StaticString) -> Bool {
        guard cursor.has(marker), column == 0 else { return false }
        return cursor.peek(3).map { $0.isBlank || $0 == UInt8(ascii: "\n") } ?? true
    }

    var isAtDocumentEnd: Bool { isAtMarker("---") || isAtMarker("...") }

    /// Whether nothing but a comment comes in this line.
    var isAtLineEnd: Bool {
        switch cursor.next {
        case nil, UInt8(ascii: "\n"): true
        case UInt8(ascii: "#"): cursor.peek(-1).map { $0.isBlank || $0 == UInt8(ascii: "\n") } ?? true
        default: false
        }
    }

    private mutating func skipSpaces() {
        cursor.skipBlanks()
    }

    /// Moves to what is no white space and no comment.
    mutating func skipToContent() throws(ValueError) {
        while true {
            let blanks = cursor.skip { $0.isBlank }
            let beginsLine = blanks.startIndex == 0 || cursor.bytes[blanks.startIndex - 1] == UInt8(ascii: "\n")
            if isAtLineEnd {
                cursor.skip { $0 != UInt8(ascii: "\n") }
                guard cursor.take(UInt8(ascii: "\n")) else { return }
                continue
            }
            if beginsLine, blanks.contains(UInt8(ascii: "\t")) { throw cursor.error("a tab in an indentation") }
            return
        }
    }

    /// Moves to the end of the line, where nothing but a comment may stand.
    private mutating func endLine() throws(ValueError) {
        skipSpaces()
        guard isAtLineEnd else { throw cursor.error("something stands behind the value") }
    }

    /// Refuses what would be no text here.
    func refuseIndicator() throws(ValueError) {
        switch cursor.next {
        case UInt8(ascii: "&"): throw cursor.error("anchors are not understood")
        case UInt8(ascii: "*"): throw cursor.error("aliases are not understood")
        case UInt8(ascii: "!"): throw cursor.error("tags are not understood")
        case UInt8(ascii: "%"), UInt8(ascii: "@"), UInt8(ascii: "`"), UInt8(ascii: "#"), UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"):
            throw cursor.error("no text can begin so; quotes are missing")
        case UInt8(ascii: "?") where cursor.peek(1).map { $0.isBlank || $0 == UInt8(ascii: "\n") } ?? true:
            throw cursor.error("keys behind '?' are not understood")
        case UInt8(ascii: ":") where cursor.peek(1).map { $0.isBlank || $0 == UInt8(ascii: "\n") } ?? true:
            throw cursor.error("a key is missing")
        default: break
        }
    }
}
