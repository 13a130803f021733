/// Maps and lists of YAML in brackets.
extension YAMLText {
    mutating func flow(depth: Int) throws(ValueError) -> JSONValue {
        guard depth <= ValueFile.maximumDepth else { throw cursor.error("it is nested too deeply") }
        return cursor.next == UInt8(ascii: "[") ? try flowList(depth: depth) : try flowMap(depth: depth)
    }

    private mutating func flowList(depth: Int) throws(ValueError) -> JSONValue {
        cursor.position += 1
        var elements: [JSONValue] = []
        while true {
            try skipInFlow()
            if cursor.take(UInt8(ascii: "]")) { return .list(elements) }
            elements.append(try flowValue(depth: depth))
            try skipInFlow()
            if cursor.next == UInt8(ascii: ":") { throw cursor.error("a pair in a list; braces are missing") }
            if cursor.take(UInt8(ascii: "]")) { return .list(elements) }
            guard cursor.take(UInt8(ascii: ",")) else { throw cursor.error("',' or ']' is missing") }
        }
    }

    private mutating func flowMap(depth: Int) throws(ValueError) -> JSONValue {
        cursor.position += 1
        var members: [String: JSONValue] = [:]
        while true {
            try skipInFlow()
            if cursor.take(UInt8(ascii: "}")) { return .object(members) }
            let start = cursor.position
            let isQuoted = cursor.next == UInt8(ascii: "\"") || cursor.next == UInt8(ascii: "'")
            let key = isQuoted ? try quoted() : try flowText()
            if cursor.bytes[start..<cursor.position].contains(UInt8(ascii: "\n")) { throw cursor.error("a key over several lines", at: start) }
            if key == "<<", !isQuoted { throw cursor.error("merge keys are not understood") }
            try skipInFlow()
            guard cursor.take(UInt8(ascii: ":")) else { throw cursor.error("a key without ': ' and a value") }
            try skipInFlow()
            let isEmpty = cursor.next == UInt8(ascii: ",") || cursor.next == UInt8(ascii: "}")
            let value = isEmpty ? .null : try flowValue(depth: depth)
            guard members.updateValue(value, forKey: key) == nil else { throw cursor.error("'\(key)' stands here twice", at: start) }
            try skipInFlow()
            if cursor.take(UInt8(ascii: "}")) { return .object(members) }
            guard cursor.take(UInt8(ascii: ",")) else { throw cursor.error("',' or '}' is missing") }
        }
    }

    private mutating func flowValue(depth: Int) throws(ValueError) -> JSONValue {
        switch cursor.next {
        case UInt8(ascii: "["), UInt8(ascii: "{"): try flow(depth: depth + 1)
        case UInt8(ascii: "\""), UInt8(ascii: "'"): .text(try quoted())
        default: Self.scalar(try flowText())
        }
    }

    /// Text without quotes in brackets, over one line or several.
    private mutating func flowText() throws(ValueError) -> String {
        guard !cursor.isAtEnd else { throw cursor.error("a bracket is not closed") }
        try refuseIndicator()
        if cursor.next == UInt8(ascii: "|") || cursor.next == UInt8(ascii: ">") { throw cursor.error("a block of text in brackets") }
        if cursor.next == UInt8(ascii: ":") { throw cursor.error("no text in brackets can begin with ':'; quotes are missing") }
        if cursor.next == UInt8(ascii: "-"), cursor.peek(1).map({ $0.isBlank || Self.isFlowEnd($0) }) ?? true {
            throw cursor.error("an element of a list in brackets begins with '-'")
        }
        var text: [UInt8] = []
        while true {
            text += flowLine()
            guard cursor.next == UInt8(ascii: "\n") else { return String(decoding: text, as: UTF8.self) }
            var ahead = self
            var newlines = 0
            while ahead.cursor.take(UInt8(ascii: "\n")) {
                newlines += 1
                if ahead.isAtDocumentEnd { throw cursor.error("a bracket is not closed") }
                ahead.cursor.skipBlanks()
            }
            guard let byte = ahead.cursor.next, !Self.isFlowEnd(byte), byte != UInt8(ascii: "#"), byte != UInt8(ascii: ":") else {
                return String(decoding: text, as: UTF8.self)
            }
            cursor = ahead.cursor
            text += newlines == 1 ? [UInt8(ascii: " ")] : Array(repeating: UInt8(ascii: "\n"), count: newlines - 1)
        }
    }

    private mutating func flowLine() -> ArraySlice<UInt8> {
        let start = cursor.position
        var end = start
        while let byte = cursor.next, !Self.isFlowEnd(byte) {
            if byte == UInt8(ascii: ":"), cursor.peek(1).map({ $0.isBlank || Self.isFlowEnd($0) }) ?? true { break }
            if byte == UInt8(ascii: "#"), cursor.position > start, cursor.peek(-1)?.isBlank == true { break }
            cursor.position += 1
            if !byte.isBlank { end = cursor.position }
        }
        return cursor.bytes[start..<end]
    }

    private static func isFlowEnd(_ byte: UInt8) -> Bool {
        [UInt8(ascii: "\n"), UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}")].contains(byte)
    }

    /// Blanks, newlines and comments.
    private mutating func skipInFlow() throws(ValueError) {
        while true {
            cursor.skipBlanks()
            guard isAtLineEnd else { return }
            cursor.skip { $0 != UInt8(ascii: "\n") }
            guard cursor.take(UInt8(ascii: "\n")) else { throw cursor.error("a bracket is not closed") }
            if isAtDocumentEnd { throw cursor.error("a bracket is not closed") }
        }
    }
}
