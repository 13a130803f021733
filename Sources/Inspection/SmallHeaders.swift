import Platform

/// The head of a WAV file.
///
/// Spec: Multimedia Programming Interface and Data Specifications 1.0, "WAVE".
enum WAVHeader {
    static func fill(_ summary: inout DataSummary, _ source: ByteSource) throws(SystemError) {
        var walk = ByteWalk(source, at: 12)
        var bytesPerSecond: UInt32 = 0
        // The chunks before the samples are few.
        for _ in 0..<64 {
            guard let name = try walk.take(4, limit: 4), let count = try walk.little(UInt32.self) else { return }
            if name.elementsEqual("fmt ".utf8) {
                guard let head = try walk.take(16, limit: 16) else { return }
                var cursor = ByteCursor(head)
                guard let format = cursor.little(UInt16.self), let channels = cursor.little(UInt16.self),
                    let rate = cursor.little(UInt32.self), let perSecond = cursor.little(UInt32.self), cursor.skip(2),
                    let bits = cursor.little(UInt16.self)
                else { return }
                bytesPerSecond = perSecond
                summary.add("encoding", [1: "PCM", 3: "float", 6: "A-law", 7: "µ-law", 0xfffe: "extensible"][format] ?? "\(format)")
                summary.facts += [.init("channels", channels), .init("samples per second", rate), .init("bits per sample", bits)]
                guard count >= 16, walk.skip(UInt64(count - 16 + count % 2)) else { return }
            } else if name.elementsEqual("data".utf8) {
                guard bytesPerSecond > 0 else { return }
                let present = min(Int64(count), source.byteCount - walk.offset)
                summary.facts.append(.init("seconds", .rounded(Double(present) / Double(bytesPerSecond))))
                return
            } else if !walk.skip(UInt64(count) + UInt64(count % 2)) {
                return
            }
        }
    }
}

/// The head of a SQLite database.
///
/// Spec: SQLite, "Database File Format", 1.3.
enum SQLiteHeader {
    static func fill(_ summary: inout DataSummary, _ prefix: [UInt8]) {
        var cursor = ByteCursor(prefix)
        guard cursor.skip(16), let pageSize = cursor.big(UInt16.self), cursor.skip(10), let pages = cursor.big(UInt32.self) else { return }
        // 65536 does not fit.
        summary.add("page bytes", pageSize == 1 ? 65_536 : Int(pageSize))
        summary.add("pages", pages)
    }
}

/// The head of a GGUF model.
///
/// Spec: ggml-org/ggml, `docs/gguf.md`.
struct GGUFHeader {
    private var walk: ByteWalk
    private var alignment: Int64 = 32
    private var notes: [DataSummary.Fact] = []

    private static let nameLimit = 1 << 16
    private static let noteLimit = 64

    /// Something did not fit.
    private static let damage = "the head ends early or is malformed"

    static func fill(_ summary: inout DataSummary, _ source: ByteSource) throws(SystemError) {
        var header = GGUFHeader(walk: ByteWalk(source, at: 4))
        if try !header.read(&summary) { summary.damage = damage }
    }

    private init(walk: ByteWalk) {
        self.walk = walk
    }

    /// - Returns: false where the head is damaged.
    private mutating func read(_ summary: inout DataSummary) throws(SystemError) -> Bool {
        guard let version = try walk.little(UInt32.self), (2...3).contains(version), let tensorCount = try walk.little(UInt64.self),
            let noteCount = try walk.little(UInt64.self)
        else { return false }
        summary.add("version", version)
        for _ in 0..<noteCount {
            guard try readNote() else { return false }
        }
        summary.facts += notes
        summary.add("tensors", tensorCount)
        var tensors: [(part: DataSummary.Part, offset: UInt64)] = []
        for _ in 0..<tensorCount {
            guard let tensor = try readTensor() else { return false }
            if tensors.count < DataSummary.partLimit { tensors.append(tensor) } else { summary.omittedPartCount += 1 }
        }
        let start = (walk.offset + alignment - 1) / alignment * alignment
        for (part, offset) in tensors { summary.parts.append(Self.placed(part, start, offset)) }
        return true
    }

