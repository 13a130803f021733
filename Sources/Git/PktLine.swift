import Platform

/// Git's packet lines: four hexadecimal digits that count themselves and the payload, then the payload.
/// Spec: gitprotocol-common, "pkt-line format".
package enum PktLine {
    /// The largest payload of one packet.
    package static let maximumPayloadByteCount = 65516
    static let headerByteCount = 4

    package enum Packet {
        /// A payload, possibly empty. The bytes are valid until the next call of the reader.
        case data(UnsafeRawBufferPointer)
        /// `0000`
        case flush
        /// The stream ended between two packets.
        case end
    }

    /// The four digits before a payload of `byteCount` bytes.
    static func writeHeader(byteCount: Int, to target: Slice<UnsafeMutableRawBufferPointer>) {
        let digits: StaticString = "0123456789abcdef"
        let total = byteCount + headerByteCount
        for position in 0..<headerByteCount {
            let digit = (total >> (12 - 4 * position)) & 15
            target.base[target.startIndex + position] = digits.utf8Start[digit]
        }
    }

    /// The total length that four digits give, or nil for other bytes.
    static func length(ofHeader header: UnsafeRawBufferPointer) -> Int? {
        var length = 0
        for byte in header {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): length = length << 4 | Int(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): length = length << 4 | Int(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): length = length << 4 | Int(byte - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return length
    }
}

/// Reads packets from a stream. A packet is handed out where it was read, without a copy.
package final class PktLineReader {
    private let descriptor: Descriptor
    private let buffer: UnsafeMutableRawBufferPointer
    private var position = 0
    private var end = 0

    package init(_ descriptor: consuming Descriptor, bufferSize: Int = 1 << 20) {
        descriptor.requestPipeBuffer(byteCount: 1 << 20)
        self.descriptor = descriptor
        buffer = .allocate(byteCount: max(bufferSize, 2 * (PktLine.maximumPayloadByteCount + 4)), alignment: 4096)
    }

    deinit {
        buffer.deallocate()
    }

    package func next() throws(GitError) -> PktLine.Packet {
        guard try fill(PktLine.headerByteCount) else {
            if position == end { return .end }
            throw .protocolViolation("the stream ends inside the length of a packet")
        }
        let header = UnsafeRawBufferPointer(rebasing: buffer[position..<position + PktLine.headerByteCount])
        guard let length = PktLine.length(ofHeader: header) else {
            throw .protocolViolation("a packet begins with something that is no length")
        }
        if length == 0 {
            position += PktLine.headerByteCount
            return .flush
        }
        guard length >= PktLine.headerByteCount, length <= PktLine.maximumPayloadByteCount + PktLine.headerByteCount
        else { throw .protocolViolation("a packet of length \(length)") }
        guard try fill(length) else { throw .protocolViolation("the stream ends inside a packet") }
        let payload = buffer[position + PktLine.headerByteCount..<position + length]
        position += length
        return .data(UnsafeRawBufferPointer(rebasing: payload))
    }

    /// The next piece of a content that a flush packet ends.
    /// - Returns: nil behind the last piece; the bytes are good until the next call.
    /// - Throws: `protocolViolation` where the stream ends before: what came is not all of it.
    package func nextPiece() throws(GitError) -> UnsafeRawBufferPointer? {
        switch try next() {
        case .data(let bytes): return bytes
        case .flush: return nil
        case .end: throw .protocolViolation("the stream ends inside a content")
        }
    }

    /// Reads until `count` bytes are buffered. False where the stream ends before.
    private func fill(_ count: Int) throws(GitError) -> Bool {
        while end - position < count {
            if position == end {
                position = 0
                end = 0
            } else if position + count > buffer.count {
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[position..<end]))
                end -= position
                position = 0
            }
            let read: Int
            do throws(SystemError) {
                read = try descriptor.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[end...]))
            } catch {
                throw .system(error)
            }
            if read == 0 { return false }
            end += read
        }
        return true
    }

    /// The payloads up to the next flush as lines, each without the newline at its end.
    /// - Returns: nil where the stream has ended instead.
    package func readLines() throws(GitError) -> [[UInt8]]? {
        var lines: [[UInt8]] = []
        while true {
            switch try next() {
            case .data(let payload):
                lines.append(Array(payload.last == UInt8(ascii: "\n") ? payload.dropLast()[...] : payload[...]))
            case .flush: return lines
            case .end:
                guard lines.isEmpty else { throw .protocolViolation("the stream ends inside a list") }
                return nil
            }
        }
    }
}

