// Transfer: blobs on their way between the store and a remote, as git data sees it. A session starts
// the agent, one process that does all of a push's or a pull's work on the remote, and talks with it
// in Git LFS's custom-transfer protocol with our extension; both ends' messages are here. The room
// opens no remote and knows no URLs: that is the agent's.

import Digest
import ObjectStore
import Platform

/// A blob to be moved.
package struct TransferItem: Hashable, Sendable {
    package let oid: ObjectID
    package let byteCount: Int64

    package init(oid: ObjectID, byteCount: Int64) {
        self.oid = oid
        self.byteCount = byteCount
    }
}

/// Why one blob has not been moved.
package struct TransferFailure: Sendable {
    package enum Kind: Sendable {
        /// The source does not have it.
        case absent
        /// We may not read or write it there.
        case denied
        /// No space is left where it was to go.
        case full
        /// The source's bytes, or the length of what is there already, are not those of the blob.
        case damaged
        /// The agent ended, fell silent or spoke nonsense before it was done.
        case agent
        case other
    }

    package let oid: ObjectID
    package let kind: Kind
    /// What happened, for a person: lower case, no full stop, no secrets.
    package let message: String

    package init(oid: ObjectID, kind: Kind, message: String) {
        self.oid = oid
        self.kind = kind
        self.message = message
    }
}

/// What has become of the blobs of one request. Each is in exactly one of the three.
package struct TransferOutcome: Sendable {
    /// Moved, verified and durable.
    package var done: [ObjectID] = []
    /// There already.
    package var skipped: [ObjectID] = []
    package var failures: [TransferFailure] = []

    package init(done: [ObjectID] = [], skipped: [ObjectID] = [], failures: [TransferFailure] = []) {
        self.done = done
        self.skipped = skipped
        self.failures = failures
    }
}

/// The remote that a session works with.
package struct TransferDestination: Sendable {
    let url: BytePath
    let mayCreate: Bool
    let name: String

    /// - Parameters:
    ///   - url: as settings have it: a URL or an absolute path.
    ///   - mayCreate: whether the first upload may make the place, where the one above it is there.
    ///   - name: what the repository calls it.
    package init(url: BytePath, mayCreate: Bool, name: String) {
        self.url = url
        self.mayCreate = mayCreate
        self.name = name
    }
}

/// Why a session could not do its work as a whole.
package enum TransferError: Error, Sendable {
    /// There is no agent beside the executable.
    case agentNotFound(BytePath)
    /// The agent ended, fell silent or spoke nonsense. The text says which.
    case agentFailed(String)
    /// The remote as a whole cannot be used.
    case remote(kind: TransferFailure.Kind, message: String)
    /// The local store cannot take the blobs.
    case store(StoreError)
}
