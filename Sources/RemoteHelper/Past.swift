import Git
import Platform
import Remote
private import FoundationEssentials

/// The states that were: looking at them, and going back. It answers `git data` in lines of JSON.
struct Past {
    let session: HelperSession

    /// What became of one ref; nil is a ref that is not there.
    private struct Change: Encodable {
        let ref: String
        let old: String?
        let new: String?
    }

    private struct Entry: Encodable {
        let number: Int
        let time: Int64
        let author: String
        let action: String
        let head: String
        let changes: [Change]
        let canBeRestored: Bool
        let packs: Int
        let bytes: Int64
    }

    private static let readsAtOnce = 12

    /// The newest states, the newest first.
    func log(limit: Int) throws -> [[UInt8]] {
        let log = try session.log()
        let numbers = try log.numbers()
        let limit = max(0, limit)
        guard let newest = numbers.last else { return [] }
        // Each is shown by what it changes of the one before.
        let wanted = Array(numbers.suffix(limit == .max ? limit : limit + 1))
        let states = Monitor<[Int: RepositoryState]>([:])
        let failure = Monitor<(any Error)?>(nil)
        concurrently(count: wanted.count, threads: min(wanted.count, Self.readsAtOnce)) { position in
            do {
                let state = try log.state(wanted[position])
                if let state { states.change { $0[state.number] = state } }
            } catch {
                failure.change { $0 = error }
            }
        }
        if let failure = failure.change({ $0 }) { throw failure }
        let found = states.change { $0 }
        guard let last = found[newest] else { throw HelperError("the newest state was removed while it was read") }
        return try wanted.suffix(limit).reversed().compactMap { number in
            guard let state = found[number] else { return nil }
            let entry = Entry(
                number: number, time: state.time, author: state.author, action: state.action, head: state.head.text,
                changes: number == 1 || found[number - 1] != nil ? Self.changes(from: found[number - 1], to: state) : [],
                canBeRestored: number >= last.oldest, packs: state.packs.count,
                bytes: state.packs.map(\.pack.byteCount).reduce(0, +))
            return try Self.line(entry)
        }
    }

    /// Makes a state with the refs of an earlier one.
    /// - Parameter names: the refs that are meant; all of them, and the default branch, where empty.
    /// - Returns: what has changed.
    func restore(_ number: Int, _ names: [BytePath]) throws -> [[UInt8]] {
        let log = try session.log()
        guard var base = try log.newest() else { throw HelperError("nothing has been pushed to \(log.remote.name) yet") }
        while true {
            guard number >= base.oldest, let past = try log.state(number) else {
                throw HelperError(
                    "there is no state \(number) to go back to",
                    hints: ["git data remote log    shows those that there are"])
            }
            var next = base.successor("restore", by: try session.author())
            if names.isEmpty {
                (next.refs, next.head) = (past.refs, past.head)
            } else {
                for name in names {
                    guard past.ref(name) != nil || base.ref(name) != nil else {
                        throw HelperError("neither state \(number) nor the present one has a ref '\(name)'")
                    }
                    next.refs.removeAll { $0.name == name }
                    if let ref = past.ref(name) { next.refs.append(ref) }
                }
                next.refs.sort { $0.name < $1.name }
                var others = RefNames([])
                for ref in next.refs {
                    if let other = others.conflict(with: ref.name) { throw HelperError("'\(other)' exists; cannot create '\(ref.name)'") }
                    others.insert(ref.name)
                }
            }
            let changes = Self.changes(from: base, to: next)
            if changes.isEmpty, next.head == base.head { return [] }
            if try make(next, after: base, log) { return try changes.map(Self.line) }
            base = try again(log, base)
        }
    }

    /// Says, or changes, which branch clones check out.
    func head(_ name: BytePath?) throws -> [[UInt8]] {
        let log = try session.log()
        guard var base = try log.newest() else { throw HelperError("nothing has been pushed to \(log.remote.name) yet") }
        while let name, name != base.head {
            guard base.ref(name) != nil else { throw HelperError("the remote has no branch '\(name)'") }
            guard name.bytes.starts(with: "refs/heads/".utf8) else { throw HelperError("'\(name)' is no branch") }
            var next = base.successor("head", by: try session.author())
            next.head = name
            if try make(next, after: base, log) {
                base = next
            } else {
                base = try again(log, base)
            }
        }
        return [base.head.bytes]
    }

    private func make(_ next: RepositoryState, after base: RepositoryState, _ log: StateLog) throws -> Bool {
        guard case .made = try log.append(next, isSoleWriter: session.isSoleWriter()) else { return false }
        return try DerivedFiles(log: log).write(of: next, before: base, note: session.note)
    }

    private func again(_ log: StateLog, _ base: RepositoryState) throws -> RepositoryState {
        guard let newest = try log.newest(from: base.number) else { throw HelperError("the repository was removed meanwhile") }
        return newest
    }

    private static func changes(from old: RepositoryState?, to new: RepositoryState) -> [Change] {
        let before = Dictionary((old?.refs ?? []).map { ($0.name, $0.target) }) { first, _ in first }
        let after = Dictionary(new.refs.map { ($0.name, $0.target) }) { first, _ in first }
        return Set(before.keys).union(after.keys).sorted().compactMap { name in
            guard before[name] != after[name] else { return nil }
            return Change(ref: name.text, old: before[name]?.description, new: after[name]?.description)
        }
    }

    private struct Collected: Encodable {
        let packsBefore: Int
        let bytesBefore: Int64
        let packsAfter: Int
        let bytesAfter: Int64
        let statesRemoved: Int
        let packsRemoved: Int
    }

    /// Tidies up. Where nothing is to be kept, the clock does not matter.
    /// - Parameters:
    ///   - memory: for how many seconds the past is kept; 0 to forget all of it.
    ///   - grace: for how many seconds an unused pack is; 0 to remove all.
    func collect(keeping memory: Int64, grace: Int64) throws -> [[UInt8]] {
        let log = try session.log()
        let now = FileStatus.Time.now.seconds
        let report = try Housekeeping(session: session, log: log, isSoleWriter: session.isSoleWriter())
            // States are made within a second too.
            .collect(forgettingBefore: memory == 0 ? .max : now - memory, removingBefore: grace == 0 ? .max : now - grace)
        return [
            try Self.line(
                Collected(
                    packsBefore: report.packsBefore, bytesBefore: report.bytesBefore, packsAfter: report.packsAfter,
                    bytesAfter: report.bytesAfter, statesRemoved: report.statesRemoved, packsRemoved: report.packsRemoved))
        ]
    }

    private static func line(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(value))
    }
}
