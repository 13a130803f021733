import Platform

/// Where the bytes of an index are.
struct IndexSource {
    // An optional noncopyable value cannot be borrowed, nor a closure hold one.
    private final class OpenFile {
        let descriptor: Descriptor
        init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
    }

    let byteCount: Int
    private let read: (_ buffer: UnsafeMutableRawBufferPointer, _ offset: Int) -> Int

    init(_ descriptor: consuming Descriptor) throws(SystemError) {
        let file = OpenFile(descriptor)
        byteCount = Int(clamping: try file.descriptor.status().byteCount)
        read = { buffer, offset in (try? file.descriptor.read(into: buffer, at: Int64(offset))) ?? 0 }
    }

    init(_ bytes: [UInt8]) {
        byteCount = bytes.count
        read = { buffer, offset in
            let some = bytes[offset...].prefix(buffer.count)
            buffer.copyBytes(from: some)
            return some.count
        }
    }

    /// - Throws: where there are fewer bytes.
    func bytes(_ count: Int, at offset: Int) throws(IndexFormatError) -> [UInt8] {
        guard count >= 0 else { throw .truncated(offset: byteCount) }
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let target = UnsafeMutableRawBufferPointer(buffer)
            while filled < count {
                let some = read(UnsafeMutableRawBufferPointer(rebasing: target[filled..<count]), offset + filled)
                guard some > 0 else { break }
                filled += some
            }
        }
        guard bytes.count == count else { throw .truncated(offset: offset + bytes.count) }
        return bytes
    }
}

/// Reads an index file with a window of it in memory.
struct IndexPieces {
    static let usualWindow = 1 << 18

    private let source: IndexSource
    private let nameByteCount: Int
    private let windowByteCount: Int
    /// Where the bytes behind the window are in the file.
    private(set) var windowEnd: Int
    private(set) var window: [UInt8]
    private(set) var cursor: IndexCursor

    /// - Parameter windowByteCount: no path is longer than a quarter of it; an index with one that is, is left to Git.
    init(_ source: IndexSource, nameByteCount: Int, windowByteCount: Int = usualWindow) throws(IndexFormatError) {
        self.source = source
        self.nameByteCount = nameByteCount
        self.windowByteCount = windowByteCount
        window = try source.bytes(min(source.byteCount, windowByteCount), at: 0)
        windowEnd = window.count
        cursor = try IndexCursor(window, nameByteCount: nameByteCount)
        turn(to: window, at: IndexCursor.headerByteCount)
    }

    /// Where the checksum begins.
    var end: Int { source.byteCount - nameByteCount }

    /// Where the next entry is in the file; behind the last one, the extensions.
    var offset: Int { windowEnd - window.count + cursor.offset }

    /// Looks through the whole file, as `IndexContents` would.
    static func check(_ source: IndexSource, nameByteCount: Int) throws(IndexFormatError) {
        var pieces = try Self(source, nameByteCount: nameByteCount)
        while let entry = try pieces.next() { try IndexContents.check(entry) }
        try pieces.checkRest()
    }

    /// Looks through what is behind the last entry.
    func checkRest() throws(IndexFormatError) {
        var offset = offset
        while offset < end {
            guard end - offset >= 8 else { throw .truncated(offset: offset) }
            let head = try source.bytes(8, at: offset)
            offset += 8 + (try IndexFile.checkExtension(head, bytesBehind: end - offset - 8, offset: offset))
        }
        if let nameless = cursor.namelessEntry { throw .damagedEntry(offset: nameless) }
    }

    /// - Returns: nil behind the last entry.
    mutating func next() throws(IndexFormatError) -> IndexFileEntry? {
        if isRunningOut { try refill() }
        do throws(IndexFormatError) {
            return try cursor.next()
        } catch {
            // It may be longer than there is room for.
            throw windowEnd < end ? .longEntry(offset: offset) : error
        }
    }

    /// Whether the next entry may not be in the window as a whole.
    var isRunningOut: Bool { window.count - cursor.offset < windowByteCount / 4 && windowEnd < source.byteCount }

    /// Lets go of what was read, for more of the file.
    mutating func refill() throws(IndexFormatError) {
        let more = try source.bytes(min(source.byteCount - windowEnd, windowByteCount), at: windowEnd)
        windowEnd += more.count
        turn(to: Array(window[cursor.offset...]) + more, at: 0)
    }

    private mutating func turn(to bytes: [UInt8], at offset: Int) {
        window = bytes
        // The checksum is no part of the entries.
        cursor.turn(to: bytes, at: offset, end: min(bytes.count, bytes.count - (windowEnd - end)))
    }

    /// Changes a word of an entry in the window. Whoever reads it has read it.
    mutating func set(_ word: UInt32, at offset: Int) {
        window.setBigEndianWord(word, at: offset)
    }
}
