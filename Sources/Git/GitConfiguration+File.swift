extension GitConfiguration {
    /// Reads a file in Git's configuration syntax, without following its includes. Where a process of Git
    /// may be asked, `Git.configuration(of:)` does.
    ///
    /// Spec: git-config(1), "Syntax". Source: Git, `config.c`.
    /// - Returns: nil where Git would not read it.
    init?(file content: [UInt8]) {
        self.init()
        var syntax = Syntax(rest: content[...])
        guard syntax.read(into: &self) else { return nil }
    }

    private struct Syntax {
        var rest: ArraySlice<UInt8>
        /// `section.` or `section.subsection.`
        var section: [UInt8] = []

        /// A carriage return before a newline does not count, and the end of the file ends a line.
        mutating func next() -> UInt8 {
            guard let byte = rest.popFirst() else { return Self.newline }
            if byte == UInt8(ascii: "\r"), rest.first == Self.newline { return rest.removeFirst() }
            return byte
        }

        mutating func read(into configuration: inout GitConfiguration) -> Bool {
            let mark: [UInt8] = [0xef, 0xbb, 0xbf]
            if rest.starts(with: mark) { rest = rest.dropFirst(mark.count) }
            while !rest.isEmpty {
                let byte = next()
                switch byte {
                case _ where Self.isSpace(byte): continue
                case UInt8(ascii: "#"), UInt8(ascii: ";"):
                    while !rest.isEmpty, next() != Self.newline {}
                case UInt8(ascii: "["):
                    guard readSection() else { return false }
                default:
                    guard Self.isLetter(byte), readEntry(beginning: byte, into: &configuration) else { return false }
                }
            }
            return true
        }

        private mutating func readSection() -> Bool {
            section = []
            while true {
                let byte = next()
                if byte == UInt8(ascii: "]") {
                    defer { section.append(UInt8(ascii: ".")) }
                    return !section.isEmpty
                }
                if Self.isSpace(byte) { return readSubsection(after: byte) }
                guard Self.isKeyByte(byte) || byte == UInt8(ascii: ".") else { return false }
                section.append(Self.lowercase(byte))
            }
        }

        private mutating func readSubsection(after space: UInt8) -> Bool {
            var byte = space
            while Self.isSpace(byte) {
                if byte == Self.newline { return false }
                byte = next()
            }
            guard byte == UInt8(ascii: "\"") else { return false }
            section.append(UInt8(ascii: "."))
            while true {
                byte = next()
                if byte == UInt8(ascii: "\"") { break }
                if byte == UInt8(ascii: "\\") { byte = next() }
                if byte == Self.newline { return false }
                section.append(byte)
            }
            section.append(UInt8(ascii: "."))
            return next() == UInt8(ascii: "]")
        }

        private mutating func readEntry(beginning first: UInt8, into configuration: inout GitConfiguration) -> Bool {
            var key = section + [Self.lowercase(first)]
            var byte = next()
            while Self.isKeyByte(byte) {
                key.append(Self.lowercase(byte))
                byte = next()
            }
            while byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { byte = next() }
            if byte == Self.newline {
                configuration.append(nil, to: key)
                return true
            }
            guard byte == UInt8(ascii: "="), let value = readValue() else { return false }
            configuration.append(value, to: key)
            return true
        }

        private mutating func readValue() -> [UInt8]? {
            var value: [UInt8] = []
            var spaces = 0
            var isQuoted = false
            while true {
                var byte = next()
                if byte == Self.newline { return isQuoted ? nil : value }
                if !isQuoted {
                    if Self.isSpace(byte) {
                        if !value.isEmpty { spaces += 1 }
                        continue
                    }
                    if byte == UInt8(ascii: "#") || byte == UInt8(ascii: ";") {
                        while !rest.isEmpty, next() != Self.newline {}
                        return value
                    }
                }
                value += [UInt8](repeating: UInt8(ascii: " "), count: spaces)
                spaces = 0
                if byte == UInt8(ascii: "\"") {
                    isQuoted.toggle()
                    continue
                }
                if byte == UInt8(ascii: "\\") {
                    byte = next()
                    if byte == Self.newline { continue }
                    guard let escaped = Self.escapes[byte] else { return nil }
                    byte = escaped
                }
                value.append(byte)
            }
        }

        private static let newline = UInt8(ascii: "\n")
        private static let escapes: [UInt8: UInt8] = [
            UInt8(ascii: "t"): 9, UInt8(ascii: "b"): 8, UInt8(ascii: "n"): 10,
            UInt8(ascii: "\\"): UInt8(ascii: "\\"), UInt8(ascii: "\""): UInt8(ascii: "\""),
        ]

        private static func isSpace(_ byte: UInt8) -> Bool {
            byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d
        }

        private static func isLetter(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }

        private static func isKeyByte(_ byte: UInt8) -> Bool {
            isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
        }

        private static func lowercase(_ byte: UInt8) -> UInt8 {
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
        }
    }
}
