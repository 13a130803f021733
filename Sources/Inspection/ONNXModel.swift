import Platform

/// Goes through the fields of one protobuf message in a file, without reading what nobody asks for.
///
/// Spec: Protocol Buffers, "Encoding".
struct ProtobufMessage {
    enum Field {
        case number(UInt64)
        /// Text, bytes, packed numbers or another message.
        case part(ProtobufMessage)
        case other
    }

    let source: ByteSource
    /// Where the message is in the file.
    let offset: Int64
    private var walk: ByteWalk
    private(set) var isDamaged = false

    init(_ source: ByteSource, offset: Int64 = 0) {
        self.source = source
        self.offset = offset
        walk = ByteWalk(source)
    }

    /// - Returns: nil at the end, and where the message is damaged.
    mutating func next() throws(SystemError) -> (number: UInt64, field: Field)? {
        guard !walk.isAtEnd else { return nil }
        guard let tag = try walk.variableLength(), tag >> 3 != 0 else { return damaged() }
        switch tag & 7 {
        case 0:
            guard let value = try walk.variableLength() else { return damaged() }
            return (tag >> 3, .number(value))
        case 1: return walk.skip(8) ? (tag >> 3, .other) : damaged()
        case 2:
            guard let count = try walk.variableLength() else { return damaged() }
            let start = walk.offset
            guard walk.skip(count) else { return damaged() }
            return (tag >> 3, .part(ProtobufMessage(source.part(from: start, count: Int64(count)), offset: offset + start)))
        case 5: return walk.skip(4) ? (tag >> 3, .other) : damaged()
        default: return damaged()
        }
    }

    private mutating func damaged() -> (UInt64, Field)? {
        isDamaged = true
        return nil
    }

    /// The whole message as text for a person.
    func text() throws(SystemError) -> String {
        SafeText.of(try source.bytes(at: 0, count: 1024))
    }
}

/// What an ONNX model is made of.
///
/// Spec: onnx.proto3, `ModelProto`, `GraphProto`, `TensorProto`, `ValueInfoProto`.
struct ONNXModel {
    private var summary: DataSummary
    private var operators: [String] = []
    private var nodeCount = 0
    private var producer: [String] = []
    private var version: UInt64 = 0

    static func fill(_ summary: inout DataSummary, _ source: ByteSource) throws(SystemError) {
        var model = ONNXModel(summary: summary)
        try model.readModel(ProtobufMessage(source))
        model.summary.facts += [
            .init("IR version", model.version), .init("producer", model.producer.joined(separator: " ")),
            .init("operators", model.operators.joined(separator: ", ")), .init("nodes", model.nodeCount),
        ].filter { $0.value != .text("") }
        let tensors = model.summary.parts.filter { $0.group == .tensor }.count
        model.summary.add("tensors", tensors + model.summary.omittedPartCount)
        summary = model.summary
    }

    private init(summary: DataSummary) {
        self.summary = summary
    }

    private mutating func readModel(_ message: ProtobufMessage) throws(SystemError) {
        var message = message
        while let (number, field) = try message.next() {
            switch (number, field) {
            case (1, .number(let value)): version = value
            case (2, .part(let text)), (3, .part(let text)): if producer.count < 4 { producer.append(try text.text()) }
            case (7, .part(let graph)): try readGraph(graph)
            case (8, .part(let set)): if operators.count < 16 { operators.append(try operatorSet(set)) }
            default: break
            }
        }
        if message.isDamaged { summary.damage = "the model ends early or is malformed" }
    }

    private func operatorSet(_ message: ProtobufMessage) throws(SystemError) -> String {
        var message = message
        var (domain, version) = ("ai.onnx", UInt64(0))
        while let (number, field) = try message.next() {
            switch (number, field) {
            case (1, .part(let text)) where text.source.byteCount > 0: domain = try text.text()
            case (2, .number(let value)): version = value
            default: break
            }
        }
        return "\(domain) \(version)"
    }

    private mutating func readGraph(_ message: ProtobufMessage) throws(SystemError) {
        var message = message
        while let (number, field) = try message.next() {
            switch (number, field) {
            case (1, .part): nodeCount += 1
            case (5, .part(let tensor)): summary.add(try Self.tensor(tensor))
            case (11, .part(let value)): summary.add(try Self.valueInfo(.input, value))
            case (12, .part(let value)): summary.add(try Self.valueInfo(.output, value))
            default: break
            }
        }
        if message.isDamaged { summary.damage = "the graph ends early or is malformed" }
    }

    private static let typeNames = [
        "undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "text", "bool", "float16", "float64",
        "uint32", "uint64", "complex64", "complex128", "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2",
        "float8e5m2fnuz", "uint4", "int4", "float4e2m1",
    ]

    private static func typeName(_ number: UInt64) -> String {
        Int(exactly: number).flatMap { typeNames.indices.contains($0) ? typeNames[$0] : nil } ?? "type \(number)"
    }

    private static let dimensionLimit = 64

    private static func tensor(_ message: ProtobufMessage) throws(SystemError) -> DataSummary.Part {
        var message = message
        var (name, type, shape) = ("", "undefined", [Int]())
        var raw: ProtobufMessage?
        var isExternal = false
        while let (number, field) = try message.next() {
            switch (number, field) {
            case (1, .number(let size)): if shape.count < dimensionLimit { shape.append(Int(clamping: size)) }
            case (1, .part(let packed)):
                var walk = ByteWalk(packed.source)
                while shape.count < dimensionLimit, let size = try walk.variableLength() { shape.append(Int(clamping: size)) }
            case (2, .number(let value)): type = typeName(value)
            case (8, .part(let text)): name = try text.text()
            case (9, .part(let bytes)): raw = bytes
            case (14, .number(let place)): isExternal = place == 1
            default: break
            }
        }
        var part = DataSummary.Part(.tensor, name, [.init("type", type), .init("shape", .shape(shape))])
        if isExternal { part.facts.append(.init("data", "in another file")) }
        if let raw {
            part.content = .init(offset: raw.offset, byteCount: raw.source.byteCount, element: ElementType(named: type))
        }
        return part
    }

    private static func valueInfo(_ group: DataSummary.Part.Group, _ message: ProtobufMessage) throws(SystemError) -> DataSummary.Part {
        var message = message
        var name = ""
        var facts: [DataSummary.Fact] = []
        while let (number, field) = try message.next() {
            switch (number, field) {
            case (1, .part(let text)): name = try text.text()
            case (2, .part(var type)):
                while let (number, field) = try type.next() {
                    if case (1, .part(let tensor)) = (number, field) { facts = try tensorType(tensor) }
                }
            default: break
            }
        }
        return DataSummary.Part(group, name, facts)
    }

    private static func tensorType(_ message: ProtobufMessage) throws(SystemError) -> [DataSummary.Fact] {
        var message = message
        var type = "undefined"
        var sizes: [String] = []
        while let (number, field) = try message.next() {
            switch (number, field) {
            case (1, .number(let value)): type = typeName(value)
            case (2, .part(var shape)):
                while let (_, dimension) = try shape.next() {
                    guard case .part(var size) = dimension, sizes.count < dimensionLimit else { continue }
                    var text = "?"
                    while let (number, field) = try size.next() {
                        switch (number, field) {
                        case (1, .number(let value)): text = "\(value)"
                        case (2, .part(let name)): text = try name.text()
                        default: break
                        }
                    }
                    sizes.append(text)
                }
            default: break
            }
        }
        return [.init("type", type), .init("shape", sizes.isEmpty ? "single value" : sizes.joined(separator: " × "))]
    }
}
