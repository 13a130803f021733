import Platform

extension GitConfiguration {
    /// Reads a file in Git's configuration syntax, without following its includes. Where a process of Git
    /// may be asked, `Git.configuration(of:)` does.
    /// - Returns: nil where Git would not read it.
    init?(file content: [UInt8]) {
        self.init()
        let file = ConfigurationFile(content)
        guard file.malformedLine == nil else { return nil }
        for entry in file.entries { append(entry.givenValue, to: Array(entry.key.bytes)) }
    }
}

/// A file in Git's configuration syntax with the line of each entry, for who has to say where in it something is wrong.
/// Includes are not followed.
///
/// Spec: git-config(1), "Syntax". Source: Git, `config.c`.
package struct ConfigurationFile: Sendable {
    package struct Entry: Equatable, Sendable {
        /// In Git's canonical form: `section.key` or `section.subsection.key`.
        package let key: BytePath
        /// nil for a key without `=`, which is the same as `true`.
        let givenValue: [UInt8]?
        /// Where the entry begins, from 1 on.
        package let line: Int

        /// The value; paths need not be UTF-8.
        package var value: BytePath { BytePath(bytes: givenValue ?? Array("true".utf8)) }
    }

    /// In the order of the file, up to the line that Git would not read.
    package private(set) var entries: [Entry] = []
    /// The line that Git would not read, from 1 on; nil where it would read all.
    package private(set) var malformedLine: Int?

    package init(_ content: [UInt8]) {
        var syntax = Syntax(rest: content[...])
        if !syntax.read(into: &entries) { malformedLine = syntax.line }
    }

    private struct Syntax {
        var rest: ArraySlice<UInt8>
        /// The line that `rest` begins in; while an entry is read, the one that it began in.
        var line = 1
        private var newlines = 0
        /// `section.` or `section.subsection.`
        var section: [UInt8] = []

        init(rest: ArraySlice<UInt8>) {
            self.rest = rest
        }

        /// A carriage return before a newline does not count, and the end of the file ends a line.
        mutating func next() -> UInt8 {
            guard var byte = rest.popFirst() else { return Self.newline }
            if byte == UInt8(ascii: "\r"), rest.first == Self.newline { byte = rest.removeFirst() }
            if byte == Self.newline { newlines += 1 }
            return byte
        }

        mutating func read(into entries: inout [Entry]) -> Bool {
            let mark: [UInt8] = [0xef, 0xbb, 0xbf]
            if rest.starts(with: mark) { rest = rest.dropFirst(mark.count) }
            while !rest.isEmpty {
                line = newlines + 1
                let byte = next()
                switch byte {
                case _ where Self.isSpace(byte): continue
                case UInt8(ascii: "#"), UInt8(ascii: ";"):
                    while !rest.isEmpty, next() != Self.newline {}
                case UInt8(ascii: "["):
                    guard readSection() else { return false }
                default:
                    guard Self.isLetter(byte), readEntry(beginning: byte, into: &entries) else { return false }
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

        private mutating func readEntry(beginning first: UInt8, into entries: inout [Entry]) -> Bool {
            var key = section + [Self.lowercase(first)]
            var byte = next()
            while Self.isKeyByte(byte) {
                key.append(Self.lowercase(byte))
                byte = next()
            }
            while byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { byte = next() }
            if byte == Self.newline {
                entries.append(Entry(key: BytePath(bytes: key), givenValue: nil, line: line))
                return true
            }
            guard byte == UInt8(ascii: "="), let value = readValue() else { return false }
            entries.append(Entry(key: BytePath(bytes: key), givenValue: value, line: line))
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
