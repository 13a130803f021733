/// Goes through JSON that may be cut off anywhere, and reads the little that a header says. It builds no
/// tree, and nests no deeper than `maximumDepth`.
///
/// Spec: RFC 8259.
struct JSONScanner {
    enum Outcome: Equatable {
        case complete
        /// Good so far; the text ends inside.
        case incomplete
        case invalid
    }

    private static let maximumDepth = 256

    private(set) var rest: ArraySlice<UInt8>

    init(_ text: ArraySlice<UInt8>) {
        rest = text
    }

    mutating func skipSpace() {
        rest = rest.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0a || $0 == 0x0d }
    }

    /// Moves past `byte` and the space before it.
    mutating func skip(_ byte: Character) -> Bool {
        skipSpace()
        guard rest.first == byte.asciiValue else { return false }
        rest.removeFirst()
        return true
    }

    /// Moves past one value of any kind. Containers are kept in a list, so no text is too deep for the stack.
    mutating func skipValue() -> Outcome {
        var open: [UInt8] = []
        while true {
            skipSpace()
            guard let first = rest.first else { return .incomplete }
            switch first {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                guard open.count < Self.maximumDepth else { return .invalid }
                rest.removeFirst()
                skipSpace()
                if rest.first == Self.closing(first) { break }
                open.append(first)
                if first == UInt8(ascii: "{") {
                    let key = skipKey()
                    if key != .complete { return key }
                }
                continue
            case UInt8(ascii: "\""):
                let outcome = skipString()
                if outcome != .complete { return outcome }
                if let ended = closeContainers(&open) { return ended }
                continue
            default:
                let outcome = skipWord()
                if outcome != .complete { return outcome }
                if let ended = closeContainers(&open) { return ended }
                continue
            }
            // An empty container.
            rest.removeFirst()
            if let ended = closeContainers(&open) { return ended }
        }
    }

    private static func closing(_ opening: UInt8) -> UInt8 {
        opening == UInt8(ascii: "{") ? UInt8(ascii: "}") : UInt8(ascii: "]")
    }

    /// Behind a value: moves to the next one, out of all containers that end here.
    /// - Returns: nil where another value follows.
    private mutating func closeContainers(_ open: inout [UInt8]) -> Outcome? {
        while let container = open.last {
            skipSpace()
            guard let byte = rest.first else { return .incomplete }
            rest.removeFirst()
            if byte == UInt8(ascii: ",") {
                guard container == UInt8(ascii: "{") else { return nil }
                let key = skipKey()
                return key == .complete ? nil : key
            }
            guard byte == Self.closing(container) else { return .invalid }
            open.removeLast()
        }
        return .complete
    }

    private mutating func skipKey() -> Outcome {
        skipSpace()
        guard let first = rest.first else { return .incomplete }
        guard first == UInt8(ascii: "\"") else { return .invalid }
        let outcome = skipString()
        guard outcome == .complete else { return outcome }
        skipSpace()
        guard let colon = rest.first else { return .incomplete }
        guard colon == UInt8(ascii: ":") else { return .invalid }
        rest.removeFirst()
        return .complete
    }

    /// Moves past a string; escapes are passed over, not judged.
    mutating func skipString() -> Outcome {
        rest.removeFirst()
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return .complete
            case UInt8(ascii: "\\"):
                if rest.popFirst() == nil { return .incomplete }
            case 0..<0x20: return .invalid
            default: break
            }
        }
        return .incomplete
    }

    /// A string without escapes, as its bytes; nil for anything else.
    mutating func plainString() -> ArraySlice<UInt8>? {
        skipSpace()
        guard rest.first == UInt8(ascii: "\"") else { return nil }
        let before = rest
        guard skipString() == .complete else { return nil }
        // Without the quotes on both sides.
        let text = before.prefix(before.count - rest.count).dropFirst().dropLast()
        return text.contains(UInt8(ascii: "\\")) ? nil : text
    }

    /// `true`, `false`, `null` or a number.
    private mutating func skipWord() -> Outcome {
        let word = rest.prefix { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "E")
        }
        guard let first = word.first else { return .invalid }
        rest = rest.dropFirst(word.count)
        for name in ["true", "false", "null"] where name.utf8.starts(with: word) {
            if word.count == name.utf8.count { return .complete }
            return rest.isEmpty ? .incomplete : .invalid
        }
        guard first == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return .invalid }
        if rest.isEmpty { return .incomplete }
        return Double(String(decoding: word, as: UTF8.self)) != nil ? .complete : .invalid
    }
}
