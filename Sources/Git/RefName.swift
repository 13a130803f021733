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
}

/// Names of refs that can be there together: none is a folder of another, as they would be as files.
package struct RefNames {
    private var names: Set<BytePath> = []
    /// One name in each folder that the names are in.
    private var folders: [BytePath: BytePath] = [:]

    package init(_ names: some Sequence<BytePath>) {
        for name in names { insert(name) }
    }

    package mutating func insert(_ name: BytePath) {
        names.insert(name)
        for folder in Self.folders(of: name) { folders[folder] = folders[folder] ?? name }
    }

    /// A name that cannot be there beside this one; nil where it can be added. A name that is there already is no
    /// conflict.
    package func conflict(with name: BytePath) -> BytePath? {
        folders[name] ?? Self.folders(of: name).first(where: names.contains)
    }

    private static func folders(of name: BytePath) -> [BytePath] {
        name.bytes.indices.filter { name.bytes[$0] == UInt8(ascii: "/") }.map { BytePath(bytes: name.bytes[..<$0]) }
    }
}
