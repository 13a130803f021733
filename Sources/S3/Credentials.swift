/// What requests are signed with.
struct Credentials: Equatable, Sendable {
    let accessKeyID: String
    let secretAccessKey: String
    /// What temporary credentials come with.
    var sessionToken: String?
    /// When they stop being good; nil for those that last.
    var expiry: UTCTime?
    /// Where they were found, for messages: `the environment`.
    var origin = ""
}

extension Credentials: CustomStringConvertible {
    /// Without what is secret.
    var description: String { "credentials \(accessKeyID)" }
}
