import Diagnostics
import Digest
import Filter
import Git
import Platform
import Pointer
import Repository
private import Synchronization

/// What stands in a clone when all is done.
struct CloneContents: Equatable {
    /// Files of the worktree, data among them.
    var files = 0
    var submodules = 0
    var dataFiles = 0
    /// Of the data files, those that have their content.
    var filled = 0
    var filledByteCount: Int64 = 0
    /// Files that should have content and have none.
    var lacking = 0

    /// `214 files, 18 of them data (3.20 GiB, every byte verified)`
    var words: String {
        var words = Count.files(files)
        if submodules > 0 { words += " with those of \(Count.noun(submodules, "submodule"))" }
        if dataFiles == 0 { return words + ", none of them data" }
        words += ", \(dataFiles) of them data"
        let verified = "\(ByteCountText.format(filledByteCount)), every byte verified"
        if filled == dataFiles { return words + " (\(verified))" }
        if filled == 0, lacking == 0 { return words + ", left as pointers" }
        var parts: [String] = []
        if filled > 0 { parts.append("\(filled) filled (\(verified))") }
        let pointers = dataFiles - filled - lacking
        if pointers > 0 { parts.append("\(pointers) left as pointers") }
        if lacking > 0 { parts.append("\(lacking) without content") }
        return words + ": " + parts.joined(separator: ", ")
    }
}

/// Puts data in the place of the pointers of a clone and of its submodules.
struct CloneFilling {
    let context: CommandContext
    let arguments: ParsedArguments
    /// Whether nothing is filled at all.
    let isSkipped: Bool
    /// Whether what has content already was filled by an earlier run, and is not known to be whole.
    let verifiesPresent: Bool

    /// What is to be said after the summary.
    struct Trouble {
        var shortfalls = UndoneFiles()
        var failure: Explanation?
        var hints: [String] = []
        /// Files that an earlier run has written, and whose bytes are others now, though Git sees no change.
        var different: [BytePath] = []

        var isEmpty: Bool { shortfalls.isEmpty && different.isEmpty }
    }

    /// - Parameter prefix: where the repository is, from the top of the clone.
    func run(
        _ repository: Repository, at prefix: BytePath, _ contents: inout CloneContents, _ trouble: inout Trouble
    ) throws {
        var written: Set<BytePath> = []
        if !isSkipped { written = try fill(repository, at: prefix, &trouble) }
        let modules = try repository.submodules()
        try contents.files += repository.git().checkedOutCount() - modules.count
        let top = try repository.worktree()
        let mayHaveTwins = try repository.settings().configuration.string("core.ignorecase") == "true"
        var (full, possibleTwins, amiss) = (SpaceShare(), [PointerFile](), FilesAmiss())
        try repository.forEachIndexScan { scan throws(RepositoryError) in
            amiss.raw.add(scan.raw.map { prefix.appending($0.path) })
            amiss.stray.add(scan.stray.map { prefix.appending($0.path) })
            var files = scan.pointers.filter { $0.entry.stage == 0 }
            let states = try repository.look(at: &files)
            var present = zip(files, states).filter { $0.1 == .content }.map(\.0)
            contents.dataFiles += states.count { $0 != .absent }
            if verifiesPresent {
                Hydration.sweep(files.map(\.path), worktree: top)
                let different = Set(Self.different(present.filter { !written.contains($0.path) }, in: top).map(\.path))
                trouble.different += different.sorted().map { prefix.appending($0) }
                present.removeAll { different.contains($0.path) }
            }
            if mayHaveTwins { possibleTwins += present } else { for file in present { full.add(file.pointer.byteCount) } }
        }
        let covered = Set(Self.different(Self.twins(possibleTwins), in: top).map(\.path))
        for file in possibleTwins where !covered.contains(file.path) { full.add(file.pointer.byteCount) }
        for path in covered.sorted() {
            trouble.shortfalls.add(
                .init(path: prefix.appending(path), reason: "this disk takes its name for that of another file"))
        }
        amiss.report(context.output)
        contents.filled += full.files
        contents.filledByteCount = contents.filledByteCount.adding(byteCount: full.bytes)
        for path in modules {
            let place = try repository.worktree() / path
            guard (place / ".git").isPresent else { continue }
            contents.submodules += 1
            try run(try Repository.find(from: place), at: prefix.appending(path), &contents, &trouble)
        }
        if prefix.isEmpty { contents.lacking = trouble.shortfalls.count + trouble.different.count }
    }

    /// - Returns: the files that have their content from here, where it matters.
    private func fill(_ repository: Repository, at prefix: BytePath, _ trouble: inout Trouble) throws -> Set<BytePath> {
        let selection = try FileSelection(arguments, context, repository)
        let store = try repository.store()
        let (waiting, wanted) = (HydrationList(in: store), WantedBlobs(in: store))
        try selection.forEachWaitingFile(in: repository) { file in
            waiting.add(HydrationFile(file))
            wanted.add(file.pointer)
        }
        let download = Download(context: context, repository: repository)
        let (fetched, _, shortfalls) = try download.fill(waiting, fetching: wanted)
        if let remote = fetched.remote, fetched.blobs > 0 {
            context.output.detail("\(Count.blobs(fetched.blobs)) fetched from '\(remote.name)' (\(ByteCountText.format(fetched.byteCount)))")
        }
        trouble.shortfalls.add(shortfalls, in: prefix)
        if trouble.failure == nil { trouble.failure = fetched.failure }
        if !shortfalls.isEmpty { trouble.hints += fetched.hints.filter { !trouble.hints.contains($0) } }
        var written: Set<BytePath> = []
        if verifiesPresent { try waiting.forEach { written.insert($0.path) } }
        // Where not all are known that were not written, each is looked at.
        guard shortfalls.named.count == shortfalls.count else { return [] }
        return written.subtracting(shortfalls.named.map(\.path))
    }

    /// The files of which there are others that a disk without case, as Git has found it to be, takes for them.
    private static func twins(_ files: [PointerFile]) -> [PointerFile] {
        Dictionary(grouping: files) { $0.path.text.lowercased() }.values.filter { $0.count > 1 }.flatMap { $0 }
    }

    /// Reads files that have content, and names those whose bytes are not those of their oids.
    private static func different(_ files: [PointerFile], in top: BytePath) -> [PointerFile] {
        let wrong = Mutex<Set<Int>>([])
        concurrently(count: files.count, threads: availableProcessorCount()) { position in
            let file = files[position]
            if oid(of: top / file.path) != file.pointer.oid { wrong.withLock { _ = $0.insert(position) } }
        }
        return wrong.withLock { wrong in files.indices.filter(wrong.contains).map { files[$0] } }
    }

    /// - Returns: nil where the file cannot be read.
    private static func oid(of path: BytePath) -> ObjectID? {
        guard let file = try? Descriptor.open(path, [.read, .noFollow, .nonBlocking]) else { return nil }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        var hasher = BlobHasher()
        while let count = try? file.read(into: buffer) {
            if count == 0 { return hasher.finish() }
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        return nil
    }
}

extension Repository {
    /// The paths of the submodules that the index names.
    func submodules() throws -> [BytePath] {
        var paths: [BytePath] = []
        try git().forEachIndexEntry { if $0.stage == 0, $0.mode == "160000" { paths.append($0.path) } }
        return paths
    }
}
