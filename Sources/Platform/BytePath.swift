// Platform: the operating system as the rooms above see it: paths that are bytes, descriptors,
// durable files, locks, child processes, threads and signals. Everything that would differ on
// another system is here and in CPlatform. It knows nothing of Git or of blobs.

internal import Glibc

/// A path as the file system and Git have it: bytes, not text, and never with a NUL among them.
package struct BytePath: Hashable, Sendable {
    package private(set) var bytes: [UInt8]

    /// - Parameter bytes: cut at the first NUL, which no path can hold.
    package init(bytes: some Sequence<UInt8>) {
        // Copied whole first: a generic sequence is slow byte by byte.
        self.bytes = Array(bytes)
        let end = self.bytes.withUnsafeBytes { bytes in
            bytes.baseAddress.flatMap { start in memchr(start, 0, bytes.count).map { UnsafeRawPointer($0) - start } }
        }
        if let end { self.bytes.removeSubrange(end...) }
    }

    package init(_ text: String) {
        self.init(bytes: text.utf8)
    }

    package var isEmpty: Bool { bytes.isEmpty }
    package var isAbsolute: Bool { bytes.first == UInt8(ascii: "/") }

    /// This path with `component` (one name, or a relative path) under it.
    package func appending(_ component: BytePath) -> BytePath {
        guard !bytes.isEmpty, !component.isAbsolute else { return component }
        var joined = BytePath(bytes: [])
        joined.bytes.reserveCapacity(bytes.count + 1 + component.bytes.count)
        joined.bytes += bytes
        if bytes.last != UInt8(ascii: "/") { joined.bytes.append(UInt8(ascii: "/")) }
        joined.bytes += component.bytes
        return joined
    }

    package static func / (folder: BytePath, component: String) -> BytePath {
        folder.appending(BytePath(component))
    }

    package static func / (folder: BytePath, component: BytePath) -> BytePath {
        folder.appending(component)
    }

    /// This path with `suffix` directly behind its last byte.
    package func adding(suffix: String) -> BytePath {
        BytePath(bytes: bytes + Array(suffix.utf8))
    }

    /// The names between the slashes, without empty ones.
    package var components: [BytePath] {
        bytes.split(separator: UInt8(ascii: "/")).map { BytePath(bytes: $0) }
    }

    /// The name behind the last slash.
    package var lastComponent: BytePath {
        components.last ?? self
    }

    /// The path of the folder that this is in: `.` for a bare name, `/` for what stands at the root.
    package var parent: BytePath {
        var rest = bytes[...]
        while rest.count > 1, rest.last == UInt8(ascii: "/") { rest.removeLast() }
        guard let slash = rest.lastIndex(of: UInt8(ascii: "/")) else { return BytePath(".") }
        return slash == 0 ? BytePath("/") : BytePath(bytes: rest[..<slash])
    }

    /// This path, taken from `folder` where it is relative.
    package func absolute(from folder: BytePath) -> BytePath {
        isAbsolute ? self : folder.appending(self)
    }

    /// Whether this is `folder` or something below it, judged by the components alone. An absolute path
    /// is never inside a relative one, nor the other way round.
    package func isInside(_ folder: BytePath) -> Bool {
        guard isAbsolute == folder.isAbsolute else { return false }
        var rest = bytes[...], names = folder.bytes[...]
        while let name = names.popComponent() {
            guard let own = rest.popComponent(), own == name else { return false }
        }
        return true
    }

    /// What is left of this path below `folder`, empty for the folder itself, or nil when it is not in there.
    package func relative(to folder: BytePath) -> BytePath? {
        guard isInside(folder) else { return nil }
        let rest = components.dropFirst(folder.components.count)
        return BytePath(bytes: rest.map(\.bytes).joined(separator: [UInt8(ascii: "/")]))
    }

    /// The path without `.`, `..` and empty components, judged by the names alone. A relative path may
    /// keep `..` in front, and becomes empty where it leads back to its start.
    package var normalized: BytePath {
        var kept: [BytePath] = []
        for component in components where component != "." {
            if component == "..", let last = kept.last, last != ".." {
                kept.removeLast()
            } else if component != ".." || !isAbsolute {
                kept.append(component)
            }
        }
        let joined = Array(kept.map(\.bytes).joined(separator: [UInt8(ascii: "/")]))
        return BytePath(bytes: isAbsolute ? [UInt8(ascii: "/")] + joined : joined)
    }

    package func withCString<Result, Failure: Error>(
        _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // `withUnsafeBufferPointer` rethrows untyped; a local pointer keeps the error's type.
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
        defer { copy.deallocate() }
        UnsafeMutableRawBufferPointer(start: copy, count: bytes.count).copyBytes(from: bytes)
        copy[bytes.count] = 0
        return try body(copy)
    }

    /// The path as text where it is UTF-8, with damaged bytes repaired. For JSON and people, never
    /// to be made a path again.
    package var text: String {
        String(decoding: bytes, as: UTF8.self)
    }

    /// Whether `text` says the same as `bytes`.
    package var isUTF8: Bool {
        String(validating: bytes, as: UTF8.self) != nil
    }
}

extension BytePath: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) {
        self.init(text)
    }
}

extension BytePath: Comparable {
    /// The order of the bytes, which is Git's.
    package static func < (left: BytePath, right: BytePath) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

extension BytePath: CustomStringConvertible {
    /// The path as Git prints it: as it is, or quoted in C's manner when it holds control
    /// characters, a quote, a backslash or bytes that are not UTF-8. Safe for a terminal.
    package var description: String {
        // Nearly all are.
        if bytes.allSatisfy({ (0x20...0x7e).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) { return text }
        let text = self.text
        let isPlain = isUTF8 && !text.unicodeScalars.contains { scalar in
            scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) || scalar == "\"" || scalar == "\\"
        }
        return isPlain ? text : quoted
    }

    private var quoted: String {
        var quoted = "\""
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\n"): quoted += "\\n"
            case UInt8(ascii: "\t"): quoted += "\\t"
            case UInt8(ascii: "\r"): quoted += "\\r"
            case UInt8(ascii: "\""): quoted += "\\\""
            case UInt8(ascii: "\\"): quoted += "\\\\"
            case 0x20...0x7e: quoted.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let octal = String(byte, radix: 8)
                quoted += "\\" + String(repeating: "0", count: 3 - octal.count) + octal
            }
        }
        return quoted + "\""
    }
}

extension ArraySlice<UInt8> {
    /// Takes the next name between slashes; nil where none is left.
    fileprivate mutating func popComponent() -> ArraySlice<UInt8>? {
        let slash = UInt8(ascii: "/")
        guard let start = firstIndex(where: { $0 != slash }) else { return nil }
        let end = self[start...].firstIndex(of: slash) ?? endIndex
        defer { self = self[end...] }
        return self[start..<end]
    }
}
