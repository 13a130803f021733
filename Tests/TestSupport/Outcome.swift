import Platform

/// What was expected did not happen.
package struct Unexpected: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// What a program did.
package struct Outcome {
    /// The command as one would type it.
    package let command: String
    package let ending: ChildProcess.Ending
    package let output: [UInt8]
    package let errors: [UInt8]

    package var text: String { String(decoding: output, as: UTF8.self) }
    package var errorText: String { String(decoding: errors, as: UTF8.self) }
    package var lines: [String] { text.split(separator: "\n").map(String.init) }
    /// The output without the line end.
    package var line: String { lines.first ?? "" }
    /// The records of output that `-z` separates.
    package var records: [BytePath] { output.split(separator: 0).map { BytePath(bytes: $0) } }

    package var status: Int32 {
        switch ending {
        case .exited(let status): status
        case .killed(let signal): 128 + signal
        }
    }

    /// Everything, for a message.
    package var description: String {
        "\(command)\n  ended with \(status)\n  output: \(Self.shortened(text))\n  errors: \(Self.shortened(errorText))"
    }

    private static func shortened(_ text: String) -> String {
        text.utf8.count < 4000 ? text : "\(text.prefix(2000)) … \(text.suffix(2000))"
    }

    /// - Throws: `Unexpected` where the program ended with another status.
    @discardableResult
    package func expecting(_ status: Int32) throws -> Outcome {
        guard self.status == status else { throw Unexpected("\(description)\n  expected: status \(status)") }
        return self
    }
}
