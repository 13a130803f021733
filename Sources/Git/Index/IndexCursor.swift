/// What is fixed about the layout of an entry: ten words of `stat`, the object's name, flags, the path.
///
/// Spec: Git, `gitformat-index(5)`.
struct IndexFileEntry: Equatable {
    /// Offsets of the stat fields from the entry's start, each four bytes, big-endian.
    enum Field {
        static let changedSeconds = 0
        static let changedNanoseconds = 4
        static let modifiedSeconds = 8
        static let modifiedNanoseconds = 12
        static let device = 16
        static let inode = 20
        static let mode = 24
        static let owner = 28
        static let group = 32
        static let byteCount = 36
        static let name = 40
    }

    /// Where the entry starts.
    let offset: Int
    let mode: UInt32
    let modifiedSeconds: UInt32
    let byteCount: UInt32
    let stage: Int
    /// The object's name, as bytes of the index.
    let name: Range<Int>

    /// A submodule's commit, whose stat fields Git does not compare.
    var isSubmodule: Bool { mode & 0o170000 == 0o160000 }
}

/// Reads the entries of an index one after the other, in versions 2 to 4. Pure.
///
/// Spec: Git, `gitformat-index(5)`.
struct IndexCursor {
    static let headerByteCount = 12
    private static let extendedFlag: UInt16 = 0x4000
    private static let pathLengthMask: UInt16 = 0x0fff

    let version: UInt32
    let entryCount: UInt32
    /// The path of the entry read last.
    private(set) var path: [UInt8] = []
    /// Where the next entry starts; behind the last one, the extensions.
    private(set) var offset = headerByteCount
    /// Where an entry without a path starts. Only a split index has such: they replace entries of the shared one.
    private(set) var namelessEntry: Int?

    private var bytes: [UInt8]
    /// Where entries and extensions end and the checksum begins, or the bytes that are here.
    private var end: Int
    private let nameByteCount: Int
    private var entriesLeft: UInt32

    /// - Parameter nameByteCount: 20 in a SHA-1 repository, 32 in a SHA-256 one; also of the checksum.
    init(_ bytes: [UInt8], nameByteCount: Int) throws(IndexFormatError) {
        guard bytes.starts(with: Array("DIRC".utf8)) else { throw .notAnIndex }
        guard bytes.count >= Self.headerByteCount + nameByteCount else { throw .truncated(offset: bytes.count) }
        self.bytes = bytes
        self.nameByteCount = nameByteCount
        end = bytes.count - nameByteCount
        version = bytes.bigEndianWord(at: 4)
        entryCount = bytes.bigEndianWord(at: 8)
        entriesLeft = entryCount
        guard (2...4).contains(version) else { throw .unknownVersion(version) }
    }

    /// Goes on with the next entry in other bytes of the same index.
    /// - Parameters:
    ///   - offset: where the next entry starts.
    ///   - end: where the entries end, or the bytes that are here.
    mutating func turn(to bytes: [UInt8], at offset: Int, end: Int) {
        (self.bytes, self.offset, self.end) = (bytes, offset, end)
    }

    /// - Returns: nil behind the last entry.
    mutating func next() throws(IndexFormatError) -> IndexFileEntry? {
        guard entriesLeft > 0 else { return nil }
        let start = offset
        let flagsOffset = start + IndexFileEntry.Field.name + nameByteCount
        guard flagsOffset + 2 <= end else { throw .truncated(offset: start) }
        let flags = UInt16(bytes[flagsOffset]) << 8 | UInt16(bytes[flagsOffset + 1])
        let isExtended = flags & Self.extendedFlag != 0
        guard !isExtended || version > 2 else { throw .damagedEntry(offset: start) }
        offset = flagsOffset + (isExtended ? 4 : 2)
        guard offset < end else { throw .truncated(offset: start) }
        if version == 4 { try dropSharedSuffix(entry: start) }
        try takePath(entry: start)
        let length = flags & Self.pathLengthMask
        guard Int(length) == path.count || (length == Self.pathLengthMask && path.count > Int(length)) else {
            throw .damagedEntry(offset: start)
        }
        if version < 4 {
            // One to eight NULs bring the entry to a multiple of eight bytes.
            offset = start + (offset - start + 8) / 8 * 8
            guard offset <= end else { throw .truncated(offset: start) }
        } else {
            offset += 1
        }
        entriesLeft -= 1
        return IndexFileEntry(
            offset: start, mode: bytes.bigEndianWord(at: start + IndexFileEntry.Field.mode),
            modifiedSeconds: bytes.bigEndianWord(at: start + IndexFileEntry.Field.modifiedSeconds),
            byteCount: bytes.bigEndianWord(at: start + IndexFileEntry.Field.byteCount),
            stage: Int(flags >> 12 & 3),
            name: start + IndexFileEntry.Field.name..<flagsOffset)
    }

    /// Version 4: how many bytes of the path before are not this one's, as Git's variable-length number.
    /// Source: Git, `varint.c`.
    private mutating func dropSharedSuffix(entry: Int) throws(IndexFormatError) {
        var count = 0
        while true {
            guard offset < end else { throw .truncated(offset: entry) }
            let byte = bytes[offset]
            offset += 1
            count = count << 7 | Int(byte & 0x7f)
            guard count <= path.count else { throw .damagedEntry(offset: entry) }
            if byte & 0x80 == 0 { break }
            count += 1
        }
        path.removeLast(count)
    }

    /// Takes the bytes up to the next NUL, which stays. (A split index has entries of no path.)
    private mutating func takePath(entry: Int) throws(IndexFormatError) {
        if version < 4 { path.removeAll(keepingCapacity: true) }
        guard let stop = bytes[offset..<end].firstIndex(of: 0) else { throw .truncated(offset: entry) }
        path += bytes[offset..<stop]
        offset = stop
    }
}

extension [UInt8] {
    func bigEndianWord(at offset: Int) -> UInt32 {
        UInt32(self[offset]) << 24 | UInt32(self[offset + 1]) << 16 | UInt32(self[offset + 2]) << 8
            | UInt32(self[offset + 3])
    }

    mutating func setBigEndianWord(_ word: UInt32, at offset: Int) {
        for position in 0..<4 { self[offset + position] = UInt8(truncatingIfNeeded: word >> (24 - 8 * position)) }
    }
}
