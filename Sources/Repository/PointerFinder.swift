import Git
import Platform
import Pointer

/// A pointer that Git has as a blob.
struct FoundPointer {
    let pointer: Pointer
    /// The bytes that Git has, where they are others than those `pointer` would write.
    let otherText: [UInt8]?
}

/// Tells which of Git's blobs are pointers: by what is remembered, and by asking Git for what was not asked before.
struct PointerFinder {
    /// So many names at once are few passes over what is remembered, and little memory.
    static let batchCount = 32_768

    private let cache: PointerCache
    private let git: Git

    init(_ repository: Repository) throws(GitError) {
        git = try repository.git()
        cache = PointerCache(in: repository.location.commonFolder)
    }

    /// - Parameters:
    ///   - names: of any objects; each costs least where many are asked for at once.
    ///   - newer: told of each pointer of a newer version, which is none for this one.
    /// - Returns: one answer for each name; nil where it is no pointer.
    func find(
        _ names: [GitObjectName], newer: (GitObjectName, String) -> Void = { _, _ in }
    ) throws(GitError) -> [FoundPointer?] {
        var found = [FoundPointer?](repeating: nil, count: names.count)
        var unknown: [Int] = []
        for (position, known) in cache.known(names).enumerated() {
            switch known {
            case .pointer(let pointer): found[position] = FoundPointer(pointer: pointer, otherText: nil)
            case .noPointer: break
            case nil: unknown.append(position)
            }
        }
        guard !unknown.isEmpty else { return found }
        let question = Question(names, at: unknown)
        var asked = question.positions[...]
        try git.forEachBlob(
            asked.map { names[$0] }, shorterThan: Pointer.maximumTextByteCount, others: cache.addNoPointer
        ) { name, content throws(GitError) in
            // Answers come in the order of the question, though not for all.
            while let first = asked.first, names[first] != name { asked.removeFirst() }
            guard !asked.isEmpty else { throw .unexpected(command: "git cat-file --batch", answer: "objects in another order") }
            cache.add(name, content)
            let recognized = Pointer.recognize(content)
            if case .foreignPointer(.version(let version)) = recognized { newer(name, version) }
            guard case .pointer(let pointer) = recognized else { return }
            let answer = FoundPointer(pointer: pointer, otherText: pointer.text == content ? nil : content)
            var position = asked.first
            while let same = position {
                found[same] = answer
                position = question.next[same]
            }
        }
        return found
    }

    /// What Git is asked: each name once, in the order in which Git has them near each other, that of the walk.
    private struct Question {
        private(set) var positions: [Int] = []
        /// Where a name that stands at a position stands next.
        private(set) var next: [Int: Int] = [:]

        init(_ names: [GitObjectName], at unknown: [Int]) {
            let sorted = unknown.sorted { one, other in
                names[one] == names[other] ? one < other : names[one].precedes(names[other])
            }
            var former: Int?
            for position in sorted {
                if let former, names[former] == names[position] { next[former] = position } else { positions.append(position) }
                former = position
            }
            positions.sort()
        }
    }

    /// Remembers what was found out.
    func finish() {
        cache.save()
    }

    /// One answer for each name; nil where it is no pointer.
    static func findAll(_ names: [GitObjectName], _ repository: Repository) throws(GitError) -> [FoundPointer?] {
        let finder = try PointerFinder(repository)
        defer { finder.finish() }
        return try finder.find(names)
    }
}
