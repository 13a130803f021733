import Digest

/// What one question about a remote has shown: `Remote.examine` asks them all.
package struct RemoteFinding: Equatable, Sendable {
    /// What was asked. The raw values are stable: they are in the agent's messages and in JSON.
    package enum Subject: String, CaseIterable, Sendable {
        /// Where the remote is, and how it is spoken to.
        case place
        /// Who we are there.
        case credentials
        /// Whether the remote's clock goes as ours does.
        case clock
        /// How much room is left.
        case room
        case list
        case write
        /// Whether bytes that are not those of the blob are refused.
        case verify
        case read
        /// Whether a part of an object can be had.
        case range
        /// Whether an object is made only where there is none.
        case exclusive
        /// Whether an object can be sent in parts.
        case parts
        /// Whether parts that are there are found again.
        case resume
        case delete
    }

    package enum Outcome: String, CaseIterable, Sendable {
        /// A fact, neither good nor bad.
        case noted
        case works
        /// The remote does not do this, and can be used without.
        case lacks
        /// Without this the remote cannot be used.
        case fails
    }

    package let subject: Subject
    package let outcome: Outcome
    /// What was found, or what follows from it, for a person; may be empty where it works.
    package let message: String

    package init(_ subject: Subject, _ outcome: Outcome, _ message: String = "") {
        self.subject = subject
        self.outcome = outcome
        self.message = message
    }
}

/// An upload that was begun at a remote and not finished. What it holds takes room there, and is used by
/// whoever sends the same blob again.
package struct UnfinishedUpload: Hashable, Sendable {
    /// The blob, where the remote knows.
    package let oid: ObjectID?
    /// When it began, in seconds since 1970; nil where the remote does not say.
    package let begun: Int64?

    package init(oid: ObjectID?, begun: Int64?) {
        self.oid = oid
        self.begun = begun
    }
}
