import Digest
import Platform

/// A file of the worktree that was given what its index entry stands for.
package struct CleanFile: Equatable, Sendable {
    /// From the top of the worktree.
    package let path: BytePath
    /// The object of the entry. An entry that has another by now is left alone.
    package let name: GitObjectName
    package let mode: String
    /// The file as it was written; nil where it may have changed since, so that Git must compare.
    package var status: FileStatus?

    package init(path: BytePath, name: GitObjectName, mode: String, status: FileStatus?) {
        self.path = path
        self.name = name
        self.mode = mode
        self.status = status
    }
}

/// The bytes of an index file, whose stat fields can be set in place: nothing moves, so extensions stay
/// true byte for byte (the offsets in `EOIE` and `IEOT` too; a bitmap of `FSMN` that calls an entry unsure
/// costs one `lstat`; `UNTR` speaks of folders and untracked files). Pure.
package struct IndexFile {
    package private(set) var bytes: [UInt8]
    package let algorithm: MessageDigest.Algorithm

    /// Takes over an index that is sound and whose every part is known, and refuses any other.
    package init(_ bytes: [UInt8], algorithm: MessageDigest.Algorithm) throws(IndexFormatError) {
        self.bytes = bytes
        self.algorithm = algorithm
        var cursor = try IndexCursor(bytes, nameByteCount: algorithm.byteCount)
        while try cursor.next() != nil {}
        try Self.checkExtensions(bytes, from: cursor.offset, to: bytes.count - algorithm.byteCount)
        if let nameless = cursor.namelessEntry { throw .damagedEntry(offset: nameless) }
        guard !hasChecksum || checksum() == bytes.suffix(algorithm.byteCount) else { throw .wrongChecksum }
    }

    /// The objects of all files that are not in conflict, as an index of any sound form has them; without a check of
    /// its checksum, for who only wants to know where to look first.
    package static func names(in bytes: [UInt8]) throws(IndexFormatError) -> [BytePath: GitObjectName] {
        do throws(IndexFormatError) {
            return try names(in: bytes, nameByteCount: 20)
        } catch {
            return try names(in: bytes, nameByteCount: 32)
        }
    }

    private static func names(
        in bytes: [UInt8], nameByteCount: Int
    ) throws(IndexFormatError) -> [BytePath: GitObjectName] {
        var cursor = try IndexCursor(bytes, nameByteCount: nameByteCount)
        var names: [BytePath: GitObjectName] = [:]
        // What the head says is believed as far as there are bytes for it.
        names.reserveCapacity(min(Int(cursor.entryCount), bytes.count / 62))
        while let entry = try cursor.next() {
            guard entry.stage == 0 else { continue }
            names[BytePath(bytes: cursor.path)] = GitObjectName(bytes: bytes[entry.name])
        }
        return names
    }

    /// Whether the trailing checksum is one: `index.skipHash` leaves zeros there.
    private var hasChecksum: Bool {
        !bytes.suffix(algorithm.byteCount).allSatisfy { $0 == 0 }
    }

    private func checksum() -> ArraySlice<UInt8> {
        var digest = MessageDigest(algorithm)
        bytes.withUnsafeBytes { digest.update(UnsafeRawBufferPointer(rebasing: $0.dropLast(algorithm.byteCount))) }
        return digest.finalize()[...]
    }

    /// Extensions fill the rest: four letters of name, four bytes of length, content. A name that begins
    /// with a capital may be passed over by who does not know it.
    static func checkExtensions(_ bytes: [UInt8], from start: Int, to end: Int) throws(IndexFormatError) {
        var offset = start
        while offset < end {
            guard end - offset >= 8 else { throw .truncated(offset: offset) }
            offset += 8 + (try checkExtension(Array(bytes[offset..<offset + 8]), bytesBehind: end - offset - 8, offset: offset))
        }
    }

    /// Refuses an extension that changes what the entries mean.
    /// - Parameters:
    ///   - head: its name and its length, eight bytes.
    ///   - bytesBehind: how many are left for what it has.
    /// - Returns: its length without the head.
    static func checkExtension(_ head: [UInt8], bytesBehind: Int, offset: Int) throws(IndexFormatError) -> Int {
        let byteCount = Int(head.bigEndianWord(at: 4))
        guard byteCount <= bytesBehind else { throw .truncated(offset: offset) }
        switch String(decoding: head.prefix(4), as: UTF8.self) {
        case "link": throw .split
        case "sdir": break  // Some entries are whole folders outside a sparse checkout.
        case let text where !(0x41...0x5a).contains(head[0]): throw .unknownExtension(text)
        default: break
        }
        return byteCount
    }

    /// What `markClean` did.
    package struct Changes: Equatable, Sendable {
        /// Entries that have the stat fields of their files now.
        package var refreshed = 0
        /// Entries whose size was set to 0, so that Git compares their content.
        package var unsettled = 0
        /// Those of them that nobody named.
        package var unsettledOthers = 0
    }

    /// Gives the entries of `files` the stat fields of those files, so that Git calls them clean unread.
    ///
    /// Other entries that were modified no earlier than `written`, the second in which the index was written,
    /// may be of files that changed once more in that second. Git finds them by that very comparison, which
    /// a newer index would defeat; so their size becomes 0, for which Git compares the content.
    /// Source: Git, `ce_smudge_racily_clean_entry`, `Documentation/technical/racy-git.txt`.
    /// - Parameter sizeOfMultiples: what Git stores as the size of files of an exact multiple of 4 GiB.
    package mutating func markClean(
        _ files: [CleanFile], writtenAt written: FileStatus.Time, sizeOfMultiples: UInt32
    ) throws(IndexFormatError) -> Changes {
        let targets = files.sorted { $0.path < $1.path }
        let edits = try edits(for: targets, writtenAt: written)
        for (offset, status) in edits.refreshed {
            setStatus(status, ofEntryAt: offset, sizeOfMultiples: sizeOfMultiples)
        }
        for offset in edits.unsettled { bytes.setBigEndianWord(0, at: offset + IndexFileEntry.Field.byteCount) }
        if hasChecksum { bytes.replaceSubrange((bytes.count - algorithm.byteCount)..., with: checksum()) }
        return Changes(
            refreshed: edits.refreshed.count, unsettled: edits.unsettled.count, unsettledOthers: edits.unsettledOthers)
    }

    private struct Edits {
        /// Offsets of entries, and the status that each is to have.
        var refreshed: [(offset: Int, status: FileStatus)] = []
        /// Offsets of entries whose size is to be 0.
        var unsettled: [Int] = []
        var unsettledOthers = 0
    }

    /// Goes through entries and files together, as both are in the order of their paths.
    private func edits(
        for files: [CleanFile], writtenAt written: FileStatus.Time
    ) throws(IndexFormatError) -> Edits {
        var edits = Edits()
        var next = 0
        var cursor = try IndexCursor(bytes, nameByteCount: algorithm.byteCount)
        while let entry = try cursor.next() {
            while next < files.count, files[next].path.bytes.lexicographicallyPrecedes(cursor.path) { next += 1 }
            let isNamed = next < files.count && files[next].path.bytes == cursor.path && stands(entry, for: files[next])
            if isNamed, let status = files[next].status {
                edits.refreshed.append((entry.offset, status))
            } else if isNamed || (Int64(entry.modifiedSeconds) >= written.seconds && !entry.isSubmodule) {
                guard entry.byteCount != 0 else { continue }
                edits.unsettled.append(entry.offset)
                if !isNamed { edits.unsettledOthers += 1 }
            }
        }
        return edits
    }

    private func stands(_ entry: IndexFileEntry, for file: CleanFile) -> Bool {
        entry.stage == 0 && String(entry.mode, radix: 8) == file.mode
            && GitObjectName(bytes: bytes[entry.name]) == file.name
    }

    /// Source: Git, `fill_stat_data`.
    private mutating func setStatus(_ status: FileStatus, ofEntryAt offset: Int, sizeOfMultiples: UInt32) {
        typealias Field = IndexFileEntry.Field
        var size = UInt32(truncatingIfNeeded: status.byteCount)
        if size == 0, status.byteCount > 0 { size = sizeOfMultiples }
        let fields: [(Int, UInt32)] = [
            (Field.changedSeconds, UInt32(truncatingIfNeeded: status.changed.seconds)),
            (Field.changedNanoseconds, UInt32(truncatingIfNeeded: status.changed.nanoseconds)),
            (Field.modifiedSeconds, UInt32(truncatingIfNeeded: status.modified.seconds)),
            (Field.modifiedNanoseconds, UInt32(truncatingIfNeeded: status.modified.nanoseconds)),
            (Field.device, UInt32(truncatingIfNeeded: status.device)),
            (Field.inode, UInt32(truncatingIfNeeded: status.inode)),
            (Field.owner, status.owner), (Field.group, status.group), (Field.byteCount, size),
        ]
        for (field, value) in fields { bytes.setBigEndianWord(value, at: offset + field) }
    }
}
