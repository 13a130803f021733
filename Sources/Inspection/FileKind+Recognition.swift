extension FileKind {
    /// As many bytes of a file's beginning as serve for every kind.
    package static let prefixByteCount = 64 << 10

    /// Tells what a file is.
    /// - Parameters:
    ///   - prefix: the file's first bytes; `prefixByteCount` of them serve for every kind.
    ///   - isWhole: whether that is all of the file.
    package init(prefix: [UInt8], isWhole: Bool) {
        self = Self.bySignature(prefix) ?? Self.byStructure(prefix) ?? Self.byText(prefix, isWhole: isWhole)
    }

    /// Bytes that a file of the kind has at one place.
    private struct Signature {
        let bytes: [UInt8]
        let kind: FileKind
        var offset = 0

        init(_ text: String, _ kind: FileKind, at offset: Int = 0) {
            self.init(bytes: Array(text.utf8), kind, at: offset)
        }

        init(bytes: [UInt8], _ kind: FileKind, at offset: Int = 0) {
            self.bytes = bytes
            self.kind = kind
            self.offset = offset
        }

        func stands(in prefix: [UInt8]) -> Bool {
            prefix.count >= offset + bytes.count && prefix[offset...].starts(with: bytes)
        }
    }

    private static let signatures: [Signature] = [
        Signature("PAR1", .parquet), Signature("ARROW1\0\0", .arrow), Signature("FEA1", .feather),
        Signature("ORC", .orc), Signature("Obj\u{1}", .avro), Signature(bytes: [0x93] + Array("NUMPY".utf8), .numPyArray),
        Signature("SQLite format 3\0", .sqlite), Signature("GGUF", .gguf),
        Signature(bytes: [0x89] + Array("PNG\r\n\u{1a}\n".utf8), .png), Signature(bytes: [0xff, 0xd8, 0xff], .jpeg),
        Signature("GIF87a", .gif), Signature("GIF89a", .gif), Signature("WEBP", .webP, at: 8), Signature("WAVE", .wav, at: 8),
        Signature("II*\0", .tiff), Signature("MM\0*", .tiff), Signature("II+\0", .tiff), Signature("MM\0+", .tiff),
        Signature("fLaC", .flac), Signature("ID3", .mp3), Signature("OggS", .ogg), Signature("ftyp", .mp4, at: 4),
        Signature("%PDF-", .pdf), Signature(bytes: [0x1f, 0x8b, 0x08], .gzip),
        Signature(bytes: [0x28, 0xb5, 0x2f, 0xfd], .zstandard), Signature(bytes: [0xfd] + Array("7zXZ\0".utf8), .xz),
        Signature("ustar", .tar, at: 257), Signature("\u{7f}ELF", .elf),
    ]

    private static func bySignature(_ prefix: [UInt8]) -> FileKind? {
        guard let found = signatures.first(where: { $0.stands(in: prefix) })?.kind else { return nil }
        switch found {
        // These two share the frame of RIFF files.
        case .webP, .wav: return prefix.starts(with: "RIFF".utf8) ? found : nil
        // Three letters are few: text may begin so.
        case .orc, .mp3: return prefix.prefix(64).contains { $0 < 0x09 } ? found : nil
        default: return found
        }
    }

    /// Kinds that take more than a comparison.
    private static func byStructure(_ prefix: [UInt8]) -> FileKind? {
        if isHDF5(prefix) { return .hdf5 }
        if let kind = zipKind(prefix) { return kind }
        if isBzip2(prefix) { return .bzip2 }
        if SafetensorsHeader.headerByteCount(prefix) != nil { return .safetensors }
        if isPickle(prefix) { return .pickle }
        if isArrowStream(prefix) { return .arrowStream }
        if isMP3Frame(prefix) { return .mp3 }
        if isBMP(prefix) { return .bmp }
        if isONNX(prefix) { return .onnx }
        return nil
    }

    /// Spec: HDF5 File Format Specification, "Superblock": at 0, 512, 1024 and so on, doubling.
    private static func isHDF5(_ prefix: [UInt8]) -> Bool {
        let signature = Signature(bytes: [0x89] + Array("HDF\r\n\u{1a}\n".utf8), .hdf5)
        return [0, 512, 1024, 2048, 4096].contains { offset in
            Signature(bytes: signature.bytes, .hdf5, at: offset).stands(in: prefix)
        }
    }

    /// What a zip archive holds, by the name of its first entry.
    /// Spec: PKWARE APPNOTE, "Local file header".
    private static func zipKind(_ prefix: [UInt8]) -> FileKind? {
        var cursor = ByteCursor(prefix)
        if cursor.skip("PK\u{5}\u{6}") { return .zip }
        guard cursor.skip("PK\u{3}\u{4}") else { return nil }
        guard cursor.skip(22), let count = cursor.little(UInt16.self), cursor.skip(2),
            let name = cursor.take(Int(count))
        else { return .zip }
        if name.suffix(4).elementsEqual(".npy".utf8) { return .numPyArchive }
        return name.suffix(9).elementsEqual("/data.pkl".utf8) ? .pyTorch : .zip
    }

    private static func isBzip2(_ prefix: [UInt8]) -> Bool {
        var cursor = ByteCursor(prefix)
        guard cursor.skip("BZh"), let level = cursor.byte(), (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(level) else {
            return false
        }
        return cursor.rest.starts(with: [0x31, 0x41, 0x59, 0x26, 0x53, 0x59])
            || cursor.rest.starts(with: [0x17, 0x72, 0x45, 0x38, 0x50, 0x90])
    }

    /// Spec: Python, `pickletools`: PROTO, and from protocol 4 on FRAME.
    private static func isPickle(_ prefix: [UInt8]) -> Bool {
        guard prefix.count >= 3, prefix[0] == 0x80 else { return false }
        switch prefix[1] {
        case 2, 3: return "}]()cNKMJUX\u{88}\u{89}".unicodeScalars.contains { UInt8(truncatingIfNeeded: $0.value) == prefix[2] }
        case 4, 5: return prefix[2] == 0x95 || prefix[2] == 0x8c
        default: return false
        }
    }

    /// Spec: Arrow Columnar Format, "Encapsulated message format".
    private static func isArrowStream(_ prefix: [UInt8]) -> Bool {
        var cursor = ByteCursor(prefix)
        guard cursor.little(UInt32.self) == .max, let count = cursor.little(UInt32.self), let table = cursor.little(UInt32.self)
        else { return false }
        return count >= 16 && count % 8 == 0 && table >= 4 && table < count && table % 2 == 0
    }

    /// The head of an MPEG audio frame, layer III, and that of the frame behind it.
    /// Spec: ISO/IEC 11172-3, 2.4.1.3.
    private static func isMP3Frame(_ prefix: [UInt8]) -> Bool {
        guard let length = mp3FrameByteCount(prefix[...]), prefix.count > length else { return false }
        return mp3FrameByteCount(prefix[length...]) != nil
    }

    private static func mp3FrameByteCount(_ bytes: ArraySlice<UInt8>) -> Int? {
        let head = Array(bytes.prefix(4))
        guard head.count == 4, head[0] == 0xff, head[1] & 0xe6 == 0xe2, head[1] & 0x18 != 0x08 else { return nil }
        let isFirstVersion = head[1] & 0x18 == 0x18
        let rates = isFirstVersion
            ? [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0]
            : [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0]
        let frequencies = [44_100, 48_000, 32_000, 0]
        let divisor = isFirstVersion ? 1 : head[1] & 0x18 == 0x10 ? 2 : 4
        let rate = rates[Int(head[2] >> 4)] * 1000
        let frequency = frequencies[Int(head[2] >> 2 & 3)] / divisor
        guard rate > 0, frequency > 0 else { return nil }
        return (isFirstVersion ? 144 : 72) * rate / frequency + Int(head[2] >> 1 & 1)
    }

    /// Two letters, and a head of one of the lengths that such heads have.
    /// Spec: Windows, `BITMAPFILEHEADER` and `BITMAPINFOHEADER`.
    private static func isBMP(_ prefix: [UInt8]) -> Bool {
        var cursor = ByteCursor(prefix)
        guard cursor.skip("BM"), cursor.skip(4), cursor.little(UInt32.self) == 0, cursor.skip(4),
            let length = cursor.little(UInt32.self)
        else { return false }
        return [12, 40, 52, 56, 64, 108, 124].contains(length)
    }

    /// A protobuf message that begins with `ir_version` and the producer's name, or the graph behind it.
    /// Spec: onnx.proto3, `ModelProto`.
    private static func isONNX(_ prefix: [UInt8]) -> Bool {
        var cursor = ByteCursor(prefix)
        guard cursor.byte() == 0x08, let version = cursor.byte(), (1...32).contains(version), let tag = cursor.byte() else {
            return false
        }
        switch tag {
        case 0x12:
            guard let count = cursor.byte(), (1...64).contains(count), let name = cursor.take(Int(count)) else { return false }
            return name.allSatisfy { (0x20...0x7e).contains($0) }
        case 0x3a:
            guard let count = cursor.variableLength(), count > 2 else { return false }
            return cursor.byte() == 0x0a
        default: return false
        }
    }
}
