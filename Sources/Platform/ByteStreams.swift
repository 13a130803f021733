internal import Glibc

/// Buffered reading from a descriptor. It may move from thread to thread, but not serve two at once.
package final class ByteReader: @unchecked Sendable {
    // Safety: whoever holds it hands it over whole; the type is a buffer with a position, and two
    // threads reading one stream would be wrong with any lock.
    package let descriptor: Descriptor
    private var buffer: [UInt8]
    private var position = 0
    private var end = 0

    package init(_ descriptor: consuming Descriptor, bufferSize: Int = 64 * 1024) {
        self.descriptor = descriptor
        buffer = [UInt8](repeating: 0, count: bufferSize)
    }

    /// Fills the empty buffer. False at the end of the input.
    private func refill() throws(SystemError) -> Bool {
        position = 0
        end = 0
        var failure: SystemError?
        end = buffer.withUnsafeMutableBytes { target in
            do throws(SystemError) { return try descriptor.read(into: target) } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return end > 0
    }

    /// What is buffered, or one read's worth; empty at the end of the input.
    package func readSome(limit: Int = .max) throws(SystemError) -> ArraySlice<UInt8> {
        if position == end, try !refill() { return [] }
        let count = min(limit, end - position)
        defer { position += count }
        return buffer[position..<position + count]
    }

    /// Exactly `count` bytes, or fewer where the input ends.
    package func read(count: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(count, 1 << 20))
        while bytes.count < count {
            let some = try readSome(limit: count - bytes.count)
            if some.isEmpty { break }
            bytes += some
        }
        return bytes
    }

    /// Hands out all that is left, piece by piece.
    package func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        while true {
            let piece = try readSome()
            if piece.isEmpty { return }
            try piece.withUnsafeBytes { try body($0) }
        }
    }

    package func readToEnd(limit: Int = .max) throws(SystemError) -> [UInt8] {
        try read(count: limit)
    }

    /// The bytes up to the next `delimiter`, which is taken but not given; at the end of the input
    /// what is left, and nil when nothing is.
    package func read(until delimiter: UInt8) throws(SystemError) -> [UInt8]? {
        var bytes: [UInt8] = []
        while true {
            if position == end, try !refill() { return bytes.isEmpty ? nil : bytes }
            let rest = buffer[position..<end]
            if let found = rest.firstIndex(of: delimiter) {
                bytes += rest[..<found]
                position = found + 1
                return bytes
            }
            bytes += rest
            position = end
        }
    }
}

/// Buffered writing to a descriptor; what is not flushed is not written. It may move from thread to
/// thread, but not serve two at once.
package final class ByteWriter: @unchecked Sendable {
    // Safety: as for `ByteReader`.
    package let descriptor: Descriptor
    private var buffer: [UInt8] = []
    private let bufferSize: Int

    package init(_ descriptor: consuming Descriptor, bufferSize: Int = 64 * 1024) {
        self.descriptor = descriptor
        self.bufferSize = bufferSize
        buffer.reserveCapacity(bufferSize)
    }

    package func write(_ bytes: some Collection<UInt8>) throws(SystemError) {
        buffer.append(contentsOf: bytes)
        if buffer.count >= bufferSize { try flush() }
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        if buffer.count + bytes.count > bufferSize { try flush() }
        if bytes.count >= bufferSize {
            try descriptor.write(bytes)
        } else {
            buffer.append(contentsOf: bytes)
        }
    }

    package func write(_ text: String) throws(SystemError) {
        try write(Array(text.utf8))
    }

    package func flush() throws(SystemError) {
        guard !buffer.isEmpty else { return }
        defer { buffer.removeAll(keepingCapacity: true) }
        try descriptor.write(buffer)
    }
}

/// Whether two stretches of memory hold the same bytes.
package func haveEqualBytes(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
    guard one.count == other.count else { return false }
    guard let first = one.baseAddress, let second = other.baseAddress else { return true }
    return memcmp(first, second, one.count) == 0
}
