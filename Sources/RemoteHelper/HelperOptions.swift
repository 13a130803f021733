import Git
import Platform

/// What Git has asked for with `option`.
///
/// Spec: gitremote-helpers(7), "OPTIONS".
struct HelperOptions: Equatable, Sendable {
    /// What a ref must name at the remote for a push to change it; nil for one that must not be there.
    struct Lease: Equatable, Sendable {
        let ref: BytePath
        let expected: GitObjectName?
    }

    enum Answer: Equatable {
        case ok
        case unsupported
        case error(String)
    }

    var verbosity = 1
    var showsProgress = false
    var isDryRun = false
    var isAtomic = false
    var isCloning = false
    var checksConnectivity = false
    var asksForObjectFormat = false
    var leases: [Lease] = []
    /// What was asked for and cannot be had, because a clone is always whole.
    var ignored: [String] = []

    mutating func set(_ name: String, _ value: BytePath) -> Answer {
        switch name {
        case "verbosity":
            guard let number = Int(value.text) else { return .error("'\(value)' is no verbosity") }
            verbosity = number
        case "progress": return set(\.showsProgress, value)
        case "dry-run": return set(\.isDryRun, value)
        case "atomic": return set(\.isAtomic, value)
        case "cloning": return set(\.isCloning, value)
        case "check-connectivity": return set(\.checksConnectivity, value)
        case "object-format":
            // Git gives no value where it leaves the choice to the remote.
            guard ["", "true", "sha1", "sha256"].contains(value.text) else { return .error("unknown object format '\(value)'") }
            asksForObjectFormat = true
        case "cas":
            guard let lease = Self.lease(value) else { return .error("'\(value)' is no expectation of a ref") }
            leases.append(lease)
        case "depth", "deepen-since", "deepen-not", "deepen-relative", "filter":
            // Where nothing is asked, nothing is ignored.
            if value != "2147483647" || name != "depth" { ignored.append(name) }
            return .unsupported
        default: return .unsupported
        }
        return .ok
    }

    private mutating func set(_ flag: WritableKeyPath<HelperOptions, Bool>, _ value: BytePath) -> Answer {
        switch value {
        case "true": self[keyPath: flag] = true
        case "false": self[keyPath: flag] = false
        default: return .error("'\(value)' is neither 'true' nor 'false'")
        }
        return .ok
    }

    /// `<ref>:<object>`, quoted as Git quotes paths where it has to be.
    private static func lease(_ value: BytePath) -> Lease? {
        var bytes = value.bytes[...]
        if bytes.first == UInt8(ascii: "\""), bytes.last == UInt8(ascii: "\""), bytes.count > 1 {
            // Refs hold no quotes and no backslashes: only bytes beyond ASCII are escaped, as three octal digits.
            bytes = unescaped(bytes.dropFirst().dropLast())[...]
        }
        guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        guard let object = GitObjectName(hex: bytes[(colon + 1)...]) else { return nil }
        return Lease(ref: BytePath(bytes: bytes[..<colon]), expected: object.isNull ? nil : object)
    }

    private static func unescaped(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var plain: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8) {
                plain.append(value)
                rest = rest.dropFirst(3)
            } else {
                plain.append(byte)
            }
        }
        return plain
    }
}
