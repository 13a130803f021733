import Platform

/// The entries of an index file, portion by portion: memory for one of them, however many there are. The sides of a
/// conflict are in one portion.
package final class IndexPortions {
    /// So many entries at once are few questions to Git, and little memory.
    package static let entryCount = 16_384

    private let written: FileStatus.Time
    /// nil where there is no index.
    private var pieces: IndexPieces?

    /// Looks through the index once, so that what only Git can read shows before anything is handed out.
    /// - Returns: nil where only Git can read it; no entries where there is none.
    package init?(file path: BytePath) {
        do throws(SystemError) {
            guard try path.status(followingLinks: true) != nil else {
                written = FileStatus.Time(seconds: 0, nanoseconds: 0)
                return
            }
            let file = IndexPieces.OpenFile(try Descriptor.open(path, [.read, .nonBlocking]))
            written = try file.descriptor.status().modified
            guard let nameByteCount = Self.nameByteCount(in: file),
                let pieces = try? IndexPieces(file, nameByteCount: nameByteCount)
            else { return nil }
            self.pieces = pieces
        } catch {
            return nil
        }
    }

    /// - Returns: nil where only Git can read the file.
    private static func nameByteCount(in file: IndexPieces.OpenFile) -> Int? {
        do throws(IndexFormatError) {
            try IndexPieces.check(file, nameByteCount: 20)
            return 20
        } catch {
            guard !error.isLeftToGit, (try? IndexPieces.check(file, nameByteCount: 32)) != nil else { return nil }
            return 32
        }
    }

    /// - Returns: nil behind the last entry.
    package func next() throws(GitError) -> IndexContents? {
        guard pieces != nil else { return nil }
        do throws(IndexFormatError) {
            let portion = try IndexContents(from: &pieces, limit: Self.entryCount, written: written)
            return portion.items.isEmpty ? nil : portion
        } catch {
            throw .unexpected(command: "git ls-files", answer: "an index that cannot be read any more")
        }
    }
}

/// Reads an index file with a window of it in memory.
struct IndexPieces {
    // An optional noncopyable value cannot be borrowed.
    final class OpenFile {
        let descriptor: Descriptor
        init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
    }

    private static let windowByteCount = 1 << 18
    /// No path is longer than a quarter of the window; an index with one that is, is left to Git.
    private static let reserve = windowByteCount / 4

    private let file: OpenFile
    private let nameByteCount: Int
    private let byteCount: Int
    /// Where the bytes behind the window are in the file.
    private var windowEnd: Int
    private(set) var window: [UInt8]
    private(set) var cursor: IndexCursor

    init(_ file: OpenFile, nameByteCount: Int) throws(IndexFormatError) {
        self.file = file
        self.nameByteCount = nameByteCount
        guard let status = try? file.descriptor.status() else { throw .truncated(offset: 0) }
        byteCount = Int(status.byteCount)
        window = try Self.read(min(byteCount, Self.windowByteCount), at: 0, of: file)
        windowEnd = window.count
        cursor = try IndexCursor(window, nameByteCount: nameByteCount)
        turn(to: window, at: IndexCursor.headerByteCount)
    }

    /// Looks through the whole file, as `IndexContents` would.
    static func check(_ file: OpenFile, nameByteCount: Int) throws(IndexFormatError) {
        var pieces = try Self(file, nameByteCount: nameByteCount)
        while let entry = try pieces.next() { try IndexContents.check(entry) }
        var offset = pieces.windowEnd - pieces.window.count + pieces.cursor.offset
        let end = pieces.byteCount - nameByteCount
        while offset < end {
            guard end - offset >= 8 else { throw .truncated(offset: offset) }
            let head = try read(8, at: offset, of: file)
            offset += 8 + (try IndexFile.checkExtension(head, bytesBehind: end - offset - 8, offset: offset))
        }
        if let nameless = pieces.cursor.namelessEntry { throw .damagedEntry(offset: nameless) }
    }

    /// - Returns: nil behind the last entry.
    mutating func next() throws(IndexFormatError) -> IndexFileEntry? {
        if window.count - cursor.offset < Self.reserve, windowEnd < byteCount {
            let more = try Self.read(min(byteCount - windowEnd, Self.windowByteCount), at: windowEnd, of: file)
            windowEnd += more.count
            turn(to: Array(window[cursor.offset...]) + more, at: 0)
        }
        return try cursor.next()
    }

    private mutating func turn(to bytes: [UInt8], at offset: Int) {
        window = bytes
        // The checksum is no part of the entries.
        cursor.turn(to: bytes, at: offset, end: min(bytes.count, bytes.count - (windowEnd - (byteCount - nameByteCount))))
    }

    /// - Throws: where there are fewer bytes.
    private static func read(_ count: Int, at offset: Int, of file: OpenFile) throws(IndexFormatError) -> [UInt8] {
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let target = UnsafeMutableRawBufferPointer(buffer)
            while filled < count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: target[filled..<count])
                guard let some = try? file.descriptor.read(into: rest, at: Int64(offset + filled)), some > 0 else { break }
                filled += some
            }
        }
        guard bytes.count == count else { throw .truncated(offset: offset + bytes.count) }
        return bytes
    }
}
