import Platform

/// The packages of a conda environment, as conda, mamba and pixi record them in `conda-meta`.
///
/// Source: conda, "Package specification" and `conda list --json`.
struct CondaEnvironment {
    struct Package {
        let name: String
        let version: String
        let build: String
        let record: BytePath

        /// Where the package is from, without tokens: `conda-forge`, or host and path of another server than Anaconda's.
        var channel: String? {
            guard case .text(let given)? = CondaEnvironment.value(of: "channel", in: record) else { return nil }
            guard given.contains("://") else { return given }
            var parts = PublicText.withoutSecrets(given).split(separator: "/").dropFirst().map(String.init)
            // `/t/TOKEN/` gives access to a private channel.
            while let mark = parts.firstIndex(of: "t"), mark + 1 < parts.count { parts.removeSubrange(mark...mark + 1) }
            if let last = parts.last, last == "noarch" || last.contains("-64") || last.hasPrefix("linux-") { parts.removeLast() }
            if parts.first == "conda.anaconda.org" { parts.removeFirst() }
            return parts.joined(separator: "/")
        }
    }

    private let packages: [String: Package]

    /// The environment that is active, or that the interpreter is in.
    static func find(in folder: BytePath, _ variables: ProcessVariables) -> CondaEnvironment? {
        let active = variables["CONDA_PREFIX"]?.absolute(from: folder)
        return active.flatMap { CondaEnvironment($0) }
            ?? PythonInstallation.find(nil, in: folder, variables).flatMap { CondaEnvironment($0.prefix) }
    }

    /// - Returns: nil where there is none in the folder.
    init?(_ prefix: BytePath) {
        let folder = prefix / "conda-meta"
        guard let names = try? folder.entries() else { return nil }
        var packages: [String: Package] = [:]
        for name in names.sorted() where name.hasSuffix(".json") {
            // `numpy-1.26.4-py311h64a7726_0.json`; names may have dashes, versions and builds have none.
            let parts = name.text.dropLast(".json".count).split(separator: "-")
            guard parts.count >= 3, let build = parts.last else { continue }
            let package = Package(
                name: parts.dropLast(2).joined(separator: "-"), version: String(parts[parts.count - 2]), build: String(build),
                record: folder / name)
            packages[package.name] = package
        }
        self.packages = packages
    }

    /// All, by name.
    var all: [Package] { packages.values.sorted { $0.name < $1.name } }

    /// The packages wanted, with what they depend on, or all; nil as the version of what is not there.
    func packages(_ wanted: [String]) -> [(String, String?)] {
        let names = wanted.isEmpty ? Array(packages.keys) : Requirements.closure(of: wanted.map { $0.lowercased() }) { name in
            packages[name].map(Self.requirements)?.filter { packages[$0] != nil } ?? []
        }
        return names.map { name in (name, packages[name].map { "\($0.version) \($0.build)" }) }
    }

    /// `["numpy >=1.19,<2.0a0", "python_abi 3.11.* *_cp311"]`
    private static func requirements(_ package: Package) -> [String] {
        guard case .list(let list)? = value(of: "depends", in: package.record) else { return [] }
        return list.map { String($0.description.prefix { $0 != " " }) }
    }

    /// A text, or list of texts, of a package's record. The lists of files in it are long: all else is passed over.
    fileprivate static func value(of key: String, in record: BytePath) -> JSONValue? {
        guard let text = record.textContents(limit: 1 << 24), let mark = text.firstRange(of: "\"\(key)\"") else { return nil }
        let rest = text[mark.upperBound...].drop { $0 == ":" || $0.isWhitespace }
        let end: String.Index?
        switch rest.first {
        case "[": end = rest.firstIndex(of: "]")
        case "\"": end = rest.dropFirst().firstIndex(of: "\"")
        default: end = nil
        }
        return end.flatMap { JSONValue(json: Array(rest[...$0].utf8)) }
    }
}
