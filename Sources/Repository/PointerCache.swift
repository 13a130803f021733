import Digest
import Git
import Platform
import Pointer

/// What Git's small blobs are, by their names, as far as that was asked before: which pointer, or none. A blob never
/// changes, so neither does what is known of it. The file can be deleted at any time.
///
/// ```
/// <common Git folder>/data/cache/pointers-2
///     "git data pointers 2\n", and zeros up to 64 bytes
///     records of 64 bytes, sorted: 20 bytes of Git's name (of a longer one, the first)
///                                  1 byte of form, 7 of length (big-endian), 32 of oid
///                                  4 bytes of checksum of the 60 before
/// ```
///
/// Where the time goes: what is asked is sorted first, so the file is read once from front to back, and only where
/// something is looked for. It is never in memory as a whole, however many commits it has seen.
final class PointerCache {
    enum Known: Equatable {
        case pointer(Pointer)
        case noPointer
    }

    /// What a file may have: 128 MB.
    private static let recordLimit = 2_000_000
    /// Fewer are found out again as fast as they are written down.
    private static let worthwhileCount = 200
    /// So many are kept in memory before they are written down.
    private static let additionLimit = 32_768

    private let path: BytePath
    private var file: PointerCacheFile
    private var additions: [PointerRecord] = []

    init(in commonFolder: BytePath) {
        path = commonFolder / "data/cache/pointers-2"
        file = PointerCacheFile(path)
    }

    /// What is known of each of the blobs; nil where nothing is.
    func known(_ names: [GitObjectName]) -> [Known?] {
        var known = [Known?](repeating: nil, count: names.count)
        guard file.recordCount > 0 else { return known }
        var order = names.indices.map { (prefix: names[$0].prefix, position: $0) }
        order.sort { $0.prefix < $1.prefix }
        for (_, position) in order { known[position] = file.record(of: names[position])?.known }
        return known
    }

    /// Remembers what a blob is, from its content. Pointers of other than the usual words are not remembered, as their
    /// text must be had as it is.
    func add(_ name: GitObjectName, _ content: [UInt8]) {
        switch Pointer.recognize(content) {
        case .pointer(let pointer):
            guard pointer.text == content, let record = PointerRecord(name, pointer) else { return }
            additions.append(record)
        case .data: return addNoPointer(name)
        case .foreignPointer: return
        }
        if additions.count >= Self.additionLimit { write() }
    }

    /// Remembers that an object is no pointer.
    func addNoPointer(_ name: GitObjectName) {
        additions.append(PointerRecord(name))
        if additions.count >= Self.additionLimit { write() }
    }

    /// Writes what was added, if that is worthwhile. A cache that cannot be written is none.
    func save() {
        // A large file is not made anew for every little thing.
        if file.isDamaged || additions.count >= max(Self.worthwhileCount, file.recordCount / 256) { write() }
    }

    private func write() {
        defer { additions.removeAll() }
        guard file.recordCount + additions.count <= Self.recordLimit else { return }
        additions.sort { $0.precedes($1) }
        try? path.parent.makeFolders()
        if (try? file.merge(additions, into: path)) != nil { file = PointerCacheFile(path) }
    }
}

/// One record of the file, whose bytes are those of memory.
struct PointerRecord {
    static let byteCount = 64
    private static let keyByteCount = 20
    private static let checkedByteCount = 60
    private static let noPointer: UInt8 = 0
    private static let gitData: UInt8 = 1
    private static let lfs: UInt8 = 2

    private var words: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)

    /// - Parameter bytes: `byteCount` of them.
    init(_ bytes: UnsafeRawBufferPointer) {
        withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: bytes) }
    }

    /// For a blob that is no pointer.
    init(_ name: GitObjectName) {
        self.init(key: name, form: Self.noPointer, byteCount: 0, digest: [])
    }

    /// - Returns: nil for a pointer that does not fit.
    init?(_ name: GitObjectName, _ pointer: Pointer) {
        guard pointer.byteCount >> 56 == 0 else { return nil }
        let form: UInt8
        switch pointer.form {
        case .gitData: form = Self.gitData
        case .lfs(let extensions):
            guard extensions.isEmpty else { return nil }
            form = Self.lfs
        }
        self.init(key: name, form: form, byteCount: pointer.byteCount, digest: pointer.oid.digest)
    }

    private init(key: GitObjectName, form: UInt8, byteCount: Int64, digest: [UInt8]) {
        withUnsafeMutableBytes(of: &words) { bytes in
            bytes.copyBytes(from: key.bytes.prefix(Self.keyByteCount))
            // The highest byte of the length is 0, and the form takes its place.
            bytes.storeBytes(of: byteCount.bigEndian, toByteOffset: Self.keyByteCount, as: Int64.self)
            bytes[Self.keyByteCount] = form
            UnsafeMutableRawBufferPointer(rebasing: bytes[28..<Self.checkedByteCount]).copyBytes(from: digest)
        }
        let checksum = checksum
        withUnsafeMutableBytes(of: &words) {
            $0.storeBytes(of: checksum, toByteOffset: Self.checkedByteCount, as: UInt32.self)
        }
    }

    /// Against what disks and interrupted writes do; a forger could as well write another pointer.
    private var checksum: UInt32 {
        withUnsafeBytes(of: words) { bytes in
            var sum: UInt64 = 0x9e37_79b9_7f4a_7c15
            for offset in stride(from: 0, to: Self.checkedByteCount, by: 4) {
                let word = UInt32(littleEndian: bytes.load(fromByteOffset: offset, as: UInt32.self))
                sum = (sum ^ UInt64(word)) &* 0xff51_afd7_ed55_8ccd
                sum ^= sum >> 29
            }
            return UInt32(truncatingIfNeeded: sum).littleEndian
        }
    }

    var isSound: Bool {
        withUnsafeBytes(of: words) { $0.load(fromByteOffset: Self.checkedByteCount, as: UInt32.self) } == checksum
    }

    /// The place of the key among all possible ones.
    var prefix: UInt64 { UInt64(bigEndian: words.0) }

    func precedes(_ other: PointerRecord) -> Bool {
        if words.0 != other.words.0 { return prefix < other.prefix }
        return (UInt64(bigEndian: words.1), keyEnd) < (UInt64(bigEndian: other.words.1), other.keyEnd)
    }

    func hasKey(of other: PointerRecord) -> Bool {
        words.0 == other.words.0 && words.1 == other.words.1 && keyEnd == other.keyEnd
    }

    private var keyEnd: UInt64 { UInt64(bigEndian: words.2) >> 32 }

    /// - Returns: nil for a form that is not known.
    var known: PointerCache.Known? {
        withUnsafeBytes(of: words) { bytes in
            let form: Pointer.Form
            switch bytes[Self.keyByteCount] {
            case Self.noPointer: return .noPointer
            case Self.gitData: form = .gitData
            case Self.lfs: form = .lfs(extensions: [])
            default: return nil
            }
            let length = Int64(bigEndian: bytes.loadUnaligned(fromByteOffset: Self.keyByteCount, as: Int64.self))
            guard let oid = ObjectID(digest: bytes[28..<Self.checkedByteCount]) else { return nil }
            return .pointer(Pointer(oid: oid, byteCount: length & (1 << 56 - 1), form: form))
        }
    }
}
