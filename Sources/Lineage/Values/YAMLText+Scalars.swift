/// Text and other scalars of YAML.
extension YAMLText {
    /// Text without quotes as the value that it says.
    ///
    /// Spec: YAML 1.2.2, section 10.3.2.
    static func scalar(_ text: String) -> JSONValue {
        let bytes = Array(text.utf8)
        if let number = PlainNumber.parse(bytes[...], [.plus, .leadingZeros, .bareDot]) { return number }
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .boolean(true)
        case "false", "False", "FALSE": return .boolean(false)
        case ".nan", ".NaN", ".NAN": return .number(.nan)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .number(.infinity)
        case "-.inf", "-.Inf", "-.INF": return .number(-.infinity)
        default: break
        }
        for (prefix, radix) in [("0x", 16), ("0o", 8)] where text.hasPrefix(prefix) {
            if let number = TOMLText.radixNumber(bytes[2...], radix) { return number }
        }
        return .text(text)
    }

    /// Text without quotes outside of brackets, which may go on in lines that are indented further than `parent`.
    mutating func plainLines(parent: Int) throws(ValueError) -> String {
        try refuseIndicator()
        var text = plainLine()
        while !isAtLineEnd || cursor.next != UInt8(ascii: "#") {
            guard let newlines = nextLine(deeperThan: parent) else { break }
            let line = plainLine()
            text += newlines == 1 ? [UInt8(ascii: " ")] : Array(repeating: UInt8(ascii: "\n"), count: newlines - 1)
            text += line
        }
        guard isAtLineEnd else { throw cursor.error("a map inside of a text; quotes are missing") }
        return String(decoding: text, as: UTF8.self)
    }

    /// Text up to a comment, to `: ` or to the end of the line, without blanks at its end.
    private mutating func plainLine() -> [UInt8] {
        let start = cursor.position
        var end = start
        while let byte = cursor.next, byte != UInt8(ascii: "\n") {
            if byte == UInt8(ascii: ":"), cursor.peek(1).map({ $0.isBlank || $0 == UInt8(ascii: "\n") }) ?? true { break }
            if byte == UInt8(ascii: "#"), cursor.position > start, cursor.peek(-1)?.isBlank == true { break }
            cursor.position += 1
            if !byte.isBlank { end = cursor.position }
        }
        return Array(cursor.bytes[start..<end])
    }

    /// Moves to the content of the next line that is not empty, where it is indented further and no comment.
    /// - Returns: how many newlines stand before it; nil, and nothing is moved, where there is none.
    private mutating func nextLine(deeperThan parent: Int) -> Int? {
        guard cursor.next == UInt8(ascii: "\n") else { return nil }
        var ahead = self
        var newlines = 0
        while ahead.cursor.take(UInt8(ascii: "\n")) {
            newlines += 1
            let spaces = ahead.cursor.skip { $0 == UInt8(ascii: " ") }.count
            ahead.cursor.skipBlanks()
            guard ahead.cursor.next != UInt8(ascii: "\n") else { continue }
            guard !ahead.isAtLineEnd, spaces > parent, !(ahead.column == 0 && ahead.isAtDocumentEnd) else { return nil }
            cursor = ahead.cursor
            return newlines
        }
        return nil
    }

    /// Text in quotes of either kind, over one line or several.
    mutating func quoted() throws(ValueError) -> String {
        let start = cursor.position
        guard let quote = cursor.next else { return "" }
        let isDouble = quote == UInt8(ascii: "\"")
        cursor.position += 1
        var text: [UInt8] = []
        while true {
            text += cursor.skip { $0 != quote && $0 != UInt8(ascii: "\n") && ($0 != UInt8(ascii: "\\") || !isDouble) }
            switch cursor.next {
            case quote:
                cursor.position += 1
                guard !isDouble, cursor.take(quote) else { return String(decoding: text, as: UTF8.self) }
                text.append(quote)
            case UInt8(ascii: "\n"):
                // Blanks around a break are not of the text.
                while text.last?.isBlank == true, !endsWithEscape(text) { text.removeLast() }
                let newlines = try foldedBreak(start)
                text += newlines == 1 ? [UInt8(ascii: " ")] : Array(repeating: UInt8(ascii: "\n"), count: newlines - 1)
            case UInt8(ascii: "\\"):
                cursor.position += 1
                if cursor.next == UInt8(ascii: "\n") {
                    let newlines = try foldedBreak(start)
                    text += Array(repeating: UInt8(ascii: "\n"), count: newlines - 1)
                } else {
                    try escape(into: &text)
                }
            default: throw cursor.error("a text without its closing quote", at: start)
            }
        }
    }

    /// Whether the blank at the end of a text was written as an escape just before here: `\t` at the end of a line.
    private func endsWithEscape(_ text: [UInt8]) -> Bool {
        text.last == UInt8(ascii: "\t") && cursor.peek(-1) == UInt8(ascii: "t") && cursor.peek(-2) == UInt8(ascii: "\\")
    }

    /// Moves behind the newlines and blanks here.
    /// - Returns: how many newlines there were.
    private mutating func foldedBreak(_ start: Int) throws(ValueError) -> Int {
        var newlines = 0
        while cursor.take(UInt8(ascii: "\n")) {
            newlines += 1
            if isAtDocumentEnd { throw cursor.error("a text without its closing quote", at: start) }
            cursor.skipBlanks()
        }
        return newlines
    }

    /// Spec: YAML 1.2.2, section 5.7.
    private mutating func escape(into text: inout [UInt8]) throws(ValueError) {
        guard let letter = cursor.next else { throw cursor.error("it ends in a text") }
        cursor.position += 1
        var value: UInt32
        switch letter {
        case UInt8(ascii: "0"): value = 0
        case UInt8(ascii: "a"): value = 0x07
        case UInt8(ascii: "b"): value = 0x08
        case UInt8(ascii: "t"), UInt8(ascii: "\t"): value = 0x09
        case UInt8(ascii: "n"): value = 0x0a
        case UInt8(ascii: "v"): value = 0x0b
        case UInt8(ascii: "f"): value = 0x0c
        case UInt8(ascii: "r"): value = 0x0d
        case UInt8(ascii: "e"): value = 0x1b
        case UInt8(ascii: " "), UInt8(ascii: "\""), UInt8(ascii: "/"), UInt8(ascii: "\\"): value = UInt32(letter)
        case UInt8(ascii: "N"): value = 0x85
        case UInt8(ascii: "_"): value = 0xa0
        case UInt8(ascii: "L"): value = 0x2028
        case UInt8(ascii: "P"): value = 0x2029
        case UInt8(ascii: "x"): value = try cursor.scalar(digits: 2)
        case UInt8(ascii: "u"): value = try cursor.scalar(digits: 4)
        case UInt8(ascii: "U"): value = try cursor.scalar(digits: 8)
        default: throw cursor.error("an escape that YAML does not have")
        }
        if (0xd800..<0xdc00).contains(value), cursor.has("\\u") {
            // JSON, which is YAML, writes two halves.
            cursor.position += 2
            let low = try cursor.scalar(digits: 4)
            guard (0xdc00..<0xe000).contains(low) else { throw cursor.error("an escape that is no character") }
            value = 0x10000 + ((value - 0xd800) << 10) + (low - 0xdc00)
        }
        guard text.append(scalar: value) else { throw cursor.error("an escape that is no character") }
    }

    /// `|` and `>`: the lines below that are indented further than `parent`.
    ///
    /// Spec: YAML 1.2.2, section 8.1.
    mutating func blockScalar(parent: Int) throws(ValueError) -> String {
        let isFolded = cursor.next == UInt8(ascii: ">")
        cursor.position += 1
        var chomping = UInt8(ascii: " ")
        var indentation: Int?
        while let byte = cursor.next, !byte.isBlank, byte != UInt8(ascii: "\n") {
            if (byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")) && chomping == UInt8(ascii: " ") {
                chomping = byte
            } else if byte.isDigit, byte != UInt8(ascii: "0"), indentation == nil {
                indentation = max(parent, 0) + Int(byte - UInt8(ascii: "0"))
            } else {
                throw cursor.error("this is no beginning of a block of text")
            }
            cursor.position += 1
        }
        cursor.skipBlanks()
        guard isAtLineEnd else { throw cursor.error("text in the line of '|' or '>'") }
        cursor.skip { $0 != UInt8(ascii: "\n") }
        _ = cursor.take(UInt8(ascii: "\n"))
        let (lines, isCutOff) = try blockLines(parent: parent, indentation)
        let content = lines.prefix((lines.lastIndex { !$0.isEmpty } ?? -1) + 1)
        var text = isFolded ? Self.folded(content) : Array(content.joined(separator: [UInt8(ascii: "\n")]))
        // The end of the file may stand in the place of the last newline, which then is none.
        let isEmpty = content.isEmpty || (isCutOff && content.count == lines.count)
        if chomping == UInt8(ascii: "+") {
            text += Array(repeating: UInt8(ascii: "\n"), count: lines.count - content.count + (isEmpty ? 0 : 1))
        } else if chomping == UInt8(ascii: " "), !isEmpty {
            text.append(UInt8(ascii: "\n"))
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The lines of a block of text, without their indentation, and with the empty ones at its end; and whether the
    /// last one has no newline.
    private mutating func blockLines(parent: Int, _ given: Int?) throws(ValueError) -> ([ArraySlice<UInt8>], isCutOff: Bool) {
        var isCutOff = false
        var indentation = given
        var deepestEmpty = 0
        var lines: [ArraySlice<UInt8>] = []
        while !cursor.isAtEnd {
            let start = cursor.position
            if isAtDocumentEnd { break }
            let spaces = cursor.skip { $0 == UInt8(ascii: " ") }.count
            let isEmpty = cursor.isAtEnd || cursor.next == UInt8(ascii: "\n")
            if !isEmpty, indentation == nil {
                guard spaces > max(parent, 0) || (parent < 0 && spaces >= 0) else {
                    cursor.position = start
                    break
                }
                guard deepestEmpty <= spaces else { throw cursor.error("an empty line that is indented further than the text") }
                indentation = spaces
            }
            if !isEmpty, spaces < indentation ?? 0 {
                cursor.position = start
                break
            }
            if indentation == nil { deepestEmpty = max(deepestEmpty, spaces) }
            cursor.position = start + min(spaces, indentation ?? spaces)
            let line = cursor.skip { $0 != UInt8(ascii: "\n") }
            let hasNewline = cursor.take(UInt8(ascii: "\n"))
            // Blanks alone behind the last newline are no line.
            if hasNewline || !line.isEmpty { lines.append(line) }
            isCutOff = !hasNewline && !line.isEmpty
        }
        return (lines, isCutOff)
    }

    /// Lines joined by spaces, apart from those that are indented.
    private static func folded(_ lines: some Sequence<ArraySlice<UInt8>>) -> [UInt8] {
        var text: [UInt8] = []
        var newlines = 0
        var wasIndented = false
        var isFirst = true
        for line in lines {
            guard let first = line.first else {
                newlines += 1
                continue
            }
            let isIndented = first.isBlank
            if isFirst {
                text += Array(repeating: UInt8(ascii: "\n"), count: newlines)
            } else if isIndented || wasIndented {
                text += Array(repeating: UInt8(ascii: "\n"), count: newlines + 1)
            } else {
                text += newlines == 0 ? [UInt8(ascii: " ")] : Array(repeating: UInt8(ascii: "\n"), count: newlines)
            }
            text += line
            (newlines, wasIndented, isFirst) = (0, isIndented, false)
        }
        return text
    }
}
