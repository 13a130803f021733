import Digest
import Platform

/// New objects on their way into the repository: gathered in one pack, which Git takes over when all are
/// there, so that it has all of them, durable, or none. Each gets its name here, without a process of Git.
package final class PackWriter {
    private let file: TemporaryFile
    private let algorithm: MessageDigest.Algorithm
    private var buffer: [UInt8] = []
    private var offset: Int
    private let written: NameTable
    /// The tree written last for each folder: the next one is written as a change to it.
    private let formerTrees: FolderTrees
    private var formers: [Int: Former] = [:]

    private struct Former {
        let offset: Int
        /// How many changes lead from a whole tree to it.
        let depth: Int
    }

    /// Reading a tree costs so many steps at most, as in git-pack-objects(1).
    private static let depthLimit = 50

    /// What a killed process leaves among the packs by this name, `git gc` removes.
    static let temporaryPrefix = "tmp_pack_"

    /// Where it works, among Git's packs.
    package let folder: BytePath

    /// - Parameters:
    ///   - folder: of Git's packs.
    ///   - isSHA256: the repository's object format.
    package init(in folder: BytePath, isSHA256: Bool) throws(GitError) {
        algorithm = isSHA256 ? .sha256 : .sha1
        offset = PackEncoding.header(objectCount: 0).count
        self.folder = folder
        written = NameTable(in: folder)
        formerTrees = FolderTrees(in: folder)
        do throws(SystemError) {
            try folder.makeFolders()
            file = try TemporaryFile(in: folder, prefix: Self.temporaryPrefix, permissions: 0o600)
        } catch {
            throw .system(error)
        }
    }

    /// In the repository that `git` works in.
    /// - Parameter folder: where `git` works.
    package convenience init(_ git: Git, workingIn folder: BytePath) throws(GitError) {
        let format = try git.query(["rev-parse", "--show-object-format"]).line
        let packs = try git.query(["rev-parse", "--git-path", "objects/pack"]).line
        try self.init(in: packs.absolute(from: folder), isSHA256: format == "sha256")
    }

    package var digestByteCount: Int { algorithm.byteCount }

    /// How many objects were added, none of them twice.
    package var objectCount: Int { written.count }

    /// Adds an object; one that was added before is named only.
    package func add(_ kind: GitObjectKind, _ content: [UInt8]) throws(GitError) -> GitObjectName {
        let digest = try name(kind, content)
        guard try written.insert(digest, digest) else { return digest }
        try write(PackEncoding.entryHeader(.init(kind), byteCount: content.count) + PackEncoding.stored(content))
        return digest
    }

    /// Adds a tree of a folder, whose trees are alike.
    package func add(tree: [UInt8], of folder: Int) throws(GitError) -> GitObjectName {
        let digest = try name(.tree, tree)
        guard try written.insert(digest, digest) else { return digest }
        let start = offset
        defer { formerTrees.set(tree, of: folder) }
        if let former = formers[folder], former.depth < Self.depthLimit, let base = try formerTrees.tree(of: folder) {
            let delta = try delta(from: base, to: tree)
            if delta.count < tree.count / 2 {
                try write(
                    PackEncoding.entryHeader(.offsetDelta, byteCount: delta.count)
                        + PackEncoding.baseDistance(start - former.offset) + PackEncoding.stored(delta))
                formers[folder] = Former(offset: start, depth: former.depth + 1)
                return digest
            }
        }
        try write(PackEncoding.entryHeader(.tree, byteCount: tree.count) + PackEncoding.stored(tree))
        formers[folder] = Former(offset: start, depth: 0)
        return digest
    }

    private func name(_ kind: GitObjectKind, _ content: [UInt8]) throws(GitError) -> GitObjectName {
        guard let digest = GitObjectName.of(kind, content, algorithm) else {
            throw .unexpected(command: "git hash-object", answer: "no name")
        }
        return digest
    }

    private func delta(from base: [UInt8], to tree: [UInt8]) throws(GitError) -> [UInt8] {
        var delta = PackDelta(baseByteCount: base.count, byteCount: tree.count)
        var pairing = try TreePairing(tree, beside: base, digestByteCount: digestByteCount)
        while let (entry, twin) = try pairing.next() {
            if let twin {
                delta.copy(twin.start..<twin.digest.upperBound)
            } else {
                delta.insert(tree[entry.start..<entry.digest.upperBound])
            }
        }
        delta.finish()
        return delta.bytes
    }

    private func write(_ bytes: [UInt8]) throws(GitError) {
        buffer += bytes
        offset += bytes.count
        if buffer.count >= 1 << 20 { try flush() }
    }

    private func flush() throws(GitError) {
        defer { buffer.removeAll(keepingCapacity: true) }
        do throws(SystemError) { try file.descriptor.write(buffer) } catch { throw .system(error) }
    }

    /// Gives all objects to the repository. When this returns they are durable, those of a pack at least.
    /// - Parameter unpackLimit: fewer objects become loose ones, as durable as those of `git add`, so that a repository
    ///   does not fill with small packs; compare `transfer.unpackLimit` in git-config(1).
    package func install(_ git: Git, unpackLimit: Int = 0) throws(GitError) {
        guard !written.isEmpty else { return }
        try flush()
        let command: [BytePath] = written.count < unpackLimit ? ["unpack-objects", "-q"] : ["index-pack", "--stdin"]
        let answer = try git.run(command, feeding: { input throws(GitError) in
            do throws(SystemError) { try feed(input) } catch { throw .system(error) }
        })
        _ = try answer.checked(command)
    }

    private func feed(_ input: ByteWriter) throws(SystemError) {
        var digest = MessageDigest(algorithm)
        let header = PackEncoding.header(objectCount: written.count)
        digest.update(header)
        try input.write(header)
        try file.descriptor.seek(to: 0)
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            var failure: SystemError?
            let count = piece.withUnsafeMutableBytes { target in
                do throws(SystemError) { return try file.descriptor.read(into: target) } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            if count == 0 { break }
            let some = Array(piece[..<count])
            digest.update(some)
            try input.write(some)
        }
        try input.write(digest.finalize())
    }
}
