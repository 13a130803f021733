/// `key = value`, line by line: `.env` of shells, `.ini` with sections, `.properties` of Java.
struct FlatText {
    private let kind: ValueFile.Kind
    private var members: [String: JSONValue] = [:]
    private var section: String?
    /// What the present section has; in `members` only once it is over.
    private var inner: [String: JSONValue] = [:]
    /// How far the last key of the section is indented.
    private var indentation: Int?

    static func parse(_ text: [UInt8], _ kind: ValueFile.Kind) throws(ValueError) -> JSONValue {
        var reader = FlatText(kind: kind)
        let lines = ValueCursor(lines: text).bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        var number = 0
        while number < lines.count {
            let first = number + 1
            var line = Array(lines[number])
            number += 1
            // A line of properties goes on behind a backslash that is no escaped one.
            while kind == .properties, !isComment(line.trimmed, kind), line.reversed().prefix(while: { $0 == UInt8(ascii: "\\") }).count % 2 == 1 {
                line.removeLast()
                guard number < lines.count else { break }
                line += lines[number].trimmed
                number += 1
            }
            do throws(ValueError) { try reader.read(line) } catch { throw ValueError(line: first, error.reason) }
        }
        reader.endSection()
        return .object(reader.members)
    }

    private mutating func endSection() {
        if let section { members[section] = .object(inner) }
    }

    private init(kind: ValueFile.Kind) {
        self.kind = kind
    }

    private static func isComment(_ line: ArraySlice<UInt8>, _ kind: ValueFile.Kind) -> Bool {
        switch line.first {
        case UInt8(ascii: "#"): true
        case UInt8(ascii: ";"): kind == .sections
        case UInt8(ascii: "!"): kind == .properties
        default: false
        }
    }

    private mutating func read(_ line: [UInt8]) throws(ValueError) {
        var rest = line.trimmed
        guard !rest.isEmpty, !Self.isComment(rest, kind) else { return }
        if kind == .sections {
            let depth = line.prefix { $0.isBlank }.count
            if let indentation, depth > indentation { throw ValueError(line: nil, "values over several lines are not understood") }
            if rest.first == UInt8(ascii: "[") {
                guard rest.last == UInt8(ascii: "]") else { throw ValueError(line: nil, "a section without its ']'") }
                let name = String(decoding: rest.dropFirst().dropLast(), as: UTF8.self)
                endSection()
                guard case .object(let begun) = members[name] ?? .object([:]) else { throw ValueError(line: nil, "'\(name)' is a key already") }
                (section, inner) = (name, begun)
                // Held once alone, so that it is not copied as it grows.
                members[name] = .null
                indentation = nil
                return
            }
            indentation = depth
        }
        if kind == .environment, rest.starts(with: Array("export ".utf8)) { rest = rest.dropFirst("export ".count).trimmed }
        guard let (key, written) = try pair(rest) else { throw ValueError(line: nil, "this is not 'key = value'") }
        let value = try self.value(written)
        guard let section else {
            if kind == .sections, members[key] != nil { throw ValueError(line: nil, "'\(key)' stands here twice") }
            members[key] = value
            return
        }
        guard inner.updateValue(value, forKey: key) == nil else { throw ValueError(line: nil, "'\(key)' stands twice in '\(section)'") }
    }

    /// The key, and what is written behind `=`, or where the kind has it, `:`.
    private func pair(_ line: ArraySlice<UInt8>) throws(ValueError) -> (String, ArraySlice<UInt8>)? {
        var end = line.startIndex
        while end < line.endIndex {
            let byte = line[end]
            if kind == .properties, byte == UInt8(ascii: "\\") {
                end = min(end + 2, line.endIndex)
                continue
            }
            if byte == UInt8(ascii: "=") || (byte == UInt8(ascii: ":") && kind != .environment) { break }
            end += 1
        }
        let name = line[..<end].trimmed
        guard end < line.endIndex, !name.isEmpty else { return nil }
        let key = kind == .properties ? try Self.unescaped(name) : String(decoding: name, as: UTF8.self)
        return (key, line[(end + 1)...].trimmed)
    }

    private func value(_ written: ArraySlice<UInt8>) throws(ValueError) -> JSONValue {
        switch kind {
        case .properties: return TableText.scalar(try Self.unescaped(written))
        case .environment:
            guard let quote = written.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
                var end = written.startIndex
                while end < written.endIndex, written[end] != UInt8(ascii: "#") || (end > written.startIndex && !written[end - 1].isBlank) { end += 1 }
                return TableText.scalar(String(decoding: written[..<end].trimmed, as: UTF8.self))
            }
            return .text(try Self.quoted(written, quote))
        default: return TableText.scalar(String(decoding: written, as: UTF8.self))
        }
    }

    /// A value in quotes, behind which nothing but a comment may stand.
    private static func quoted(_ written: ArraySlice<UInt8>, _ quote: UInt8) throws(ValueError) -> String {
        var cursor = ValueCursor(Array(written.dropFirst()))
        var text: [UInt8] = []
        while true {
            text += cursor.skip { $0 != quote && $0 != UInt8(ascii: "\\") }
            if cursor.take(quote) { break }
            guard cursor.take(UInt8(ascii: "\\")) else { throw ValueError(line: nil, "a value without its closing quote") }
            guard quote == UInt8(ascii: "\""), let letter = cursor.next else {
                text.append(UInt8(ascii: "\\"))
                continue
            }
            cursor.position += 1
            switch letter {
            case UInt8(ascii: "n"): text.append(0x0a)
            case UInt8(ascii: "r"): text.append(0x0d)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "$"), UInt8(ascii: "`"): text.append(letter)
            default: text += [UInt8(ascii: "\\"), letter]
            }
        }
        cursor.skipBlanks()
        guard cursor.isAtEnd || cursor.next == UInt8(ascii: "#") else { throw ValueError(line: nil, "something stands behind the closing quote") }
        return String(decoding: text, as: UTF8.self)
    }

    /// Spec: Java, `java.util.Properties.load`.
    private static func unescaped(_ written: ArraySlice<UInt8>) throws(ValueError) -> String {
        var cursor = ValueCursor(Array(written))
        var text: [UInt8] = []
        while true {
            text += cursor.skip { $0 != UInt8(ascii: "\\") }
            guard cursor.take(UInt8(ascii: "\\")), let letter = cursor.next else { return String(decoding: text, as: UTF8.self) }
            cursor.position += 1
            switch letter {
            case UInt8(ascii: "n"): text.append(0x0a)
            case UInt8(ascii: "r"): text.append(0x0d)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "f"): text.append(0x0c)
            case UInt8(ascii: "u"):
                let value: UInt32
                do throws(ValueError) { value = try cursor.scalar(digits: 4) } catch { throw ValueError(line: nil, error.reason) }
                if !text.append(scalar: value) { text += UTF8.encodedReplacementCharacter }
            default: text.append(letter)
            }
        }
    }
}

extension BidirectionalCollection where Element == UInt8, SubSequence == ArraySlice<UInt8> {
    /// Without blanks at either end.
    fileprivate var trimmed: ArraySlice<UInt8> {
        var rest = self[...]
        while rest.first?.isBlank == true { rest.removeFirst() }
        while rest.last?.isBlank == true { rest.removeLast() }
        return rest
    }
}
