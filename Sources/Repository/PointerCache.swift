import Digest
import Git
import Platform
import Pointer

/// What Git's small blobs are, by their names, as far as that was asked before: which pointer, or none. A blob never
/// changes, so neither does what is known of it. The file can be deleted at any time.
///
/// ```
/// <common Git folder>/data/cache/pointers-1
///     "git data pointers 1\n"
///     records, sorted by their keys: 32 bytes of Git's name, zeros behind a shorter one
///                                    1 byte of form, 8 of length (big-endian), 32 of oid
///     SHA-256 of all that
/// ```
struct PointerCache {
    enum Known: Equatable {
        case pointer(Pointer)
        case noPointer
    }

    private static let header = Array("git data pointers 1\n".utf8)
    private static let keyByteCount = 32
    private static let recordByteCount = 73
    /// What a file may have; more would cost each command too much to read.
    private static let recordLimit = 250_000
    /// Fewer are found out again as fast as they are written down.
    private static let worthwhileCount = 200

    private let file: BytePath
    /// The file's content, or only its frame where there is none that can be trusted.
    private let bytes: [UInt8]
    private var additions: [(key: [UInt8], record: [UInt8])] = []

    init(in commonFolder: BytePath) {
        file = commonFolder / "data/cache/pointers-1"
        let content = (try? file.contents(limit: Self.header.count + (Self.recordLimit + 1) * Self.recordByteCount)) ?? []
        bytes = Self.isSound(content) ? content : Self.framed([])
    }

    private static func isSound(_ content: [UInt8]) -> Bool {
        let digestByteCount = MessageDigest.Algorithm.sha256.byteCount
        let records = content.count - header.count - digestByteCount
        guard records >= 0, records % recordByteCount == 0, content.starts(with: header) else { return false }
        return checksum(of: content.dropLast(digestByteCount)) == Array(content.suffix(digestByteCount))
    }

    private static func framed(_ records: [UInt8]) -> [UInt8] {
        let content = header + records
        return content + checksum(of: content[...])
    }

    private static func checksum(of bytes: ArraySlice<UInt8>) -> [UInt8] {
        var digest = MessageDigest(.sha256)
        bytes.withUnsafeBytes { digest.update($0) }
        return digest.finalize()
    }

    private var recordCount: Int {
        (bytes.count - Self.header.count - MessageDigest.Algorithm.sha256.byteCount) / Self.recordByteCount
    }

    /// - Returns: nil where nothing is known.
    func known(_ name: GitObjectName) -> Known? {
        guard let key = Self.key(of: name) else { return nil }
        return bytes.withUnsafeBytes { bytes in
            var low = 0, high = recordCount
            while low < high {
                let middle = (low + high) / 2
                let start = Self.header.count + middle * Self.recordByteCount
                let record = UnsafeRawBufferPointer(rebasing: bytes[start..<start + Self.recordByteCount])
                switch Self.order(key, record) {
                case 0: return Self.known(in: record)
                case ..<0: high = middle
                default: low = middle + 1
                }
            }
            return nil
        }
    }

    /// Remembers what a blob is, from its content. Pointers of other than the usual words are not remembered, as their
    /// text must be had as it is.
    mutating func add(_ name: GitObjectName, _ content: [UInt8]) {
        guard let key = Self.key(of: name) else { return }
        switch Pointer.recognize(content) {
        case .pointer(let pointer):
            guard pointer.text == content, let form = Self.code(of: pointer.form) else { return }
            let size = withUnsafeBytes(of: pointer.byteCount.bigEndian) { Array($0) }
            additions.append((key, key + [form] + size + pointer.oid.digest))
        case .data:
            additions.append((key, key + [UInt8](repeating: 0, count: Self.recordByteCount - Self.keyByteCount)))
        case .foreignPointer: break
        }
    }

    /// Writes what was added, if that is worthwhile. A cache that cannot be written is none.
    func save() {
        guard additions.count >= Self.worthwhileCount, recordCount + additions.count <= Self.recordLimit else { return }
        let added = additions.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        var records: [UInt8] = []
        records.reserveCapacity((recordCount + added.count) * Self.recordByteCount)
        var position = Self.header.count
        let end = position + recordCount * Self.recordByteCount
        for (key, record) in added {
            while position < end, bytes[position..<position + Self.keyByteCount].lexicographicallyPrecedes(key) {
                records += bytes[position..<position + Self.recordByteCount]
                position += Self.recordByteCount
            }
            records += record
        }
        records += bytes[position..<end]
        try? file.parent.makeFolders()
        try? file.replaceContents(with: Self.framed(records))
    }

    private static func key(of name: GitObjectName) -> [UInt8]? {
        let digest = name.bytes
        return digest + [UInt8](repeating: 0, count: keyByteCount - digest.count)
    }

    private static func order(_ key: [UInt8], _ record: UnsafeRawBufferPointer) -> Int {
        for position in 0..<keyByteCount where key[position] != record[position] {
            return key[position] < record[position] ? -1 : 1
        }
        return 0
    }

    private static func known(in record: UnsafeRawBufferPointer) -> Known? {
        let form: Pointer.Form
        switch record[keyByteCount] {
        case 0: return .noPointer
        case 1: form = .gitData
        case 2: form = .lfs(extensions: [])
        default: return nil
        }
        let size = record[keyByteCount + 1..<keyByteCount + 9].reduce(Int64(0)) { $0 << 8 | Int64($1) }
        guard size >= 0, let oid = ObjectID(digest: record[(keyByteCount + 9)...]) else { return nil }
        return .pointer(Pointer(oid: oid, byteCount: size, form: form))
    }

    private static func code(of form: Pointer.Form) -> UInt8? {
        switch form {
        case .gitData: 1
        case .lfs(let extensions): extensions.isEmpty ? 2 : nil
        }
    }
}

extension Repository {
    /// Calls `body` for each of the blobs that is a pointer, with the text that Git has. Git is asked for what was not
    /// asked before.
    func forEachPointer(
        among names: [GitObjectName], _ body: (GitObjectName, Pointer, [UInt8]) -> Void
    ) throws(GitError) {
        var cache = PointerCache(in: location.commonFolder)
        var unknown: [GitObjectName] = []
        for name in names {
            switch cache.known(name) {
            case .pointer(let pointer): body(name, pointer, pointer.text)
            case .noPointer: break
            case nil: unknown.append(name)
            }
        }
        try git().forEachBlob(unknown, shorterThan: Pointer.maximumTextByteCount) { name, content in
            cache.add(name, content)
            if case .pointer(let pointer) = Pointer.recognize(content) { body(name, pointer, content) }
        }
        cache.save()
    }
}
