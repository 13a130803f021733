import Platform

/// The environment variables that a stage's command gets, by name.
struct ProcessVariables {
    private var values: [String: BytePath] = [:]

    /// - Parameter entries: `NAME=value` each. Of a name that comes twice the first counts, as in getenv(3).
    init(_ entries: [[UInt8]]) {
        for entry in entries {
            guard let equals = entry.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = String(decoding: entry[..<equals], as: UTF8.self)
            if values[name] == nil { values[name] = BytePath(bytes: entry[(equals + 1)...]) }
        }
    }

    /// The value; nil where the variable is not set, or empty.
    subscript(name: String) -> BytePath? {
        values[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// All names, in order.
    var names: [String] { values.keys.sorted() }

    /// The folders that a variable such as `PATH` lists, those that are not absolute taken from `folder`.
    func folders(_ name: String, from folder: BytePath) -> [BytePath] {
        guard let list = self[name] else { return [] }
        return list.bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            .map { $0.isEmpty ? folder : BytePath(bytes: $0).absolute(from: folder) }
    }

    /// The files that a shell would start by this name, the one that it starts first.
    ///
    /// - Parameters:
    ///   - name: a bare name, or a path.
    ///   - folder: where the shell works.
    func programs(_ name: BytePath, from folder: BytePath) -> [BytePath] {
        if name.bytes.contains(UInt8(ascii: "/")) {
            let file = name.absolute(from: folder)
            return file.isExecutableFile ? [file] : []
        }
        let path = self["PATH"] == nil ? ["/usr/local/bin", "/usr/bin", "/bin"] : folders("PATH", from: folder)
        return path.map { $0 / name }.filter(\.isExecutableFile)
    }
}

extension BytePath {
    /// The file's text, for small files that programs write about themselves; nil where it cannot be read.
    func textContents(limit: Int = 1 << 20) -> String? {
        guard let bytes = try? contents(limit: limit) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The names in this folder, in order; none where it cannot be read.
    var sortedEntries: [BytePath] { (try? entries())?.sorted() ?? [] }

    /// The path with links followed, or as it is where that cannot be.
    var resolvedOrSame: BytePath { (try? resolved()) ?? self }

    func hasSuffix(_ suffix: String) -> Bool {
        bytes.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    }

    func hasPrefix(_ prefix: String) -> Bool {
        bytes.starts(with: prefix.utf8)
    }
}
