import Diagnostics
import Digest
import Filter
import FoundationEssentials
import Git
import Lineage
import ObjectStore
import Platform
import Pointer
import Repository
import Transfer

/// A path of another repository at one revision. Only what that path needs is fetched, into a repository that is gone
/// afterwards.
struct GitImport: ImportSource {
    let order: ImportOrder
    let context: CommandContext
    let repository: Repository
    /// Becomes the repository.
    let folder: ImportFolder
    let trustsOthers: Bool

    private static let target: BytePath = "refs/import/target"

    func bring(_ known: SourceReceipt?, isCheck: Bool) throws -> ImportAnswer {
        let git = try Git(in: folder.path, worktree: folder.path, isolated: true, adding: [("GIT_DATA_LAZY", "1")])
        try prepare(git)
        let commit = try fetchRevision(git)
        var receipt = SourceReceipt()
        receipt.revision = commit.description
        if let known, known.revision == receipt.revision { return .same(receipt) }
        let path = order.source.path?.normalized ?? ""
        let other = try otherRepository(commit, git)
        let (found, isFolder) = try find(path, in: commit, git, other)
        guard found.count > 0 else {
            throw CommandFailure("\(order.shown) is not there at \(commit.description.prefix(12)), or has no files")
        }
        if !isCheck { try fetchBlobs(found, of: other) }
        let files = ImportedFiles(in: try repository.store())
        var digests = ImportDigest()
        var number = 0
        try found.forEach { source in
            let file = folder.path / ".git" / "import-\(number)"
            number += 1
            let (digest, byteCount) = try write(source, to: file, git, isCheck: isCheck)
            let relative: BytePath = isFolder ? source.path : ""
            digests.add(relative, digest)
            files.add(ImportedFile(path: relative, file: file, byteCount: byteCount, isExecutable: source.isExecutable))
        }
        receipt.byteCount = files.byteCount
        if isFolder { receipt.fileCount = Int64(files.count) }
        receipt.digest = digests.finish(isFolder: isFolder)
        if let known, known.change(to: receipt) == .same { return .same(receipt) }
        return isCheck ? .changed(receipt) : .brought(files, receipt)
    }

    // MARK: the revision

    /// Makes the repository. Its address stands in a file, where no list of processes shows it.
    private func prepare(_ git: Git) throws {
        // Nothing in it may end a line or a name in the file.
        let isFit = order.address.isUTF8 && order.address.bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
        guard isFit, !ImportOrder.authority(order.address).contains(where: { "\"\\ ".utf8.contains($0) }) else {
            throw CommandFailure("\(order.shown) has no URL of a repository")
        }
        try git.query(["init", "--quiet", "--template="])
        let config = folder.path / ".git/config"
        var text = try config.contents() ?? []
        let url = SourceURL(order.address)
        var address = order.address
        if ImportOrder.isWeb(order.address), url.withheld.contains("password") {
            let (whole, place) = (order.address.bytes, ImportOrder.authority(order.address))
            if let at = place.lastIndex(of: UInt8(ascii: "@")) {
                let host = String(decoding: place[(at + 1)...], as: UTF8.self)
                let scheme = String(decoding: whole.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self)
                address = BytePath(bytes: whole[..<place.startIndex] + whole[(at + 1)...])
                let given = BytePath(bytes: place[..<at])
                let user = BytePath(localURL: BytePath(bytes: Array("file:///".utf8) + given.bytes))?.lastComponent ?? given
                let word = Data(user.bytes).base64EncodedString()
                text += Array("[http \"\(scheme)://\(host)\"]\n\textraHeader = Authorization: Basic \(word)\n".utf8)
            }
        }
        let quoted = address.text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        text += Array("[remote \"origin\"]\n\turl = \"\(quoted)\"\n".utf8)
        try config.replaceContents(with: text, permissions: 0o600)
    }