    private mutating func text() throws(SystemError) -> [UInt8]? {
        guard let count = try walk.little(UInt64.self) else { return nil }
        return try walk.take(count, limit: Self.nameLimit)
    }

    /// The number of bytes of each kind of value but text (8) and lists (9).
    private static let sizes: [UInt32: UInt64] = [0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8]

    private mutating func readNote() throws(SystemError) -> Bool {
        guard let key = try text(), let kind = try walk.little(UInt32.self) else { return false }
        let name = SafeText.of(key, limit: 60)
        switch kind {
        case 8:
            guard let count = try walk.little(UInt64.self) else { return false }
            // Chat templates are long; nobody reads them here.
            guard count <= 200 else { return walk.skip(count) }
            guard let value = try walk.take(count, limit: 200) else { return false }
            note(name, .text(SafeText.of(value, limit: 100)))
        case 9:
            guard let inner = try walk.little(UInt32.self), let count = try walk.little(UInt64.self) else { return false }
            note(name, .text("list of \(count)"))
            if let size = Self.sizes[inner] {
                let (total, isTooLarge) = size.multipliedReportingOverflow(by: count)
                return !isTooLarge && walk.skip(total)
            }
            // Lists of lists are allowed and unknown.
            guard inner == 8 else { return false }
            for _ in 0..<count {
                guard let length = try walk.little(UInt64.self), walk.skip(length) else { return false }
            }
        default:
            guard let size = Self.sizes[kind], let bytes = try walk.take(size, limit: 8) else { return false }
            let bits = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            if key.elementsEqual("general.alignment".utf8), bits > 0, bits <= 1 << 20 { alignment = Int64(bits) }
            note(name, Self.value(kind, bits))
        }
        return true
    }

    private mutating func note(_ name: String, _ value: DataSummary.Value) {
        if notes.count < Self.noteLimit { notes.append(.init(name, value)) }
    }

    private static func value(_ kind: UInt32, _ bits: UInt64) -> DataSummary.Value {
        switch kind {
        case 1: .integer(Int64(Int8(truncatingIfNeeded: bits)))
        case 3: .integer(Int64(Int16(truncatingIfNeeded: bits)))
        case 5: .integer(Int64(Int32(truncatingIfNeeded: bits)))
        case 6: .number(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))))
        case 7: .text(bits == 0 ? "false" : "true")
        case 10: Int64(exactly: bits).map { .integer($0) } ?? .text("\(bits)")
        case 11: .integer(Int64(bitPattern: bits))
        case 12: .number(Double(bitPattern: bits))
        default: .integer(Int64(bits))
        }
    }

    private static let typeNames: [UInt32: String] = [
        0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K",
        13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 30: "BF16",
    ]

    private mutating func readTensor() throws(SystemError) -> (DataSummary.Part, UInt64)? {
        guard let name = try text(), let dimensions = try walk.little(UInt32.self), dimensions <= 8 else { return nil }
        var shape: [Int] = []
        for _ in 0..<dimensions {
            guard let size = try walk.little(UInt64.self) else { return nil }
            shape.append(Int(clamping: size))
        }
        guard let type = try walk.little(UInt32.self), let offset = try walk.little(UInt64.self) else { return nil }
        let typeName = Self.typeNames[type] ?? "type \(type)"
        // The first size is that of the innermost dimension.
        let part = DataSummary.Part(.tensor, SafeText.of(name), [.init("type", typeName), .init("shape", .shape(shape.reversed()))])
        return (part, offset)
    }

    /// The part with its place, where its elements are plain numbers.
    private static func placed(_ part: DataSummary.Part, _ start: Int64, _ offset: UInt64) -> DataSummary.Part {
        guard case .text(let type)? = part.facts.first?.value, let element = ElementType(named: type.lowercased()),
            case .shape(let shape)? = part.facts.last?.value, let offset = Int64(exactly: offset), offset < Int64.max / 2
        else { return part }
        var byteCount: Int64 = Int64(element.byteCount)
        for size in shape {
            let (product, isTooLarge) = byteCount.multipliedReportingOverflow(by: Int64(size))
            if isTooLarge { return part }
            byteCount = product
        }
        var placed = part
        placed.content = .init(offset: start + offset, byteCount: byteCount, element: element)
        return placed
    }
}
