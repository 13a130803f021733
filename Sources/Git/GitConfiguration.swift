import Platform

/// A snapshot of Git's configuration: keys with all their values, in Git's order (the last one wins).
package struct GitConfiguration: Sendable {
    private var values: [[UInt8]: [[UInt8]]] = [:]
    /// The keys in the order of their first appearance.
    package private(set) var keys: [String] = []

    package init() {}

    /// - Parameter listing: what `git config --list -z` prints: `key LF value NUL`, or `key NUL` for a key without a value.
    package init(listing: [UInt8]) {
        for record in listing.split(separator: 0) {
            let key = Array(record.prefix { $0 != UInt8(ascii: "\n") })
            append(key.count < record.count ? Array(record.dropFirst(key.count + 1)) : nil, to: key)
        }
    }

    /// - Parameter value: nil for a key without `=`, which is the same as `true`.
    mutating func append(_ value: [UInt8]?, to key: [UInt8]) {
        if values[key] == nil { keys.append(String(decoding: key, as: UTF8.self)) }
        values[key, default: []].append(value ?? Array("true".utf8))
    }

    /// The last value, as bytes: paths need not be UTF-8.
    /// - Parameter key: in Git's canonical form: section and name in lower case.
    package func value(_ key: String) -> BytePath? {
        values[Array(key.utf8)]?.last.map { BytePath(bytes: $0) }
    }

    package func all(_ key: String) -> [BytePath] {
        (values[Array(key.utf8)] ?? []).map { BytePath(bytes: $0) }
    }

    package func string(_ key: String) -> String? {
        value(key)?.text
    }

    /// The value as Git reads a boolean, numbers included; nil where the key is absent or no boolean.
    package func boolean(_ key: String) -> Bool? {
        guard let bytes = value(key)?.bytes else { return nil }
        switch String(decoding: bytes, as: UTF8.self).lowercased() {
        case "true", "yes", "on": return true
        case "false", "no", "off", "": return false
        default: return Int64(gitNumber: bytes).flatMap { Int32(exactly: $0) }.map { $0 != 0 }
        }
    }

    /// The value as Git reads an integer, with the units `k`, `m` and `g`; nil where the key is absent or no number.
    package func integer(_ key: String) -> Int64? {
        value(key).flatMap { Int64(gitNumber: $0.bytes) }
    }

    /// The subsections `<name>` of keys `<section>.<name>.<key>`, in order of appearance.
    package func subsections(of section: String) -> [String] {
        var names: [String] = []
        for key in keys where key.hasPrefix(section + ".") {
            let rest = key.dropFirst(section.count + 1)
            guard let dot = rest.lastIndex(of: ".") else { continue }
            let name = String(rest[..<dot])
            if !names.contains(name) { names.append(name) }
        }
        return names
    }
}

extension Git {
    /// Git's whole configuration, as it holds in this repository.
    package func configuration() throws(GitError) -> GitConfiguration {
        GitConfiguration(listing: try query(["config", "--list", "-z"]).output)
    }

    /// One file in Git's configuration syntax, without following its includes; nil where there is no such file.
    package func configuration(of file: BytePath) throws(GitError) -> GitConfiguration? {
        guard file.exists else { return nil }
        return GitConfiguration(listing: try query(["config", "--no-includes", "--list", "-z", "-f", file]).output)
    }
}
