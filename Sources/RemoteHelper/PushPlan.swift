import Git
import Platform

/// What a push makes of a repository's refs: decided from what Git asks for and from a state, with no effect.
struct PushPlan: Equatable {
    /// What a ref is to become.
    struct Update: Equatable, Sendable {
        let ref: BytePath
        /// nil to delete it.
        let target: GitObjectName?
        let peeled: GitObjectName?
        /// Whether the object can be a branch's: it is a commit.
        let isCommit: Bool
        let isForced: Bool
        /// What the user expects it to be.
        let lease: HelperOptions.Lease?
        /// What it was when Git was told of the refs.
        let listed: GitObjectName?
        /// Why nobody may change it from that without force; nil where it is a fast-forward.
        let obstacle: Obstacle?
    }

    /// Git's own words for what stands against an update. Git itself looks whether it is a fast-forward where it has both
    /// commits; that it lacks one, it leaves to the helper to say.
    enum Obstacle: String, Sendable {
        case fetchFirst = "fetch first"
        case needsForce = "needs force"
        case tagExists = "already exists"
    }

    /// The updates that can be made.
    private(set) var accepted: [Update] = []
    /// Why others cannot, in words of which Git knows some.
    ///
    /// Source: Git, `transport-helper.c`, `push_update_ref_status`.
    private(set) var refused: [BytePath: String] = [:]

    /// - Parameter isAtomic: whether all is to be done, or nothing.
    init(_ updates: [Update], on state: RepositoryState, isAtomic: Bool) {
        var counts: [BytePath: Int] = [:]
        for update in updates { counts[update.ref, default: 0] += 1 }
        for update in updates {
            if let reason = counts[update.ref] == 1 ? Self.reason(against: update, on: state) : "multiple updates for one ref" {
                refused[update.ref] = reason
            } else {
                accepted.append(update)
            }
        }
        refuseConflicts(on: state)
        guard isAtomic, !refused.isEmpty else { return }
        for update in accepted { refused[update.ref] = "atomic push failure" }
        accepted = []
    }

    private static func reason(against update: Update, on state: RepositoryState) -> String? {
        guard RefName.isValid(update.ref), update.ref.isUTF8 else { return "funny refname" }
        let present = state.ref(update.ref)?.target
        if let lease = update.lease, lease.expected != present { return "stale info" }
        if present != update.listed, present != update.target {
            // Somebody else has been here since Git decided.
            return update.isForced ? "changed by somebody else meanwhile" : Obstacle.fetchFirst.rawValue
        }
        if present != update.target, !update.isForced, update.lease == nil, let obstacle = update.obstacle {
            return obstacle.rawValue
        }
        if update.target == nil {
            return update.ref == state.head && present != nil ? "deletion of the current branch prohibited" : nil
        }
        if !update.isCommit, update.ref.bytes.starts(with: "refs/heads/".utf8) { return "branches can only name commits" }
        return nil
    }

    /// Refuses refs whose names would be a folder of others, with all other updates done.
    private mutating func refuseConflicts(on state: RepositoryState) {
        let changed = Set(accepted.map(\.ref))
        var names = RefNames(state.refs.map(\.name).filter { !changed.contains($0) })
        // Those first that are there already, then the others in the order that they were given.
        let present = Set(state.refs.map(\.name))
        let kept = accepted.filter { $0.target != nil }
        for update in kept.filter({ present.contains($0.ref) }) + kept.filter({ !present.contains($0.ref) }) {
            if let other = names.conflict(with: update.ref) {
                refused[update.ref] = "'\(other)' exists; cannot create '\(update.ref)'"
            } else {
                names.insert(update.ref)
            }
        }
        accepted.removeAll { refused[$0.ref] != nil }
    }

    /// Whether the accepted updates change nothing.
    func isIdle(on state: RepositoryState) -> Bool {
        accepted.allSatisfy { state.ref($0.ref)?.target == $0.target }
    }

    /// The state after this one, with all accepted updates done.
    /// - Parameter head: the branch that the user is on, which is what clones of a new repository check out.
    func applied(to state: RepositoryState, by author: String, head: BytePath?) -> RepositoryState {
        var next = state.successor("push", by: author)
        let changed = Set(accepted.map(\.ref))
        next.refs.removeAll { changed.contains($0.name) }
        next.refs += accepted.compactMap { update in
            update.target.map { RepositoryState.Ref(name: update.ref, target: $0, peeled: update.peeled) }
        }
        next.refs.sort { $0.name < $1.name }
        let branches = next.refs.map(\.name).filter { $0.bytes.starts(with: "refs/heads/".utf8) }
        // The first branches that come decide; later, only a person does.
        if !state.refs.contains(where: { $0.name.bytes.starts(with: "refs/heads/".utf8) }), !branches.contains(next.head) {
            // The user's own may have a name that no state can hold.
            let head = head.flatMap { RefName.isValid($0) && $0.isUTF8 ? $0 : nil }
            let candidates = [head, "refs/heads/main", "refs/heads/master"].compactMap { $0 }
            next.head = candidates.first(where: branches.contains) ?? branches.first ?? head ?? next.head
        }
        return next
    }
}
