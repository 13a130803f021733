import Digest

/// The name that Git gives an object: 40 hexadecimal digits in a SHA-1 repository, 64 in a SHA-256 one. A small value
/// of fixed size, as a walk of a whole history holds many.
package struct GitObjectName: Hashable, Sendable, BitwiseCopyable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    /// 20 in a SHA-1 repository, 32 in a SHA-256 one.
    package let byteCount: UInt8

    /// - Parameter bytes: 20 or 32.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 20 || bytes.count == 32 else { return nil }
        byteCount = UInt8(bytes.count)
        withUnsafeMutableBytes(of: &words) { target in
            _ = bytes.withContiguousStorageIfAvailable { target.copyMemory(from: UnsafeRawBufferPointer($0)) }
                ?? target.copyBytes(from: bytes)
        }
    }

    /// - Parameter hex: 40 or 64 lower-case digits.
    package init?(hex: some Collection<UInt8>) {
        // Read from plain memory, as most come in that: a generic collection is slow byte by byte.
        let name = hex.withContiguousStorageIfAvailable { Self(digits: $0) }
            ?? Array(hex).withUnsafeBufferPointer { Self(digits: $0) }
        guard let name else { return nil }
        self = name
    }

    private init?(digits: UnsafeBufferPointer<UInt8>) {
        guard digits.count == 40 || digits.count == 64 else { return nil }
        byteCount = UInt8(digits.count / 2)
        let isHexadecimal = withUnsafeMutableBytes(of: &words) { target in
            for position in 0..<digits.count / 2 {
                guard let high = Hexadecimal.value(ofDigit: digits[2 * position]),
                    let low = Hexadecimal.value(ofDigit: digits[2 * position + 1])
                else { return false }
                target[position] = high << 4 | low
            }
            return true
        }
        if !isHexadecimal { return nil }
    }

    package var bytes: [UInt8] {
        withUnsafeBytes(of: words) { Array($0.prefix(Int(byteCount))) }
    }

    /// Lower-case hexadecimal digits.
    package var hex: [UInt8] { Hexadecimal.encode(bytes) }

    /// The first eight bytes as a number: names are in the order of these numbers.
    package var prefix: UInt64 { UInt64(bigEndian: words.0) }

    /// In the order of the digits.
    package func precedes(_ other: GitObjectName) -> Bool {
        if words.0 != other.words.0 { return prefix < other.prefix }
        return (UInt64(bigEndian: words.1), UInt64(bigEndian: words.2), UInt64(bigEndian: words.3))
            < (UInt64(bigEndian: other.words.1), UInt64(bigEndian: other.words.2), UInt64(bigEndian: other.words.3))
    }

    /// Whether this is the name that stands for no object, as hooks are given for refs that are made or deleted.
    package var isNull: Bool { words == (0, 0, 0, 0) }

    package static func == (left: GitObjectName, right: GitObjectName) -> Bool {
        left.words == right.words && left.byteCount == right.byteCount
    }

    package func hash(into hasher: inout Hasher) {
        // A cryptographic digest already: one word tells objects apart.
        hasher.combine(words.0)
    }
}

extension GitObjectName: CustomStringConvertible {
    package var description: String { String(decoding: hex, as: UTF8.self) }
}
