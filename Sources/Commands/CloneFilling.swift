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
        var shortfalls: [Download.Shortfall] = []
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
        let records = try repository.git().query(["ls-files", "-z", "-t"]).records
        let modules = try repository.submodules()
        contents.files += records.count { $0.bytes.first != UInt8(ascii: "S") } - modules.count
        var files = try repository.indexPointers().filter { $0.entry.stage == 0 }
        let states = try repository.look(at: &files)
        var present = zip(files, states).filter { $0.1 == .content }.map(\.0)
        contents.dataFiles += states.count { $0 != .absent }
        let top = try repository.worktree()
        /// Takes the files out of the present ones that have other content.
        func withdraw(_ suspects: [PointerFile]) -> [BytePath] {
            let different = Set(Self.different(suspects, in: top).map(\.path))
            present.removeAll { different.contains($0.path) }
            return different.sorted().map { prefix.appending($0) }
        }
        if verifiesPresent {
            Hydration.sweep(files.map(\.path), worktree: top)
            trouble.different += withdraw(present.filter { !written.contains($0.path) })
        }
        trouble.shortfalls += withdraw(Self.twins(present, repository)).map {
            Download.Shortfall(path: $0, reason: "this disk takes its name for that of another file")
        }
        contents.filled += present.count
        contents.filledByteCount = contents.filledByteCount.adding(byteCount: present.totalByteCount { $0.pointer.byteCount })
        for path in modules {
            let place = try repository.worktree() / path
            guard (place / ".git").isPresent else { continue }
            contents.submodules += 1
            try run(try Repository.find(from: place), at: prefix.appending(path), &contents, &trouble)
        }
        if prefix.isEmpty { contents.lacking = trouble.shortfalls.count + trouble.different.count }
    }

    /// - Returns: the files that have their content from here.
    private func fill(_ repository: Repository, at prefix: BytePath, _ trouble: inout Trouble) throws -> Set<BytePath> {
        let selection = try FileSelection(arguments, context, repository)
        let waiting = try selection.waitingFiles(in: repository)
        let download = Download(context: context, repository: repository)
        let fetched = try download.fetch(waiting.map(\.pointer))
        if let remote = fetched.remote, fetched.blobs > 0 {
            context.output.detail("\(Count.blobs(fetched.blobs)) fetched from '\(remote.name)' (\(ByteCountText.format(fetched.byteCount)))")
        }
        let (_, unwritten) = try download.hydrate(waiting.filter { fetched.reasons[$0.pointer.oid] == nil })
        let unfetched = waiting.compactMap { file in
            fetched.reasons[file.pointer.oid].map { Download.Shortfall(path: file.path, reason: $0) }
        }
        let shortfalls = unfetched + unwritten
        trouble.shortfalls += shortfalls.map { Download.Shortfall(path: prefix.appending($0.path), reason: $0.reason, hints: $0.hints) }
        if trouble.failure == nil { trouble.failure = fetched.failure }
        if !shortfalls.isEmpty { trouble.hints += fetched.hints.filter { !trouble.hints.contains($0) } }
        return Set(waiting.map(\.path)).subtracting(shortfalls.map(\.path))
    }

    /// The files of which there are others that a disk without case, as Git has found it to be, takes for them.
    private static func twins(_ files: [PointerFile], _ repository: Repository) -> [PointerFile] {
        guard let settings = try? repository.settings(), settings.configuration.string("core.ignorecase") == "true" else { return [] }
        return Dictionary(grouping: files) { $0.path.text.lowercased() }.values.filter { $0.count > 1 }.flatMap { $0 }
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
        try git().indexEntries().filter { $0.stage == 0 && $0.mode == "160000" }.map(\.path)
    }
}
