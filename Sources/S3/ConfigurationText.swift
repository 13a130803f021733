/// What a file in the syntax of the AWS tools says: sections of keys and values, where a value may be a
/// block of keys of its own. It is read exactly as those tools read it: comments only on lines of their
/// own, no quotes, continued lines by their indentation, nothing twice.
///
/// Source: Python, `configparser.RawConfigParser`; botocore, `configloader.raw_config_parse`.
struct ConfigurationText: Equatable, Sendable {
    enum Value: Equatable, Sendable {
        case text(String)
        /// An indented block, as `s3 =` has one.
        case block([String: String])
    }

    /// Why a text says nothing.
    struct Malformed: Error, Equatable {
        /// Counted from 1.
        let line: Int
        let reason: String
    }

    private(set) var sections: [String: [String: Value]] = [:]

    init() {}

    init(_ text: String) throws(Malformed) {
        var reader = Reader()
        for (index, line) in Self.lines(text).enumerated() {
            do throws(Reader.Reason) { try reader.take(line) } catch {
                throw Malformed(line: index + 1, reason: error.text)
            }
        }
        let defaults = reader.sections.removeValue(forKey: "DEFAULT") ?? [:]
        for (name, own) in reader.sections {
            sections[name] = [:]
            for (key, option) in defaults.merging(own, uniquingKeysWith: { $1 }) {
                sections[name]?[key] = try Self.value(option)
            }
        }
    }

    private static func lines(_ text: String) -> [Substring.UnicodeScalarView] {
        var lines: [Substring.UnicodeScalarView] = []
        var rest = Substring(text).unicodeScalars
        while let end = rest.firstIndex(where: { $0 == "\n" || $0 == "\r" }) {
            lines.append(rest[..<end])
            let isPair = rest[end] == "\r" && rest[rest.index(after: end)...].first == "\n"
            rest = rest[rest.index(end, offsetBy: isPair ? 2 : 1)...]
        }
        return lines + [rest]
    }

    private static func value(_ option: Reader.Option) throws(Malformed) -> Value {
        var lines = option.lines
        while lines.count > 1, lines.last == "" { lines.removeLast() }
        guard lines.count > 1, lines[0].isEmpty else { return .text(lines.joined(separator: "\n")) }
        var block: [String: String] = [:]
        for line in lines.dropFirst() where !line.isEmpty {
            let scalars = Substring(line).unicodeScalars
            guard let sign = scalars.firstIndex(of: "=") else {
                throw Malformed(line: option.line, reason: "a line of the block has no '='")
            }
            block[trimmed(scalars[..<sign])] = trimmed(scalars[scalars.index(after: sign)...])
        }
        return .block(block)
    }

    private static func trimmed(_ text: Substring.UnicodeScalarView) -> String {
        var text = text.drop { $0.properties.isWhitespace }
        while let last = text.last, last.properties.isWhitespace { text.removeLast() }
        return String(text)
    }

    /// Takes line after line.
    private struct Reader {
        struct Reason: Error { let text: String }

        struct Option {
            let line: Int
            var lines: [String]
        }

        var sections: [String: [String: Option]] = [:]
        private var section: String?
        private var key: String?
        private var indentation = 0
        private var lineNumber = 0

        mutating func take(_ line: Substring.UnicodeScalarView) throws(Reason) {
            lineNumber += 1
            let indented = line.prefix { $0.properties.isWhitespace }.count
            let value = ConfigurationText.trimmed(line)
            if value.hasPrefix("#") || value.hasPrefix(";") { return }
            if value.isEmpty {
                if let section, let key { sections[section]?[key]?.lines.append("") }
                return
            }
            if let section, let key, indented > indentation {
                sections[section]?[key]?.lines.append(value)
                return
            }
            indentation = indented
            if let name = Self.header(value) {
                guard sections[name] == nil || name == "DEFAULT" else { throw Reason(text: "section [\(name)] is there twice") }
                sections[name] = sections[name] ?? [:]
                (section, key) = (name, nil)
            } else {
                try takeOption(value)
            }
        }

        private static func header(_ value: String) -> String? {
            let scalars = value.unicodeScalars
            guard scalars.first == "[", let end = scalars.lastIndex(of: "]") else { return nil }
            let name = scalars[scalars.index(after: scalars.startIndex)..<end]
            return name.isEmpty ? nil : String(name)
        }

        private mutating func takeOption(_ text: String) throws(Reason) {
            guard let section else { throw Reason(text: "a setting stands before the first section") }
            let scalars = Substring(text).unicodeScalars
            guard let sign = scalars.firstIndex(where: { $0 == "=" || $0 == ":" }) else {
                throw Reason(text: "a line has no '='")
            }
            let name = ConfigurationText.trimmed(scalars[..<sign]).lowercased()
            guard !name.isEmpty else { throw Reason(text: "a line has no name before its '='") }
            guard sections[section]?[name] == nil else { throw Reason(text: "\(name) is there twice in [\(section)]") }
            let value = ConfigurationText.trimmed(scalars[scalars.index(after: sign)...])
            sections[section]?[name] = Option(line: lineNumber, lines: [value])
            key = name
        }
    }
}
