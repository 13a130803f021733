/// The head of one member of a tar archive, a block of 512 bytes: read as anybody may have written it, and written
/// in one way only.
///
/// Spec: POSIX, pax, "ustar Interchange Format" and "pax Extended Header"; GNU tar, "Basic Tar Format".
package struct TarHeader: Equatable, Sendable {
    package static let blockByteCount = 512

    /// What a member is.
    package enum Kind {
        package static let file = UInt8(ascii: "0")
        /// Attributes of the member behind it.
        package static let attributes = UInt8(ascii: "x")
        /// GNU tar's way of giving the member behind it a long name.
        static let longName = UInt8(ascii: "L")

        /// Whether it is no member, but says something of others.
        static func isRecord(_ kind: UInt8) -> Bool { "xgLK".utf8.contains(kind) }
    }

    package let name: [UInt8]
    package let kind: UInt8
    /// As the block has it, which is no more than `plainLimit` where attributes stand before it.
    package let byteCount: Int64
    package let permissions: Int64
    /// Seconds since 1970.
    package let modified: Int64

    /// The largest number that eleven octal digits can say: 8 GiB less a byte, and seconds far in the future.
    package static let plainLimit: Int64 = 0o77_777_777_777

    /// - Parameters:
    ///   - name: of 100 bytes at most.
    ///   - byteCount: up to `plainLimit`, as `modified`, and neither negative.
    private init(name: [UInt8], kind: UInt8, byteCount: Int64, permissions: Int64, modified: Int64) {
        precondition(name.count <= 100, "the name is too long for a block")
        self.name = name
        self.kind = kind
        self.byteCount = byteCount
        self.permissions = permissions
        self.modified = modified
    }

    // MARK: reading

    /// - Parameter block: 512 bytes.
    /// - Returns: nil where its sum is not right or its length is no number.
    package init?(_ block: [UInt8]) {
        guard block.count == Self.blockByteCount, Self.isSound(block), let byteCount = Self.number(block[124..<136])
        else { return nil }
        name = Self.name(block)
        kind = block[156]
        self.byteCount = byteCount
        permissions = Self.number(block[100..<108]) ?? 0
        modified = Self.number(block[136..<148]) ?? 0
    }

    /// Whether the head's sum is right.
    private static func isSound(_ block: [UInt8]) -> Bool {
        number(block[148..<156]) == sum(block)
    }

    /// The sum of a block's bytes, with spaces in place of the sum.
    private static func sum(_ block: [UInt8]) -> Int64 {
        block.enumerated().reduce(0) { $0 + Int64((148..<156).contains($1.offset) ? 0x20 : $1.element) }
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

    private static func name(_ block: [UInt8]) -> [UInt8] {
        let name = Array(block[0..<100].prefix { $0 != 0 })
        guard block[257..<263].elementsEqual(magic.prefix(6)) else { return name }
        let prefix = Array(block[345..<500].prefix { $0 != 0 })
        return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
    }

    private static let magic = Array("ustar\0".utf8) + Array("00".utf8)

    /// What attributes say of the member behind them: `<length> path=<name>\n`, and so on.
    package static func attributes(_ record: [UInt8]) -> (path: [UInt8]?, byteCount: Int64?) {
        var rest = record[...]
        var found: (path: [UInt8]?, byteCount: Int64?) = (nil, nil)
        while let space = rest.firstIndex(of: 0x20), let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
            length > 0, length <= rest.count, rest.startIndex + length > space + 1 {
            let line = rest[(space + 1)..<(rest.startIndex + length)].dropLast()
            if line.starts(with: "path=".utf8) { found.path = Array(line.dropFirst(5)) }
            if line.starts(with: "size=".utf8), let size = Int64(String(decoding: line.dropFirst(5), as: UTF8.self)), size >= 0 {
                found.byteCount = size
            }
            rest = rest.dropFirst(length)
        }
        return found
    }

    // MARK: writing

    /// All that stands before a file's content: one block, or three where the length needs attributes.
    /// - Parameters:
    ///   - name: of 89 bytes at most.
    ///   - byteCount: not negative, as `modified`, of which what is above `plainLimit` is cut.
    package static func heads(name: [UInt8], byteCount: Int64, permissions: Int64, modified: Int64) -> [UInt8] {
        let modified = min(modified, plainLimit)
        func block(_ name: [UInt8], _ kind: UInt8, _ byteCount: Int64) -> [UInt8] {
            TarHeader(name: name, kind: kind, byteCount: byteCount, permissions: permissions, modified: modified).block
        }
        guard byteCount > plainLimit else { return block(name, Kind.file, byteCount) }
        let record = record("size=\(byteCount)")
        return block(Array("PaxHeaders/".utf8) + name, Kind.attributes, Int64(record.count)) + record
            + padding(behind: Int64(record.count)) + block(name, Kind.file, 0)
    }

    /// One attribute with the length of its own line in front.
    private static func record(_ attribute: String) -> [UInt8] {
        var count = attribute.utf8.count + 3
        while "\(count) \(attribute)\n".utf8.count != count { count += 1 }
        return Array("\(count) \(attribute)\n".utf8)
    }

    /// What fills the last block behind content of that length.
    package static func padding(behind byteCount: Int64) -> [UInt8] {
        let over = Int(byteCount % Int64(blockByteCount))
        return over == 0 ? [] : [UInt8](repeating: 0, count: blockByteCount - over)
    }

    /// The block, of a member that belongs to nobody.
    private var block: [UInt8] {
        var block = [UInt8](repeating: 0, count: Self.blockByteCount)
        func put(_ bytes: some Collection<UInt8>, at offset: Int) {
            block.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        }
        put(name, at: 0)
        put(Self.octal(permissions, digits: 7), at: 100)
        put(Self.octal(0, digits: 7), at: 108)
        put(Self.octal(0, digits: 7), at: 116)
        put(Self.octal(byteCount, digits: 11), at: 124)
        put(Self.octal(modified, digits: 11), at: 136)
        put([kind], at: 156)
        put(Self.magic, at: 257)
        put(Self.octal(0, digits: 7), at: 329)
        put(Self.octal(0, digits: 7), at: 337)
        put(Self.octal(Self.sum(block), digits: 6) + [0, 0x20], at: 148)
        return block
    }

    private static func octal(_ number: Int64, digits: Int) -> [UInt8] {
        let text = String(number, radix: 8)
        return Array((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8)
    }
}
