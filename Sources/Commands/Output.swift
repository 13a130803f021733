import Diagnostics
import FoundationEssentials
import Platform
private import Synchronization

/// What a command says: results on standard output, all else on standard error.
package final class Output: Sendable {
    private let results: Mutex<ByteWriter?>
    package let isQuiet: Bool
    package let isVerbose: Bool

    package init(isQuiet: Bool, isVerbose: Bool) {
        self.isQuiet = isQuiet
        self.isVerbose = isVerbose
        // Without a standard output there is nobody to read results.
        var writer: ByteWriter?
        if let standard = try? Descriptor.standard(1) { writer = ByteWriter(standard) }
        results = Mutex(writer)
    }

    /// A line of the result.
    package func line(_ text: String = "") {
        write(Array(text.utf8) + [UInt8(ascii: "\n")])
    }

    /// Bytes of the result, as they are.
    package func write(_ bytes: [UInt8]) {
        // A reader that has gone (`| head`) wants no more; that is no failure of the command.
        results.withLock { try? $0?.write(bytes) }
    }

    /// The result as JSON: keys sorted, one object or array, a newline at the end.
    package func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        write(json: Array(try encoder.encode(value)) + [UInt8(ascii: "\n")])
    }

    /// As `json`, an array of elements that come one after the other: the same bytes, and never all of them in memory.
    /// - Parameter fill: gives each element to the function that it is called with.
    func jsonArray<Element: Encodable>(of: Element.Type, _ fill: ((Element) throws -> Void) throws -> Void) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        var isEmpty = true
        try fill { element in
            var text = Array((isEmpty ? "[\n  " : ",\n  ").utf8)
            isEmpty = false
            // Newlines in strings are escaped, so each that is there begins a line.
            for byte in Array(try encoder.encode(element)) {
                text.append(byte)
                if byte == UInt8(ascii: "\n") { text += [UInt8(ascii: " "), UInt8(ascii: " ")] }
            }
            write(json: text)
        }
        if isEmpty { try json([Element]()) } else { write(Array("\n]\n".utf8)) }
    }

    /// As `json`, an object whose last key is a map of names to numbers that come one after the other: the same bytes, and
    /// never all of them in memory.
    /// - Parameters:
    ///   - value: the rest of the object, which is not empty.
    ///   - key: comes behind all others in the order of keys.
    ///   - fill: gives each name and number, in the order of the names, plain text, to the function that it is called with.
    func json(
        _ value: some Encodable, endingWith key: String, _ fill: ((String, Int64) -> Void) throws -> Void
    ) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let end = Array("\n}".utf8)
        write(json: try encoder.encode(value).dropLast(end.count) + Array(",\n  \"\(key)\" : {".utf8))
        var isEmpty = true
        try fill { name, number in
            write(Array("\(isEmpty ? "" : ",")\n    \"\(name)\" : \(number)".utf8))
            isEmpty = false
        }
        write(Array((isEmpty ? "\n\n  }\n}\n" : "\n  }\n}\n").utf8))
    }

    /// Text of JSON. The controls U+0080 to U+009F, which JSON lets stand in strings and some terminals obey, are escaped.
    package func write(json text: [UInt8]) {
        var escaped: [UInt8] = []
        escaped.reserveCapacity(text.count)
        var rest = text[...]
        while let start = rest.firstIndex(of: 0xc2) {
            escaped += rest[..<start]
            rest = rest[(start + 1)...]
            if let second = rest.first, (0x80...0x9f).contains(second) {
                escaped += Array("\\u00\(String(second, radix: 16))".utf8)
                rest = rest.dropFirst()
            } else {
                escaped.append(0xc2)
            }
        }
        write(escaped + rest)
    }

    /// A line for the person who waits; not with `--quiet`.
    package func message(_ text: String) {
        if !isQuiet { complain(text) }
    }

    /// A line for the person who asked for more.
    package func detail(_ text: String) {
        if isVerbose { complain(text) }
    }

    package func warning(_ text: String) {
        complain("warning: \(text)")
    }

    /// What went wrong, what is safe, and what to do next.
    package func error(_ explanation: Explanation) {
        flush()
        complain("error: \(explanation.what)")
        if let kept = explanation.kept { complain("kept: \(kept)") }
        for hint in explanation.hints { complain("hint: \(hint)") }
    }

    /// Sends the results that are still buffered.
    package func flush() {
        results.withLock { try? $0?.flush() }
    }

    private func complain(_ text: String) {
        Descriptor.writeToStandardError(text + "\n")
    }
}

/// What a person is told when something went wrong, in Git's manner: lower case, no full stop.
package struct Explanation: Equatable, Sendable {
    package let what: String
    /// What is safe, where data is at stake.
    package let kept: String?
    /// Commands that can be pasted, or what to look at.
    package let hints: [String]

    package init(_ what: String, kept: String? = nil, hints: [String] = []) {
        self.what = what
        self.kept = kept
        self.hints = hints
    }
}

/// An error that already has its words.
package struct CommandFailure: Error, Sendable {
    package let explanation: Explanation
    package let exitCode: ExitCode

    package init(_ what: String, kept: String? = nil, hints: [String] = [], exitCode: ExitCode = .fatal) {
        explanation = Explanation(what, kept: kept, hints: hints)
        self.exitCode = exitCode
    }
}

/// A program that was called has failed, and has told the user why.
struct SaidAlready: Error {}

/// A path in JSON: as text, and as base64 besides where it is not UTF-8.
package struct JSONPath {
    package let path: String
    package let pathBytes: String?

    package init(_ path: BytePath) {
        self.path = path.text
        pathBytes = path.isUTF8 ? nil : Data(path.bytes).base64EncodedString()
    }
}
