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
            let value = key.count < record.count ? Array(record.dropFirst(key.count + 1)) : Array("true".utf8)
            if values[key] == nil { keys.append(String(decoding: key, as: UTF8.self)) }
            values[key, default: []].append(value)
        }
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

    /// The value as Git reads a boolean; nil where the key is absent or no boolean.
    package func boolean(_ key: String) -> Bool? {
        switch string(key)?.lowercased() {
        case "true", "yes", "on", "1": true
        case "false", "no", "off", "0", "": false
        default: nil
        }
    }

    /// The value as Git reads an integer, with the units `k`, `m` and `g`; nil where the key is absent or no number.
    package func integer(_ key: String) -> Int64? {
        guard var text = string(key)?.lowercased()[...] else { return nil }
        var factor: Int64 = 1
        if let unit = text.last, let known = ["k": 1 << 10, "m": 1 << 20, "g": 1 << 30][unit] as Int64? {
            factor = known
            text = text.dropLast()
        }
        guard let number = Int64(text) else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
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
