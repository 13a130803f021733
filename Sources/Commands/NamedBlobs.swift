import Digest
import Git
import ObjectStore
import Platform
import Pointer
import Repository

/// The blobs that the refs of some repositories name: of this clone, and of others as they are now.
struct NamedBlobs {
    let context: CommandContext
    let repository: Repository
    /// The URLs of the others.
    let others: [BytePath]

    /// Reads them all. What cannot be read stops everything.
    func find() throws -> SortedBlobs {
        let named = SortedBlobs(in: try repository.store())
        try repository.forEachReachedPointer(
            from: [], extra: ["--all", "--reflog", "--indexed-objects"], completing: true, isStrict: true
        ) { named.add($0.pointer.oid) }
        try repository.forEachBlobInUse { named.add($0) }
        for url in others { try add(blobsOf: url, to: named) }
        return named
    }

    /// All refs of another repository, also those that a clone does not fetch.
    private func add(blobsOf url: BytePath, to named: SortedBlobs) throws {
        let folder = try repository.store().incoming / "mirror-\(UInt64.random(in: .min ... .max))"
        defer { folder.removeTree() }
        // A repository on this machine is read where it is: while its objects are copied, those of a push under way come and go.
        let answer = try repository.git().run([
            "clone", "--quiet", "--mirror", "--shared", BytePath("--filter=blob:limit=\(Pointer.maximumTextByteCount)"),
            BytePath("--reference-if-able=\(repository.location.commonFolder)"), "--", url, folder,
        ])
        guard answer.status == 0, let location = try RepositoryLocation.at(commonFolder: folder) else {
            throw CommandFailure(
                "the refs of '\(URLText.withoutSecrets(url))' cannot be read: \(answer.message)", kept: "everything at the remote")
        }
        let mirror = Repository(location, isolated: true)
        let past = try DataRemote.place(ofGitRemote: url) == nil ? [] : past(of: url, in: mirror)
        try mirror.forEachReachedPointer(from: past.map { BytePath(bytes: $0.hex) }, extra: ["--all"], isStrict: true) {
            named.add($0.pointer.oid)
        }
    }

    /// What a repository in a bucket or folder can go back to, brought to the mirror.
    private func past(of url: BytePath, in mirror: Repository) throws -> [GitObjectName] {
        let names = try RemoteHistory(url, repository).pastObjects()
        guard !names.isEmpty else { return [] }
        let input = names.flatMap { $0.hex + [UInt8(ascii: "\n")] }
        try mirror.git().query(["fetch", "--quiet", "--no-tags", "--stdin", url], input: input)
        return names
    }
}
