import FoundationEssentials
import Inspection
import Platform

/// Text in which each line is a row of its own, so that rows of both sides can stand one behind the other.
enum RowFormat {
    case delimited
    case jsonLines

    /// Tells by the name, else by the content.
    /// - Returns: nil for other text.
    init?(path: BytePath, content: BytePath) throws(SystemError) {
        let name = String(decoding: path.bytes, as: UTF8.self).lowercased()
        if [".csv", ".tsv", ".psv"].contains(where: name.hasSuffix) {
            self = .delimited
        } else if [".jsonl", ".ndjson"].contains(where: name.hasSuffix) {
            self = .jsonLines
        } else {
            let count = FileKind.prefixByteCount
            let prefix = try ByteReader(Descriptor.open(content, .read)).read(count: count)
            switch FileKind(prefix: prefix, isWhole: prefix.count < count) {
            case .csv, .tsv: self = .delimited
            case .jsonLines: self = .jsonLines
            default: return nil
            }
        }
    }

    /// Whether no row of one side can be meant to be one of the other: they are not equal, and where the rows
    /// of the base have keys, so are these.
    func areDistinct(_ ours: [[UInt8]], _ theirs: [[UInt8]], base: BytePath) throws(SystemError) -> Bool {
        guard !ours.isEmpty, !theirs.isEmpty, isWhole(ours), isWhole(theirs) else { return false }
        let ownRows = Set(ours)
        guard !theirs.contains(where: ownRows.contains) else { return false }
        let ownKeys = Set(ours.compactMap(key))
        guard theirs.contains(where: { key($0).map(ownKeys.contains) ?? false }) else { return true }
        switch self {
        case .delimited: return try !hasDistinctKeys(base)
        case .jsonLines: return false
        }
    }

    /// Whether no quoted field goes on behind the last row.
    private func isWhole(_ rows: [[UInt8]]) -> Bool {
        guard case .delimited = self else { return true }
        return rows.reduce(0) { $0 + $1.count { $0 == UInt8(ascii: "\"") } } % 2 == 0
    }

    private struct Identified: Decodable {
        enum Value: Decodable {
            case text(String), number(Double)

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let text = try? container.decode(String.self) {
                    self = .text(text)
                } else {
                    self = .number(try container.decode(Double.self))
                }
            }

            var bytes: [UInt8] {
                switch self {
                case .text(let text): Array("\"\(text)".utf8)
                case .number(let number): Array("\(number)".utf8)
                }
            }
        }

        var id: Value?
        var _id: Value?
        var uuid: Value?
        var key: Value?
    }

    /// What may name the row among the others: the first field, or the member `id` and its like.
    private func key(_ row: [UInt8]) -> [UInt8]? {
        switch self {
        case .delimited: return Self.firstField(row)
        case .jsonLines:
            guard let found = try? JSONDecoder().decode(Identified.self, from: Data(row)) else { return nil }
            return (found.id ?? found._id ?? found.uuid ?? found.key)?.bytes
        }
    }

    private static let delimiters = Array(",\t;|".utf8)

    private static func firstField(_ row: [UInt8]) -> [UInt8] {
        guard row.first == UInt8(ascii: "\"") else { return Array(row.prefix { !delimiters.contains($0) && $0 != 13 }) }
        return Array(row.dropFirst().prefix { $0 != UInt8(ascii: "\"") })
    }

    /// Whether the first fields of a table tell its rows apart: two rows at least, and no field twice.
    private func hasDistinctKeys(_ table: BytePath) throws(SystemError) -> Bool {
        let reader = ByteReader(try Descriptor.open(table, .read), bufferSize: 1 << 18)
        var seen: Set<[UInt8]> = []
        while let row = try reader.read(until: UInt8(ascii: "\n")) {
            guard seen.insert(Self.firstField(row)).inserted else { return false }
        }
        return seen.count > 2
    }
}
