extension FileKind {
    /// What is left when no signature fits: a kind of text, or bytes.
    static func byText(_ prefix: [UInt8], isWhole: Bool) -> FileKind {
        if prefix.isEmpty { return isWhole ? .empty : .binary }
        if prefix.starts(with: [0xff, 0xfe]) || prefix.starts(with: [0xfe, 0xff]) { return utf16(prefix) }
        guard !prefix.contains(where: isNoText) else { return .binary }
        let text = withoutMark(prefix[...])
        if let kind = structured(text, isWhole: isWhole) { return kind }
        switch tableDelimiter(text, isWhole: isWhole) {
        case nil: return .text
        case 9: return .tsv
        default: return .csv
        }
    }

    /// The text without a byte order mark.
    static func withoutMark(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        text.starts(with: [0xef, 0xbb, 0xbf]) ? text.dropFirst(3) : text
    }

    /// What stands between the fields of a table; nil where the text is none.
    static func tableDelimiter(_ text: ArraySlice<UInt8>, isWhole: Bool) -> UInt8? {
        [UInt8(ascii: ","), 9, UInt8(ascii: ";"), UInt8(ascii: "|")].first { isTable(text, delimiter: $0, isWhole: isWhole) }
    }

    /// A control character that no text has. Tabulators, line ends, form feeds and escapes occur in it.
    private static func isNoText(_ byte: UInt8) -> Bool {
        byte < 0x20 ? ![0x08, 0x09, 0x0a, 0x0c, 0x0d, 0x1b].contains(byte) : byte == 0x7f
    }

    private static func utf16(_ prefix: [UInt8]) -> FileKind {
        let isLittle = prefix[0] == 0xff
        var cursor = ByteCursor(prefix.dropFirst(2))
        var count = 0
        while let unit = isLittle ? cursor.little(UInt16.self) : cursor.big(UInt16.self) {
            if unit <= 0xff, isNoText(UInt8(unit)) { return .binary }
            count += 1
        }
        return count > 0 ? .text : .binary
    }

    /// JSON, or a line of JSON for each record.
    private static func structured(_ text: ArraySlice<UInt8>, isWhole: Bool) -> FileKind? {
        var scanner = JSONScanner(text)
        scanner.skipSpace()
        guard scanner.rest.first.map(isOpening) == true else { return nil }
        switch scanner.skipValue() {
        case .invalid: return nil
        case .incomplete: return isWhole ? nil : .json
        case .complete: break
        }
        let line = scanner.rest.prefix { $0 != UInt8(ascii: "\n") }
        let isEnded = line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
        scanner.skipSpace()
        guard let next = scanner.rest.first else { return .json }
        return isEnded && isOpening(next) ? .jsonLines : nil
    }

    private static func isOpening(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
    }

    /// Whether all of the first records have the same number of fields, two or more.
    private static func isTable(_ text: ArraySlice<UInt8>, delimiter: UInt8, isWhole: Bool) -> Bool {
        var reader = DelimitedReader(text, delimiter: delimiter, isWhole: isWhole)
        guard let width = reader.nextFieldCount(), width >= 2, reader.nextFieldCount() == width else { return false }
        for _ in 0..<20 {
            guard let count = reader.nextFieldCount() else { return !reader.isDamaged }
            if count != width { return false }
        }
        return true
    }
}
