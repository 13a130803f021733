import Digest
import Platform
@testable import Commands
@testable import Git
@testable import Lineage
@testable import Pointer
@testable import Remote
@testable import RemoteHelper
@testable import Repository

/// What Git writes, and what lies beside it.
extension FuzzTarget {
    static let gitTargets = [index, objects, listings, cache, packIndex, states, bundle]

    private static let index = FuzzTarget(
        name: "index", sources: ["Git/Index/IndexCursor.swift", "Git/Index/IndexContents.swift", "Git/Index/IndexFile.swift", "Git/Index/IndexPieces.swift", "Git/Index/IndexCopy.swift"],
        maximumByteCount: 8192,
        words: ["DIRC", "\u{0}\u{0}\u{0}\u{2}", "\u{0}\u{0}\u{0}\u{4}", "TREE", "REUC", "link", "sdir", "FSMN", "EOIE", "IEOT", "UNTR", "abcd"]
    ) { input in
        let written = FileStatus.Time(seconds: 1_700_000_000, nanoseconds: 0)
        var names: [BytePath: GitObjectName] = [:]
        if let contents = try? IndexContents(input, written: written) {
            var last: BytePath?
            for item in contents.items.prefix(64) {
                let path = contents.path(of: item)
                _ = (contents.entry(item), contents.knownStatus(of: item), contents.positions(inside: path))
                let positions = contents.positions(of: path)
                if last.map({ $0 < path }) ?? true, contents.items.count < 2 { require(!positions.isEmpty, "an entry is not found") }
                last = path
                if item.stage == 0 { names[path] = item.name }
            }
        }
        for algorithm in [MessageDigest.Algorithm.sha1, .sha256] {
            guard let same = copy(input, algorithm, []) else { continue }
            require(same == input, "an index changes as it is copied")
            let files = names.prefix(8).map { CleanFile(path: $0.key, name: $0.value, mode: "100644", status: try? FuzzFolder.path.status()) }
            guard let changed = copy(input, algorithm, files) else {
                require(false, "an index cannot be copied twice")
                return
            }
            require(changed.count == input.count, "an index changes its length")
            require(copy(changed, algorithm, []) == changed, "an index is not sound any more")
            if let inPieces = copy(input, algorithm, files, window: 512) { require(inPieces == changed, "a copy in pieces is another") }
        }
    }

    /// - Returns: nil where the index is not sound.
    private static func copy(
        _ input: [UInt8], _ algorithm: MessageDigest.Algorithm, _ files: [CleanFile], window: Int = IndexPieces.usualWindow
    ) -> [UInt8]? {
        var target: [UInt8] = []
        // Nothing was written so late that an entry might have changed unseen.
        let written = FileStatus.Time(seconds: .max, nanoseconds: 0)
        guard let copy = try? IndexCopy(IndexSource(input), algorithm: algorithm, windowByteCount: window),
            let reader = try? CleanFiles(files).read(),
            (try? copy.run(marking: reader, writtenAt: written, sizeOfMultiples: 0x8000_0000) { target += $0 }) != nil
        else { return nil }
        return target
    }

