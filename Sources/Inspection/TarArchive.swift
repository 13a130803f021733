import Platform

/// The members of a tar archive, from head to head.
///
/// Spec: POSIX, pax, "ustar Interchange Format" and "pax Extended Header"; GNU tar, "Basic Tar Format".
enum TarArchive {
    private static let blockByteCount: Int64 = 512
    /// Longer names and lists of attributes are damage.
    private static let recordLimit: Int64 = 1 << 20

    static func fill(_ summary: inout DataSummary, _ source: ByteSource) throws(SystemError) {
        var offset: Int64 = 0
        var pax: (path: [UInt8]?, size: Int64?) = (nil, nil)
        var longName: [UInt8]?
        var count = 0
        var total: Int64 = 0
        while offset < source.byteCount {
            let head = try source.bytes(at: offset, count: Int(blockByteCount))
            if head.allSatisfy({ $0 == 0 }) { break }
            guard head.count == blockByteCount, isSound(head), let written = number(head[124..<136]) else {
                summary.damage = "the member at byte \(offset) has no sound head"
                break
            }
            let kind = head[156]
            let size = isRecord(kind) ? written : pax.size ?? written
            offset += blockByteCount
            if isRecord(kind) {
                guard size <= recordLimit else {
                    summary.damage = "the attributes at byte \(offset) are too long"
                    break
                }
                let record = try source.bytes(at: offset, count: Int(size))
                if kind == UInt8(ascii: "x") { pax = attributes(record) }
                if kind == UInt8(ascii: "L") { longName = Array(record.prefix { $0 != 0 }) }
            } else {
                let name = pax.path ?? longName ?? ustarName(head)
                var part = DataSummary.Part(.member, SafeText.of(name), facts(kind, size))
                let isFile = kind == UInt8(ascii: "0") || kind == 0 || kind == UInt8(ascii: "7")
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

    private static func isRecord(_ kind: UInt8) -> Bool {
        "xgLK".utf8.contains(kind)
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

    /// Whether the head's sum is right: its bytes, with spaces in place of the sum.
    private static func isSound(_ head: [UInt8]) -> Bool {
        guard let written = number(head[148..<156]) else { return false }
        let sum = head.enumerated().reduce(Int64(0)) { $0 + Int64((148..<156).contains($1.offset) ? 0x20 : $1.element) }
        return sum == written
    }

    /// Octal digits, or with the highest bit set a number of 256 a digit.
    private static func number(_ field: ArraySlice<UInt8>) -> Int64? {
        if let first = field.first, first & 0x80 != 0 {
            guard first == 0x80, field.dropFirst().dropLast(7).allSatisfy({ $0 == 0 }) else { return nil }
            return field.suffix(7).reduce(0) { $0 << 8 | Int64($1) }
        }
        let digits = field.drop { $0 == 0x20 }.prefix { (0x30...0x37).contains($0) }
        guard digits.count <= 20 else { return nil }
        return digits.reduce(0) { $0 << 3 | Int64($1 - 0x30) }
    }

    private static func ustarName(_ head: [UInt8]) -> [UInt8] {
        let name = Array(head[0..<100].prefix { $0 != 0 })
        guard head[257..<263].elementsEqual("ustar\0".utf8) else { return name }
        let prefix = Array(head[345..<500].prefix { $0 != 0 })
        return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
    }

    /// `<length> path=<name>\n`, and so on.
    private static func attributes(_ record: [UInt8]) -> (path: [UInt8]?, size: Int64?) {
        var rest = record[...]
        var found: (path: [UInt8]?, size: Int64?) = (nil, nil)
        while let space = rest.firstIndex(of: 0x20), let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
            length > 0, length <= rest.count, rest.startIndex + length > space + 1 {
            let line = rest[(space + 1)..<(rest.startIndex + length)].dropLast()
            if line.starts(with: "path=".utf8) { found.path = Array(line.dropFirst(5)) }
            if line.starts(with: "size=".utf8), let size = Int64(String(decoding: line.dropFirst(5), as: UTF8.self)), size >= 0 {
                found.size = size
            }
            rest = rest.dropFirst(length)
        }
        return found
    }
}
