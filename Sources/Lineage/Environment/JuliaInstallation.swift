import Platform

/// A Julia interpreter and the packages that the manifest of the active project names.
///
/// Source: Julia, "Code loading", "Project environments"; Pkg, "Manifest.toml"; juliaup for its launcher.
struct JuliaInstallation {
    /// `1.10.4`
    let version: String
    /// The file that would be started.
    let program: BytePath
    private var entries: [String: Entry] = [:]

    private struct Entry {
        var version: String?
        /// Where it is no registered release.
        var origin: String?
        var requirements: [String] = []
    }

    /// - Parameters:
    ///   - name: a name on `PATH`, or a path; nil for `julia`.
    ///   - folder: the top of the worktree.
    static func find(_ name: BytePath?, in folder: BytePath, _ variables: ProcessVariables) -> JuliaInstallation? {
        guard let program = variables.programs(name ?? "julia", from: folder).first else { return nil }
        let home = variables["HOME"] ?? "/"
        let header = program.resolvedOrSame.parent.parent / "include/julia/julia_version.h"
        guard let version = header.textContents(limit: 1 << 16).flatMap(version(inHeader:)) ?? chosenVersion(home) else { return nil }
        let depot = variables.folders("JULIA_DEPOT_PATH", from: folder).first ?? home / ".julia"
        let short = version.split(separator: ".").prefix(2).joined(separator: ".")
        let project = variables["JULIA_PROJECT"].flatMap { $0.hasPrefix("@") ? nil : $0.absolute(from: folder) }
        let places = project.map { [$0.hasSuffix(".toml") ? $0.parent : $0] } ?? [folder, depot / "environments" / BytePath("v\(short)")]
        let manifests = places.flatMap { place in
            ["Manifest-v\(short).toml", "JuliaManifest.toml", "Manifest.toml"].map { place / $0 }
        }
        return JuliaInstallation(program, version, manifest: manifests.lazy.compactMap { $0.textContents(limit: 1 << 24) }.first ?? "")
    }

    private init(_ program: BytePath, _ version: String, manifest: String) {
        self.program = program
        self.version = version
        var name: String?
        for line in manifest.split(whereSeparator: \.isNewline).map(\.trimmingSpaces) {
            if line.hasPrefix("[[") {
                let path = line.dropFirst(2).prefix { $0 != "]" }
                name = String(path.hasPrefix("deps.") ? path.dropFirst("deps.".count) : path)
                entries[name ?? ""] = Entry()
            } else if line.hasPrefix("[") {
                // What a package depends on where names alone are ambiguous, and its extensions: `[deps.Name.deps]`.
                name = nil
            } else if let name, let equals = line.firstIndex(of: "=") {
                let value = line[line.index(after: equals)...].trimmingSpaces
                let texts = value.split(separator: "\"", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
                switch line[..<equals].trimmingSpaces {
                case "version": entries[name]?.version = texts.first
                case "deps": entries[name]?.requirements = texts
                case "path": entries[name]?.origin = "developed"
                case "repo-rev": entries[name]?.origin = texts.first.map { "git \($0)" }
                case "git-tree-sha1" where entries[name]?.origin != nil: entries[name]?.origin = texts.first.map { "git tree \($0)" }
                default: break
                }
            }
        }
    }

    /// The packages wanted, with what they depend on, or all; nil as the version of what the manifest does not name.
    func packages(_ wanted: [String]) -> [(String, String?)] {
        let names = wanted.isEmpty ? entries.keys.sorted() : Requirements.closure(of: wanted) { entries[$0]?.requirements ?? [] }
        return names.map { name in
            guard let entry = entries[name] else { return (name, nil) }
            // Packages of Julia itself have its version.
            let version = entry.version ?? self.version
            return (name, entry.origin.map { "\(version) (\($0))" } ?? version)
        }
    }

    /// `#define JULIA_VERSION_STRING "1.10.4"`
    private static func version(inHeader text: String) -> String? {
        let line = text.split(whereSeparator: \.isNewline).first { $0.contains("JULIA_VERSION_STRING") }
        return line?.split(separator: "\"").dropFirst().first.map(String.init)
    }

    /// What juliaup's launcher starts.
    private static func chosenVersion(_ home: BytePath) -> String? {
        let file = home / ".julia/juliaup/juliaup.json"
        guard let content = try? file.contents(limit: 1 << 20), let json = JSONValue(json: content),
            case .text(let channel)? = json[["Default"]], case .text(let version)? = json[["InstalledChannels", channel, "Version"]]
        else { return nil }
        return String(version.prefix { $0 != "+" })
    }
}
