import Inspection

/// Whole small files of formats whose parts are read, made byte by byte.
enum FormatSamples {
    static let all: [(name: String, bytes: [UInt8])] = [
        ("npy", numPy([1, 2, 3])), ("npz", zip([("x.npy", numPy([1, 2])), ("y.npy", numPy([3]))])),
        ("safetensors", safetensors([("a", [1, 2]), ("b", [3])])), ("onnx", onnx()), ("parquet", parquet()),
        ("gguf", gguf()), ("zip", zip([("a.txt", [1, 2, 3]), ("folder/", [])])), ("tar", tar([("a.txt", [1, 2, 3]), ("b", [])])),
        ("tiff", tiff()), ("bmp", bmp()), ("wav", wav()), ("png", Samples.binaries.first { $0.kind == .png }?.bytes ?? []),
        ("jpeg", Samples.jpeg(width: 3, height: 2)), ("csv", Samples.text("id,v\n1,\"a\"\"\n\"\n2,b\n3,c\n")),
        ("jsonl", Samples.text("{\"id\":1,\"v\":[{}]}\n{\"id\":2,\"v\":\"\\\"\"}\n")),
        ("sqlite", Samples.text("SQLite format 3\0") + Samples.big(4096, 2) + Samples.zeros(10) + Samples.big(7, 4)),
    ]

    static func floats(_ values: [Float]) -> [UInt8] {
        values.flatMap { Samples.little(Int($0.bitPattern), 4) }
    }

