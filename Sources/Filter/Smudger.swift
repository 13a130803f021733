import Digest
import ObjectStore
import Platform
import Pointer
import Repository
import Transfer

/// Decides what becomes of content that Git is about to write to the worktree.
package struct Smudger {
    package enum Decision: ~Copyable {
        /// The content is no pointer that stands for a blob of ours: it goes out as it came.
        case unchanged
        /// Goes out as it came, and looks like a pointer of another version.
        case foreignPointer(Recognition.ForeignReason)
        /// The pointer stays.
        case leave(Pointer, PointerReason)
        /// An empty file, which Git LFS could write a pointer for.
        case empty
        /// The blob must be had first.
        case absent(Pointer)
        /// The blob is here and intact; its file, at its beginning.
        case blob(Descriptor)

        /// That of `absent`.
        package var absentPointer: Pointer? {
            switch self {
            case .absent(let pointer): pointer
            default: nil
            }
        }
    }

    package let settings: Settings
    package let store: ObjectStore

    package init(settings: Settings, store: ObjectStore) {
        self.settings = settings
        self.store = store
    }

    /// - Parameters:
    ///   - content: all of it, or more than any pointer has.
    ///   - isLast: whether no hook comes that could complete what is left as a pointer for its size.
    package func decide(_ content: [UInt8], isLast: Bool = false) -> Decision {
        switch Pointer.recognize(content) {
        case .data: return .unchanged
        case .foreignPointer(let reason): return .foreignPointer(reason)
        case .pointer(let pointer):
            if pointer.isExtended { return .leave(pointer, .extended) }
            if pointer.byteCount == 0 { return .empty }
            if pointer.byteCount > settings.inlineLimit, !isLast { return .leave(pointer, .large) }
            return availability(of: pointer)
        }
    }

    /// Whether the blob can be handed out: its bytes are read and compared with the oid first, as Git has
    /// no way back once it has some of them. What was just added or fetched has been.
    package func availability(of pointer: Pointer) -> Decision {
        do throws(StoreError) {
            guard let file = try store.open(pointer.oid) else {
                return settings.isLazy ? .leave(pointer, .lazy) : .absent(pointer)
            }
            if file.isNotedVerified { return .blob(file) }
            if try Self.isWhole(file, pointer.oid) { return .blob(file) }
            return .leave(pointer, .damaged(kept: try store.setAside(pointer.oid)))
        } catch {
            return .leave(pointer, .store(error))
        }
    }

    private static func isWhole(_ file: borrowing Descriptor, _ oid: ObjectID) throws(StoreError) -> Bool {
        do throws(SystemError) {
            let isWhole = try hashContent(of: file) == oid
            try file.seek(to: 0)
            return isWhole
        } catch {
            throw .system(error)
        }
    }
}
