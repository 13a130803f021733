import Digest

extension TransferSession {
    /// Tries all that the remote has to be able to do, with small objects of its own.
    /// - Parameter report: called with each finding as it is made.
    /// - Throws: `remote` where the remote as a whole does not answer.
    package func examine(_ report: (AgentFinding) -> Void) throws(TransferError) {
        try ask("examine") { reply in
            guard let finding = reply.finding else { return true }
            report(finding)
            return false
        }
    }

    /// The uploads to the remote that nobody has finished: the blob, where the remote knows it, and when it was
    /// begun, in seconds since 1970.
    package func unfinishedUploads() throws(TransferError) -> [(oid: ObjectID?, begun: Int64?)] {
        var uploads: [AgentUpload] = []
        try ask("unfinished") { reply in
            uploads = reply.uploads ?? []
            return true
        }
        return uploads.map { ($0.oid.flatMap { ObjectID($0) }, $0.begun) }
    }

    /// Takes back uploads that were begun longer than `age` seconds ago and not finished.
    /// - Returns: how many.
    package func abortUnfinishedUploads(olderThan age: Int64) throws(TransferError) -> Int {
        var count = 0
        try ask("abort", age: age) { reply in
            count = reply.count ?? 0
            return true
        }
        return count
    }
}
