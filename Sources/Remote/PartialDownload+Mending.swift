import Digest
import Platform

/// A file whose bytes are not the blob's, compared with what the remote gives when it is asked again. What
/// came differently was damaged on its way, and is asked for a third time: two voices out of three are
/// believed, and the oid judges the whole. So a road that spoils a byte now and then cannot keep a blob of
/// any length from arriving, and a damaged object is told from a damaged road.
struct Mending: ~Copyable {
    private static let blockSize = 64 << 10
    /// With more blocks than these the file was not damaged on its way: it was something else.
    private static let greatestBlocks = 256

    private let oid: ObjectID
    private let byteCount: Int64
    private let path: BytePath
    private let control: TransferControl
    /// What the file had in the blocks that came differently, by their numbers.
    private var replaced: [Int64: [UInt8]] = [:]
    private(set) var hasFoundDifferences = false

    init(of oid: ObjectID, byteCount: Int64, at path: BytePath, _ control: TransferControl) {
        self.oid = oid
        self.byteCount = byteCount
        self.path = path
        self.control = control
    }

    /// Reads the blob again, and writes over what differs.
    /// - Returns: false where the remote gave another number of bytes.
    mutating func compare(_ file: borrowing Descriptor, with remote: any Remote) throws(RemoteError) -> Bool {
        var position: Int64 = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.blockSize, alignment: 16)
        defer { buffer.deallocate() }
        control.reach(0)
        do throws(RemoteError) {
            try remote.download(oid, from: 0, control) { piece throws(RemoteError) in
                try control.checkpoint()
                var rest = piece[...]
                while !rest.isEmpty {
                    // A step ends with its block.
                    let inBlock = Int(position % Int64(Self.blockSize))
                    let step = rest.prefix(Self.blockSize - inBlock)
                    guard position + Int64(step.count) <= byteCount else { throw tooLong }
                    try replace(UnsafeRawBufferPointer(rebasing: step), at: position, in: file, buffer)
                    position += Int64(step.count)
                    rest = rest.dropFirst(step.count)
                }
                control.advance(by: piece.count)
            }
        } catch {
            guard error == tooLong else { throw error }
            return false
        }
        return position == byteCount
    }

    private let tooLong = RemoteError(.damaged, "too long")

    private mutating func replace(
        _ bytes: UnsafeRawBufferPointer, at position: Int64, in file: borrowing Descriptor,
        _ buffer: UnsafeMutableRawBufferPointer
    ) throws(RemoteError) {
        do throws(SystemError) {
            if try Self.holds(file, bytes, at: position, buffer) { return }
            hasFoundDifferences = true
            let block = position / Int64(Self.blockSize)
            if replaced[block] == nil, replaced.count <= Self.greatestBlocks {
                replaced[block] = try read(block, of: file)
            }
            try file.seek(to: position)
            try file.write(bytes)
        } catch {
            throw RemoteError(error, "write", path)
        }
    }

    private static func holds(
        _ file: borrowing Descriptor, _ bytes: UnsafeRawBufferPointer, at position: Int64,
        _ buffer: UnsafeMutableRawBufferPointer
    ) throws(SystemError) -> Bool {
        var done = 0
        while done < bytes.count {
            let wanted = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(bytes.count - done)])
            let count = try file.read(into: wanted, at: position + Int64(done))
            guard count > 0, wanted[..<count].elementsEqual(bytes[done..<(done + count)]) else { return false }
            done += count
        }
        return true
    }

    private func range(of block: Int64) -> Range<Int64> {
        let start = block * Int64(Self.blockSize)
        return start..<min(start + Int64(Self.blockSize), byteCount)
    }

    /// A block as the file has it, filled up with zeros where the file ends earlier.
    private func read(_ block: Int64, of file: borrowing Descriptor) throws(SystemError) -> [UInt8] {
        let range = range(of: block)
        var bytes = [UInt8](repeating: 0, count: Int(range.upperBound - range.lowerBound))
        var done = 0
        while done < bytes.count {
            var failure: SystemError?
            let count = bytes.withUnsafeMutableBytes { buffer -> Int in
                do throws(SystemError) {
                    return try file.read(
                        into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]), at: range.lowerBound + Int64(done))
                } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            if count == 0 { break }
            done += count
        }
        return bytes
    }

    /// Asks a third time for what came differently, and writes what two out of three say.
    func vote(_ file: borrowing Descriptor, with remote: any Remote) throws(RemoteError) {
        guard replaced.count <= Self.greatestBlocks else { return }
        for (block, first) in replaced.sorted(by: { $0.key < $1.key }) {
            let range = range(of: block)
            let third = try fetch(range, from: remote)
            guard third.count == first.count else { continue }
            do throws(SystemError) {
                let second = try read(block, of: file)
                let agreed = third.indices.map { first[$0] == second[$0] ? first[$0] : third[$0] }
                try file.seek(to: range.lowerBound)
                try file.write(agreed)
            } catch {
                throw RemoteError(error, "write", path)
            }
        }
    }

    private func fetch(_ range: Range<Int64>, from remote: any Remote) throws(RemoteError) -> [UInt8] {
        let wanted = Int(range.upperBound - range.lowerBound)
        let enough = RemoteError(.other, "enough")
        var bytes: [UInt8] = []
        do throws(RemoteError) {
            try remote.download(oid, from: range.lowerBound, control) { piece throws(RemoteError) in
                try control.checkpoint()
                bytes += piece.prefix(wanted - bytes.count)
                if bytes.count == wanted { throw enough }
            }
        } catch {
            guard error == enough else { throw error }
        }
        return bytes
    }
}