    private static let objects = FuzzTarget(
        name: "objects", sources: ["Git/History/CommitObject.swift", "Git/History/TreeCursor.swift", "Git/History/PackEncoding.swift"],
        words: [
            "tree " + String(repeating: "a", count: 40) + "\n", "parent " + String(repeating: "b", count: 40) + "\n", "author A <a> 1 +0000\n",
            "gpgsig -----BEGIN PGP SIGNATURE-----\n -----END PGP SIGNATURE-----\n", "mergetag object ", "type commit\n", "tag v1\n", "object ",
            "100644 a\u{0}", "40000 b\u{0}", "120000 c\u{0}", "160000 d\u{0}", "-----BEGIN SSH SIGNATURE-----", "encoding ", "\n\n",
        ]
    ) { input in
        guard let parts = ChosenInput(input, of: 4), let other = GitObjectName(hex: [UInt8](repeating: UInt8(ascii: "c"), count: 40)) else { return }
        switch parts.choice {
        case 0:
            guard let commit = CommitObject(parts.bytes) else { return }
            let same = commit.rewritten(tree: commit.tree) { $0 }
            if same.droppedSignatures == 0, HeaderedObject(parts.bytes).headers.filter({ $0.isCalled("tree") }).count == 1, parts.bytes.last == 0x0a {
                require(CommitObject(same.content)?.parents == commit.parents, "a commit has other parents")
            }
            require(CommitObject(commit.rewritten(tree: other) { _ in other }.content)?.tree == other, "a commit has another tree")
        case 1:
            guard let tag = TagObject(parts.bytes) else { return }
            require(TagObject(tag.rewritten(target: other).content)?.target == other, "a tag names something else")
        default:
            let size = parts.choice == 2 ? 20 : 32
            let (tree, former) = parts.halves
            var cursor = TreeCursor(tree, digestByteCount: size)
            var end = 0
            while let entry = try cursor.next() {
                require(entry.start == end && !entry.name.isEmpty && entry.digest.count == size, "entries do not follow each other")
                end = entry.digest.upperBound
            }
            require(end == tree.count, "a tree was not read to its end")
            var pairing = try TreePairing(tree, beside: former, digestByteCount: size)
            while let (entry, twin) = try pairing.next() {
                if let twin { require(tree[entry.start..<entry.digest.upperBound] == former[twin.start..<twin.digest.upperBound], "no twins") }
            }
            guard let name = GitObjectName(bytes: [UInt8](repeating: 7, count: size)) else { return }
            let file = Array("data".utf8)
            let changed = try TreeEditing.setting(file, to: name, in: tree, digestByteCount: size)
            require(try TreeEditing.entry(named: file, in: changed, digestByteCount: size).map { Array(changed[$0.digest]) } == name.bytes, "an entry was not set")
            _ = try TreeEditing.setting(file, to: nil, in: changed, digestByteCount: size)
        }
    }

    private static let listings = FuzzTarget(
        name: "listings", sources: ["Git/Git+Index.swift", "Lineage/ChangeLog.swift", "Git/BundleHead.swift"],
        words: [
            "100644 ", " 0\t", "commit ", String(repeating: "a", count: 40), ":100644 100644 ", " M", " R100", "::100644 100644 100644 ", "\u{0}", "\n",
            "# v2 git bundle\n", "# v3 git bundle\n@object-format=sha1\n", "-", " refs/heads/main\n",
        ]
    ) { input in
        guard let parts = ChosenInput(input, of: 3) else { return }
        switch parts.choice {
        case 0: for record in parts.bytes.split(separator: 0) { _ = try Git.entry(BytePath(bytes: record), command: "git ls-files") }
        case 1:
            var parser = ChangeLog.Parser()
            for record in parts.bytes.split(separator: 0, omittingEmptySubsequences: false) { _ = try parser.take(Array(record)) }
            _ = parser.finish()
        default:
            var whole = BundleHeadParser(), slow = BundleHeadParser()
            parts.bytes.withUnsafeBytes { whole.take($0) }
            for byte in parts.bytes { [byte].withUnsafeBytes { slow.take($0) } }
            require(whole.head == slow.head, "a head depends on how it arrives")
        }
    }

    private static let cache = FuzzTarget(
        name: "cache", sources: ["Repository/PointerCacheFile.swift", "Repository/PointerCache.swift"], maximumByteCount: 4096,
        words: ["git data pointers 2\n"]
    ) { input in
        // The input is the records; the head is mostly as it should be, and the checksums of half of them are mended.
        guard let parts = ChosenInput(input, of: 4) else { return }
        let head = Array("git data pointers 2\n".utf8)
        let content = parts.choice == 0 ? parts.bytes : head + [UInt8](repeating: 0, count: PointerRecord.byteCount - head.count) + parts.bytes
        let folder = FuzzFolder.path / "cache"
        _ = try FuzzFolder.file("cache/data/cache/pointers-2", content)
        var names: [GitObjectName] = []
        for start in stride(from: 0, to: parts.bytes.count, by: PointerRecord.byteCount) {
            let piece = parts.bytes[start...].prefix(20)
            if let name = GitObjectName(bytes: piece) { names.append(name) }
        }
        names += [0, 0x7f, 0xff].compactMap { GitObjectName(bytes: [UInt8](repeating: $0, count: 20)) }
        let cache = PointerCache(in: folder)
        for known in cache.known(names) {
            if case .pointer(let pointer)? = known { require(pointer.byteCount >= 0, "a pointer of \(pointer.byteCount) bytes") }
        }
        var file = PointerCacheFile(folder / "data/cache/pointers-2")
        let target = folder / "merged"
        let additions = names.map { PointerRecord($0) }.sorted { $0.precedes($1) }
        try file.merge(additions, into: target)
        _ = names.map { file.record(of: $0) }
        var merged = PointerCacheFile(target)
        require(names.allSatisfy { merged.record(of: $0) != nil }, "what was added is not there")
    }

