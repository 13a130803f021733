import FoundationEssentials
@testable import Lineage
@testable import Inspection

/// Files of values, beside Foundation where that reads the same.
extension FuzzTarget {
    static let valueTargets = [json, yaml, toml, flat, tables]

    private static let json = FuzzTarget(
        name: "json", sources: ["Lineage/Values/JSONText.swift", "Lineage/Values/ValueCursor.swift", "Lineage/Values/ValueFile.swift", "Inspection/JSONScanner.swift"],
        words: [
            "{\"a\":", "[", "]", "}", "null", "true", "false", "NaN", "-Infinity", "1e400", "-0", "9223372036854775808", "\\ud83d\\ude00", "\\ud800", "\\u0000",
            "0.1", ",", "\u{feff}", "\n",
        ]
    ) { input in
        let ours = try? ValueFile.parse(input, .json)
        _ = try? ValueFile.parse(input, .jsonLines)
        var scanner = JSONScanner(input[...])
        let outcome = scanner.skipValue()
        scanner.skipSpace()
        if let ours {
            check(ours)
            let isExtended = input.contains { $0 == UInt8(ascii: "N") || $0 == UInt8(ascii: "I") }
            // A bare word at the end might go on.
            require(isExtended || outcome != .invalid || input.starts(with: [0xef]), "the scanner refuses what the reader takes")
            compare(ours, with: input)
        } else if let theirs = JSONValue(json: input), String(validating: input, as: UTF8.self) != nil, !input.starts(with: [0xef, 0xbb, 0xbf]), !input.contains(0) {
            require(isDeep(input) || hasTrailingComma(input), "a reader refuses what Foundation takes: \(theirs)")
        }
    }

    private static let yaml = FuzzTarget(
        name: "yaml", sources: ["Lineage/Values/YAMLText.swift", "Lineage/Values/YAMLText+Flow.swift", "Lineage/Values/YAMLText+Scalars.swift"],
        words: [
            "a: ", "- ", "\n  ", "|\n", ">-\n", "'", "\"", "{", "}", "[", "]", ", ", "? ", "# ", "---\n", "...\n", "&x", "*x", "<<: ", "!!str ", "~", "0o17", "0x1f",
            ".inf", "1_000", "2026-01-02", "yes", "%YAML 1.2\n", "\\x41", "|2+\n",
        ]
    ) { input in
        check(try ValueFile.parse(input, .yaml))
    }

    private static let toml = FuzzTarget(
        name: "toml", sources: ["Lineage/Values/TOMLText.swift", "Lineage/Values/TOMLText+Words.swift"],
        words: [
            "a = ", "[a]\n", "[[a]]\n", "a.b = ", "\"\"\"", "'''", "{", "}", "[", "]", ", ", "0x1f", "0b1", "1e5", "inf", "nan", "1979-05-27T07:32:00Z", "07:32:00",
            "\\u0041", "\\U0001F600", "true", "\n", "# ", "1_000", "\\\n",
        ]
    ) { input in
        check(try ValueFile.parse(input, .toml))
    }

    private static let flat = FuzzTarget(
        name: "flat", sources: ["Lineage/Values/FlatText.swift"],
        words: ["export A=", "[a]\n", "a = b\n", "\\\n", "\"", "'", "$A", "${A}", "# ", "; ", ": ", "\\u0041", "!", " = ", "\r\n", "%(a)s"]
    ) { input in
        guard let parts = ChosenInput(input, of: 3) else { return }
        check(try ValueFile.parse(parts.bytes, [.environment, .sections, .properties][parts.choice]))
    }

    private static let tables = FuzzTarget(
        name: "tables", sources: ["Lineage/Values/TableText.swift", "Inspection/DelimitedReader.swift"],
        words: ["a,b\n", "1,2\n", "\"\"", "\"a\nb\"", "\t", "\r\n", "NaN", "1e5", "\u{feff}", ",,"]
    ) { input in
        guard let parts = ChosenInput(input, of: 2) else { return }
        var reader = DelimitedReader(parts.bytes[...], delimiter: UInt8(ascii: ","), isWhole: true)
        while reader.nextFieldCount() != nil {}
        check(try ValueFile.parse(parts.bytes, [.csv, .tsv][parts.choice]))
    }

    /// What is done with any value that was read.
    private static func check(_ value: JSONValue) {
        let line = CanonicalJSON.line(value)
        require(!line.isEmpty, "a value that cannot be written")
        guard let again = JSONValue(json: line) else { return require(false, "a value that was written cannot be read") }
        require(CanonicalJSON.line(again) == line, "a value is another one when it is read again: \(String(decoding: line, as: UTF8.self))")
        for leaf in ValueFile.flattened(value, longestList: 64).prefix(64) {
            require(ValueFile.value(at: leaf.key, in: value) != nil, "a value is not where it is said to be: \(leaf.key)")
            if let number = leaf.value.double { _ = NumberText.text(number) }
        }
        let leaves = ValueLeaf.all(of: value, longestList: 8)
        _ = leaves.map { $0.isUnder("a") }
        require(value.isSame(as: value), "a value is not the same as itself")
    }

    /// Whether both read the same, where Foundation reads it at all.
    private static func compare(_ ours: JSONValue, with input: [UInt8]) {
        guard let theirs = JSONValue(json: input) else { return }
        // Foundation reads `64.0` as an integer.
        require(ours.isSame(as: theirs) || CanonicalJSON.line(ours) == CanonicalJSON.line(theirs) || input.contains(UInt8(ascii: "\\")) || hasTwins(input) || hasLongNumber(input), "a reader reads \(ours), and Foundation \(theirs)")
    }

    /// Whether a key may stand twice, of which each reader takes another one.
    private static func hasTwins(_ input: [UInt8]) -> Bool { input.count { $0 == UInt8(ascii: ":") } > 1 }

    /// Whether there may be a number that no floating-point number holds exactly: it is a text here.
    private static func hasLongNumber(_ input: [UInt8]) -> Bool { input.split { !$0.isDigit }.contains { $0.count > 15 } }

    /// Whether a list or object may end in a comma, which RFC 8259 knows nothing of and Foundation takes.
    private static func hasTrailingComma(_ input: [UInt8]) -> Bool {
        let marks = input.filter { ![0x20, 9, 10, 13].contains($0) }
        return zip(marks, marks.dropFirst()).contains { $0 == UInt8(ascii: ",") && ($1 == UInt8(ascii: "]") || $1 == UInt8(ascii: "}")) }
    }

    /// Whether it is nested more deeply than values may be.
    private static func isDeep(_ input: [UInt8]) -> Bool {
        input.count { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") } > ValueFile.maximumDepth
    }
}
