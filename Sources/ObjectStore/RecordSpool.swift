import Platform

/// Records of some bytes each, in the order in which they were added, read as often as is wanted: memory for some of
/// them, however many there are.
///
/// What has no room is in a file without a name in the store's `incoming/`. Where no file can be written, as on a full
/// disk or in a store that may only be read, all stays in memory.
///
/// One thread at a time may use it, and one each of its readers.
package final class RecordSpool {
    private let store: ObjectStore
    private let limit: Int
    private var file: NamelessFile?
    private var writtenByteCount = 0
    private var isWritable = true
    /// Behind what is written: each record with its length before it.
    private var rest: [UInt8] = []

    package private(set) var count = 0

    /// - Parameters:
    ///   - store: whose disk takes what has no room.
    ///   - limit: so many bytes are in memory.
    package init(in store: ObjectStore, limit: Int = 1 << 20) {
        self.store = store
        self.limit = limit
    }

    /// - Returns: where the record is, for `record(at:)`.
    @discardableResult
    package func add(_ record: RecordBytes) -> Int {
        add(record.bytes)
    }

    /// - Returns: where the record is, for `record(at:)`.
    @discardableResult
    package func add(_ record: [UInt8]) -> Int {
        let position = writtenByteCount + rest.count
        var byteCount = record.count
        withUnsafeBytes(of: &byteCount) { rest += $0 }
        rest += record
        count += 1
        if rest.count >= limit, isWritable { write() }
        return position
    }

    /// One record, wherever it stands.
    /// - Parameter position: as `add` has told it.
    /// - Throws: where the file cannot be read any more.
    package func record(at position: Int) throws(SystemError) -> [UInt8] {
        var reader = Reader(file: file, end: writtenByteCount, rest: rest, from: position)
        return try reader.next() ?? []
    }

    private func write() {
        do throws(SystemError) {
            let opened: NamelessFile
            if let file { opened = file } else { opened = try store.makeNamelessFile() }
            file = opened
            var failure: SystemError?
            rest.withUnsafeBytes { bytes in
                do throws(SystemError) { try opened.write(bytes) } catch { failure = error }
            }
            if let failure { throw failure }
            writtenByteCount += rest.count
            rest.removeAll(keepingCapacity: true)
        } catch {
            // A part may stand in the file, so nothing goes behind it.
            isWritable = false
        }
    }

    /// Reads what was added until now.
    package func reader() -> Reader {
        Reader(file: file, end: writtenByteCount, rest: rest)
    }

    package struct Reader {
        private let windowByteCount: Int
        private let file: NamelessFile?
        private let end: Int
        private let rest: [UInt8]
        /// How much of the file was read.
        private var offset = 0
        private var isInFile = true
        private var window: [UInt8] = []
        private var position = 0

        fileprivate init(file: NamelessFile?, end: Int, rest: [UInt8]) {
            (self.file, self.end, self.rest) = (file, end, rest)
            windowByteCount = 1 << 16
        }

        /// For one record.
        fileprivate init(file: NamelessFile?, end: Int, rest: [UInt8], from start: Int) {
            (self.file, self.end, self.rest) = (file, end, rest)
            windowByteCount = 128
            offset = min(start, end)
            if start >= end { (isInFile, window, position) = (false, rest, start - end) }
        }

        /// - Returns: nil behind the last record.
        /// - Throws: where the file cannot be read any more.
        package mutating func next() throws(SystemError) -> [UInt8]? {
            guard try fill(MemoryLayout<Int>.size) else { return nil }
            let byteCount = window.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: Int.self) }
            _ = try fill(MemoryLayout<Int>.size + byteCount)
            let start = position + MemoryLayout<Int>.size
            position = start + byteCount
            return Array(window[start..<position])
        }

        /// Sees to it that so many bytes are in the window.
        /// - Returns: false behind the last record.
        private mutating func fill(_ count: Int) throws(SystemError) -> Bool {
            while window.count - position < count {
                if isInFile, offset < end, let file {
                    // A record is never in two places: the file ends where one does.
                    let kept = window.count - position
                    let more = min(max(windowByteCount, count), end - offset)
                    var bytes = Array(window[position...]) + [UInt8](repeating: 0, count: more)
                    var failure: SystemError?
                    bytes.withUnsafeMutableBytes { bytes in
                        let target = UnsafeMutableRawBufferPointer(rebasing: bytes[kept...])
                        do throws(SystemError) { try file.read(into: target, at: offset) } catch { failure = error }
                    }
                    if let failure { throw failure }
                    (window, position) = (bytes, 0)
                    offset += more
                } else if isInFile {
                    (isInFile, window, position) = (false, rest, 0)
                } else {
                    return false
                }
            }
            return true
        }
    }
}

/// The bytes of a record, value by value. They are read by the process that has made them.
package struct RecordBytes {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func add<Value: BitwiseCopyable>(_ value: Value) {
        withUnsafeBytes(of: value) { bytes += $0 }
    }

    package mutating func add(text: [UInt8]) {
        add(text.count)
        bytes += text
    }
}

/// Gives the values of a record, in the order in which they were added.
package struct RecordFields {
    private let bytes: [UInt8]
    private var position = 0

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package mutating func next<Value: BitwiseCopyable>(_ type: Value.Type) -> Value {
        defer { position += MemoryLayout<Value>.size }
        return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: type) }
    }

    package mutating func nextText() -> [UInt8] {
        let count = next(Int.self)
        defer { position += count }
        return Array(bytes[position..<position + count])
    }
}
