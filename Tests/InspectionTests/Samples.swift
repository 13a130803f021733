import Inspection

/// The beginnings of files of every kind.
enum Samples {
    static let binaries: [(bytes: [UInt8], kind: FileKind)] = [
        (text("PAR1\u{15}\0"), .parquet), (text("ARROW1\0\0"), .arrow), (text("FEA1") + zeros(8), .feather),
        ([0xff, 0xff, 0xff, 0xff] + little(128, 4) + little(16, 4) + zeros(120), .arrowStream),
        (text("ORC\u{1}\u{2}"), .orc), (text("Obj\u{1}\u{4}"), .avro), (numPy("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }"), .numPyArray),
        (zip("arr_0.npy"), .numPyArchive), (zip("archive/data.pkl"), .pyTorch), (zip("readme.txt"), .zip),
        (text("PK\u{5}\u{6}") + zeros(18), .zip), ([0x89] + text("HDF\r\n\u{1a}\n"), .hdf5),
        (zeros(1024) + [0x89] + text("HDF\r\n\u{1a}\n"), .hdf5), (text("SQLite format 3\0"), .sqlite),
        (safetensors("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}"), .safetensors),
        (text("GGUF\u{3}\0\0\0"), .gguf), ([0x08, 0x07, 0x12, 0x07] + text("pytorch") + [0x1a, 0x00], .onnx),
        ([0x08, 0x08, 0x3a, 0x90, 0x01, 0x0a, 0x10], .onnx), ([0x80, 0x04, 0x95, 0x0b, 0, 0, 0, 0, 0, 0, 0, 0x7d], .pickle),
        ([0x80, 0x02, 0x5d, 0x71, 0x00, 0x2e], .pickle),
        ([0x89] + text("PNG\r\n\u{1a}\n") + big(13, 4) + text("IHDR") + big(640, 4) + big(480, 4) + [8, 2, 0, 0, 0], .png),
        (jpeg(width: 321, height: 123), .jpeg), (text("GIF89a") + little(10, 2) + little(20, 2) + [0, 0, 0], .gif),
        (text("GIF87a") + little(1, 2) + little(2, 2) + [0, 0, 0], .gif),
        (webP("VP8X", [0, 0, 0, 0] + little(99, 3) + little(49, 3)), .webP),
        (text("BM") + little(60, 4) + zeros(4) + little(54, 4) + little(40, 4) + zeros(36), .bmp),
        (text("II*\0") + little(8, 4), .tiff), ([0x4d, 0x4d, 0, 0x2a] + big(8, 4), .tiff),
        (text("RIFF") + little(36, 4) + text("WAVEfmt "), .wav), (text("fLaC") + [0, 0, 0, 34], .flac),
        (text("ID3\u{4}\0\0"), .mp3), (mp3Frame + mp3Frame, .mp3), (text("OggS\0\u{2}"), .ogg),
        (big(32, 4) + text("ftypisom"), .mp4), (text("%PDF-1.7\n"), .pdf), ([0x1f, 0x8b, 0x08, 0, 0], .gzip),
        ([0x28, 0xb5, 0x2f, 0xfd, 0x24], .zstandard), ([0xfd] + text("7zXZ\0"), .xz),
        (text("BZh9") + [0x31, 0x41, 0x59, 0x26, 0x53, 0x59], .bzip2), (text("name") + zeros(253) + text("ustar\0") + zeros(249), .tar),
        (text("\u{7f}ELF\u{2}\u{1}"), .elf),
    ]

    static let texts = [
        "a,b\n1,\"2\n\"\"3\"\n4,5\n", "{\"a\": [1, -2.5e3, \"\\u0041\\\"\", null], \"b\": {}}\n", "{\"a\":1}\n{\"a\":2}\n",
        "plain text\nof two lines\n",
    ].map(text)

    static func text(_ text: String) -> [UInt8] { Array(text.utf8) }
    static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
    static func little(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    static func big(_ value: Int, _ count: Int) -> [UInt8] { little(value, count).reversed() }

    /// 128 kbit/s at 44.1 kHz: 417 bytes.
    static let mp3Frame = [0xff, 0xfb, 0x90, 0x00] + zeros(413)

    static func numPy(_ dictionary: String, version: UInt8 = 1) -> [UInt8] {
        [0x93] + text("NUMPY") + [version, 0] + little(dictionary.utf8.count, version == 1 ? 2 : 4) + text(dictionary) + zeros(16)
    }

    static func safetensors(_ header: String) -> [UInt8] {
        little(header.utf8.count, 8) + text(header) + zeros(8)
    }

    static func zip(_ name: String) -> [UInt8] {
        text("PK\u{3}\u{4}") + zeros(22) + little(name.utf8.count, 2) + [0, 0] + text(name) + zeros(8)
    }

    static func webP(_ form: String, _ payload: [UInt8]) -> [UInt8] {
        text("RIFF") + little(payload.count + 12, 4) + text("WEBP") + text(form) + little(payload.count, 4) + payload
    }

    static func jpeg(width: Int, height: Int) -> [UInt8] {
        [0xff, 0xd8, 0xff, 0xe0] + big(16, 2) + text("JFIF\0") + zeros(9) + [0xff, 0xff, 0xc4] + big(4, 2) + zeros(2)
            + [0xff, 0xc2] + big(17, 2) + [8] + big(height, 2) + big(width, 2) + zeros(10)
    }
}
