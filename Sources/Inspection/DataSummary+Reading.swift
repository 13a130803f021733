import Platform

extension DataSummary {
    /// The longest head of tensors that is read whole.
    private static let headLimit = 100_000_000

    /// Looks into a file, all of it where its format asks for that.
    package static func read(_ source: ByteSource) throws(SystemError) -> DataSummary {
        try Reading(source).summary
    }

    /// What was read of a file, with what only a comparison uses.
    struct Reading {
        let source: ByteSource
        private(set) var summary: DataSummary
        /// Where the file is a table in text.
        private(set) var table: TableSummary?

        init(_ source: ByteSource) throws(SystemError) {
            self.source = source
            let prefix = try source.bytes(at: 0, count: FileKind.prefixByteCount)
            let isWhole = Int64(prefix.count) >= source.byteCount
            summary = DataSummary(kind: FileKind(prefix: prefix, isWhole: isWhole))
            if let format = TableFormat(kind: summary.kind, prefix: prefix, isWhole: isWhole) {
                let table = try TableSummary(source, format)
                table.fill(&summary)
                self.table = table
            } else {
                try DataSummary.fill(&summary, source, prefix)
            }
        }
    }

    private static func fill(_ summary: inout DataSummary, _ source: ByteSource, _ prefix: [UInt8]) throws(SystemError) {
        switch summary.kind {
        case .parquet:
            guard let footer = try ParquetFooter(source) else {
                summary.damage = "there is no sound footer"
                return
            }
            footer.fill(&summary)
        case .numPyArray:
            guard let part = NumPyHeader(prefix: prefix)?.part("", offset: 0, byteCount: source.byteCount) else {
                summary.damage = "the head is malformed"
                return
            }
            summary.parts = [part]
        case .safetensors:
            let count = min(SafetensorsHeader.headerByteCount(prefix) ?? 0, headLimit)
            let head = count > prefix.count ? try source.bytes(at: 0, count: count) : prefix
            guard let header = SafetensorsHeader(prefix: head) else {
                summary.damage = "the head is malformed"
                return
            }
            header.fill(&summary)
        case .onnx: try ONNXModel.fill(&summary, source)
        case .gguf: try GGUFHeader.fill(&summary, source)
        case .zip, .numPyArchive, .pyTorch: try ZipArchive.fill(&summary, source)
        case .tar: try TarArchive.fill(&summary, source)
        case .png, .jpeg, .gif, .webP, .tiff, .bmp: try ImageFacts.fill(&summary, source, prefix)
        case .wav: try WAVHeader.fill(&summary, source)
        case .sqlite: SQLiteHeader.fill(&summary, prefix)
        case .text, .json: summary.add("lines", try lineCount(source))
        default: break
        }
    }

    private static func lineCount(_ source: ByteSource) throws(SystemError) -> Int {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        var (offset, count, isOpen) = (Int64(0), 0, false)
        while true {
            let read = try source.read(into: buffer, at: offset)
            if read == 0 { return count + (isOpen ? 1 : 0) }
            for byte in buffer[..<read] where byte == UInt8(ascii: "\n") { count += 1 }
            isOpen = buffer[read - 1] != UInt8(ascii: "\n")
            offset += Int64(read)
        }
    }
}
