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

extension PointerReason {
    /// How much there is to be said of it.
    package enum Kind: Sendable {
        /// It was to be so.
        case lazy, large
        case other
    }

    package var kind: Kind {
        switch self {
        case .lazy: .lazy
        case .large: .large
        case .noRemote, .transfer, .failed, .damaged, .store, .extended: .other
        }
    }
}

/// Files that have their pointers in place of content: how many, and the first of each kind.
package struct FilesLeft: Sendable {
    /// How many files of a kind are named.
    package static let limit = 20

    private var counts: [PointerReason.Kind: Int] = [:]
    package private(set) var files: [(path: BytePath, reason: PointerReason)] = []

    package init() {}

    package var isEmpty: Bool { counts.isEmpty }

    package func count(_ kind: PointerReason.Kind) -> Int { counts[kind] ?? 0 }

    package mutating func add(_ path: BytePath, _ reason: PointerReason) {
        let count = count(reason.kind)
        counts[reason.kind] = count + 1
        if count < Self.limit { files.append((path, reason)) }
    }
}

/// Something that a person should know of, while Git goes on.
package enum FilterNotice: Sendable {
    /// The text begins as our pointers do and is none that this version reads. It was passed on as it is.
    case foreignPointer(path: BytePath, Recognition.ForeignReason)
    /// These files have their pointers in place of content.
    case leftAsPointers(FilesLeft)
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
