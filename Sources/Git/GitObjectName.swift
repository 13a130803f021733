/// The name that Git gives an object: 40 hexadecimal digits in a SHA-1 repository, 64 in a SHA-256 one.
package struct GitObjectName: Hashable, Sendable {
    /// Lower-case hexadecimal digits.
    package let hex: [UInt8]

    package init?(hex: some Collection<UInt8>) {
        guard hex.count == 40 || hex.count == 64,
            hex.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        self.hex = Array(hex)
    }

    /// Whether this is the name that stands for no object, as hooks are given for refs that are made or deleted.
    package var isNull: Bool { hex.allSatisfy { $0 == UInt8(ascii: "0") } }
}

extension GitObjectName: CustomStringConvertible {
    package var description: String { String(decoding: hex, as: UTF8.self) }
}
