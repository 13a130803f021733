import Diagnostics
import FoundationEssentials

/// What differs between the workflows of two repositories.
struct IntegrationSettings {
    /// The branch whose results are checked at each push.
    var branch = "main"
    /// The URL of the sources of git data; empty where only the service's variable tells it.
    var source = ""
    /// The tag or commit of the sources.
    var reference = "v\(Version.current)"

    /// The first line of what is written.
    static let mark = "# Written by git data ci init, and yours to change."

    /// Lines of a block of YAML; empty ones stay empty.
    static func indented(_ text: String, by count: Int) -> String {
        let space = String(repeating: " ", count: count)
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : space + $0 }
            .joined(separator: "\n")
    }

    /// Text in double quotes, as YAML has it in common with JSON.
    static func quoted(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}
