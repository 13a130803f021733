import Platform
import Remote

/// The states of a repository at a remote: reading the newest, and making the next.
struct StateLog: Sendable {
    let remote: any Remote

    /// How many names a server gives at once.
    private static let pageSize = 1000
    /// After how many states the hint is written anew.
    private static let hintInterval = 500

    // MARK: Reading

    /// The number of the newest state, 0 where there is none.
    /// - Parameter number: one that is known to have been there, where to begin looking.
    func newestNumber(from number: Int = 0) throws -> Int {
        let number = max(0, number)
        var newest = try lastNumber(after: number - 1)
        // Housekeeping has removed that one, or somebody has begun the repository anew.
        if newest.number == 0, number > 0 { newest = try lastNumber(after: 0) }
        if newest.isFull, let hint = try hint(), hint > newest.number {
            let behind = try lastNumber(after: hint - 1)
            if behind.number > 0 { newest = behind }
        }
        while newest.isFull {
            let next = try lastNumber(after: newest.number)
            if next.number == 0 { break }
            newest = next
        }
        return newest.number
    }

    /// The numbers of all states, the oldest first.
    func numbers() throws -> [Int] {
        try remote.documents(in: Layout.states).compactMap { Layout.number(of: $0) }.sorted()
    }

    /// - Returns: the last number of one page of the list, 0 where it is empty; and whether more may follow.
    private func lastNumber(after number: Int) throws -> (number: Int, isFull: Bool) {
        var start = number > 0 ? Layout.state(number) : nil
        while true {
            let names = try remote.documents(in: Layout.states, after: start, limit: Self.pageSize)
            let isFull = names.count >= Self.pageSize
            if let last = names.compactMap({ Layout.number(of: $0) }).max() { return (last, isFull) }
            // A whole page of what others have put there says nothing of what is behind it.
            guard isFull, let last = names.last else { return (0, false) }
            start = last
        }
    }

    private func hint() throws -> Int? {
        try remote.read(Layout.hint).flatMap { Int(String(decoding: $0.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)) }
    }

    /// The state of that number; nil where there is none.
    func state(_ number: Int) throws -> RepositoryState? {
        guard let bytes = try remote.read(Layout.state(number)) else { return nil }
        do {
            return try RepositoryState(bytes, number: number)
        } catch let error as RepositoryState.Malformed {
            throw HelperError(
                "state \(number) of the repository at \(remote.name) is not to be read: \(error.reason)",
                hints: ["nothing was changed; the states before it are still there, in 'git/states'"])
        }
    }

    /// The newest state; nil where nothing has been pushed yet.
    func newest(from number: Int = 0) throws -> RepositoryState? {
        for _ in 0..<5 {
            let newest = try newestNumber(from: number)
            if newest == 0 { return nil }
            if let state = try state(newest) { return state }
            // Removed since it was listed: newer ones are there.
        }
        throw HelperError("the states of the repository at \(remote.name) change faster than they can be read")
    }

    // MARK: Making

    /// What became of a state that was to be the next one.
    enum Outcome {
        case made
        /// Somebody else has made one of that number.
        case taken
    }

    /// Makes a state, which is one more than the newest, unless somebody else has been faster.
    /// - Parameter isSoleWriter: whether nobody else can be, on a server that does not know of conditions.
    func append(_ state: RepositoryState, isSoleWriter: Bool) throws -> Outcome {
        let name = Layout.state(state.number)
        let content = try state.encoded()
        // A state that nobody can read would be the end of the repository.
        guard (try? RepositoryState(content, number: state.number)) == state else {
            throw HelperError("the next state of the repository would not be to be read; nothing was changed")
        }
        if isSoleWriter {
            guard try remote.read(name) == nil else { return .taken }
            try remote.replace(name, content)
        } else if try !remote.create(name, content) {
            // The answer to an earlier attempt may have been lost on its way.
            guard try self.state(state.number)?.id == state.id else { return .taken }
        }
        if state.number % Self.hintInterval == 0 {
            try? remote.replace(Layout.hint, Array("\(state.number)\n".utf8))
        }
        return .made
    }

    /// Whether a state that was made is one of those that led to the newest. It is not where the state before it was so old
    /// that housekeeping had removed it, and its number had come free.
    /// - Returns: the newest state's number, or nil where it has been passed by.
    func newestNumber(behind state: RepositoryState) throws -> Int? {
        let newest = try newestNumber(from: state.number)
        if newest <= state.number {
            // A list that does not show it at all may be that of a place which somebody is removing.
            let isThere = try newest == state.number || self.state(state.number)?.id == state.id
            return isThere ? state.number : nil
        }
        guard try self.state(state.number + 1)?.parent == state.id else { return nil }
        return newest
    }

    // MARK: Conditional writes

    /// Tries whether of many who make the same document exactly one succeeds, and a later one does not.
    func canCreateOnce() throws -> Bool {
        let name = Layout.probe(String(UInt64.random(in: .min ... .max), radix: 36))
        let made = Monitor<(count: Int, failure: RemoteError?)>((0, nil))
        let remote = remote
        defer { try? remote.remove(name) }
        concurrently(count: Self.contenders, threads: Self.contenders) { number in
            do throws(RemoteError) {
                if try remote.create(name, Array("\(number)\n".utf8)) { made.change { $0.count += 1 } }
            } catch {
                made.change { $0.failure = error }
            }
        }
        let (count, failure) = made.change { $0 }
        if let failure {
            // A server that does not understand the condition says so.
            guard failure.kind == .other, !failure.isTransient else { throw failure }
            return false
        }
        return try count == 1 && !remote.create(name, Array("late\n".utf8))
    }

    private static let contenders = 3
}
