import Diagnostics
import Digest
import ObjectStore
import Platform
import Pointer
import Repository

/// `git data locate`: where the bytes of data files are, for programs that read another revision's data in place.
struct LocateCommand: Command {
    static let revision = Value<BytePath>("revision", "REV", "the files of that revision, not of the index", parse: .revision)
    static let local = Flag("local", "ask no remote")
    static let declaration = Declaration(
        "locate", group: .plumbing, summary: "fetch and verify blobs, and print where each is",
        description: """
            For each data file an oid, a space, its path, and the place of its blob in the local store, the last two \
            each with a NUL at its end. Every blob has been verified; damaged ones are set aside and fetched anew. \
            They are not to be written to.
            """,
        options: [DownloadOptions.remote, revision, local], operands: [FileSelection.paths],
        exitCodes: [ExitMeaning(.failure, "some files have no data; they are named, up to a thousand, and not printed")], seeAlso: ["fetch"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        Process.returnLargeMemory()
        let repository = try context.repository()
        let selection = try FileSelection(arguments, context, repository)
        let store = try repository.store()
        let named = SortedBlobs(in: store)
        try forEachFile(of: arguments[revision], selection, repository) { file in
            if !file.pointer.isExtended { named.add(file.pointer.oid, byteCount: file.pointer.byteCount) }
        }
        let (wanted, damaged) = try verify(named, in: store)
        let download = DownloadOptions.download(arguments, context, repository)
        let fetched = try arguments[local] ? Download.Fetched() : download.fetch(wanted)
        var shortfalls = UndoneFiles()
        try forEachFile(of: arguments[revision], selection, repository) { file in
            let oid = file.pointer.oid
            if !file.pointer.isExtended, download.reason(for: file.pointer, fetched) == nil, let place = store.location(of: oid) {
                return context.output.write(Array("\(oid) ".utf8) + file.path.bytes + [0] + place.bytes + [0])
            }
            let reason = file.pointer.isExtended ? Words.reason(.extended)
                : download.reason(for: file.pointer, fetched) ?? damaged[oid].map { Words.reason(.damaged(kept: $0)) } ?? "not in the local store"
            shortfalls.add(.init(path: file.path, reason: reason))
        }
        download.report(shortfalls, after: fetched.failure, hints: fetched.hints)
        return shortfalls.isEmpty ? .success : .failure
    }

    private static func forEachFile(
        of revision: BytePath?, _ selection: FileSelection, _ repository: Repository, _ body: (PointerFile) -> Void
    ) throws {
        guard let revision else { return try selection.forEachFile(in: repository, body) }
        guard try repository.git().resolve(revision) != nil else {
            throw CommandFailure("'\(revision)' is no revision of this repository")
        }
        try repository.forEachTreePointers(revision) { portion in
            for file in portion where selection.contains(file.path) { body(file) }
        }
    }

    /// Sets the damaged ones of the blobs aside.
    /// - Returns: those that are to be fetched; and where the damaged ones are kept.
    private static func verify(
        _ named: SortedBlobs, in store: ObjectStore
    ) throws -> (wanted: WantedBlobs, damaged: [ObjectID: BytePath]) {
        let wanted = WantedBlobs(in: store)
        var damaged: [ObjectID: BytePath] = [:]
        var (reader, last) = (try named.reader(), ObjectID?.none)
        while let item = try reader.next() {
            if item.oid != last, try !isGood(item.oid, in: store) { damaged[item.oid] = try store.setAside(item.oid) }
            last = item.oid
            wanted.add(Pointer(oid: item.oid, byteCount: item.byteCount))
        }
        return (wanted, damaged)
    }

    /// Whether the blob's bytes are those of its name, or it is not here. What was verified in this run of the system,
    /// and not written to since, is not read again.
    private static func isGood(_ oid: ObjectID, in store: ObjectStore) throws -> Bool {
        guard let file = try store.open(oid), !file.isNotedVerified else { return true }
        guard try hashContent(of: file) == oid else { return false }
        _ = file.noteVerified()
        return true
    }
}
