/// What the head of a `.npy` file says of the array.
///
/// Spec: NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays".
package struct NumPyHeader: Equatable, Sendable {
    /// The element's type in NumPy's words: `float32`, `int64`, `bool`; `structured` for records.
    package let elementType: String
    /// Empty for a single value.
    package let shape: [Int]
    /// Whether neighbours in memory are neighbours in the first dimension.
    let isColumnMajor: Bool
    let isBigEndian: Bool
    /// Where the elements begin in the file.
    let dataOffset: Int

    /// - Parameter prefix: the file's first bytes.
    /// - Returns: nil where the head is not whole or not understood.
    package init?(prefix: [UInt8]) {
        var cursor = ByteCursor(prefix)
        guard cursor.skip(1), cursor.skip("NUMPY"), prefix.first == 0x93, let major = cursor.byte(), cursor.skip(1) else {
            return nil
        }
        let count: Int
        switch major {
        case 1:
            guard let short = cursor.little(UInt16.self) else { return nil }
            count = Int(short)
        case 2, 3:
            guard let long = cursor.little(UInt32.self) else { return nil }
            count = Int(long)
        default: return nil
        }
        guard let text = cursor.take(count) else { return nil }
        guard let type = Self.elementType(in: text), let shape = Self.shape(in: text) else { return nil }
        elementType = type
        self.shape = shape
        isColumnMajor = Self.value(of: "fortran_order", in: text)?.starts(with: "True".utf8) == true
        isBigEndian = Self.value(of: "descr", in: text)?.dropFirst().first == UInt8(ascii: ">")
        dataOffset = prefix.count - cursor.rest.count
    }

    /// As a part of a file in which the array begins at `offset`.
    func part(_ name: String, offset: Int64, byteCount: Int64) -> DataSummary.Part {
        var part = DataSummary.Part(.tensor, name, [.init("type", elementType), .init("shape", .shape(shape))])
        if isColumnMajor, shape.count > 1 { part.facts.append(.init("order", "column-major")) }
        part.content = .init(
            offset: offset + Int64(dataOffset), byteCount: max(0, byteCount - Int64(dataOffset)),
            element: ElementType(named: elementType, isBigEndian: isBigEndian))
        return part
    }

    /// What stands behind `'key':` in the Python dictionary that the head is.
    private static func value(of key: String, in text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        for quote in ["'", "\""] {
            let pattern = Array("\(quote)\(key)\(quote):".utf8)
            var rest = text
            while rest.count >= pattern.count {
                if rest.starts(with: pattern) {
                    return rest.dropFirst(pattern.count).drop { $0 == UInt8(ascii: " ") }
                }
                rest.removeFirst()
            }
        }
        return nil
    }

    private static func elementType(in text: ArraySlice<UInt8>) -> String? {
        guard let value = value(of: "descr", in: text), let first = value.first else { return nil }
        if first == UInt8(ascii: "[") { return "structured" }
        guard first == UInt8(ascii: "'") || first == UInt8(ascii: "\"") else { return nil }
        let code = value.dropFirst().prefix { $0 != first }
        let isCode = code.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || "<>|=[]".utf8.contains(byte)
        }
        guard isCode, code.count < value.count - 1, code.count <= 32 else { return nil }
        return name(ofCode: code)
    }

    /// `<f4` is `float32`: byte order, kind, bytes.
    private static func name(ofCode code: ArraySlice<UInt8>) -> String {
        let text = String(decoding: code, as: UTF8.self)
        let plain = code.first.map { "<>|=".utf8.contains($0) } == true ? text.dropFirst() : text[...]
        let digits = plain.dropFirst().prefix { $0.isNumber }
        guard let kind = plain.first, let byteCount = Int(digits), byteCount <= 1 << 20 else {
            return plain == "O" ? "object" : text
        }
        let unit = plain.dropFirst(1 + digits.count)
        if !unit.isEmpty, kind != "M", kind != "m" { return text }
        switch kind {
        case "f": return "float\(8 * byteCount)"
        case "i": return "int\(8 * byteCount)"
        case "u": return "uint\(8 * byteCount)"
        case "c": return "complex\(8 * byteCount)"
        case "b" where byteCount == 1: return "bool"
        case "M": return "datetime64" + unit
        case "m": return "timedelta64" + unit
        case "U": return "text of \(byteCount)"
        case "S": return "bytes of \(byteCount)"
        default: return text
        }
    }

    /// `(3, 4)`, `(3,)` or `()`; Python 2 wrote an `L` behind large numbers.
    private static func shape(in text: ArraySlice<UInt8>) -> [Int]? {
        guard let value = value(of: "shape", in: text), value.first == UInt8(ascii: "(") else { return nil }
        let inside = value.dropFirst().prefix { $0 != UInt8(ascii: ")") }
        guard inside.count < value.count - 1, inside.count <= 1024 else { return nil }
        var shape: [Int] = []
        for part in inside.split(separator: UInt8(ascii: ",")) {
            let digits = part.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "L") }
            if digits.isEmpty { continue }
            guard let number = Int(String(decoding: digits, as: UTF8.self)), number >= 0 else { return nil }
            shape.append(number)
        }
        return shape
    }
}
