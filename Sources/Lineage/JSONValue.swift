private import FoundationEssentials

/// A value of JSON, as it stands in records: metrics, parameters, environments.
///
/// Spec: RFC 8259.
package enum JSONValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    /// Reads JSON text.
    /// - Returns: nil where it is none.
    package init?(json: [UInt8]) {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        guard let value = try? decoder.decode(JSONValue.self, from: Data(json)) else { return nil }
        self = value
    }

    /// The value at a path of keys, or of positions in a list.
    package subscript(_ path: [String]) -> JSONValue? {
        var value = self
        for key in path {
            switch value {
            case .object(let members):
                guard let member = members[key] else { return nil }
                value = member
            case .list(let elements):
                guard let position = Int(key), elements.indices.contains(position) else { return nil }
                value = elements[position]
            default: return nil
            }
        }
        return value
    }

    /// The number that this is.
    package var double: Double? {
        switch self {
        case .integer(let integer): Double(integer)
        case .number(let number): number
        default: nil
        }
    }

    /// As a person reads it in a table: text without quotes, anything else as JSON.
    package var description: String {
        if case .text(let text) = self { return text }
        return String(decoding: CanonicalJSON.line(self), as: UTF8.self)
    }
}

extension JSONValue: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        // Whole numbers are read as integers, and are written as such: `1e+17` would come back as 100000000000000000.
        case .number(let value): if let whole = Int64(exactly: value) { try container.encode(whole) } else { try container.encode(value) }
        case .text(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

/// JSON of which the same value has the same bytes, wherever it is written: keys sorted, numbers that JSON does not
/// have (NaN, infinities) as text.
package enum CanonicalJSON {
    /// For files that people read and Git merges: one member to a line, a newline at the end.
    package static func text(_ value: some Encodable) -> [UInt8] {
        encoded(value, [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]) + [UInt8(ascii: "\n")]
    }

    /// For digests: one line, no spaces.
    package static func line(_ value: some Encodable) -> [UInt8] {
        encoded(value, [.sortedKeys, .withoutEscapingSlashes])
    }

    private static func encoded(_ value: some Encodable, _ formatting: JSONEncoder.OutputFormatting) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = formatting
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        // Nothing else that is encoded here can fail: no dates, no data, no own errors.
        return (try? encoder.encode(value)).map { [UInt8]($0) } ?? []
    }
}
