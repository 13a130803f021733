extension TableReader {
    /// One record from `start` on, into `cells`.
    /// - Returns: where the next one begins; nil where this one is not whole.
    func parseDelimited(
        _ cells: inout [Cell], _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ isLast: Bool, _ delimiter: UInt8
    ) -> Int? {
        let quote = UInt8(ascii: "\"")
        let newline = UInt8(ascii: "\n")
        var position = start
        var column = 0
        while true {
            let first = position
            var form = Cell.Form.plain
            var closing = 0
            if position < end, bytes[position] == quote {
                form = .quoted
                position += 1
                while true {
                    while position < end, bytes[position] != quote { position += 1 }
                    guard position < end else { return nil }
                    // What follows the quote decides what it is.
                    if position + 1 == end, !isLast { return nil }
                    if position + 1 < end, bytes[position + 1] == quote {
                        form = .escaped
                        position += 2
                        continue
                    }
                    closing = position
                    position += 1
                    break
                }
            }
            let behindQuote = position
            while position < end, bytes[position] != delimiter, bytes[position] != newline { position += 1 }
            if position == end, !isLast { return nil }
            let isEnd = position == end || bytes[position] == newline
            var last = position
            if isEnd, last > first, bytes[last - 1] == 0x0d { last -= 1 }
            if form == .plain || last > behindQuote {
                // Text behind a closing quote makes the quotes part of the value.
                cells.append(Cell(column: column, start: first, end: last, form: .plain))
            } else {
                cells.append(Cell(column: column, start: first + 1, end: closing, form: form))
            }
            column = cells.count < Self.columnLimit ? cells.count : -1
            if isEnd {
                rowByteCount = last - start
                return min(position + 1, end)
            }
            position += 1
        }
    }

    /// One line of JSON Lines from `start` on, its top-level keys as cells.
    /// - Returns: where the next one begins; nil where this one is not whole.
    func parseLine(
        _ cells: inout [Cell], _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ isLast: Bool
    ) -> Int? {
        var lineEnd = start
        while lineEnd < end, bytes[lineEnd] != UInt8(ascii: "\n") { lineEnd += 1 }
        if lineEnd == end, !isLast { return nil }
        rowByteCount = lineEnd - start
        var scan = ObjectScan(bytes, start, lineEnd)
        guard scan.isOpened() else { return whole(&cells, start, lineEnd, next: min(lineEnd + 1, end)) }
        while let member = scan.nextMember() {
            let key = UnsafeRawBufferPointer(rebasing: bytes[member.key])
            let column = column(named: key, likely: cells.count)
            let first = column < 0 ? member.key.lowerBound : member.value.lowerBound
            cells.append(
                Cell(column: column, start: first, end: member.value.upperBound, form: column < 0 ? .whole : member.form))
        }
        guard scan.isClosed else { return whole(&cells, start, lineEnd, next: min(lineEnd + 1, end)) }
        return min(lineEnd + 1, end)
    }

    /// A line that is no object: a number, an array, or damaged. It counts as a row with one cell.
    private func whole(_ cells: inout [Cell], _ start: Int, _ end: Int, next: Int) -> Int {
        cells.removeAll(keepingCapacity: true)
        var last = end
        if last > start, window[last - 1] == 0x0d { last -= 1 }
        cells.append(Cell(column: -1, start: start, end: last, form: .whole))
        return next
    }
}

/// Goes through the members of one JSON object that stands on one line. Values are told apart, not judged.
private struct ObjectScan {
    private let bytes: UnsafeRawBufferPointer
    private var position: Int
    private let end: Int
    private var isFirst = true
    /// Whether the object ended where the line ends.
    private(set) var isClosed = false

    init(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) {
        self.bytes = bytes
        position = start
        self.end = end
    }

    struct Member {
        let key: Range<Int>
        let value: Range<Int>
        let form: Cell.Form
    }

    private mutating func skipSpace() {
        while position < end, bytes[position] == 0x20 || bytes[position] == 0x09 || bytes[position] == 0x0d { position += 1 }
    }

    private mutating func skip(_ byte: Character) -> Bool {
        skipSpace()
        guard position < end, bytes[position] == byte.asciiValue else { return false }
        position += 1
        return true
    }

    mutating func isOpened() -> Bool { skip("{") }

    /// - Returns: nil at the object's end, and where it is damaged.
    mutating func nextMember() -> Member? {
        if skip("}") {
            skipSpace()
            isClosed = position == end
            return nil
        }
        if !isFirst, !skip(",") { return nil }
        isFirst = false
        skipSpace()
        guard let key = string(), skip(":") else { return nil }
        skipSpace()
        guard position < end else { return nil }
        switch bytes[position] {
        case UInt8(ascii: "\""): return string().map { Member(key: key, value: $0, form: .quoted) }
        case UInt8(ascii: "{"), UInt8(ascii: "["): return container().map { Member(key: key, value: $0, form: .nested) }
        default: return word().map { Member(key: key, value: $0, form: .plain) }
        }
    }

    /// What is between the quotes, with its escapes.
    private mutating func string() -> Range<Int>? {
        guard position < end, bytes[position] == UInt8(ascii: "\"") else { return nil }
        position += 1
        let start = position
        while position < end, bytes[position] != UInt8(ascii: "\"") {
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard position < end else { return nil }
        defer { position += 1 }
        return start..<position
    }

    /// An object or array, by counting its brackets.
    private mutating func container() -> Range<Int>? {
        let start = position
        var depth = 0
        while position < end {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                guard string() != nil else { return nil }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
            position += 1
            if depth == 0 { return start..<position }
        }
        return nil
    }

    /// A number, `true`, `false` or `null`.
    private mutating func word() -> Range<Int>? {
        let start = position
        scan: while position < end {
            switch bytes[position] {
            case 0x20, 0x09, 0x0d, UInt8(ascii: ","), UInt8(ascii: "}"): break scan
            default: position += 1
            }
        }
        return position > start ? start..<position : nil
    }
}
