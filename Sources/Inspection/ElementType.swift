/// What the elements of an array or tensor are, as far as they are numbers that can be compared.
struct ElementType: Equatable, Sendable {
    enum Form: Equatable, Sendable {
        case signed, unsigned, float, brainFloat
    }

    let form: Form
    let byteCount: Int
    var isBigEndian = false

    /// - Parameter name: as safetensors, NumPy, ONNX and GGUF have it, in lower case: `f32`, `float32`, `bf16`.
    init?(named name: String, isBigEndian: Bool = false) {
        switch name {
        case "f16", "float16": (form, byteCount) = (.float, 2)
        case "f32", "float32": (form, byteCount) = (.float, 4)
        case "f64", "float64": (form, byteCount) = (.float, 8)
        case "bf16", "bfloat16": (form, byteCount) = (.brainFloat, 2)
        case "i8", "int8": (form, byteCount) = (.signed, 1)
        case "i16", "int16": (form, byteCount) = (.signed, 2)
        case "i32", "int32": (form, byteCount) = (.signed, 4)
        case "i64", "int64": (form, byteCount) = (.signed, 8)
        case "u8", "uint8", "bool": (form, byteCount) = (.unsigned, 1)
        case "u16", "uint16": (form, byteCount) = (.unsigned, 2)
        case "u32", "uint32": (form, byteCount) = (.unsigned, 4)
        case "u64", "uint64": (form, byteCount) = (.unsigned, 8)
        default: return nil
        }
        self.isBigEndian = isBigEndian
    }

    /// The bits of one element.
    func bits(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt64 {
        var bits: UInt64 = 0
        for position in 0..<byteCount {
            let place = isBigEndian ? byteCount - 1 - position : position
            bits |= UInt64(bytes[offset + position]) << (8 * UInt64(place))
        }
        return bits
    }

    /// What the bits say.
    func value(_ bits: UInt64) -> Double {
        switch form {
        case .unsigned: Double(bits)
        case .signed: Double(signed(bits))
        case .brainFloat: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits) << 16))
        case .float:
            switch byteCount {
            case 2: Self.half(bits)
            case 4: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
            default: Double(bitPattern: bits)
            }
        }
    }

    /// Spec: IEEE 754, binary16. `Float16` is not there on every machine.
    private static func half(_ bits: UInt64) -> Double {
        let fraction = Double(bits & 0x3ff)
        let exponent = Int(bits >> 10 & 0x1f)
        let magnitude: Double =
            switch exponent {
            case 0: fraction * Double(sign: .plus, exponent: -24, significand: 1)
            case 31: fraction == 0 ? .infinity : .nan
            default: (1024 + fraction) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
            }
        return bits & 0x8000 == 0 ? magnitude : -magnitude
    }

    /// How far two elements are apart; exact for whole numbers as far as a `Double` is.
    func distance(_ left: UInt64, _ right: UInt64) -> Double {
        switch form {
        case .unsigned: return Double(max(left, right) - min(left, right))
        case .signed:
            let (one, other) = (signed(left), signed(right))
            return Double(UInt64(bitPattern: max(one, other) &- min(one, other)))
        case .float, .brainFloat: return abs(value(left) - value(right))
        }
    }

    private func signed(_ bits: UInt64) -> Int64 {
        let unused = 64 - 8 * byteCount
        return Int64(bitPattern: bits << UInt64(unused)) >> Int64(unused)
    }
}
