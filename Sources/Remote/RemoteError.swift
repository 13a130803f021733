import Platform

/// Why a remote did not do what was asked.
package struct RemoteError: Error, Equatable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        /// The blob, or the local file to be sent, is not there.
        case absent
        /// The place is there and does not let us: permissions, credentials, a read-only disk.
        case denied
        /// No space is left, or a quota is used up.
        case full
        /// Bytes, or their number, are not those of the blob.
        case damaged
        /// The place itself cannot be reached: no such folder, a dead mount, no network.
        case unreachable
        /// The work was called off.
        case interrupted
        case other
    }

    package let kind: Kind
    /// The same request may well succeed a moment later.
    package let isTransient: Bool
    /// What happened, for a person: lower case, no full stop, no secrets.
    package let message: String
    /// How long the place asks to be left alone.
    package let retryAfter: Duration?

    package init(_ kind: Kind, _ message: String, isTransient: Bool = false, retryAfter: Duration? = nil) {
        self.kind = kind
        self.isTransient = isTransient
        self.message = message
        self.retryAfter = retryAfter
    }

    /// A system call's failure.
    /// - Parameters:
    ///   - action: what was being done, as in `cannot <action>`.
    ///   - place: what it was done to; the call's own path is often a temporary one.
    package init(_ error: SystemError, _ action: String, _ place: BytePath) {
        let kind: Kind =
            if error.isFull {
                .full
            } else if error.isDenied {
                .denied
            } else if error.isUnreachable {
                .unreachable
            } else if error.isAbsent {
                .absent
            } else {
                .other
            }
        self.init(kind, "cannot \(action) '\(place)': \(error.reason)", isTransient: error.isTransient)
    }
}
