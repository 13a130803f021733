import Digest
import Platform

/// Why an index was not copied.
enum IndexCopyError: Error {
    case format(IndexFormatError)
    case system(SystemError)
}

/// Copies an index file, of which a window is in memory, with other stat fields for some entries. Nothing moves, so
/// extensions stay true byte for byte (the offsets in `EOIE` and `IEOT` too; a bitmap of `FSMN` that calls an entry unsure
/// costs one `lstat`; `UNTR` speaks of folders and untracked files).
struct IndexCopy: ~Copyable {
    typealias Sink = (UnsafeRawBufferPointer) throws(SystemError) -> Void

    /// What was done to the entries.
    package struct Changes: Equatable, Sendable {
        /// Entries that have the stat fields of their files now.
        package var refreshed = 0
        /// Entries whose size was set to 0, so that Git compares their content.
        package var unsettled = 0
        /// Those of them that nobody named.
        package var unsettledOthers = 0
    }

    private let source: IndexSource
    private var pieces: IndexPieces
    /// Of the bytes that there are, and of those that are written.
    private var found: MessageDigest
    private var written: MessageDigest

    /// - Parameter algorithm: of the repository's names and of the checksum.
    init(
        _ source: IndexSource, algorithm: MessageDigest.Algorithm, windowByteCount: Int = IndexPieces.usualWindow
    ) throws(IndexFormatError) {
        self.source = source
        pieces = try IndexPieces(source, nameByteCount: algorithm.byteCount, windowByteCount: windowByteCount)
        found = MessageDigest(algorithm)
        written = MessageDigest(algorithm)
        noteFound(from: 0)
    }

    /// Gives the entries of `files` the stat fields of those files, so that Git calls them clean unread.
    ///
    /// Other entries that were modified no earlier than `time`, the second in which the index was written,
    /// may be of files that changed once more in that second. Git finds them by that very comparison, which
    /// a newer index would defeat; so their size becomes 0, for which Git compares the content.
    /// Source: Git, `ce_smudge_racily_clean_entry`, `Documentation/technical/racy-git.txt`.
    /// - Parameters:
    ///   - files: read in the order of their paths, as entries are.
    ///   - sizeOfMultiples: what Git stores as the size of files of an exact multiple of 4 GiB.
    ///   - write: takes the copy piece by piece. It is complete once this has returned, and of no use before.
    /// - Throws: also where the index is not sound, or some part of it is not known.
    consuming func run(
        marking files: CleanFiles.Reader, writtenAt time: FileStatus.Time, sizeOfMultiples: UInt32, to write: Sink
    ) throws(IndexCopyError) -> Changes {
        var changes = Changes()
        var file = try reading(files)
        while let entry = try nextEntry(write) {
            while let named = file, named.path.bytes.lexicographicallyPrecedes(pieces.cursor.path) { file = try reading(files) }
            let named = file.flatMap { $0.path.bytes == pieces.cursor.path && stands(entry, for: $0) ? $0 : nil }
            if let status = named?.status {
                set(status, ofEntryAt: entry.offset, sizeOfMultiples: sizeOfMultiples)
                changes.refreshed += 1
            } else if named != nil || (Int64(entry.modifiedSeconds) >= time.seconds && !entry.isSubmodule) {
                guard entry.byteCount != 0 else { continue }
                pieces.set(0, at: entry.offset + IndexFileEntry.Field.byteCount)
                changes.unsettled += 1
                if named == nil { changes.unsettledOthers += 1 }
            }
        }
        try finish(write)
        return changes
    }

    private func reading(_ files: CleanFiles.Reader) throws(IndexCopyError) -> CleanFile? {
        do throws(SystemError) { return try files() } catch { throw .system(error) }
    }

    private func stands(_ entry: IndexFileEntry, for file: CleanFile) -> Bool {
        entry.stage == 0 && String(entry.mode, radix: 8) == file.mode
            && GitObjectName(bytes: pieces.window[entry.name]) == file.name
    }

    private mutating func nextEntry(_ write: Sink) throws(IndexCopyError) -> IndexFileEntry? {
        if pieces.isRunningOut {
            try emit(pieces.window[..<pieces.cursor.offset], write)
            let known = pieces.windowEnd
            do throws(IndexFormatError) { try pieces.refill() } catch { throw .format(error) }
            noteFound(from: known)
        }
        do throws(IndexFormatError) { return try pieces.next() } catch { throw .format(error) }
    }

    /// Source: Git, `fill_stat_data`.
    private mutating func set(_ status: FileStatus, ofEntryAt offset: Int, sizeOfMultiples: UInt32) {
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
        for (field, value) in fields { pieces.set(value, at: offset + field) }
    }

    // MARK: bytes

    /// Behind the last entry: the rest of the window, the rest of the file, and the checksum.
    private consuming func finish(_ write: Sink) throws(IndexCopyError) {
        do throws(IndexFormatError) {
            try pieces.checkRest()
        } catch {
            throw .format(error)
        }
        try emit(pieces.window.prefix(pieces.window.count - max(0, pieces.windowEnd - pieces.end)), write)
        var offset = pieces.windowEnd
        while offset < pieces.end {
            let piece = try bytes(min(pieces.end - offset, IndexPieces.usualWindow), at: offset)
            piece.withUnsafeBytes { found.update($0) }
            try emit(piece[...], write)
            offset += piece.count
        }
        let checksum = try bytes(written.algorithm.byteCount, at: pieces.end)
        // `index.skipHash` leaves zeros there.
        guard !checksum.allSatisfy({ $0 == 0 }) else { return try Self.put(checksum[...], write) }
        guard found.finalize() == checksum else { throw .format(.wrongChecksum) }
        try Self.put(written.finalize()[...], write)
    }

    private func bytes(_ count: Int, at offset: Int) throws(IndexCopyError) -> [UInt8] {
        do throws(IndexFormatError) { return try source.bytes(count, at: offset) } catch { throw .format(error) }
    }

    /// Notes the bytes of the window from `offset` in the file on, as they were found.
    private mutating func noteFound(from offset: Int) {
        let start = offset - (pieces.windowEnd - pieces.window.count)
        let end = pieces.window.count - max(0, pieces.windowEnd - pieces.end)
        guard start < end else { return }
        pieces.window.withUnsafeBytes { found.update(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
    }

    private mutating func emit(_ bytes: ArraySlice<UInt8>, _ write: Sink) throws(IndexCopyError) {
        bytes.withUnsafeBytes { written.update($0) }
        try Self.put(bytes, write)
    }

    private static func put(_ bytes: ArraySlice<UInt8>, _ write: Sink) throws(IndexCopyError) {
        var failure: SystemError?
        bytes.withUnsafeBytes { bytes in
            do throws(SystemError) { try write(bytes) } catch { failure = error }
        }
        if let failure { throw .system(failure) }
    }
}
