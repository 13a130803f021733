/// An XML element as the answers of S3 and its neighbours have them: names without their prefixes, no
/// attributes, text apart from white space between elements. Foundation's parser would bring libxml2 to
/// every user's machine and 4 ms to every start.
///
/// Documents are read strictly: what is not well-formed, declares its own entities or is nested absurdly
/// is none. Spec: XML 1.0, in UTF-8, without document types.
struct XMLTree: Equatable, Sendable {
    var name: String
    var text = ""
    var children: [XMLTree] = []

    /// The first child of that name.
    subscript(_ name: String) -> XMLTree? { children.first { $0.name == name } }

    /// The text of the first child of that name.
    func text(_ name: String) -> String? { self[name]?.text }

    func all(_ name: String) -> some Sequence<XMLTree> { children.lazy.filter { $0.name == name } }

    private init(name: String) {
        self.name = name
    }

    /// - Returns: nil for what is no such document.
    init?(_ document: [UInt8]) {
        var parser = Parser(rest: document[...])
        do throws(Parser.Malformed) { self = try parser.document() } catch { return nil }
    }

    private struct Parser {
        struct Malformed: Error {}

        var rest: ArraySlice<UInt8>
        private static let greatestDepth = 32

        init(rest: ArraySlice<UInt8>) {
            self.rest = rest
        }

        mutating func document() throws(Malformed) -> XMLTree {
            if rest.starts(with: [0xef, 0xbb, 0xbf]) { rest = rest.dropFirst(3) }
            try skipMisc()
            var open: [XMLTree] = []
            while true {
                if let done = try element(&open) {
                    try skipMisc()
                    guard rest.isEmpty else { throw Malformed() }
                    return done
                }
            }
        }

        /// White space, comments and processing instructions.
        private mutating func skipMisc() throws(Malformed) {
            while true {
                rest = rest.drop(while: Self.isSpace)
                if take("<!--") {
                    try skip(through: "-->")
                } else if take("<?") {
                    try skip(through: "?>")
                } else {
                    return
                }
            }
        }

        /// Reads up to the end of the next tag.
        /// - Returns: the outermost element, once its end is reached.
        private mutating func element(_ open: inout [XMLTree]) throws(Malformed) -> XMLTree? {
            if let last = open.indices.last {
                var text: [UInt8] = []
                try content(into: &text)
                open[last].text += String(decoding: text, as: UTF8.self)
                if take("</") {
                    guard try name() == open[last].name else { throw Malformed() }
                    rest = rest.drop(while: Self.isSpace)
                    guard take(">") else { throw Malformed() }
                    return close(&open)
                }
            }
            guard open.count < Self.greatestDepth, take("<") else { throw Malformed() }
            open.append(XMLTree(name: try name()))
            try skipAttributes()
            if take("/>") { return close(&open) }
            guard take(">") else { throw Malformed() }
            return nil
        }

        private func close(_ open: inout [XMLTree]) -> XMLTree? {
            guard var done = open.popLast() else { return nil }
            // The white space of a neatly printed document says nothing.
            if !done.children.isEmpty, done.text.utf8.allSatisfy(Self.isSpace) { done.text = "" }
            guard let parent = open.indices.last else { return done }
            open[parent].children.append(done)
            return nil
        }

        /// The name behind the last colon.
        private mutating func name() throws(Malformed) -> String {
            let whole = rest.prefix { byte in
                !Self.isSpace(byte) && !"</>=\"'&!?".utf8.contains(byte)
            }
            rest = rest.dropFirst(whole.count)
            let local = whole.lastIndex(of: UInt8(ascii: ":")).map { whole[($0 + 1)...] } ?? whole
            guard let first = local.first, !(0x2d...0x39).contains(first), String(validating: local, as: UTF8.self) != nil
            else { throw Malformed() }
            return String(decoding: local, as: UTF8.self)
        }

        private mutating func skipAttributes() throws(Malformed) {
            while true {
                let space = rest.prefix(while: Self.isSpace)
                rest = rest.dropFirst(space.count)
                guard let byte = rest.first else { throw Malformed() }
                if byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/") { return }
                guard !space.isEmpty else { throw Malformed() }
                _ = try name()
                rest = rest.drop(while: Self.isSpace)
                guard take("=") else { throw Malformed() }
                rest = rest.drop(while: Self.isSpace)
                guard let quote = rest.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"),
                    let end = rest.dropFirst().firstIndex(of: quote), !rest[..<end].contains(UInt8(ascii: "<"))
                else { throw Malformed() }
                rest = rest[(end + 1)...]
            }
        }

        /// Text up to the next tag.
        private mutating func content(into text: inout [UInt8]) throws(Malformed) {
            while let byte = rest.first {
                if byte == UInt8(ascii: "&") {
                    try reference(into: &text)
                } else if byte != UInt8(ascii: "<") {
                    let run = rest.prefix { $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: "&") }
                    text += run
                    rest = rest.dropFirst(run.count)
                } else if take("<!--") {
                    try skip(through: "-->")
                } else if take("<?") {
                    try skip(through: "?>")
                } else if take("<![CDATA[") {
                    let start = rest
                    try skip(through: "]]>")
                    text += start[..<(rest.startIndex - 3)]
                } else {
                    break
                }
            }
            guard String(validating: text, as: UTF8.self) != nil else { throw Malformed() }
        }

        private mutating func reference(into text: inout [UInt8]) throws(Malformed) {
            guard let end = rest.prefix(12).firstIndex(of: UInt8(ascii: ";")) else { throw Malformed() }
            let name = String(decoding: rest[(rest.startIndex + 1)..<end], as: UTF8.self)
            rest = rest[(end + 1)...]
            if let known = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'"][name] {
                text += known.utf8
            } else {
                let isHexadecimal = name.hasPrefix("#x")
                guard name.hasPrefix("#"), !name.contains("+"), !name.contains("-"),
                    let number = UInt32(name.dropFirst(isHexadecimal ? 2 : 1), radix: isHexadecimal ? 16 : 10),
                    number > 0, let scalar = Unicode.Scalar(number)
                else { throw Malformed() }
                text += String(Character(scalar)).utf8
            }
        }

        private mutating func take(_ prefix: StaticString) -> Bool {
            let count = prefix.utf8CodeUnitCount
            let bytes = UnsafeBufferPointer(start: prefix.utf8Start, count: count)
            guard rest.count >= count, rest.prefix(count).elementsEqual(bytes) else { return false }
            rest = rest.dropFirst(count)
            return true
        }

        private mutating func skip(through end: StaticString) throws(Malformed) {
            while !rest.isEmpty {
                if take(end) { return }
                rest = rest.dropFirst()
            }
            throw Malformed()
        }

        private static func isSpace(_ byte: UInt8) -> Bool {
            byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09
        }
    }
}
