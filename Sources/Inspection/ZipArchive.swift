import Platform

/// The members of a zip archive, by its central directory. Arrays of NumPy that are stored as they are
/// are read as such.
///
/// Spec: PKWARE APPNOTE, 4.3.
enum ZipArchive {
    private struct Directory {
        let offset: Int64
        let byteCount: Int64
    }

    private struct Member {
        var name: [UInt8] = []
        var method: UInt16 = 0
        var checksum: UInt32 = 0
        var stored: UInt64 = 0
        var byteCount: UInt64 = 0
        var headOffset: UInt64 = 0
    }

    static func fill(_ summary: inout DataSummary, _ source: ByteSource) throws(SystemError) {
        guard let directory = try findDirectory(source) else {
            summary.damage = "there is no list of members at the end"
            return
        }
        let bytes = source.part(from: directory.offset, count: directory.byteCount)
        var walk = ByteWalk(bytes)
        var count = 0
        while !walk.isAtEnd {
            guard let member = try nextMember(&walk) else {
                summary.damage = "the list of members ends early or is malformed"
                break
            }
            count += 1
            if summary.parts.count < DataSummary.partLimit {
                summary.add(try part(member, source, summary.kind))
            } else {
                summary.omittedPartCount += 1
            }
        }
        summary.add(summary.kind == .numPyArchive ? "arrays" : "members", count)
    }

    /// Looks for the end of central directory record, behind which a comment may stand.
    private static func findDirectory(_ source: ByteSource) throws(SystemError) -> Directory? {
        let tailStart = max(0, source.byteCount - 22 - 65_535)
        let tail = try source.bytes(at: tailStart, count: 22 + 65_535)
        guard tail.count >= 22 else { return nil }
        for position in stride(from: tail.count - 22, through: 0, by: -1) where tail[position] == UInt8(ascii: "P") {
            var cursor = ByteCursor(tail[position..<position + 22])
            guard cursor.skip("PK\u{5}\u{6}"), cursor.skip(8), let byteCount = cursor.little(UInt32.self),
                let offset = cursor.little(UInt32.self)
            else { continue }
            if byteCount != .max, offset != .max { return Directory(offset: Int64(offset), byteCount: Int64(byteCount)) }
            return try findLargeDirectory(source, endOffset: tailStart + Int64(position))
        }
        return nil
    }

    /// By the locator that stands before the record of the classic form.
    private static func findLargeDirectory(_ source: ByteSource, endOffset: Int64) throws(SystemError) -> Directory? {
        var locator = ByteCursor(try source.bytes(at: endOffset - 20, count: 20))
        guard endOffset >= 20, locator.skip("PK\u{6}\u{7}"), locator.skip(4), let place = locator.little(UInt64.self),
            let place = Int64(exactly: place)
        else { return nil }
        var record = ByteCursor(try source.bytes(at: place, count: 56))
        guard record.skip("PK\u{6}\u{6}"), record.skip(36), let byteCount = record.little(UInt64.self),
            let offset = record.little(UInt64.self), let byteCount = Int64(exactly: byteCount), let offset = Int64(exactly: offset)
        else { return nil }
        return Directory(offset: offset, byteCount: byteCount)
    }

    private static func nextMember(_ walk: inout ByteWalk) throws(SystemError) -> Member? {
        guard let head = try walk.take(46, limit: 46) else { return nil }
        var cursor = ByteCursor(head)
        var member = Member()
        guard cursor.skip("PK\u{1}\u{2}"), cursor.skip(6), let method = cursor.little(UInt16.self), cursor.skip(4),
            let checksum = cursor.little(UInt32.self), let stored = cursor.little(UInt32.self),
            let byteCount = cursor.little(UInt32.self), let nameCount = cursor.little(UInt16.self),
            let extraCount = cursor.little(UInt16.self), let commentCount = cursor.little(UInt16.self), cursor.skip(8),
            let headOffset = cursor.little(UInt32.self),
            let name = try walk.take(UInt64(nameCount), limit: 65_535),
            let extra = try walk.take(UInt64(extraCount), limit: 65_535), walk.skip(UInt64(commentCount))
        else { return nil }
        (member.name, member.method, member.checksum) = (name, method, checksum)
        (member.stored, member.byteCount, member.headOffset) = (UInt64(stored), UInt64(byteCount), UInt64(headOffset))
        readLargeNumbers(&member, extra)
        return member
    }

    /// The extra field of zip64, which has only the numbers that did not fit.
    private static func readLargeNumbers(_ member: inout Member, _ extra: [UInt8]) {
        var cursor = ByteCursor(extra)
        while let tag = cursor.little(UInt16.self), let count = cursor.little(UInt16.self), let field = cursor.take(Int(count)) {
            guard tag == 1 else { continue }
            var numbers = ByteCursor(field)
            if member.byteCount == UInt32.max { member.byteCount = numbers.little(UInt64.self) ?? member.byteCount }
            if member.stored == UInt32.max { member.stored = numbers.little(UInt64.self) ?? member.stored }
            if member.headOffset == UInt32.max { member.headOffset = numbers.little(UInt64.self) ?? member.headOffset }
        }
    }

    private static func part(_ member: Member, _ source: ByteSource, _ kind: FileKind) throws(SystemError) -> DataSummary.Part {
        let name = SafeText.of(member.name)
        if kind == .numPyArchive, let part = try array(member, source) { return part }
        if member.name.last == UInt8(ascii: "/") { return .init(.member, name, [.init("type", "folder")]) }
        let digits = String(member.checksum, radix: 16)
        return .init(
            .member, name,
            [.init("bytes", member.byteCount), .init("crc32", String(repeating: "0", count: 8 - digits.count) + digits)])
    }

    /// A member of `numpy.savez`, which does not compress; one of `savez_compressed` stays a member.
    private static func array(_ member: Member, _ source: ByteSource) throws(SystemError) -> DataSummary.Part? {
        guard member.method == 0, let head = Int64(exactly: member.headOffset), let byteCount = Int64(exactly: member.byteCount) else {
            return nil
        }
        var cursor = ByteCursor(try source.bytes(at: head, count: 30))
        guard cursor.skip("PK\u{3}\u{4}"), cursor.skip(22), let nameCount = cursor.little(UInt16.self),
            let extraCount = cursor.little(UInt16.self)
        else { return nil }
        let offset = head + 30 + Int64(nameCount) + Int64(extraCount)
        let prefix = try source.part(from: offset, count: byteCount).bytes(at: 0, count: FileKind.prefixByteCount)
        let isNamed = member.name.suffix(4).elementsEqual(".npy".utf8)
        let name = SafeText.of(isNamed ? member.name.dropLast(4) : member.name[...])
        return NumPyHeader(prefix: prefix)?.part(name, offset: offset, byteCount: byteCount)
    }
}
