import Platform

/// A program or library of a 64-bit little-endian system, of which a few bytes are read.
///
/// Spec: elf(5).
struct ELFFile: ~Copyable {
    private struct Section {
        let kind: UInt32
        let flags: UInt64
        let address: UInt64
        let offset: UInt64
        let byteCount: UInt64
        let link: UInt32
    }

    private let file: Descriptor
    private let sections: [Section]

    /// - Throws: where the file cannot be read. What is no such file has no sections.
    init(_ path: BytePath) throws(SystemError) {
        let file = try Descriptor.open(path, [.read, .nonBlocking])
        let sections = try Self.sections(of: file)
        self.file = file
        self.sections = sections
    }

    private static func sections(of file: borrowing Descriptor) throws(SystemError) -> [Section] {
        let header = try bytes(of: file, at: 0, count: 64)
        guard header.count == 64, header.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]) else { return [] }
        let count = Int(number(header, at: 60, byteCount: 2)), size = Int(number(header, at: 58, byteCount: 2))
        guard size == 64, count < 1024 else { return [] }
        let table = try bytes(of: file, at: number(header, at: 40, byteCount: 8), count: count * size)
        guard table.count == count * size else { return [] }
        return stride(from: 0, to: table.count, by: size).map { start in
            Section(
                kind: UInt32(number(table, at: start + 4, byteCount: 4)), flags: number(table, at: start + 8, byteCount: 8),
                address: number(table, at: start + 16, byteCount: 8), offset: number(table, at: start + 24, byteCount: 8),
                byteCount: number(table, at: start + 32, byteCount: 8), link: UInt32(number(table, at: start + 40, byteCount: 4)))
        }
    }

    /// The value of a variable of eight bytes that the file gives to others.
    /// - Returns: nil where there is none of this name.
    borrowing func number(ofSymbol name: String) -> UInt64? {
        let dynamicSymbols: UInt32 = 11
        guard let table = sections.first(where: { $0.kind == dynamicSymbols }), Int(table.link) < sections.count else { return nil }
        let names = contents(of: sections[Int(table.link)]), symbols = contents(of: table)
        let wanted = [0] + Array(name.utf8) + [0]
        guard let place = Self.position(of: wanted, in: names) else { return nil }
        let index = UInt64(place + 1)
        for start in stride(from: 0, to: symbols.count - 23, by: 24) where Self.number(symbols, at: start, byteCount: 4) == index {
            let address = Self.number(symbols, at: start + 8, byteCount: 8)
            let holder = sections.first { $0.kind == 1 && $0.address <= address && address - $0.address < $0.byteCount }
            guard let holder, let value = try? Self.bytes(of: file, at: holder.offset &+ (address - holder.address), count: 8), value.count == 8 else { return nil }
            return Self.number(value, at: 0, byteCount: 8)
        }
        return nil
    }

    /// The first text among the file's constants that begins so, alone or as the end of another (`lib/3.8.18`), is shorter than `limit` bytes and is accepted.
    borrowing func text(startingWith prefix: String, limit: Int = 24, accepting isAccepted: (String) -> Bool) -> String? {
        let isLoaded: UInt64 = 2, isWritten: UInt64 = 1, isCode: UInt64 = 4
        for section in sections where section.kind == 1 && section.flags & (isLoaded | isWritten | isCode) == isLoaded {
            let content = contents(of: section)
            var start = 0
            while let place = Self.position(of: Array(prefix.utf8), in: content, from: start) {
                let text = content[place...].prefix(limit).prefix { $0 != 0 }
                let before = place == 0 ? 0 : content[place - 1]
                if !before.isLetterOrDigit, before != UInt8(ascii: "."), text.count < limit, isAccepted(String(decoding: text, as: UTF8.self)) { return String(decoding: text, as: UTF8.self) }
                start = place + 1
            }
        }
        return nil
    }

    private borrowing func contents(of section: Section) -> [UInt8] {
        guard section.byteCount <= 64 << 20 else { return [] }
        return (try? Self.bytes(of: file, at: section.offset, count: Int(section.byteCount))) ?? []
    }

    private static func position(of wanted: [UInt8], in bytes: [UInt8], from start: Int = 0) -> Int? {
        guard let first = wanted.first, bytes.count >= wanted.count else { return nil }
        return bytes.withUnsafeBufferPointer { bytes in
            var place = start
            while place <= bytes.count - wanted.count {
                if bytes[place] == first, bytes[place + 1] == wanted[1], bytes[place..<place + wanted.count].elementsEqual(wanted) { return place }
                place += 1
            }
            return nil
        }
    }

    /// At most `count` bytes; fewer where the file ends.
    private static func bytes(of file: borrowing Descriptor, at offset: UInt64, count: Int) throws(SystemError) -> [UInt8] {
        guard let offset = Int64(exactly: offset), let end = try? file.status().byteCount, offset < end else { return [] }
        let wanted = min(count, Int(end - offset))
        var bytes = [UInt8](repeating: 0, count: wanted)
        var filled = 0
        while filled < wanted {
            var failure: SystemError?
            let read = bytes.withUnsafeMutableBytes { buffer in
                do throws(SystemError) {
                    return try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]), at: offset + Int64(filled))
                } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            guard read > 0 else { break }
            filled += read
        }
        return Array(bytes.prefix(filled))
    }

    private static func number(_ bytes: [UInt8], at start: Int, byteCount: Int) -> UInt64 {
        bytes[start..<start + byteCount].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
