import Platform

/// What the head of a picture says beyond its size.
enum ImageFacts {
    static func fill(_ summary: inout DataSummary, _ source: ByteSource, _ prefix: [UInt8]) throws(SystemError) {
        if summary.kind == .tiff { return try TIFFDirectory.fill(&summary, source) }
        if let size = ImageSize(prefix: prefix, kind: summary.kind) {
            summary.facts.append(.init("dimensions", .shape([size.width, size.height])))
        }
        switch summary.kind {
        case .png: png(&summary, prefix)
        case .jpeg: jpeg(&summary, prefix)
        case .bmp:
            var cursor = ByteCursor(prefix)
            guard cursor.skip(28), let bits = cursor.little(UInt16.self) else { return }
            summary.add("bits per pixel", bits)
        default: break
        }
    }

    /// Spec: PNG, "IHDR Image header".
    private static func png(_ summary: inout DataSummary, _ prefix: [UInt8]) {
        guard prefix.count > 25 else { return }
        let names: [UInt8: String] = [0: "grey", 2: "RGB", 3: "palette", 4: "grey and alpha", 6: "RGBA"]
        if let name = names[prefix[25]] { summary.add("colour", name) }
        summary.add("bits per sample", prefix[24])
    }

    /// The number of components, in the frame's head.
    /// Spec: ITU-T T.81, B.2.2.
    private static func jpeg(_ summary: inout DataSummary, _ prefix: [UInt8]) {
        guard let frame = ImageSize.jpegFrame(prefix), frame.count > 7 else { return }
        let bytes = Array(frame)
        let names: [UInt8: String] = [1: "grey", 3: "colour", 4: "CMYK"]
        if let name = names[bytes[7]] { summary.add("colour", name) }
        summary.add("bits per sample", bytes[2])
    }
}

/// The first directory of a TIFF file.
///
/// Spec: TIFF 6.0, section 2; BigTIFF.
enum TIFFDirectory {
    static func fill(_ summary: inout DataSummary, _ source: ByteSource) throws(SystemError) {
        let head = try source.bytes(at: 0, count: 16)
        guard head.count == 16 else { return }
        let isLittle = head[0] == UInt8(ascii: "I")
        let isBig = head[isLittle ? 2 : 3] == 43
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
            (isLittle ? Array(bytes.reversed()) : Array(bytes)).reduce(0) { $0 << 8 | UInt64($1) }
        }
        guard let directory = Int64(exactly: number(isBig ? head[8..<16] : head[4..<8])) else { return }
        let countBytes = try source.bytes(at: directory, count: isBig ? 8 : 2)
        guard countBytes.count == (isBig ? 8 : 2) else { return }
        let entryByteCount = isBig ? 20 : 12
        // A directory has a few dozen entries.
        let count = Int(min(number(countBytes[...]), 4096))
        let entries = try source.bytes(at: directory + Int64(countBytes.count), count: count * entryByteCount)
        var values: [UInt64: UInt64] = [:]
        for start in stride(from: 0, to: entries.count - entryByteCount + 1, by: entryByteCount) {
            let entry = entries[start..<start + entryByteCount]
            let type = number(entry.dropFirst(2).prefix(2))
            let width = [3: 2, 4: 4, 16: 8][type] ?? 0
            let value = entry.dropFirst(isBig ? 12 : 8).prefix(width)
            let length = number(entry.dropFirst(4).prefix(isBig ? 8 : 4))
            if width > 0, length == 1 { values[number(entry.prefix(2))] = number(value) }
            // Bits for each sample: the first stands for all, where they fit into the entry.
            if width == 2, length > 1, length <= (isBig ? 4 : 2) { values[number(entry.prefix(2))] = number(value) }
        }
        if let width = values[256].flatMap(Int.init(exactly:)), let height = values[257].flatMap(Int.init(exactly:)) {
            summary.facts.append(.init("dimensions", .shape([width, height])))
        }
        let names: [UInt64: String] = [0: "grey", 1: "grey", 2: "RGB", 3: "palette", 5: "CMYK", 6: "YCbCr"]
        if let name = values[262].flatMap({ names[$0] }) { summary.add("colour", name) }
        if let samples = values[277] { summary.add("samples per pixel", samples) }
        if let bits = values[258] { summary.add("bits per sample", bits) }
    }
}
