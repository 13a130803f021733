import Platform

/// What a shell can offer where a value is expected.
package enum Completion: Equatable, Sendable {
    case nothing, files, folders
    case words([String])
    /// The names of the commands themselves.
    case commands
    case dataRemotes, gitRemotes, revisions
}

/// How the bytes of an argument become a value.
package struct ValueParser<Parsed: Sendable>: Sendable {
    /// What is expected, for the message when it is not there: `a whole number`.
    let expectation: String
    let completion: Completion
    /// nil for what is no such value.
    let parse: @Sendable (BytePath) -> Parsed?

    package init(
        expecting expectation: String, completion: Completion = .nothing,
        _ parse: @escaping @Sendable (BytePath) -> Parsed?
    ) {
        self.expectation = expectation
        self.completion = completion
        self.parse = parse
    }

    func syntax(named name: String) -> ValueSyntax {
        let parse = self.parse
        return ValueSyntax(
            name: name, expectation: expectation, completion: completion, accepts: { parse($0) != nil })
    }
}

/// A value as parser and texts see it, without its type.
package struct ValueSyntax: Sendable {
    /// In capitals, as the texts have it.
    let name: String
    let expectation: String
    let completion: Completion
    let accepts: @Sendable (BytePath) -> Bool
}

extension ValueParser<BytePath> {
    /// Bytes of any meaning.
    package static var bytes: Self { .bytes(.nothing) }
    package static var path: Self { .bytes(.files) }
    package static var folder: Self { .bytes(.folders) }
    package static var dataRemote: Self { .bytes(.dataRemotes) }
    package static var gitRemote: Self { .bytes(.gitRemotes) }
    package static var revision: Self { .bytes(.revisions) }

    package static func bytes(_ completion: Completion) -> Self {
        ValueParser(expecting: "a value", completion: completion) { $0.isEmpty ? nil : $0 }
    }
}

extension ValueParser<String> {
    /// Text for people or for a configuration file: must be UTF-8 and not empty.
    package static var text: Self { .text(.nothing) }

    package static func text(_ completion: Completion) -> Self {
        ValueParser(expecting: "text in UTF-8", completion: completion) { $0.isUTF8 && !$0.isEmpty ? $0.text : nil }
    }
}

extension ValueParser<Int> {
    /// Zero or more, in decimal digits alone.
    package static var wholeNumber: Self {
        ValueParser(expecting: "a whole number") { argument in
            guard !argument.isEmpty, argument.bytes.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
            else { return nil }
            return Int(argument.text)
        }
    }
}

extension ValueParser<Double> {
    /// Zero or more, such as `0.05` or `1e-6`.
    package static var fraction: Self {
        ValueParser(expecting: "a number such as 0.05") { argument in
            guard argument.isUTF8, let number = Double(argument.text), number.isFinite, number >= 0 else { return nil }
            return number
        }
    }
}

extension ValueParser<Int64> {
    /// A size in bytes: `4096`, `500k`, `10M`, `10MB`, `1.5GiB`.
    package static var byteCount: Self {
        ValueParser(expecting: "a size such as 500k, 10M or 1GiB") { ByteCountText.parse($0.bytes) }
    }
}

extension ValueParser where Parsed: CaseIterable & RawRepresentable, Parsed.RawValue == String {
    /// One of the raw values.
    package static var choice: Self {
        let words = Parsed.allCases.map(\.rawValue)
        return ValueParser(expecting: words.joined(separator: ", "), completion: .words(words)) { argument in
            argument.isUTF8 ? Parsed(rawValue: argument.text) : nil
        }
    }
}
