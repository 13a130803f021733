import Platform

/// What a file is and what its first bytes say of its content. A format that tells more gets a case in
/// `Details`; one that tells it at its end, or needs all of it, reads it in `read`.
package struct FileSummary: Equatable, Sendable {
    package enum Details: Equatable, Sendable {
        case array(NumPyHeader)
        case tensors(SafetensorsHeader)
        case image(ImageSize)
    }

    package let kind: FileKind
    /// nil where the format tells nothing more that is read here, or is damaged.
    package let details: Details?

    /// As many bytes as serve for every kind.
    package static let prefixByteCount = 64 << 10
    /// The longest head that is read for its details.
    private static let headLimit = 8 << 20

    /// - Parameters:
    ///   - prefix: the file's first bytes, `prefixByteCount` of them or all.
    ///   - isWhole: whether that is all of the file.
    package init(prefix: [UInt8], isWhole: Bool) {
        kind = FileKind(prefix: prefix, isWhole: isWhole)
        details =
            switch kind {
            case .numPyArray: NumPyHeader(prefix: prefix).map(Details.array)
            case .safetensors: SafetensorsHeader(prefix: prefix).map(Details.tensors)
            default: ImageSize(prefix: prefix, kind: kind).map(Details.image)
            }
    }

    /// Looks at a file, wherever its position is. Any number of threads may read one file at once.
    package static func read(_ file: borrowing Descriptor) throws(SystemError) -> FileSummary {
        let byteCount = try file.status().byteCount
        var prefix = try bytes(of: file, count: prefixByteCount)
        if let head = SafetensorsHeader.headerByteCount(prefix), head > prefix.count, head <= headLimit {
            prefix = try bytes(of: file, count: head)
        }
        return FileSummary(prefix: prefix, isWhole: Int64(prefix.count) >= byteCount)
    }

    /// The first bytes, `count` of them or all.
    private static func bytes(of file: borrowing Descriptor, count: Int) throws(SystemError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { buffer.deallocate() }
        var end = 0
        while end < count {
            let read = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[end...]), at: Int64(end))
            if read == 0 { break }
            end += read
        }
        return Array(buffer[..<end])
    }
}

extension FileSummary: CustomStringConvertible {
    /// For a person, without what the file could have made up: `NumPy array, float32, 1000 × 28`.
    package var description: String {
        switch details {
        case nil: kind.name
        case .array(let header):
            "\(kind.name), \(header.elementType), "
                + (header.shape.isEmpty ? "single value" : header.shape.map(String.init).joined(separator: " × "))
        case .tensors(let header):
            "\(kind.name), \(header.tensorCount) tensor\(header.tensorCount == 1 ? "" : "s")"
                + (header.typeCounts.isEmpty ? "" : ", " + header.typeCounts.keys.sorted().joined(separator: " "))
        case .image(let size): "\(kind.name), \(size.width) × \(size.height)"
        }
    }
}
