import Platform

/// What the index has of a file's `stat` fields, as Git wrote them when file and entry were the same.
package struct IndexedStatus: Equatable, Sendable {
    let modifiedSeconds: UInt32
    let modifiedNanoseconds: UInt32
    let changedSeconds: UInt32
    let changedNanoseconds: UInt32
    let inode: UInt32
    let byteCount: UInt32

    /// Whether a file has just these, so that it is the one that Git compared.
    package func matches(_ status: FileStatus) -> Bool {
        modifiedSeconds == UInt32(truncatingIfNeeded: status.modified.seconds)
            && modifiedNanoseconds == UInt32(truncatingIfNeeded: status.modified.nanoseconds)
            && changedSeconds == UInt32(truncatingIfNeeded: status.changed.seconds)
            && changedNanoseconds == UInt32(truncatingIfNeeded: status.changed.nanoseconds)
            && inode == UInt32(truncatingIfNeeded: status.inode)
            && byteCount == UInt32(truncatingIfNeeded: status.byteCount)
    }
}

/// All entries of an index, in few blocks of memory: a hundred thousand take about ten megabytes.
///
/// Where the time goes: a pass over the bytes, without an allocation for each path. Git's own `ls-files` costs as much,
/// and a process and its text besides.
package struct IndexContents: Sendable {
    /// One entry. Its path is asked of the contents.
    package struct Item: Sendable {
        package let name: GitObjectName
        /// nil where only the names are known.
        let status: IndexedStatus?
        let mode: UInt32
        fileprivate let pathStart: UInt32
        fileprivate let pathByteCount: UInt32
        /// 0, or 1 to 3 for the sides of a conflict.
        package let stage: UInt8

        package var isRegularFile: Bool { mode & 0o170000 == 0o100000 }
    }

    /// In the order of the index: by path, then by stage.
    package private(set) var items: [Item] = []
    /// Each path ends with a NUL.
    private var paths: [UInt8] = []
    /// The second in which the index was written; what was modified then or later may have changed unseen.
    private let writtenSeconds: Int64

    /// Reads an index file. Its checksum is not looked at, as Git does not either.
    /// - Parameter written: when the file was last modified.
    /// - Throws: also for forms that only Git can read: a split index, and a sparse one, whose entries are folders.
    package init(_ bytes: [UInt8], written: FileStatus.Time) throws(IndexFormatError) {
        do throws(IndexFormatError) {
            try self.init(bytes, nameByteCount: 20, written)
        } catch {
            guard !error.isLeftToGit else { throw error }
            try self.init(bytes, nameByteCount: 32, written)
        }
    }

    private init(_ bytes: [UInt8], nameByteCount: Int, _ written: FileStatus.Time) throws(IndexFormatError) {
        writtenSeconds = written.seconds
        var cursor = try IndexCursor(bytes, nameByteCount: nameByteCount)
        items.reserveCapacity(min(Int(cursor.entryCount), bytes.count / 62))
        paths.reserveCapacity(bytes.count / 3)
        while let entry = try cursor.next() { try append(entry, in: bytes, path: cursor.path) }
        try IndexFile.checkExtensions(bytes, from: cursor.offset, to: bytes.count - nameByteCount)
        if let nameless = cursor.namelessEntry { throw .damagedEntry(offset: nameless) }
    }

    /// Takes the next entries of an index that is read piece by piece.
    /// - Parameter limit: how many at most, besides the other sides of a conflict.
    init(from pieces: inout IndexPieces?, limit: Int, written: FileStatus.Time) throws(IndexFormatError) {
        writtenSeconds = written.seconds
        items.reserveCapacity(limit)
        while items.count < limit || items.last?.stage != 0, let entry = try pieces?.next(), let pieces {
            try append(entry, in: pieces.window, path: pieces.cursor.path)
        }
    }

    /// Refuses an entry that is none of a file.
    static func check(_ entry: IndexFileEntry) throws(IndexFormatError) {
        // A folder outside a sparse checkout, whose files Git can name.
        guard entry.mode != 0o040000 else { throw .unknownExtension("sdir") }
    }

    private mutating func append(_ entry: IndexFileEntry, in bytes: [UInt8], path: [UInt8]) throws(IndexFormatError) {
        guard let name = GitObjectName(bytes: bytes[entry.name]) else { throw .damagedEntry(offset: entry.offset) }
        try Self.check(entry)
        typealias Field = IndexFileEntry.Field
        let status = IndexedStatus(
            modifiedSeconds: entry.modifiedSeconds,
            modifiedNanoseconds: bytes.bigEndianWord(at: entry.offset + Field.modifiedNanoseconds),
            changedSeconds: bytes.bigEndianWord(at: entry.offset + Field.changedSeconds),
            changedNanoseconds: bytes.bigEndianWord(at: entry.offset + Field.changedNanoseconds),
            inode: bytes.bigEndianWord(at: entry.offset + Field.inode), byteCount: entry.byteCount)
        append(name, status, mode: entry.mode, stage: entry.stage, path: path)
    }

    /// Reads the index at a path.
    /// - Returns: nil where only Git can read it; no entries where there is none.
    package init?(file path: BytePath) {
        do throws(SystemError) {
            guard let status = try path.status(followingLinks: true) else {
                self.init([])
                return
            }
            // The time of a file that was replaced since is the earlier one, which trusts less.
            guard let bytes = try path.contents() else { return nil }
            guard let read = try? Self(bytes, written: status.modified) else { return nil }
            self = read
        } catch {
            return nil
        }
    }

    /// Takes over what Git told of its entries.
    package init(_ entries: [IndexEntry]) {
        writtenSeconds = 0
        items.reserveCapacity(entries.count)
        for entry in entries {
            append(entry.name, nil, mode: UInt32(entry.mode, radix: 8) ?? 0, stage: entry.stage, path: entry.path.bytes)
        }
    }

    private mutating func append(
        _ name: GitObjectName, _ status: IndexedStatus?, mode: UInt32, stage: Int, path: [UInt8]
    ) {
        items.append(
            Item(
                name: name, status: status, mode: mode, pathStart: UInt32(truncatingIfNeeded: paths.count),
                pathByteCount: UInt32(path.count), stage: UInt8(stage)))
        paths += path
        paths.append(0)
    }

    /// From the top of the worktree.
    package func path(of item: Item) -> BytePath {
        BytePath(bytes: paths[pathRange(of: item)])
    }

    private func pathRange(of item: Item) -> Range<Int> {
        Int(item.pathStart)..<Int(item.pathStart) + Int(item.pathByteCount)
    }

    package func entry(_ item: Item) -> IndexEntry {
        entry(item, path(of: item))
    }

    /// The entry of an item whose path is there already.
    package func entry(_ item: Item, _ path: BytePath) -> IndexEntry {
        IndexEntry(modeBits: item.mode, name: item.name, stage: item.stage, path: path)
    }

    /// What stands in the worktree for an entry.
    /// - Parameter worktree: its top, opened.
    /// - Returns: nil where nothing is.
    package func status(of item: Item, in worktree: borrowing Descriptor) throws(SystemError) -> FileStatus? {
        var answer: Result<FileStatus?, SystemError> = .success(nil)
        paths.withUnsafeBufferPointer { paths in
            do throws(SystemError) {
                answer = .success(try worktree.status(ofTerminated: paths, at: Int(item.pathStart)))
            } catch {
                answer = .failure(error)
            }
        }
        return try answer.get()
    }

    /// By what Git knows a file of this entry again without reading it; nil where it must read.
    package func knownStatus(of item: Item) -> IndexedStatus? {
        guard let status = item.status, item.stage == 0, Int64(status.modifiedSeconds) < writtenSeconds else { return nil }
        return status
    }
}

extension IndexContents {
    /// The entries of one path: none, one, or up to three sides of a conflict.
    package func positions(of path: BytePath) -> Range<Int> {
        positions(from: path.bytes, to: path.bytes + [0])
    }

    /// The entries of all that is below a folder.
    package func positions(inside folder: BytePath) -> Range<Int> {
        guard !folder.isEmpty else { return items.indices }
        return positions(from: folder.bytes + [UInt8(ascii: "/")], to: folder.bytes + [UInt8(ascii: "/") + 1])
    }

    private func positions(from first: [UInt8], to end: [UInt8]) -> Range<Int> {
        let start = firstPosition(notBefore: first)
        return start..<max(start, firstPosition(notBefore: end))
    }

    /// By bisection, as entries are in the order of their paths' bytes.
    private func firstPosition(notBefore bytes: [UInt8]) -> Int {
        var range = items.startIndex..<items.endIndex
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            if paths[pathRange(of: items[middle])].lexicographicallyPrecedes(bytes) {
                range = middle + 1..<range.upperBound
            } else {
                range = range.lowerBound..<middle
            }
        }
        return range.lowerBound
    }
}