    private func fetchRevision(_ git: Git) throws -> GitObjectName {
        let revision = BytePath(order.source.revision ?? "HEAD")
        let isName = !revision.bytes.contains { "~^:@{*?[\\ +".utf8.contains($0) } && revision.bytes.first != UInt8(ascii: "-")
        let config = folder.path / ".git/config"
        let plainConfig = try config.contents() ?? []
        let fetch: [BytePath] = ["fetch", "--quiet", "--no-tags", "--recurse-submodules=no"]
        let partly: [BytePath] = ["--filter=blob:none"]
        func fetchTip(_ name: BytePath) throws -> GitObjectName? {
            let refspec = BytePath(bytes: Array("+".utf8) + name.bytes + Array(":".utf8) + Self.target.bytes)
            guard try git.run(fetch + partly + ["--depth=1", "origin", refspec]).status == 0 else { return nil }
            return try git.resolve(Self.target.adding(suffix: "^{commit}"))
        }
        if isName, let commit = try fetchTip(revision) { return commit }
        // A part of a name, or an expression: with the history. A web server that only has a repository's files gives no
        // parts of it, and Git would ask it for what is missing in an endless chain.
        let isPartial = try fetchTip("HEAD") != nil
        if !isPartial { try config.replaceContents(with: plainConfig, permissions: 0o600) }
        let refspecs: [BytePath] = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]
        // What was fetched without its history gets that now.
        let depth: [BytePath] = (folder.path / ".git/shallow").isPresent ? ["--unshallow"] : []
        let answer = try git.run(fetch + (isPartial ? partly : []) + depth + ["origin"] + refspecs)
        guard answer.status == 0 else {
            let said = answer.message.split(separator: "\n").map(String.init)
            let line = said.first { $0.hasPrefix("fatal: ") } ?? said.first ?? ""
            let words = line.hasPrefix("fatal: ") ? String(line.dropFirst(7)) : line
            throw CommandFailure("'\(BytePath(order.source.value))' cannot be fetched: \(BytePath(words))")
        }
        for name in [BytePath("origin/\(revision.text)"), revision] where revision.bytes.first != UInt8(ascii: "-") {
            if let commit = try git.resolve(name.adding(suffix: "^{commit}")) { return commit }
        }
        throw CommandFailure("there is no revision '\(revision)' in '\(BytePath(order.source.value))'")
    }

    // MARK: files

    /// So many files are looked at at once, and so many blobs are fetched.
    private static let portionCount = 4096

    /// The regular files at a path. Those of a folder have paths from there.
    private func find(
        _ path: BytePath, in commit: GitObjectName, _ git: Git, _ other: Repository
    ) throws -> (GitSourceFiles, isFolder: Bool) {
        let found = GitSourceFiles(in: try repository.store())
        let root = BytePath(bytes: commit.hex)
        let place = BytePath(bytes: root.bytes + [UInt8(ascii: ":")] + path.bytes)
        if !path.isEmpty {
            let listing = try git.query(["--literal-pathspecs", "ls-tree", "-z", "--full-tree", root, path]).records
            guard let record = listing.first(where: { $0.bytes.split(separator: UInt8(ascii: "\t"), maxSplits: 1).last.map { BytePath(bytes: $0) } == path })
            else { return (found, false) }
            let fields = record.bytes.split(separator: UInt8(ascii: "\t"), maxSplits: 1)[0].split(separator: UInt8(ascii: " "))
            guard fields.count == 3, let name = GitObjectName(hex: fields[2]) else { return (found, false) }
            let entry = IndexEntry(mode: String(decoding: fields[0], as: UTF8.self), name: name, stage: 0, path: path)
            if entry.isRegularFile {
                found.add(GitSourceFile(entry, try other.pointers(among: [entry]).first?.pointer))
                return (found, false)
            }
            guard fields[1].elementsEqual("tree".utf8) else { return (found, false) }
        }
        try git.fetchMissingObjects(of: [place], from: "origin")
        try other.forEachTreePortion(place, of: Self.portionCount) { files in
            for (entry, pointer) in files {
                if entry.isRegularFile {
                    found.add(GitSourceFile(entry, pointer?.pointer))
                } else {
                    context.output.warning("'\(entry.path)' is a symbolic link and is left out")
                }
            }
        }
        return (found, true)
    }

    /// - Returns: the SHA-256 and the length of the content.
    private func write(_ source: GitSourceFile, to file: BytePath, _ git: Git, isCheck: Bool) throws -> (ObjectID, Int64) {
        let blob = source.blob
        if let blob, isCheck { return (blob.oid, blob.byteCount) }
        let target = try Descriptor.open(file, [.readWrite, .create, .exclusive])
        if let blob {
            guard let content = try repository.store().open(blob.oid) else { throw CommandFailure("the blob of '\(source.path)' has not come") }
            if !target.share(contentOf: content) { try target.copyContent(of: content) { _ in } }
        } else {
            let child = try git.start(["cat-file", "blob", BytePath(bytes: source.name.hex)])
            if let output = child.takeOutput() {
                while true {
                    let piece = try output.readSome()
                    guard !piece.isEmpty else { break }
                    try target.write(Array(piece))
                }
            }
            guard child.wait().isSuccess else { throw CommandFailure("'\(source.path)' cannot be read from \(order.shown)") }
        }
        try target.synchronize()
        let digest = try ImportDigest.of(file)
        if let blob, blob.oid != digest { throw CommandFailure("the local copy of blob \(blob.oid.hex.prefix(12)) is damaged", hints: ["git data fsck --repair"]) }
        return (digest, try target.status().byteCount)
    }

    // MARK: blobs

    /// The other repository as far as its settings matter, with the `.gitdata` of the commit.
    private func otherRepository(_ commit: GitObjectName, _ git: Git) throws -> Repository {
        let settings = try git.run(["cat-file", "blob", BytePath(bytes: commit.hex).adding(suffix: ":.gitdata")])
        if settings.status == 0 { try (folder.path / ".gitdata").replaceContents(with: settings.output) }
        guard let location = try RepositoryLocation.at(commonFolder: folder.path / ".git") else {
            throw CommandFailure("the temporary repository in '\(folder.path)' is gone")
        }
        return Repository(location, isolated: true)
    }

    private func fetchBlobs(_ files: GitSourceFiles, of other: Repository) throws {
        let store = try repository.store()
        let wanted = SortedBlobs(in: store)
        try files.forEach { file in
            if let blob = file.blob, !store.contains(blob.oid) { wanted.add(blob.oid, byteCount: blob.byteCount) }
        }
        var tick = try wanted.total()
        guard tick.filesTotal > 0 else { return }
        let remote = try dataRemote(of: other)
        let session = try TransferSession(
            agent: TransferSession.agentExecutable(),
            destination: TransferDestination(url: remote.transferURL, mayCreate: false, name: remote.name), store: store,
            transfers: repository.settings().transfers, isVerbose: context.output.isVerbose, progress: context.progress("Importing data"))
        defer { session.finish() }
        var (first, failed, done) = (nil as TransferFailure?, 0, 0)
        try wanted.forEachPortion(of: Self.portionCount) { items in
            let outcome = try session.download(absent: items, of: &tick)
            first = first ?? outcome.failures.first
            failed += outcome.failures.count
            done += outcome.done.count
        }
        if let first {
            throw CommandFailure(
                "\(Count.files(failed)) of \(order.shown) cannot be had: \(first.message)",
                kept: done == 0 ? nil : "\(Count.files(done)) in the local store")
        }
    }

    private func dataRemote(of other: Repository) throws -> DataRemote {
        do throws(RepositoryError) {
            return try other.dataRemote(forGitRemote: "origin")
        } catch {
            guard case .remote(.untrusted(let remote)) = error else { throw error }
            let trust = ImportTrust(repository: repository)
            let place = remote.transferURL.text
            if trustsOthers { try trust.note(place) }
            guard try trust.contains(place) else {
                throw CommandFailure(
                    Words.explanation(.untrusted(remote) as DataRemoteError).what, hints: ["the same command with --trust"])
            }
            return remote
        }
    }
}
