// Git: Git's plumbing as typed calls, and Git's formats: pkt-line, configuration, the index. It knows
// no pointers and no blobs of ours; "blob" here is Git's.

import Platform

/// Why Git could not be asked, or what it answered instead.
package enum GitError: Error, Sendable {
    /// No `git` on `PATH` outside the worktree.
    case notInstalled
    /// The folder belongs to no repository.
    case notARepository(BytePath)
    /// Git ended with `status`; `message` is what it said, as it said it.
    case failed(command: String, status: Int32, message: String)
    /// Git answered what its documentation does not allow for.
    case unexpected(command: String, answer: String)
    /// Another process kept the index locked for longer than one waits; this is its lock.
    case indexLocked(BytePath)
    /// The index, at this place, is not sound.
    case indexDamaged(BytePath)
    /// The index could not be written beside itself: a full disk, mostly. It is what it was.
    case indexUnwritable(SystemError)
    case system(SystemError)
    /// The peer on a pkt-line stream broke the protocol.
    case protocolViolation(String)
}
