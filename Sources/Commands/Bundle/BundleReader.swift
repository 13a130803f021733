import Inspection
import Platform

/// The members of a bundle, one behind the other, from any stream. Nothing is taken that `BundleWriter` would not have
/// written, to the last byte of a member's head: names of other shapes, links, folders, members in another order or
/// twice. What the members hold is not looked at. One thread at a time may use it.
final class BundleReader {
    struct Item: Equatable {
        let member: BundleMember
        let byteCount: Int64
    }

    private let input: ByteReader
    /// Where in the stream the next byte is.
    private(set) var offset: Int64 = 0
    private var current: Item?
    /// How much of the present member's content has not been handed out.
    private var rest: Int64 = 0

    init(_ input: ByteReader) {
        self.input = input
    }

    /// Goes to the next member, whatever of the present one has not been read.
    /// - Returns: nil behind the last.
    /// - Throws: `BundleFormatError`, or `SystemError` where the stream cannot be read.
    func next() throws -> Item? {
        if let current {
            try forEachPiece { _ in }
            let padding = TarHeader.padding(behind: current.byteCount)
            guard try take(padding.count) == padding else { throw damaged(before: offset) }
        }
        let head = try take(TarHeader.blockByteCount)
        if head.allSatisfy({ $0 == 0 }) {
            try readEnd()
            return nil
        }
        let item = try self.item(head)
        guard item.member.follows(current?.member) else {
            throw BundleFormatError.damaged("'\(item.member.name)' stands where it does not belong")
        }
        current = item
        rest = item.byteCount
        return item
    }

    /// Hands out what is left of the present member's content.
    /// - Throws: as `next`, and what `body` throws.
    func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        while rest > 0 {
            let piece = try input.readSome(limit: Int(clamping: rest))
            if piece.isEmpty { throw BundleFormatError.truncated }
            rest -= Int64(piece.count)
            offset += Int64(piece.count)
            try piece.withUnsafeBytes { try body($0) }
        }
    }

    /// The present member's content, which must not be longer than `limit`.
    func content(limit: Int) throws -> [UInt8] {
        guard let current, current.byteCount <= limit else {
            throw BundleFormatError.damaged("'\(current?.member.name ?? "")' is too long")
        }
        var content: [UInt8] = []
        try forEachPiece { content += $0 }
        return content
    }

    /// Exactly so many bytes.
    private func take(_ count: Int) throws -> [UInt8] {
        let bytes = try input.read(count: count)
        offset += Int64(bytes.count)
        guard bytes.count == count else {
            // Whatever is that short and not even begun is nothing of ours.
            throw current == nil ? Self.strange(bytes) : BundleFormatError.truncated
        }
        return bytes
    }

    private func item(_ first: [UInt8]) throws -> Item {
        let start = offset - Int64(TarHeader.blockByteCount)
        guard let header = TarHeader(first) else { throw current == nil ? Self.strange(first) : damaged(before: offset) }
        guard header.kind == TarHeader.Kind.attributes else { return try item(header, header.byteCount, first, start) }
        guard header.byteCount <= TarHeader.blockByteCount else { throw damaged(before: offset) }
        let record = try take(TarHeader.blockByteCount)
        let attributes = TarHeader.attributes(Array(record.prefix(Int(header.byteCount))))
        let second = try take(TarHeader.blockByteCount)
        guard let byteCount = attributes.byteCount, let header = TarHeader(second) else { throw damaged(before: offset) }
        return try item(header, byteCount, first + record + second, start)
    }

    private func item(_ header: TarHeader, _ byteCount: Int64, _ bytes: [UInt8], _ start: Int64) throws -> Item {
        guard let member = BundleMember(name: header.name) else {
            if current == nil { throw BundleFormatError.foreign }
            throw BundleFormatError.damaged("'\(BytePath(bytes: header.name))' does not belong in a bundle")
        }
        let heads = TarHeader.heads(
            name: Array(member.name.utf8), byteCount: byteCount, permissions: member.permissions, modified: header.modified)
        guard bytes == heads else { throw damaged(before: start + Int64(bytes.count)) }
        return Item(member: member, byteCount: byteCount)
    }

    /// Behind the last member there are zeros to the end, a block of them at least beside the one that was read.
    private func readEnd() throws {
        switch current?.member {
        case .repository, .blob: break
        case nil: throw BundleFormatError.foreign
        default: throw BundleFormatError.truncated
        }
        guard try take(TarHeader.blockByteCount).allSatisfy({ $0 == 0 }) else { throw damaged(before: offset) }
        while true {
            let piece = try input.readSome()
            if piece.isEmpty { return }
            offset += Int64(piece.count)
            guard piece.allSatisfy({ $0 == 0 }) else { throw BundleFormatError.damaged("there is something behind its end") }
        }
    }

    private func damaged(before offset: Int64) -> BundleFormatError {
        .damaged("the block before byte \(offset) is not as it was written")
    }

    private static func strange(_ bytes: [UInt8]) -> BundleFormatError {
        let isOfGit = ["# v2 git bundle\n", "# v3 git bundle\n"].contains { bytes.starts(with: $0.utf8) }
        return isOfGit ? .gitBundle : .foreign
    }
}
