/// What the head of a `.safetensors` file says of the tensors.
///
/// Spec: huggingface/safetensors, README, "Format".
package struct SafetensorsHeader: Equatable, Sendable {
    package let tensorCount: Int
    /// How many tensors have each type: `F32`, `BF16`, …
    package let typeCounts: [String: Int]

    /// The specification's limit for the head.
    private static let maximumByteCount: UInt64 = 100_000_000
    private static let lengthByteCount = 8

    /// The length of the head, with the eight bytes that give it.
    /// - Returns: nil where the bytes begin no such file.
    static func headerByteCount(_ prefix: [UInt8]) -> Int? {
        var cursor = ByteCursor(prefix)
        guard let count = cursor.little(UInt64.self), (2...maximumByteCount).contains(count), cursor.byte() == UInt8(ascii: "{"),
            let next = cursor.byte(), [0x09, 0x0a, 0x0d, 0x20, UInt8(ascii: "\""), UInt8(ascii: "}")].contains(next)
        else { return nil }
        return lengthByteCount + Int(count)
    }

    /// - Parameter prefix: the file's first bytes, with the whole head.
    /// - Returns: nil where the head is not whole or not understood.
    package init?(prefix: [UInt8]) {
        guard let end = Self.headerByteCount(prefix), end <= prefix.count else { return nil }
        var scanner = JSONScanner(prefix[Self.lengthByteCount..<end])
        var types: [String: Int] = [:]
        var count = 0
        guard scanner.skip("{") else { return nil }
        while !scanner.skip("}") {
            _ = scanner.skip(",")
            scanner.skipSpace()
            guard scanner.rest.first == UInt8(ascii: "\"") else { return nil }
            let before = scanner.rest
            guard scanner.skipString() == .complete else { return nil }
            let name = before.prefix(before.count - scanner.rest.count)
            guard scanner.skip(":") else { return nil }
            if name.elementsEqual("\"__metadata__\"".utf8) {
                guard scanner.skipValue() == .complete else { return nil }
                continue
            }
            guard let type = Self.type(&scanner) else { return nil }
            count += 1
            types[type, default: 0] += 1
        }
        tensorCount = count
        typeCounts = types
    }

    /// Reads one tensor's object for its `dtype`.
    private static func type(_ scanner: inout JSONScanner) -> String? {
        var type: String?
        guard scanner.skip("{") else { return nil }
        while !scanner.skip("}") {
            _ = scanner.skip(",")
            guard let key = scanner.plainString(), scanner.skip(":") else { return nil }
            if key.elementsEqual("dtype".utf8) {
                guard let value = scanner.plainString(), value.count <= 16, value.allSatisfy({ (0x21...0x7e).contains($0) })
                else { return nil }
                type = String(decoding: value, as: UTF8.self)
            } else if scanner.skipValue() != .complete {
                return nil
            }
        }
        return type
    }
}
