import Diagnostics
import Digest
import Git
import ObjectStore
import Platform
import Pointer
import Repository

/// The blobs that belong to the refs of a bundle, as the trees and commits in a repository that has all of them tell: memory
/// for some of them, however many there are.
struct BundleNeeds {
    /// What some of the refs name, and how many data files that has.
    struct Tip {
        let object: GitObjectName
        var refs: [BytePath]
        fileprivate(set) var fileCount = 0
    }

    private(set) var tips: [Tip] = []
    /// All files: those of each tip; then what only older commits name, each blob once, in the order of their paths.
    let files: BundleFiles
    /// Each once, as long as the first of its files says.
    let blobs: SortedBlobs
    /// Of all blobs.
    private(set) var total = ProgressTick()
    /// Files whose blob is not their content, as programs of Git LFS have changed it: nothing can be done for them.
    private(set) var extendedFileCount = 0

    /// - Parameters:
    ///   - head: of the bundle. What the trees of the commits name that it needs has to be there already.
    ///   - withHistory: whether the blobs of each commit of the bundle belong to it, or those of its refs alone.
    ///   - runLimit: so many files are sorted in memory.
    init(_ head: BundleHead, in repository: Repository, withHistory: Bool = false, runLimit: Int = 16_384) throws {
        let store = try repository.store()
        (files, blobs) = (BundleFiles(in: store), SortedBlobs(in: store, runLimit: runLimit))
        let present = SortedBlobs(in: store, runLimit: runLimit)
        for commit in head.prerequisites {
            try Self.forEachPointer(of: commit, in: repository) { pointer, _ in present.add(pointer.oid) }
        }
        let found = BundleFiles(in: store)
        // Each with where it was found.
        let places = SortedBlobs(in: store, runLimit: runLimit)
        var extendedFileCount = 0
        func take(_ pointer: Pointer, _ path: BytePath) {
            if pointer.isExtended { extendedFileCount += 1 }
            guard !pointer.isExtended, pointer.byteCount > 0 else { return }
            places.add(pointer.oid, byteCount: pointer.byteCount, note: Int64(found.count))
            found.add(BundledFile(path: path, oid: pointer.oid, byteCount: pointer.byteCount))
        }
        tips = Self.tips(of: head)
        var ends: [Int] = []
        for tip in tips {
            try Self.forEachPointer(of: tip.object, in: repository, take)
            ends.append(found.count)
        }
        let tipsEnd = found.count
        if withHistory {
            try repository.forEachReachedPointer(
                from: tips.map { Self.name($0.object) }, excluding: head.prerequisites.map(Self.name), completing: true
            ) { take($0.pointer, $0.path) }
        }
        self.extendedFileCount = extendedFileCount
        let needed = try choose(places, besides: present, tipsEnd: tipsEnd, count: found.count)
        let older = SortedBundleFiles(in: store, runLimit: runLimit)
        var (number, tip) = (0, 0)
        try found.forEach { file in
            defer { number += 1 }
            guard needed.contains(number) else { return }
            guard number < tipsEnd else { return older.add(file) }
            while number >= ends[tip] { tip += 1 }
            tips[tip].fileCount += 1
            files.add(file)
        }
        try older.forEach(files.add)
    }

    /// Gathers the blobs, and tells which of the files belong to the bundle.
    /// - Parameters:
    ///   - places: the blobs of all files, each with the file's number.
    ///   - present: those that the other side has.
    ///   - tipsEnd: the number behind the last file of the tips.
    private mutating func choose(
        _ places: SortedBlobs, besides present: SortedBlobs, tipsEnd: Int, count: Int
    ) throws -> NumberSet {
        var needed = NumberSet(below: count)
        var (items, others) = (try places.reader(), try present.reader())
        var last: (oid: ObjectID, isNeeded: Bool)?
        while let item = try items.next() {
            let isFirst = item.oid != last?.oid
            let isNeeded = try isFirst ? others.first(of: item.oid) == nil : last?.isNeeded ?? false
            last = (item.oid, isNeeded)
            guard isNeeded else { continue }
            if isFirst || item.note < tipsEnd { needed.insert(Int(item.note)) }
            guard isFirst else { continue }
            blobs.add(item.oid, byteCount: item.byteCount)
            total.filesTotal += 1
            total.bytesTotal = total.bytesTotal.adding(byteCount: item.byteCount)
        }
        return needed
    }

    private static func tips(of head: BundleHead) -> [Tip] {
        var tips: [Tip] = []
        var positions: [GitObjectName: Int] = [:]
        for ref in head.refs {
            if let position = positions[ref.object] {
                tips[position].refs.append(ref.name)
            } else {
                positions[ref.object] = tips.count
                tips.append(Tip(object: ref.object, refs: [ref.name]))
            }
        }
        return tips
    }

    /// The path of a blob's first file; nil where it has none.
    func path(of oid: ObjectID) throws -> BytePath? { try names(of: [oid])[oid] }

    /// The paths of the first files of some blobs.
    func names(of oids: some Sequence<ObjectID>) throws -> [ObjectID: BytePath] {
        let oids = Set(oids)
        var names: [ObjectID: BytePath] = [:]
        if oids.isEmpty { return [:] }
        try files.forEach { file in
            if oids.contains(file.oid), names[file.oid] == nil { names[file.oid] = file.path }
        }
        return names
    }

    /// Calls `body` for the data files of a commit or tree, or of what a tag names; for none of anything else.
    private static func forEachPointer(
        of object: GitObjectName, in repository: Repository, _ body: (Pointer, BytePath) -> Void
    ) throws {
        guard try repository.git().resolve(name(object).adding(suffix: "^{tree}")) != nil else { return }
        try repository.forEachTreePointers(name(object)) { for file in $0 { body(file.pointer, file.path) } }
    }

    private static func name(_ object: GitObjectName) -> BytePath { BytePath(bytes: object.hex) }
}
