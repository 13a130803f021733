/// TOML. Dates and times are kept as the text that they are.
///
/// Spec: TOML 1.0.0.
struct TOMLText {
    /// A table while it is being read.
    private final class Table {
        enum Origin {
            /// Named in passing by the header of a table in it.
            case implied
            /// By its own header.
            case header
            /// By a key with dots.
            case dotted
        }

        enum Member {
            case value(JSONValue)
            case table(Table)
            case tables(Tables)
        }

        var members: [String: Member] = [:]
        var origin: Origin

        init(_ origin: Origin) {
            self.origin = origin
        }

        var value: JSONValue {
            .object(
                members.mapValues { member in
                    switch member {
                    case .value(let value): value
                    case .table(let table): table.value
                    case .tables(let tables): .list(tables.elements.map(\.value))
                    }
                })
        }
    }

    /// `[[a]]`, as often as it stands there.
    private final class Tables {
        var elements: [Table]

        init(_ first: Table) {
            elements = [first]
        }
    }

    var cursor: ValueCursor

    static func parse(_ text: [UInt8]) throws(ValueError) -> JSONValue {
        var reader = TOMLText(cursor: ValueCursor(lines: text))
        let root = Table(.header)
        var table = root
        var depth = 0
        while true {
            try reader.skipLines()
            guard let byte = reader.cursor.next else { return root.value }
            if byte == UInt8(ascii: "[") {
                (table, depth) = try reader.header(from: root)
            } else {
                try reader.pair(into: table, depth: depth)
            }
            try reader.endLine()
        }
    }

    /// `[a.b]` or `[[a.b]]`.
    private mutating func header(from root: Table) throws(ValueError) -> (Table, depth: Int) {
        let start = cursor.position
        cursor.position += 1
        let isElement = cursor.take(UInt8(ascii: "["))
        var path = try key()
        guard cursor.take(UInt8(ascii: "]")), !isElement || cursor.take(UInt8(ascii: "]")) else { throw cursor.error("']' is missing") }
        // Each array on the way adds a level.
        let depth = path.count * 2
        guard depth <= ValueFile.maximumDepth else { throw cursor.error("it is nested too deeply") }
        let name = path.removeLast()
        var table = root
        for part in path {
            switch table.members[part] {
            case nil:
                let inner = Table(.implied)
                table.members[part] = .table(inner)
                table = inner
            case .table(let inner): table = inner
            case .tables(let tables):
                guard let last = tables.elements.last else { throw cursor.error("'\(part)' is empty", at: start) }
                table = last
            case .value: throw cursor.error("'\(part)' has a value already, and is no table", at: start)
            }
        }
        if isElement {
            let element = Table(.header)
            switch table.members[name] {
            case nil: table.members[name] = .tables(Tables(element))
            case .tables(let tables): tables.elements.append(element)
            default: throw cursor.error("'\(name)' is something else already", at: start)
            }
            return (element, depth)
        }
        switch table.members[name] {
        case nil:
            let inner = Table(.header)
            table.members[name] = .table(inner)
            return (inner, depth)
        case .table(let inner) where inner.origin == .implied:
            inner.origin = .header
            return (inner, depth)
        default: throw cursor.error("'\(name)' stands here twice", at: start)
        }
    }

    /// `a.b = value`
    private mutating func pair(into table: Table, depth: Int) throws(ValueError) {
        let start = cursor.position
        var path = try key()
        guard cursor.take(UInt8(ascii: "=")) else { throw cursor.error("'=' is missing behind a key") }
        let depth = depth + path.count
        guard depth <= ValueFile.maximumDepth else { throw cursor.error("it is nested too deeply") }
        let name = path.removeLast()
        var table = table
        for part in path {
            switch table.members[part] {
            case nil:
                let inner = Table(.dotted)
                table.members[part] = .table(inner)
                table = inner
            case .table(let inner) where inner.origin != .header: table = inner
            default: throw cursor.error("'\(part)' is something else already", at: start)
            }
        }
        guard table.members[name] == nil else { throw cursor.error("'\(name)' stands here twice", at: start) }
        cursor.skipBlanks()
        table.members[name] = .value(try value(depth: depth))
    }

    /// The parts of a key, with the blanks on both sides.
    private mutating func key() throws(ValueError) -> [String] {
        var parts: [String] = []
        repeat {
            cursor.skipBlanks()
            switch cursor.next {
            case UInt8(ascii: "\""): parts.append(try basicString())
            case UInt8(ascii: "'"): parts.append(try literalString())
            default:
                let bare = cursor.skip { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
                guard !bare.isEmpty else { throw cursor.error("a key is missing") }
                parts.append(String(decoding: bare, as: UTF8.self))
            }
            cursor.skipBlanks()
        } while cursor.take(UInt8(ascii: "."))
        return parts
    }

    private mutating func value(depth: Int) throws(ValueError) -> JSONValue {
        guard depth <= ValueFile.maximumDepth else { throw cursor.error("it is nested too deeply") }
        switch cursor.next {
        case UInt8(ascii: "\""): return .text(cursor.has("\"\"\"") ? try longString(UInt8(ascii: "\"")) : try basicString())
        case UInt8(ascii: "'"): return .text(cursor.has("'''") ? try longString(UInt8(ascii: "'")) : try literalString())
        case UInt8(ascii: "["): return try list(depth: depth)
        case UInt8(ascii: "{"):
            cursor.position += 1
            let table = Table(.header)
            cursor.skipBlanks()
            if cursor.take(UInt8(ascii: "}")) { return table.value }
            while true {
                try pair(into: table, depth: depth)
                cursor.skipBlanks()
                if cursor.take(UInt8(ascii: "}")) { return table.value }
                guard cursor.take(UInt8(ascii: ",")) else { throw cursor.error("',' or '}' is missing") }
            }
        default: return try word()
        }
    }

    private mutating func list(depth: Int) throws(ValueError) -> JSONValue {
        cursor.position += 1
        var elements: [JSONValue] = []
        while true {
            try skipLines()
            if cursor.take(UInt8(ascii: "]")) { return .list(elements) }
            elements.append(try value(depth: depth + 1))
            try skipLines()
            if cursor.take(UInt8(ascii: "]")) { return .list(elements) }
            guard cursor.take(UInt8(ascii: ",")) else { throw cursor.error("',' or ']' is missing") }
        }
    }

    /// Blanks, comments and newlines.
    private mutating func skipLines() throws(ValueError) {
        repeat {
            cursor.skipBlanks()
            try skipComment()
        } while cursor.take(UInt8(ascii: "\n"))
    }

    private mutating func skipComment() throws(ValueError) {
        guard cursor.next == UInt8(ascii: "#") else { return }
        cursor.skip { $0 == UInt8(ascii: "\t") || ($0 >= 0x20 && $0 != 0x7f) }
        guard cursor.isAtEnd || cursor.next == UInt8(ascii: "\n") else { throw cursor.error("a control character in a comment") }
    }

    private mutating func endLine() throws(ValueError) {
        cursor.skipBlanks()
        try skipComment()
        guard cursor.isAtEnd || cursor.take(UInt8(ascii: "\n")) else { throw cursor.error("something stands behind the value") }
    }
}
