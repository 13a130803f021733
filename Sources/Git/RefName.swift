import Platform

/// The rules for names of refs.
///
/// Spec: git-check-ref-format(1).
package enum RefName {
    /// Whether Git would take this for a full name of a ref, such as `refs/heads/main`.
    package static func isValid(_ name: BytePath) -> Bool {
        let bytes = name.bytes
        guard bytes.starts(with: "refs/".utf8), bytes.last != UInt8(ascii: "."), bytes != Array("@".utf8) else { return false }
        let components = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard components.count >= 2, components.allSatisfy(isComponent) else { return false }
        var before: UInt8 = 0
        for byte in bytes {
            if byte < 0x21 || byte == 0x7f || forbidden.contains(byte) { return false }
            if before == UInt8(ascii: "."), byte == UInt8(ascii: ".") { return false }
            if before == UInt8(ascii: "@"), byte == UInt8(ascii: "{") { return false }
            before = byte
        }
        return true
    }

    private static let forbidden = Set("~^:?*[\\".utf8)

    private static func isComponent(_ component: ArraySlice<UInt8>) -> Bool {
        guard let first = component.first, first != UInt8(ascii: ".") else { return false }
        let lock = Array(".lock".utf8)
        return !(component.count >= lock.count && component.suffix(lock.count).elementsEqual(lock))
    }

    /// Whether one of the names is a folder of the other, so that both cannot be there at once.
    package static func areInConflict(_ one: BytePath, _ other: BytePath) -> Bool {
        let (short, long) = one.bytes.count < other.bytes.count ? (one, other) : (other, one)
        return long.bytes.count > short.bytes.count && long.bytes.starts(with: short.bytes)
            && long.bytes[short.bytes.count] == UInt8(ascii: "/")
    }
}
