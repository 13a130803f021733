/// Reads Thrift's compact protocol, of which nothing is believed: what does not fit ends the reading.
///
/// Spec: Apache Thrift, "Thrift Compact protocol encoding".
struct ThriftReader {
    enum Kind: UInt8 {
        case yes = 1, no, byte, short, int, long, double, binary, list, set, map, structure
    }

    /// Something did not fit.
    struct Damaged: Error {}

    private var cursor: ByteCursor
    private static let depthLimit = 32

    init(_ bytes: some Sequence<UInt8>) {
        cursor = ByteCursor(bytes)
    }

    private mutating func variableLength() throws(Damaged) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = cursor.byte() else { throw Damaged() }
            value |= shift < 64 ? UInt64(byte & 0x7f) << shift : 0
            if byte & 0x80 == 0 { return value }
        }
        throw Damaged()
    }

    /// A number with a sign.
    mutating func integer() throws(Damaged) -> Int64 {
        let value = try variableLength()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    mutating func binary() throws(Damaged) -> ArraySlice<UInt8> {
        let count = try variableLength()
        guard let count = Int(exactly: count), let bytes = cursor.take(count) else { throw Damaged() }
        return bytes
    }

    /// Calls `body` for each field of a structure; what it does not take must be given to `skip`.
    mutating func structure(_ body: (inout ThriftReader, _ field: Int, Kind) throws(Damaged) -> Void) throws(Damaged) {
        var field = 0
        while true {
            guard let head = cursor.byte() else { throw Damaged() }
            if head == 0 { return }
            guard let kind = Kind(rawValue: head & 0x0f) else { throw Damaged() }
            if head >> 4 == 0 {
                guard let number = Int(exactly: try integer()), (0...Int(Int16.max)).contains(number) else { throw Damaged() }
                field = number
            } else {
                field += Int(head >> 4)
            }
            try body(&self, field, kind)
        }
    }

    /// Calls `body` for each element of a list.
    mutating func list(_ body: (inout ThriftReader, Kind) throws(Damaged) -> Void) throws(Damaged) {
        guard let head = cursor.byte(), let kind = Kind(rawValue: head & 0x0f) else { throw Damaged() }
        let count = head >> 4 == 15 ? try variableLength() : UInt64(head >> 4)
        // Each element takes a byte at least.
        guard count <= UInt64(cursor.rest.count) else { throw Damaged() }
        for _ in 0..<count { try body(&self, kind) }
    }

    /// Moves past a value.
    mutating func skip(_ kind: Kind, depth: Int = 0, isElement: Bool = false) throws(Damaged) {
        guard depth < Self.depthLimit else { throw Damaged() }
        switch kind {
        // A truth is in the field's head, but in a list it has a byte.
        case .yes, .no: if isElement, !cursor.skip(1) { throw Damaged() }
        case .byte: if !cursor.skip(1) { throw Damaged() }
        case .short, .int, .long: _ = try variableLength()
        case .double: if !cursor.skip(8) { throw Damaged() }
        case .binary: _ = try binary()
        case .list, .set:
            try list { reader, kind throws(Damaged) in try reader.skip(kind, depth: depth + 1, isElement: true) }
        case .map:
            let count = try variableLength()
            guard count > 0 else { return }
            guard count <= UInt64(cursor.rest.count), let kinds = cursor.byte(), let key = Kind(rawValue: kinds >> 4),
                let value = Kind(rawValue: kinds & 0x0f)
            else { throw Damaged() }
            for _ in 0..<count {
                try skip(key, depth: depth + 1, isElement: true)
                try skip(value, depth: depth + 1, isElement: true)
            }
        case .structure:
            try structure { reader, _, kind throws(Damaged) in try reader.skip(kind, depth: depth + 1) }
        }
    }
}
