import Platform

/// What is in a data file: facts of the whole, and those of its parts, the columns of a table or the tensors
/// of a model. All text in it is safe for a terminal.
package struct DataSummary: Equatable, Sendable {
    /// Something that is known, under a name: `rows: 1000`.
    package struct Fact: Equatable, Sendable {
        package let name: String
        package let value: Value

        init(_ name: String, _ value: Value) {
            self.name = name
            self.value = value
        }

        init(_ name: String, _ value: some BinaryInteger) { self.init(name, .integer(Int64(clamping: value))) }
        init(_ name: String, _ value: String) { self.init(name, .text(value)) }
    }

    package enum Value: Equatable, Sendable {
        case integer(Int64)
        case number(Double)
        case text(String)
        case shape([Int])
    }

    /// A column, a tensor, a member of an archive.
    package struct Part: Equatable, Sendable {
        package enum Group: String, Sendable {
            case column, tensor, input, output, member
        }

        package let group: Group
        package let name: String
        package var facts: [Fact]
        /// Where the part's own bytes are, of which kind its elements.
        var content: Content?

        init(_ group: Group, _ name: String, _ facts: [Fact]) {
            self.group = group
            self.name = name
            self.facts = facts
        }
    }

    /// Where a part lies in the file, plain.
    struct Content: Equatable, Sendable {
        let offset: Int64
        let byteCount: Int64
        /// nil for bytes that are no numbers.
        var element: ElementType?
    }

    package let kind: FileKind
    package var facts: [Fact] = []
    /// In the order of the file, `partLimit` of them at most.
    package var parts: [Part] = []
    /// How many parts there are beyond those in `parts`.
    package var omittedPartCount = 0
    /// What is wrong with the file, as far as that was noticed.
    package var damage: String?

    /// More are counted, not listed.
    static let partLimit = 10_000

    init(kind: FileKind) {
        self.kind = kind
    }

    mutating func add(_ part: Part) {
        if parts.count < Self.partLimit { parts.append(part) } else { omittedPartCount += 1 }
    }

    mutating func add(_ name: String, _ value: some BinaryInteger) { facts.append(Fact(name, value)) }
    mutating func add(_ name: String, _ value: String) { facts.append(Fact(name, value)) }
}

extension DataSummary.Value {
    /// A number with six significant digits, for what is computed.
    package static func rounded(_ number: Double) -> Self { .number(SafeText.rounded(number)) }
}

extension DataSummary.Value: CustomStringConvertible {
    package var description: String {
        switch self {
        case .integer(let integer): "\(integer)"
        case .number(let number): SafeText.number(number)
        case .text(let text): text
        case .shape([]): "single value"
        case .shape(let sizes): sizes.map(String.init).joined(separator: " × ")
        }
    }
}

extension DataSummary.Fact: CustomStringConvertible {
    /// As it stands among others of a part: `mean 43.2`, and what a thing is without a name.
    package var description: String {
        switch name {
        case "type", "shape": value.description
        default: "\(name) \(value)"
        }
    }
}

extension DataSummary.Part: CustomStringConvertible {
    package var description: String {
        "\(group.rawValue) \(name)" + (facts.isEmpty ? "" : ": " + facts.map(\.description).joined(separator: ", "))
    }
}

extension DataSummary {
    /// One line for each fact and each part, stable from version to version of a file, so that lines of two
    /// summaries can be compared.
    package var lines: [String] {
        var lines = facts.map { "\($0.name): \($0.value)" }
        // The one array of a file has no name, and its facts are the file's.
        for part in parts { lines += part.name.isEmpty ? part.facts.map { "\($0.name): \($0.value)" } : [part.description] }
        if omittedPartCount > 0 { lines.append("and \(omittedPartCount) more") }
        if let damage { lines.append("damaged: \(damage)") }
        return lines
    }
}