    static func numPy(_ values: [Float], shape: String? = nil) -> [UInt8] {
        let head = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(shape ?? "\(values.count),")), }"
        return [0x93] + Samples.text("NUMPY\u{1}\0") + Samples.little(head.utf8.count, 2) + Samples.text(head) + floats(values)
    }

    static func safetensors(_ tensors: [(name: String, values: [Float])]) -> [UInt8] {
        var offset = 0
        let entries = tensors.map { tensor in
            defer { offset += 4 * tensor.values.count }
            let end = offset + 4 * tensor.values.count
            return "\"\(tensor.name)\":{\"dtype\":\"F32\",\"shape\":[\(tensor.values.count)],\"data_offsets\":[\(offset),\(end)]}"
        }
        let head = "{\(entries.joined(separator: ","))}"
        return Samples.little(head.utf8.count, 8) + Samples.text(head) + tensors.flatMap { floats($0.values) }
    }

    // MARK: archives

    /// Members as they are; their checksums are their lengths.
    static func zip(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
        var file: [UInt8] = []
        var directory: [UInt8] = []
        for (name, bytes) in members {
            let sizes = Samples.little(bytes.count, 4) + Samples.little(bytes.count, 4) + Samples.little(bytes.count, 4)
            let lengths = Samples.little(name.utf8.count, 2) + Samples.little(0, 2)
            directory += Samples.text("PK\u{1}\u{2}") + Samples.zeros(12) + sizes + lengths + Samples.zeros(10)
                + Samples.little(file.count, 4) + Samples.text(name)
            file += Samples.text("PK\u{3}\u{4}") + Samples.zeros(10) + sizes + lengths + Samples.text(name) + bytes
        }
        return file + directory + Samples.text("PK\u{5}\u{6}") + Samples.zeros(8) + Samples.little(directory.count, 4)
            + Samples.little(file.count, 4) + [0, 0]
    }

    static func tarHead(_ name: String, _ byteCount: Int, kind: String = "0") -> [UInt8] {
        func field(_ text: String, _ count: Int) -> [UInt8] { Samples.text(text) + Samples.zeros(count - text.utf8.count) }
        func octal(_ number: Int, _ count: Int) -> String {
            let digits = String(number, radix: 8)
            return String(repeating: "0", count: count - digits.count) + digits
        }
        var head = field(name, 100) + field("0000644", 8) + Samples.zeros(16) + field(octal(byteCount, 11), 12) + Samples.zeros(12)
        head += Samples.text("        " + kind) + Samples.zeros(100) + Samples.text("ustar\0") + Samples.text("00")
        head += Samples.zeros(512 - head.count)
        let sum = head.reduce(0) { $0 + Int($1) }
        head.replaceSubrange(148..<156, with: field(octal(sum, 6), 8))
        return head
    }

    static func tarMember(_ name: String, _ bytes: [UInt8], kind: String = "0") -> [UInt8] {
        tarHead(name, bytes.count, kind: kind) + bytes + Samples.zeros((512 - bytes.count % 512) % 512)
    }

    static func tar(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
        members.flatMap { tarMember($0.name, $0.bytes) } + Samples.zeros(1024)
    }

    // MARK: models

    private static func varint(_ number: Int) -> [UInt8] {
        number < 128 ? [UInt8(number)] : [UInt8(number & 0x7f) | 0x80] + varint(number >> 7)
    }

    private static func part(_ field: Int, _ bytes: [UInt8]) -> [UInt8] { varint(field << 3 | 2) + varint(bytes.count) + bytes }
    private static func number(_ field: Int, _ value: Int) -> [UInt8] { varint(field << 3) + varint(value) }

    static func onnx(_ values: [Float] = [1, 2, 3, 4]) -> [UInt8] {
        let tensor = number(1, 2) + number(1, values.count / 2) + number(2, 1) + part(8, Samples.text("w")) + part(9, floats(values))
        let shape = part(1, part(2, Samples.text("batch"))) + part(1, number(1, 2))
        let input = part(1, Samples.text("x")) + part(2, part(1, number(1, 1) + part(2, shape)))
        let graph = part(1, part(4, Samples.text("MatMul"))) + part(5, tensor) + part(11, input)
        return number(1, 8) + part(2, Samples.text("torch")) + part(7, graph) + part(8, number(2, 17))
    }

    static func gguf(_ values: [Float] = [1, 2]) -> [UInt8] {
        func text(_ text: String) -> [UInt8] { Samples.little(text.utf8.count, 8) + Samples.text(text) }
        var head = Samples.text("GGUF") + Samples.little(3, 4) + Samples.little(1, 8) + Samples.little(3, 8)
        head += text("general.architecture") + Samples.little(8, 4) + text("llama")
        head += text("tokens") + Samples.little(9, 4) + Samples.little(8, 4) + Samples.little(2, 8) + text("a") + text("bc")
        head += text("general.alignment") + Samples.little(4, 4) + Samples.little(64, 4)
        head += text("output.weight") + Samples.little(1, 4) + Samples.little(values.count, 8) + Samples.little(0, 4) + Samples.little(0, 8)
        return head + Samples.zeros((64 - head.count % 64) % 64) + floats(values)
    }

    // MARK: Parquet

    /// A structure of Thrift's compact protocol from its fields, in rising order.
    private static func structure(_ fields: [(Int, Int, [UInt8])]) -> [UInt8] {
        var last = 0
        var bytes: [UInt8] = []
        for (field, kind, value) in fields {
            bytes += [UInt8((field - last) << 4 | kind)] + value
            last = field
        }
        return bytes + [0]
    }

    private static func signed(_ number: Int) -> [UInt8] { varint(number >= 0 ? number << 1 : (-number << 1) - 1) }
    private static func binary(_ bytes: [UInt8]) -> [UInt8] { varint(bytes.count) + bytes }
    private static func list(_ kind: Int, _ elements: [[UInt8]]) -> [UInt8] {
        [UInt8(elements.count << 4 | kind)] + elements.flatMap { $0 }
    }

    /// A table of one column of 64 bits and one of text in two row groups.
    static func parquet(rows: Int = 10, high: Int = 99) -> [UInt8] {
        func leaf(_ name: String, _ type: Int, _ rest: [(Int, Int, [UInt8])] = []) -> [UInt8] {
            structure([(1, 5, signed(type)), (4, 8, binary(Samples.text(name)))] + rest)
        }
        func chunk(_ name: String, _ low: [UInt8], _ high: [UInt8]) -> [UInt8] {
            let statistics = structure([(3, 6, signed(1)), (5, 8, binary(high)), (6, 8, binary(low))])
            let data = structure([
                (3, 9, list(8, [binary(Samples.text(name))])), (4, 5, signed(1)), (7, 6, signed(1000)), (12, 12, statistics),
            ])
            return structure([(3, 12, data)])
        }
        func group(_ low: Int, _ high: Int, _ text: String) -> [UInt8] {
            structure([
                (1, 9, list(12, [
                    chunk("id", Samples.little(low, 8), Samples.little(high, 8)), chunk("city", Samples.text("Graz"), Samples.text(text)),
                ])),
                (3, 6, signed(rows / 2)),
            ])
        }
        let schema = list(12, [
            structure([(4, 8, binary(Samples.text("schema"))), (5, 5, signed(2))]), leaf("id", 2), leaf("city", 6, [(6, 5, signed(0))]),
        ])
        let footer = structure([
            (1, 5, signed(2)), (2, 9, schema), (3, 6, signed(rows)), (4, 9, list(12, [group(-5, 7, "Oslo"), group(8, high, "Wien")])),
            (6, 8, binary(Samples.text("by hand"))),
        ])
        return Samples.text("PAR1") + Samples.zeros(32) + footer + Samples.little(footer.count, 4) + Samples.text("PAR1")
    }

    /// A table without rows whose columns are in a group of a long name.
    static func parquet(below nameByteCount: Int, columns: Int) -> [UInt8] {
        let group = structure([(4, 8, binary([UInt8](repeating: 0x61, count: nameByteCount))), (5, 5, signed(columns))])
        let root = structure([(4, 8, binary(Samples.text("schema"))), (5, 5, signed(1))])
        let leaf = structure([(1, 5, signed(2)), (4, 8, binary(Samples.text("b")))])
        let schema = [UInt8(15 << 4 | 12)] + varint(columns + 2) + root + group + [[UInt8]](repeating: leaf, count: columns).flatMap { $0 }
        let footer = structure([(1, 5, signed(2)), (2, 9, schema), (3, 6, signed(0))])
        return Samples.text("PAR1") + footer + Samples.little(footer.count, 4) + Samples.text("PAR1")
    }

    // MARK: pictures and sound

    static func tiff(width: Int = 20) -> [UInt8] {
        func entry(_ tag: Int, _ value: Int) -> [UInt8] { Samples.little(tag, 2) + Samples.little(3, 2) + Samples.little(1, 4) + Samples.little(value, 4) }
        return Samples.text("II*\0") + Samples.little(8, 4) + Samples.little(4, 2) + entry(256, width) + entry(257, 10) + entry(258, 8)
            + entry(262, 2) + Samples.zeros(4)
    }

    static func bmp() -> [UInt8] {
        Samples.text("BM") + Samples.little(60, 4) + Samples.zeros(4) + Samples.little(54, 4) + Samples.little(40, 4)
            + Samples.little(5, 4) + Samples.little(-4, 4) + Samples.little(1, 2) + Samples.little(24, 2) + Samples.zeros(24)
    }

    static func wav() -> [UInt8] {
        let format = Samples.little(1, 2) + Samples.little(2, 2) + Samples.little(8000, 4) + Samples.little(32_000, 4) + Samples.little(4, 2) + Samples.little(16, 2)
        return Samples.text("RIFF") + Samples.little(100, 4) + Samples.text("WAVEfmt ") + Samples.little(16, 4) + format
            + Samples.text("LIST") + Samples.little(3, 4) + Samples.zeros(4) + Samples.text("data") + Samples.little(16_000, 4) + Samples.zeros(16_000)
    }
}
