import Platform
@testable import Inspection

/// Headers of data formats, and the comparison of two files.
extension FuzzTarget {
    static let dataTargets = [formats, comparison, archives]

    private static let words = [
        "PAR1", "\u{93}NUMPY", "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "GGUF", "PK\u{3}\u{4}", "PK\u{1}\u{2}", "PK\u{5}\u{6}", "ustar\u{0}00", "RIFF", "WAVEfmt ", "WEBP", "II*\u{0}", "SQLite format 3\u{0}", "IHDR", "ftypisom",
        "id,v\n1,2\n", "{\"id\":1}\n", "\"", "BM", "GIF89a", "fLaC", "%PDF-1.7\n",
    ]

    private static let formats = FuzzTarget(
        name: "formats",
        sources: [
            "Inspection/FileKind+Recognition.swift", "Inspection/FileKind+Text.swift", "Inspection/DataSummary.swift",
            "Inspection/DataSummary+Reading.swift", "Inspection/NumPyHeader.swift", "Inspection/SafetensorsHeader.swift", "Inspection/ONNXModel.swift",
            "Inspection/ParquetFooter.swift", "Inspection/ParquetType.swift", "Inspection/Thrift.swift", "Inspection/SmallHeaders.swift",
            "Inspection/ImageSize.swift", "Inspection/ImageFacts.swift", "Inspection/ZipArchive.swift", "Inspection/TarArchive.swift",
            "Inspection/TableReader.swift", "Inspection/TableReader+Parsing.swift", "Inspection/TableSummary.swift", "Inspection/ColumnStatistics.swift",
            "Inspection/CellValue.swift", "Inspection/ByteCursor.swift", "Inspection/ByteSource.swift",
        ],
        maximumByteCount: 16384, words: words
    ) { input in
        _ = FileKind(prefix: input, isWhole: false)
        let read = try DataSummary.read(ByteSource(input))
        for fact in read.facts { require(!fact.description.unicodeScalars.contains { $0.value < 0x20 }, "a fact that moves the cursor: \(fact)") }
        for part in read.parts { require(!part.description.unicodeScalars.contains { $0.value < 0x20 }, "a part that moves the cursor: \(part)") }
    }

    private static let comparison = FuzzTarget(
        name: "comparison",
        sources: [
            "Inspection/DataDifference.swift", "Inspection/TableComparison.swift", "Inspection/RowDifference.swift", "Inspection/ElementComparison.swift",
            "Inspection/ElementType.swift", "Inspection/CellHash.swift", "Inspection/TableFormat.swift",
        ],
        maximumByteCount: 8192, words: words
    ) { input in
        guard let parts = ChosenInput(input, of: 2) else { return }
        let (old, new) = parts.halves
        // With no second file, the first one is damaged: two of a kind are worth more than two of any.
        let other = new.isEmpty ? Array(old.dropLast(old.count / 3)) + [old.last ?? 0] : new
        _ = try DataDifference.between(ByteSource(old), ByteSource(parts.choice == 0 ? other : Array(old.reversed().reversed())))
    }

    private static let archives = FuzzTarget(
        name: "archives", sources: ["Inspection/TarHeader.swift", "Inspection/JSONScanner.swift"], words: ["ustar\u{0}00", "12 path=abc\n", "20 size=1000000000\n", "11 path=ab\n"]
    ) { input in
        guard let parts = ChosenInput(input, of: 3) else { return }
        switch parts.choice {
        case 0: if let header = TarHeader(parts.bytes) { require(header.byteCount >= 0, "a member of \(header.byteCount) bytes") }
        case 1: _ = TarHeader.attributes(parts.bytes)
        default:
            guard let byteCount = parts.bytes.first.map({ Int64($0) << 30 }) else { return }
            // What is written is read as the same, where a head can hold it.
            let name = Array(parts.bytes.dropFirst().prefix(80).filter { $0 != 0 })
            let heads = TarHeader.heads(name: name, byteCount: byteCount, permissions: 0o644, modified: 0)
            if heads.count == TarHeader.blockByteCount, !name.isEmpty {
                require(TarHeader(heads).map { $0.name == name && $0.byteCount == byteCount } ?? false, "a head is another one when it is read again")
            }
        }
    }
}
