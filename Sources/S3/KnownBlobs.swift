import Digest
import Platform

/// What a run has learnt of the blobs at the remote, so that nothing is asked twice.
final class KnownBlobs: Sendable {
    enum Knowledge: Equatable, Sendable {
        case present(byteCount: Int64)
        case absent
        case unknown
    }

    private struct State {
        var sizes: [ObjectID: Int64] = [:]
        var absent: Set<ObjectID> = []
        /// Whether a whole list has been read, so that what is not in it is absent.
        var isComplete = false
        var isListing = false
        /// How many blobs have been asked about and not found here.
        var demand = 0
        /// How many pages a list has, once one has been seen.
        var pages: Double?
    }

    private let state = Monitor(State())

    func knowledge(of oid: ObjectID) -> Knowledge {
        state.change { Self.knowledge(of: oid, $0) }
    }

    private static func knowledge(of oid: ObjectID, _ state: State) -> Knowledge {
        if let byteCount = state.sizes[oid] { return .present(byteCount: byteCount) }
        return state.isComplete || state.absent.contains(oid) ? .absent : .unknown
    }

    func setPresent(_ oid: ObjectID, byteCount: Int64) {
        state.change { state in
            state.sizes[oid] = byteCount
            state.absent.remove(oid)
        }
    }

    func setAbsent(_ oid: ObjectID) {
        state.change { state in
            state.sizes[oid] = nil
            state.absent.insert(oid)
        }
    }

    /// Which of the blobs are known to be there, and which nobody has asked about yet.
    func sort(_ oids: [ObjectID]) -> (present: [ObjectID: Int64], unknown: [ObjectID]) {
        state.change { state in
            var present: [ObjectID: Int64] = [:]
            var unknown: [ObjectID] = []
            for oid in oids {
                switch Self.knowledge(of: oid, state) {
                case .present(let byteCount): present[oid] = byteCount
                case .absent: break
                case .unknown: unknown.append(oid)
                }
            }
            return (present, unknown)
        }
    }

    // MARK: Lists

    /// What a thread that needs to know of some blobs does next.
    enum Step: Equatable, Sendable {
        /// Reads the list, and says how that went.
        case list
        /// Asks about each blob.
        case ask
        /// Everything is known.
        case done
    }

    /// A page of a list costs about as much as so many questions at once.
    private static let questionsPerPage = 12.0
    /// With fewer questions no list is thought of.
    private static let fewQuestions = 12

    /// Decides how to learn of some blobs, waiting where another thread is reading the list.
    /// - Parameter count: how many are unknown.
    func step(count: Int) -> Step {
        state.change { $0.demand += count }
        return state.wait { state -> Step? in
            if state.isComplete { return .done }
            if state.isListing { return nil }
            guard state.demand > Self.fewQuestions else { return .ask }
            // The first page tells how many there are.
            if let pages = state.pages, pages * Self.questionsPerPage > Double(state.demand) { return .ask }
            state.isListing = true
            return .list
        }
    }

    /// Whether reading on is worth it, with what the first page has told of the others.
    func isWorthListing(pages: Double) -> Bool {
        state.change { state in
            state.pages = pages
            return pages * Self.questionsPerPage <= Double(state.demand)
        }
    }

    /// How a list ended.
    enum ListOutcome {
        case complete
        /// Reading on was not worth it.
        case abandoned
        /// We may not list.
        case refused
        /// It failed, and may be begun again.
        case broken
    }

    /// Ends a list that `step` began.
    func finishList(_ found: [ObjectID: Int64], _ outcome: ListOutcome) {
        state.change { state in
            state.isListing = false
            if outcome == .complete { state.isComplete = true }
            if outcome == .refused { state.pages = .infinity }
            // What has been uploaded meanwhile is known better here.
            state.sizes.merge(found) { own, _ in own }
            state.absent.subtract(found.keys)
        }
    }
}
