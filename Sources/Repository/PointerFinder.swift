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
        var unknown: [GitObjectName: [Int]] = [:]
        for (position, known) in cache.known(names).enumerated() {
            switch known {
            case .pointer(let pointer): found[position] = FoundPointer(pointer: pointer, otherText: nil)
            case .noPointer: break
            case nil: unknown[names[position], default: []].append(position)
            }
        }
        guard !unknown.isEmpty else { return found }
        // In the order of the question, in which Git has them near each other.
        let asked = unknown.sorted { $0.value[0] < $1.value[0] }.map(\.key)
        try git.forEachBlob(
            asked, shorterThan: Pointer.maximumTextByteCount, others: cache.addNoPointer
        ) { name, content in
            cache.add(name, content)
            let recognized = Pointer.recognize(content)
            if case .foreignPointer(.version(let version)) = recognized { newer(name, version) }
            guard case .pointer(let pointer) = recognized else { return }
            let answer = FoundPointer(pointer: pointer, otherText: pointer.text == content ? nil : content)
            for position in unknown[name] ?? [] { found[position] = answer }
        }
        return found
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