    private static let packIndex = FuzzTarget(
        name: "pack-index", sources: ["RemoteHelper/PackIndex.swift"], maximumByteCount: 8192, words: []
    ) { input in
        guard let parts = ChosenInput(input, of: 2) else { return }
        // Four counts for each first byte are made of one byte of the input each, so that most are in order.
        var content: [UInt8] = [0xff, 0x74, 0x4f, 0x63, 0, 0, 0, 2]
        var count: UInt32 = 0
        for row in 0..<256 {
            let step = row < parts.bytes.count ? parts.bytes[row] : 0
            count = step == 0xff ? .max : count &+ UInt32(step % 3)
            content += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) }
        }
        content += parts.bytes.dropFirst(256)
        let index = try PackIndex(try FuzzFolder.file("index", parts.choice == 0 ? content : parts.bytes))
        for first: UInt8 in [0, 1, 0x61, 0xff] {
            guard let name = GitObjectName(bytes: [first] + [UInt8](repeating: 3, count: 19)) else { continue }
            _ = try index.contains(name)
        }
    }

    private static let states = FuzzTarget(
        name: "states",
        sources: ["RemoteHelper/RepositoryState.swift", "RemoteHelper/PackRecord.swift", "RemoteHelper/PushPlan.swift", "RemoteHelper/DerivedFiles.swift"],
        maximumByteCount: 8192,
        words: [
            "{\"version\":1,\"number\":7,", "\"objectFormat\":\"sha1\"", "\"refs\":[\"", "refs/heads/main", "\"packs\":[{\"name\":\"pack-", "\"bytes\":",
            "\"tips\":[", "\"bases\":[", "\"generation\":", "\"condemned\":[", "\"removed\":[{\"name\":\"pack-", "\"since\":9223372036854775807", "\"oldest\":",
            String(repeating: "a", count: 40), String(repeating: "b", count: 64), "\"collections\":",
        ]
    ) { input in
        let state = try RepositoryState(input, number: 7)
        require(try RepositoryState(try state.encoded(), number: 7) == state, "a state is another one when it is read again")
        let wanted = state.refs.map(\.target)
        let selection = PackSelection(wanted, among: state.packs, present: Set(state.packs.first?.tips ?? []))
        require(selection.packs.count <= state.packs.count, "more packs than there are")
        _ = (DerivedFiles.head(state), DerivedFiles.refs(state), DerivedFiles.packs(state), state.packs.map(\.documents))
        _ = state.packs.reduce(Int64(0)) { $0 + $1.pack.byteCount + $1.index.byteCount }
        _ = Housekeeping.group(of: state)
        for ref in state.refs { require(state.ref(ref.name) == ref, "a ref is not found") }
    }

    private static let bundle = FuzzTarget(
        name: "bundle", sources: ["Commands/Bundle/BundleReader.swift", "Commands/Bundle/BundleMember.swift", "Inspection/TarHeader.swift"],
        maximumByteCount: 8192,
        words: ["README.txt", "files.txt", "SHA256SUMS", "repository.bundle", "objects/", "ustar\u{0}00", "# v2 git bundle\n"]
    ) { input in
        let reader = BundleReader(ByteReader(try Descriptor.open(try FuzzFolder.file("bundle", input), .read)))
        var isLong = false
        while let item = try reader.next() {
            require(item.byteCount >= 0, "a member of \(item.byteCount) bytes")
            if isLong { _ = try reader.content(limit: 4096) }
            isLong.toggle()
        }
    }
}
