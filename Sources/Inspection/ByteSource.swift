import Platform

/// The bytes of one file, or of a part of it, read from any place in them. Any number of threads may read
/// one source at once. What lies beyond the end is not there, whatever a format says of it.
package struct ByteSource: Sendable {
    private enum Storage: Sendable {
        case file(OpenFile)
        case bytes([UInt8])
    }

    private final class OpenFile: Sendable {
        let file: Descriptor

        init(_ file: consuming Descriptor) { self.file = file }
    }

    private let storage: Storage
    private let start: Int64
    package let byteCount: Int64

    private init(_ storage: Storage, start: Int64, byteCount: Int64) {
        self.storage = storage
        self.start = start
        self.byteCount = byteCount
    }

    package init(_ bytes: [UInt8]) {
        self.init(.bytes(bytes), start: 0, byteCount: Int64(bytes.count))
    }

    /// Takes an open file over, wherever its position is.
    package init(_ file: consuming Descriptor) throws(SystemError) {
        let byteCount = try file.status().byteCount
        self.init(.file(OpenFile(file)), start: 0, byteCount: byteCount)
    }

    /// Those of the bytes from `offset` on, `count` of them at most.
    func part(from offset: Int64, count: Int64 = .max) -> ByteSource {
        let first = min(max(0, offset), byteCount)
        return ByteSource(storage, start: start + first, byteCount: min(max(0, count), byteCount - first))
    }

    /// Fills the buffer from `offset` on, as far as there are bytes.
    /// - Returns: how many there were.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(SystemError) -> Int {
        guard offset >= 0, offset < byteCount else { return 0 }
        let wanted = Int(min(Int64(buffer.count), byteCount - offset))
        switch storage {
        case .bytes(let bytes):
            let first = Int(start + offset)
            buffer.copyBytes(from: bytes[first..<first + wanted])
            return wanted
        case .file(let opened):
            var end = 0
            while end < wanted {
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[end..<wanted])
                let count = try opened.file.read(into: rest, at: start + offset + Int64(end))
                // The file has become shorter meanwhile.
                if count == 0 { break }
                end += count
            }
            return end
        }
    }

    /// The bytes from `offset` on, `count` of them or as many as there are.
    func bytes(at offset: Int64, count: Int) throws(SystemError) -> [UInt8] {
        let wanted = Int(min(Int64(max(0, count)), max(0, byteCount - max(0, offset))))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, wanted), alignment: 16)
        defer { buffer.deallocate() }
        let read = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), at: offset)
        return Array(buffer[..<read])
    }
}

/// Goes through a source in small steps, with few reads. What is not there is nil.
struct ByteWalk {
    private let source: ByteSource
    private(set) var offset: Int64
    private var window: [UInt8] = []
    private var windowOffset: Int64 = 0

    private static let windowByteCount = 16 << 10

    init(_ source: ByteSource, at offset: Int64 = 0) {
        self.source = source
        self.offset = offset
    }

    var isAtEnd: Bool { offset >= source.byteCount }

    /// Moves forward, or says that there is not so much.
    mutating func skip(_ count: UInt64) -> Bool {
        guard count <= UInt64(max(0, source.byteCount - offset)) else { return false }
        offset += Int64(count)
        return true
    }

    mutating func byte() throws(SystemError) -> UInt8? {
        if offset < windowOffset || offset >= windowOffset + Int64(window.count) {
            window = try source.bytes(at: offset, count: Self.windowByteCount)
            windowOffset = offset
            if window.isEmpty { return nil }
        }
        defer { offset += 1 }
        return window[Int(offset - windowOffset)]
    }

    /// Exactly `count` bytes. `limit` is the most that anybody can mean; more is taken for damage.
    mutating func take(_ count: UInt64, limit: Int) throws(SystemError) -> [UInt8]? {
        guard count <= UInt64(limit), count <= UInt64(max(0, source.byteCount - offset)) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let byte = try byte() else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    mutating func little<Number: FixedWidthInteger & UnsignedInteger>(_ type: Number.Type) throws(SystemError) -> Number? {
        var value: Number = 0
        for position in 0..<MemoryLayout<Number>.size {
            guard let byte = try byte() else { return nil }
            value |= Number(byte) << (8 * Number(position))
        }
        return value
    }

    /// A number of protobuf, seven bits a byte, in 64 bits.
    mutating func variableLength() throws(SystemError) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = try byte() else { return nil }
            value |= shift < 64 ? UInt64(byte & 0x7f) << shift : 0
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }
}
