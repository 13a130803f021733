import Platform

/// Files of metrics and parameters: what is in them, whatever they are written in.
///
/// What a file says is never guessed at: what these readers do not understand they refuse, with the line. Files of
/// programs, such as Python's, are no files of values.
package enum ValueFile {
    /// How a file is written, which its name tells.
    package enum Kind: String, CaseIterable, Sendable {
        case json
        /// One JSON value to a line; the last one counts.
        case jsonLines
        case csv, tsv
        case yaml, toml
        /// `.env`, `.ini`, `.properties`: `key = value`.
        case environment, sections, properties

        /// - Returns: nil where the name tells nothing that is known here.
        package init?(_ path: BytePath) {
            let name = path.lastComponent.text.lowercased()
            if name == ".env" || name.hasPrefix(".env.") {
                self = .environment
                return
            }
            guard let dot = name.lastIndex(of: ".") else { return nil }
            switch name[dot...].dropFirst() {
            case "json", "ipynb": self = .json
            case "jsonl", "ndjson": self = .jsonLines
            case "csv": self = .csv
            case "tsv", "tab": self = .tsv
            case "yaml", "yml": self = .yaml
            case "toml": self = .toml
            case "env": self = .environment
            case "ini", "cfg", "conf": self = .sections
            case "properties": self = .properties
            default: return nil
            }
        }
    }

    /// Longer files are refused, in bytes.
    package static let maximumByteCount = 16 << 20
    /// More deeply nested files are refused.
    package static let maximumDepth = 64

    /// Reads a file of values.
    ///
    /// A table (CSV, TSV) of two columns, of which the first has another text in each row, gives the values of the second
    /// by the first; any other table gives its last row by column, as of a training log.
    /// - Parameter path: whose name tells how it is written; also for the error.
    /// - Throws: `.values`, with the line where one is to blame.
    package static func parse(_ content: [UInt8], path: BytePath) throws(LineageError) -> JSONValue {
        guard let kind = Kind(path) else {
            throw .values(path, reason: "its name does not say how it is written; .json, .jsonl, .csv, .tsv, .yaml, .toml, .ini, .properties and .env are known")
        }
        do throws(ValueError) {
            return try parse(content, kind)
        } catch {
            throw .values(path, reason: error.line.map { "line \($0): \(error.reason)" } ?? error.reason)
        }
    }

    static func parse(_ content: [UInt8], _ kind: Kind) throws(ValueError) -> JSONValue {
        guard content.count <= maximumByteCount else {
            throw ValueError(line: nil, "it is longer than \(maximumByteCount >> 20) MiB")
        }
        let mark: [UInt8] = [0xef, 0xbb, 0xbf]
        let text = content.starts(with: mark) ? Array(content.dropFirst(mark.count)) : content
        guard String(validating: text, as: UTF8.self) != nil else { throw ValueError(line: nil, "it is not UTF-8") }
        switch kind {
        case .json: return try JSONText.parse(text)
        case .jsonLines: return try JSONText.parseLastLine(text)
        case .csv: return try TableText.parse(text, delimiter: UInt8(ascii: ","))
        case .tsv: return try TableText.parse(text, delimiter: UInt8(ascii: "\t"))
        case .yaml: return try YAMLText.parse(text)
        case .toml: return try TOMLText.parse(text)
        case .environment, .sections, .properties: return try FlatText.parse(text, kind)
        }
    }

    /// The value that a key names: keys and positions with dots between them, such as `layers.0.width`. Keys that contain
    /// dots themselves are found too. The empty key names the whole.
    package static func value(at key: String, in value: JSONValue) -> JSONValue? {
        guard !key.isEmpty else { return value }
        // By bytes: a dot and what combines with it are one character.
        let parts = key.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return find(parts.map { Substring($0) }[...], in: value)
    }

    private static func find(_ parts: ArraySlice<Substring>, in value: JSONValue) -> JSONValue? {
        guard let first = parts.first else { return value }
        switch value {
        case .object(let members):
            var key = String(first)
            var rest = parts.dropFirst()
            while true {
                if let member = members[key], let found = find(rest, in: member) { return found }
                guard let next = rest.popFirst() else { return nil }
                key += "." + next
            }
        case .list(let elements):
            guard let position = Int(first), elements.indices.contains(position) else { return nil }
            return find(parts.dropFirst(), in: elements[position])
        default: return nil
        }
    }

    /// The numbers, texts and truth values in a value, each with the key that names it, in the order of the keys; of
    /// lists, in the order of the elements.
    /// - Parameter longestList: longer lists are left out: they are curves and the like, not single values.
    package static func flattened(_ value: JSONValue, longestList: Int = .max) -> [(key: String, value: JSONValue)] {
        var leaves: [(key: String, value: JSONValue)] = []
        // The whole has no key; the empty one may be that of a member.
        func collect(_ value: JSONValue, _ key: String?) {
            func under(_ part: String) -> String { key.map { "\($0).\(part)" } ?? part }
            switch value {
            case .null: break
            case .boolean, .integer, .number, .text: leaves.append((key ?? "", value))
            case .list(let elements):
                guard elements.count <= longestList else { return }
                for (position, element) in elements.enumerated() { collect(element, under("\(position)")) }
            case .object(let members):
                for (name, member) in members.sorted(by: { $0.key < $1.key }) { collect(member, under(name)) }
            }
        }
        collect(value, nil)
        return leaves
    }
}

/// What is wrong in a file of values.
struct ValueError: Error, Equatable {
    /// From 1 on; nil where it is the whole file.
    let line: Int?
    /// In words: lower case, no full stop.
    let reason: String

    init(line: Int?, _ reason: String) {
        self.line = line
        // What it quotes may be long, and may hold anything.
        let isControl: (Unicode.Scalar) -> Bool = { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) }
        let cut = reason.count > 200 ? reason.prefix(200) + "…" : reason[...]
        self.reason = String(String.UnicodeScalarView(cut.unicodeScalars.map { isControl($0) ? "\u{fffd}" : $0 }))
    }
}
