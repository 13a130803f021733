import Git
import Platform

/// The names of the objects in a pack, looked up in its index.
///
/// Spec: gitformat-pack(5), "Version 2 pack-*.idx files": a signature, a version, 256 counts of the names up to each first
/// byte, and the names in their order.
struct PackIndex: ~Copyable {
    private let file: Descriptor
    private let path: BytePath
    private let fanout: [Int]

    private static let headByteCount = 8 + 256 * 4

    init(_ path: BytePath) throws {
        let file = try Descriptor.open(path, .read)
        let head = try Self.read(Self.headByteCount, at: 0, of: file)
        guard head.count == Self.headByteCount, head.starts(with: [0xff, 0x74, 0x4f, 0x63, 0, 0, 0, 2]) else {
            throw HelperError("'\(path)' is no index of a pack, of version 2")
        }
        self.file = file
        self.path = path
        fanout = (0..<256).map { row in head[(8 + 4 * row)..<(12 + 4 * row)].reduce(0) { $0 << 8 | Int($1) } }
    }

    func contains(_ name: GitObjectName) throws -> Bool {
        let (bytes, size) = (name.bytes, Int(name.byteCount))
        let first = Int(bytes[0])
        var (low, high) = (first == 0 ? 0 : fanout[first - 1], fanout[first])
        while low < high {
            let middle = (low + high) / 2
            let found = try Self.read(size, at: Self.headByteCount + middle * size, of: file)
            guard found.count == size else { throw HelperError("'\(path)' ends early") }
            if found == bytes { return true }
            if found.lexicographicallyPrecedes(bytes) { low = middle + 1 } else { high = middle }
        }
        return false
    }

    private static func read(_ count: Int, at offset: Int, of file: borrowing Descriptor) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let more = try bytes.withUnsafeMutableBytes { buffer in
                try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]), at: Int64(offset + done))
            }
            if more == 0 { break }
            done += more
        }
        return Array(bytes[..<done])
    }
}
