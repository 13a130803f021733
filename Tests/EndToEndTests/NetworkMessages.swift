import TestSupport

/// What is said where the network fails: it must be one clear message.
enum NetworkMessages {
    /// - Throws: `Unexpected` where a person would not know what has happened.
    static func check(_ outcome: Outcome) throws {
        let said = outcome.errorText
        func complain(_ why: String) throws { throw Unexpected("\(why)\n\(outcome.description)") }
        if ![0, 1, 128].contains(outcome.status) { try complain("status \(outcome.status)") }
        let lines = said.split(whereSeparator: \.isNewline)
        let errors = lines.filter { $0.hasPrefix("error:") || $0.hasPrefix("fatal:") }
        // One of ours, and one of Git's, which calls us.
        if errors.count > 2 { try complain("\(errors.count) errors are told of") }
        // Status 1 may be an answer, such as that of `fsck`, which stands on standard output.
        if outcome.status != 0, errors.isEmpty, outcome.status != 1 || outcome.text.isEmpty { try complain("it fails without an error") }
        if lines.count > 24 { try complain("too many words") }
        if said.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\n" && $0 != "\r" && $0 != "\t" }) { try complain("control characters") }
        for word in ["testsecret", "AWS4-HMAC", "Fatal error", "RemoteError(", "S3Failure", "Swift/", "Optional("] where said.contains(word) {
            try complain("it says '\(word)'")
        }
    }

    /// Without what differs from run to run.
    static func plain(_ outcome: Outcome) -> String {
        let text = outcome.status == 1 && !outcome.text.isEmpty ? outcome.text + outcome.errorText : outcome.errorText
        return text.replacing(/[0-9a-f]{64}/, with: "<oid>").replacing(/[0-9a-f]{40}/, with: "<hex>").replacing(/127\.0\.0\.1:[0-9]+/, with: "SERVER")
            .replacing(/network\/[0-9a-z]+/, with: "PLACE").replacing(/\/[^ ']*git-data-test-[0-9a-z]+/, with: "/…")
            .replacing(/[0-9a-f]{12}/, with: "<short>").replacing(/request [0-9A-Za-z-]+/, with: "request R")
            .replacing(/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]+Z/, with: "TIME").replacing(/[0-9a-f]{7}\.\.[0-9a-f]{7}/, with: "<a>..<b>")
    }
}
