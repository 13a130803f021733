import Digest
import Git
import Platform

/// A pack that Git has made in a folder here, to be brought to a remote.
struct BuiltPack {
    let record: PackRecord
    let pack: BytePath
    let index: BytePath

    /// Forgets the files.
    func remove() {
        for file in [pack, index] { try? file.removeFile() }
    }
}

/// Has Git make packs. No pack leans on objects outside of it: a fetch over plain HTTP needs that, and any pack can be
/// read by itself.
struct PackBuilder {
    let git: Git
    /// Where packs are made.
    let folder: BytePath
    /// Whether Git shows how far it is.
    let showsProgress: Bool

    /// Packs all objects that `tips` reach and `bases` do not.
    /// - Parameter attempt: with another number the same objects make a pack of other bytes, and another name.
    /// - Returns: nil where there are none.
    func pack(_ tips: [GitObjectName], excluding bases: [GitObjectName], attempt: Int = 0) throws -> BuiltPack? {
        let input = Git.walkLines(from: tips, excluding: bases)
        let arguments: [BytePath] = ["--revs", "--no-use-bitmap-index"]
        let walk = bases.isEmpty ? nil : try git.start(["--no-replace-objects", "rev-list", "--boundary", "--stdin"], input: .pipe)
        try? walk?.input?.write(input)
        try? walk?.closeInput()
        guard let built = try build(arguments, input, attempt: attempt) else {
            walk?.wait()
            return nil
        }
        guard let walk else { return try record(of: built, tips: tips, bases: [], generation: 0) }
        let index = try PackIndex(folder / BytePath("\(built.text).idx"))
        // Some may be there already, and say nothing of this pack.
        let own = try tips.filter { try index.contains($0) }
        let (commits, boundary) = try read(walk, lookingFor: Set(own))
        let targets = try targets(of: own.filter { !commits.contains($0) }, outside: index)
        return try record(of: built, tips: own, bases: boundary + targets.filter { !boundary.contains($0) }, generation: 0)
    }

    /// What annotated tags of the pack name that is not in the pack.
    private func targets(of tags: [GitObjectName], outside index: borrowing PackIndex) throws -> [GitObjectName] {
        var outside: [GitObjectName] = []
        var open = tags
        while !open.isEmpty {
            let kinds = try git.query(["cat-file", "--batch-check=%(objectname) %(objecttype)"], input: Git.walkLines(from: open)).lines
            open = kinds.filter { $0.bytes.suffix(4).elementsEqual(" tag".utf8) }
                .compactMap { GitObjectName(hex: $0.bytes.prefix { $0 != UInt8(ascii: " ") }) }
            guard !open.isEmpty else { break }
            let texts = try git.query(["cat-file", "--batch=object"], input: Git.walkLines(from: open)).lines
            // Behind each head, the tag's own first line says what it names.
            let named = zip(texts, texts.dropFirst()).filter { $0.0 == "object" }.compactMap { _, line in
                GitObjectName(hex: line.bytes.dropFirst("object ".utf8.count))
            }
            outside += try named.filter { try !index.contains($0) }
            open = try named.filter { try index.contains($0) }
        }
        return outside
    }

    /// Packs the given objects.
    /// - Parameter objects: their names, each on a line.
    func pack(
        objects: [UInt8], tips: [GitObjectName], bases: [GitObjectName], generation: Int, attempt: Int = 0
    ) throws -> BuiltPack? {
        guard let built = try build([], objects, attempt: attempt) else { return nil }
        return try record(of: built, tips: tips, bases: bases, generation: generation)
    }

    /// - Returns: the pack's name; nil where it would be empty.
    private func build(_ arguments: [BytePath], _ input: [UInt8], attempt: Int) throws -> PackName? {
        // The files here are gone in a moment, so that nothing needs to wait for them to be on the disk.
        var call: [BytePath] = ["-c", "pack.packSizeLimit=0", "-c", "pack.indexVersion=2", "-c", "core.fsync=none"]
        if attempt > 0 { call += ["-c", BytePath("pack.compression=\(attempt % 10)")] }
        call += ["pack-objects", "--delta-base-offset", "--non-empty", showsProgress ? "--progress" : "-q"] + arguments
        if attempt > 0 { call += ["--no-reuse-object"] }
        var input = input
        // Small objects are compressed to the same bytes by many settings; one more object makes any pack another.
        if attempt > Self.settings { input += try salt().hex + [UInt8(ascii: "\n")] }
        let child = try git.start(call + [folder / "pack"], input: .pipe, errors: .inherited)
        // Git reads all before it writes its one line.
        try? child.input?.write(input)
        try? child.closeInput()
        let answer = try child.output?.readToEnd() ?? []
        guard child.wait().isSuccess else { throw HelperError("'git pack-objects' failed") }
        let hash = String(decoding: answer.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        if hash.isEmpty { return nil }
        guard let name = PackName("pack-\(hash)") else { throw HelperError("'git pack-objects' answered '\(BytePath(hash))'") }
        return name
    }

    private static let settings = 9

    /// A small object that nothing names.
    private func salt() throws -> GitObjectName {
        let answer = try git.query(["hash-object", "-w", "--stdin"], input: Array("\(UInt64.random(in: .min ... .max))\n".utf8)).line
        guard let name = GitObjectName(hex: answer.bytes) else { throw HelperError("'git hash-object' answered '\(answer)'") }
        return name
    }

    /// Reads a walk that has been started: which of some names are commits of the pack, and which commits those of the
    /// pack have as parents that are not in it.
    private func read(
        _ walk: ChildProcess, lookingFor names: Set<GitObjectName>
    ) throws -> (commits: Set<GitObjectName>, boundary: [GitObjectName]) {
        var commits: Set<GitObjectName> = []
        var boundary: [GitObjectName] = []
        while let line = try walk.output?.read(until: UInt8(ascii: "\n")) {
            if line.first == UInt8(ascii: "-") {
                if let name = GitObjectName(hex: line.dropFirst()) { boundary.append(name) }
            } else if let name = GitObjectName(hex: line), names.contains(name) {
                commits.insert(name)
            }
        }
        guard walk.wait().isSuccess else { throw HelperError("'git rev-list' failed") }
        return (commits, boundary)
    }

    private func record(
        of name: PackName, tips: [GitObjectName], bases: [GitObjectName], generation: Int
    ) throws -> BuiltPack {
        let pack = folder / BytePath("\(name.text).pack")
        let index = folder / BytePath("\(name.text).idx")
        // Newer Gits write this too, which nobody needs here.
        try? (folder / BytePath("\(name.text).rev")).removeFile()
        let record = PackRecord(
            name: name, pack: try Self.describe(pack), index: try Self.describe(index),
            objectCount: try Self.objectCount(pack), generation: generation, tips: tips, bases: bases)
        return BuiltPack(record: record, pack: pack, index: index)
    }

    private static func describe(_ path: BytePath) throws -> PackRecord.File {
        let file = try Descriptor.open(path, .read)
        var hasher = BlobHasher()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try file.read(into: buffer)
            if count == 0 { break }
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        let byteCount = hasher.byteCount
        return PackRecord.File(oid: hasher.finish(), byteCount: byteCount)
    }

    /// What a pack's header says.
    ///
    /// Spec: gitformat-pack(5): a signature, a version and a count, four bytes each.
    static func objectCount(_ pack: BytePath) throws -> Int {
        let header = try pack.contents(limit: 12) ?? []
        guard header.count == 12, header.starts(with: "PACK".utf8) else { throw HelperError("'\(pack)' is no pack") }
        return header[8...].reduce(0) { $0 << 8 | Int($1) }
    }
}
