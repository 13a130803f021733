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
        // The lists of files are long, and not wanted.
        guard let text = package.record.textContents(limit: 1 << 24), let key = text.firstRange(of: "\"depends\""),
            let start = text[key.upperBound...].firstIndex(of: "["), let end = text[start...].firstIndex(of: "]"),
            case .list(let list)? = JSONValue(json: Array(text[start...end].utf8))
        else { return [] }
        return list.map { String($0.description.prefix { $0 != " " }) }
    }
}
