/// What the head of a `.safetensors` file says of the tensors.
///
/// Spec: huggingface/safetensors, README, "Format".
package struct SafetensorsHeader: Equatable, Sendable {
    package var tensorCount: Int { tensors.count }
    let tensors: [Tensor]
    /// What the writer noted besides: the framework, most often.
    let metadata: [(name: String, value: String)]
    /// Where the tensors' bytes begin in the file.
    let dataOffset: Int

    struct Tensor: Equatable, Sendable {
        var name = ""
        var type: String?
        var shape: [Int] = []
        /// From `dataOffset` on.
        var offsets: Range<Int64>?
    }

    /// The longest list of sizes and the most notes that are believed.
    private static let listLimit = 64

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
        var tensors: [Tensor] = []
        var metadata: [(String, String)] = []
        guard scanner.skip("{") else { return nil }
        while !scanner.skip("}") {
            _ = scanner.skip(",")
            guard let name = Self.string(&scanner), scanner.skip(":") else { return nil }
            if name.elementsEqual("__metadata__".utf8) {
                guard let notes = Self.metadata(&scanner) else { return nil }
                metadata = notes
                continue
            }
            guard var tensor = Self.tensor(&scanner) else { return nil }
            tensor.name = SafeText.of(name)
            tensors.append(tensor)
        }
        self.tensors = tensors
        self.metadata = metadata
        dataOffset = end
    }

    package static func == (left: SafetensorsHeader, right: SafetensorsHeader) -> Bool {
        left.tensors == right.tensors && left.metadata.elementsEqual(right.metadata, by: ==)
    }

    /// What is between the quotes of a string, with its escapes.
    private static func string(_ scanner: inout JSONScanner) -> ArraySlice<UInt8>? {
        scanner.skipSpace()
        guard scanner.rest.first == UInt8(ascii: "\"") else { return nil }
        let before = scanner.rest
        guard scanner.skipString() == .complete else { return nil }
        return before.prefix(before.count - scanner.rest.count).dropFirst().dropLast()
    }

    private static func metadata(_ scanner: inout JSONScanner) -> [(String, String)]? {
        var notes: [(String, String)] = []
        guard scanner.skip("{") else { return nil }
        while !scanner.skip("}") {
            _ = scanner.skip(",")
            guard let name = string(&scanner), scanner.skip(":") else { return nil }
            if let value = string(&scanner) {
                if notes.count < listLimit { notes.append((SafeText.of(name, limit: 60), SafeText.of(value, limit: 60))) }
            } else if scanner.skipValue() != .complete {
                return nil
            }
        }
        return notes.sorted { $0.0 < $1.0 }
    }

    /// Reads one tensor's object.
    private static func tensor(_ scanner: inout JSONScanner) -> Tensor? {
        var tensor = Tensor()
        guard scanner.skip("{") else { return nil }
        while !scanner.skip("}") {
            _ = scanner.skip(",")
            guard let key = scanner.plainString(), scanner.skip(":") else { return nil }
            switch String(decoding: key, as: UTF8.self) {
            case "dtype":
                guard let value = scanner.plainString(), value.count <= 16, value.allSatisfy({ (0x21...0x7e).contains($0) })
                else { return nil }
                tensor.type = String(decoding: value, as: UTF8.self)
            case "shape":
                guard let sizes = numbers(&scanner) else { return nil }
                tensor.shape = sizes.map { Int($0) }
            case "data_offsets":
                guard let offsets = numbers(&scanner), offsets.count == 2, offsets[0] <= offsets[1] else { return nil }
                tensor.offsets = offsets[0]..<offsets[1]
            default: if scanner.skipValue() != .complete { return nil }
            }
        }
        return tensor.type == nil ? nil : tensor
    }

    /// An array of whole numbers, none below 0.
    private static func numbers(_ scanner: inout JSONScanner) -> [Int64]? {
        var numbers: [Int64] = []
        guard scanner.skip("[") else { return nil }
        while !scanner.skip("]") {
            _ = scanner.skip(",")
            scanner.skipSpace()
            let before = scanner.rest
            guard scanner.skipValue() == .complete else { return nil }
            let digits = before.prefix(before.count - scanner.rest.count)
            guard let number = Int64(String(decoding: digits, as: UTF8.self)), number >= 0, numbers.count < listLimit else { return nil }
            numbers.append(number)
        }
        return numbers
    }

    func fill(_ summary: inout DataSummary) {
        summary.add("tensors", tensorCount)
        for note in metadata { summary.add("metadata \(note.name)", note.value) }
        for tensor in tensors {
            var part = DataSummary.Part(.tensor, tensor.name, [.init("type", tensor.type ?? ""), .init("shape", .shape(tensor.shape))])
            if let offsets = tensor.offsets, offsets.upperBound < Int64.max / 2 {
                part.content = .init(
                    offset: Int64(dataOffset) + offsets.lowerBound, byteCount: offsets.upperBound - offsets.lowerBound,
                    element: ElementType(named: (tensor.type ?? "").lowercased()))
            }
            summary.add(part)
        }
    }
}