/// Writes packets to a stream, many with one system call.
package final class PktLineWriter {
    private let descriptor: Descriptor
    private let buffer: UnsafeMutableRawBufferPointer
    private var end = 0

    package init(_ descriptor: consuming Descriptor, bufferSize: Int = 1 << 20) {
        descriptor.requestPipeBuffer(byteCount: 1 << 20)
        self.descriptor = descriptor
        buffer = .allocate(byteCount: max(bufferSize, 2 * (PktLine.maximumPayloadByteCount + 4)), alignment: 4096)
    }

    deinit {
        buffer.deallocate()
    }

    /// Writes a text packet; the newline is added.
    /// - Throws: `GitError.protocolViolation` where no packet can hold the text.
    package func writeLine(_ text: some Collection<UInt8>) throws(GitError) {
        guard text.count < PktLine.maximumPayloadByteCount else {
            throw .protocolViolation("a line of \(text.count) bytes fits into no packet")
        }
        try makeRoom(PktLine.headerByteCount + text.count + 1)
        let payload = Array(text) + [UInt8(ascii: "\n")]
        payload.withUnsafeBytes { append($0) }
    }

    package func writeLine(_ text: String) throws(GitError) {
        try writeLine(Array(text.utf8))
    }

    /// Writes content as packets of the largest size.
    package func write(content: UnsafeRawBufferPointer) throws(GitError) {
        var rest = content[...]
        while !rest.isEmpty {
            let piece = rest.prefix(PktLine.maximumPayloadByteCount)
            try makeRoom(PktLine.headerByteCount + piece.count)
            append(UnsafeRawBufferPointer(rebasing: piece))
            rest = rest.dropFirst(piece.count)
        }
    }

    /// Writes packets with what `read` puts into the buffer that it is given, until it gives 0. The
    /// bytes are read to where they are written from.
    package func writeContent<Failure: Error>(
        _ read: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int, or wrap: (Failure) -> GitError
    ) throws(GitError) {
        while true {
            try makeRoom(PktLine.headerByteCount + PktLine.maximumPayloadByteCount)
            let start = end + PktLine.headerByteCount
            let target = UnsafeMutableRawBufferPointer(rebasing: buffer[start..<start + PktLine.maximumPayloadByteCount])
            let count: Int
            do throws(Failure) { count = try read(target) } catch { throw wrap(error) }
            if count == 0 { return }
            PktLine.writeHeader(byteCount: count, to: buffer[end...])
            end = start + count
        }
    }

    /// Sends the next `byteCount` bytes of a file as packets, behind what is buffered. Where the stream is a pipe they go
    /// from the page cache to the reader without a copy in between.
    /// - Throws: `protocolViolation` where the file ends before.
    package func send(contentOf file: borrowing Descriptor, byteCount: Int64) throws(GitError) {
        var rest = byteCount
        while rest > 0 {
            let count = Int(min(rest, Int64(PktLine.maximumPayloadByteCount)))
            try makeRoom(PktLine.headerByteCount)
            PktLine.writeHeader(byteCount: count, to: buffer[end...])
            end += PktLine.headerByteCount
            try flush()
            try sendPayload(of: file, byteCount: count)
            rest -= Int64(count)
        }
    }

    private func sendPayload(of file: borrowing Descriptor, byteCount: Int) throws(GitError) {
        var rest = byteCount
        var isOver = false
        do throws(SystemError) {
            while rest > 0, let count = try descriptor.splice(from: file, byteCount: rest), count > 0 { rest -= count }
            // Where the two cannot be joined. The buffer is free, as all in it has been sent.
            while rest > 0, !isOver {
                let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<rest]))
                isOver = count == 0
                try descriptor.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                rest -= count
            }
        } catch {
            throw .system(error)
        }
        if isOver { throw .protocolViolation("a file has become shorter while it was sent") }
    }

    /// Ends a list.
    package func writeFlush() throws(GitError) {
        try makeRoom(PktLine.headerByteCount)
        buffer[end..<end + PktLine.headerByteCount].copyBytes(from: Array("0000".utf8))
        end += PktLine.headerByteCount
    }

    /// Sends what is buffered.
    package func flush() throws(GitError) {
        guard end > 0 else { return }
        defer { end = 0 }
        do throws(SystemError) {
            try descriptor.write(UnsafeRawBufferPointer(rebasing: buffer[..<end]))
        } catch {
            throw .system(error)
        }
    }

    private func makeRoom(_ count: Int) throws(GitError) {
        if end + count > buffer.count { try flush() }
    }

    private func append(_ payload: UnsafeRawBufferPointer) {
        let start = end + PktLine.headerByteCount
        PktLine.writeHeader(byteCount: payload.count, to: buffer[end...])
        buffer[start..<start + payload.count].copyBytes(from: payload)
        end = start + payload.count
    }
}
