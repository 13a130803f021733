import Platform

/// The members of a tar archive, from head to head. The specification stands at `TarHeader`.
enum TarArchive {
    private static let blockByteCount = Int64(TarHeader.blockByteCount)
    /// Longer names and lists of attributes are damage.
    private static let recordLimit: Int64 = 1 << 20

    static func fill(_ summary: inout DataSummary, _ source: ByteSource) throws(SystemError) {
        var offset: Int64 = 0
        var pax: (path: [UInt8]?, byteCount: Int64?) = (nil, nil)
        var longName: [UInt8]?
        var count = 0
        var total: Int64 = 0
        while offset < source.byteCount {
            let head = try source.bytes(at: offset, count: Int(blockByteCount))
            if head.allSatisfy({ $0 == 0 }) { break }
            guard let header = TarHeader(head) else {
                summary.damage = "the member at byte \(offset) has no sound head"
                break
            }
            let kind = header.kind
            let isRecord = TarHeader.Kind.isRecord(kind)
            let size = isRecord ? header.byteCount : pax.byteCount ?? header.byteCount
            offset += blockByteCount
            if isRecord {
                guard size <= recordLimit else {
                    summary.damage = "the attributes at byte \(offset) are too long"
                    break
                }
                let record = try source.bytes(at: offset, count: Int(size))
                if kind == TarHeader.Kind.attributes { pax = TarHeader.attributes(record) }
                if kind == TarHeader.Kind.longName { longName = Array(record.prefix { $0 != 0 }) }
            } else {
                let name = pax.path ?? longName ?? header.name
                var part = DataSummary.Part(.member, SafeText.of(name), facts(kind, size))
                let isFile = kind == TarHeader.Kind.file || kind == 0 || kind == UInt8(ascii: "7")
                if isFile { part.content = .init(offset: offset, byteCount: size) }
                summary.add(part)
                count += 1
                total = total.addingReportingOverflow(size).partialValue
                (pax, longName) = ((nil, nil), nil)
            }
            let rest = source.byteCount - offset
            guard size <= rest else {
                summary.damage = "the archive ends within a member"
                break
            }
            offset += size
            offset += (blockByteCount - size % blockByteCount) % blockByteCount
        }
        summary.facts += [.init("members", count), .init("content bytes", total)]
    }

    private static func facts(_ kind: UInt8, _ size: Int64) -> [DataSummary.Fact] {
        switch kind {
        case UInt8(ascii: "5"): [.init("type", "folder")]
        case UInt8(ascii: "1"): [.init("type", "hard link")]
        case UInt8(ascii: "2"): [.init("type", "link")]
        case UInt8(ascii: "3"), UInt8(ascii: "4"), UInt8(ascii: "6"): [.init("type", "device")]
        default: [.init("bytes", size)]
        }
    }
}
