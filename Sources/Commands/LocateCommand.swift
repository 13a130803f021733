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
        exitCodes: [ExitMeaning(.failure, "some files have no data; they are named, and not printed")], seeAlso: ["fetch"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let selection = try FileSelection(arguments, context, repository)
        let files = try files(of: arguments[revision], selection, repository)
        let store = try repository.store()
        var damaged: [ObjectID: BytePath] = [:]
        for oid in Set(files.map(\.pointer.oid)) where try !isGood(oid, in: store) {
            damaged[oid] = try store.setAside(oid)
        }
        let download = DownloadOptions.download(arguments, context, repository)
        let fetched = try arguments[local] ? Download.Fetched() : download.fetch(files.map(\.pointer))
        var shortfalls: [Download.Shortfall] = []
        for file in files {
            let oid = file.pointer.oid
            if !file.pointer.isExtended, download.reason(for: file.pointer, fetched) == nil, let place = store.location(of: oid) {
                context.output.write(Array("\(oid) ".utf8) + file.path.bytes + [0] + place.bytes + [0])
                continue
            }
            let reason = file.pointer.isExtended ? Words.reason(.extended)
                : download.reason(for: file.pointer, fetched) ?? damaged[oid].map { Words.reason(.damaged(kept: $0)) } ?? "not in the local store"
            shortfalls.append(Download.Shortfall(path: file.path, reason: reason))
        }
        download.report(shortfalls, after: fetched.failure, hints: fetched.hints)
        return shortfalls.isEmpty ? .success : .failure
    }

    private static func files(
        of revision: BytePath?, _ selection: FileSelection, _ repository: Repository
    ) throws -> [PointerFile] {
        guard let revision else { return try selection.files(in: repository) }
        guard try repository.git().resolve(revision) != nil else {
            throw CommandFailure("'\(revision)' is no revision of this repository")
        }
        var files: [PointerFile] = []
        try repository.forEachTreePointers(revision) { portion in files += portion.filter { selection.contains($0.path) } }
        return files
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
