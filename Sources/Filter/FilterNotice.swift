// Filter: what Git calls to turn content into pointers and pointers into content, and what replaces
// pointers in the worktree outside of it. It says what happened in values; `Commands` finds the words.

import ObjectStore
import Platform
import Pointer
import Repository
import Transfer

/// Why a file that should have content has its pointer.
package enum PointerReason: Sendable {
    /// Nothing names a data remote, or it cannot be used.
    case noRemote(RepositoryError)
    /// The agent could not be started, or the remote as a whole cannot be used.
    case transfer(TransferError)
    /// This one blob could not be had.
    case failed(TransferFailure)
    /// The blob here was damaged and has been moved aside.
    case damaged(kept: BytePath)
    case store(StoreError)
    /// The file is larger than `data.inlineLimit`.
    case large
    /// Pointers are to stay: `data.lazy`.
    case lazy
    /// Programs of somebody's Git LFS settings made the blob; they are not run here.
    case extended
}

/// Something that a person should know of, while Git goes on.
package enum FilterNotice: Sendable {
    /// The text begins as our pointers do and is none that this version reads. It was passed on as it is.
    case foreignPointer(path: BytePath, Recognition.ForeignReason)
    /// These files have their pointers in place of content.
    case leftAsPointers([(path: BytePath, pointer: Pointer, reason: PointerReason)])
    /// The content could not be stored; Git is told that the filter failed for this file.
    case notStored(path: BytePath, FilterError)
}

/// Why a filter cannot answer.
package enum FilterError: Error, Sendable {
    case repository(RepositoryError)
    case store(StoreError)
    case system(SystemError)
    /// The other end of the filter protocol broke it.
    case protocolViolation(String)
}
