import Platform

/// An R interpreter and the libraries in which it looks for packages.
///
/// Source: R, "R Installation and Administration", 6; `?.libPaths`; renv for the library of a project.
struct RInstallation {
    /// `4.2.2`
    let version: String
    /// The file that would be started.
    let program: BytePath
    private let libraries: [BytePath]

    /// - Parameters:
    ///   - name: a name on `PATH`, or a path; nil for `Rscript`, or else `R`.
    ///   - folder: the top of the worktree.
    static func find(_ name: BytePath?, in folder: BytePath, _ variables: ProcessVariables) -> RInstallation? {
        let programs = (name.map { [$0] } ?? ["Rscript", "R"]).lazy.flatMap { variables.programs($0, from: folder) }
        guard let program = programs.first else { return nil }
        let top = program.resolvedOrSame.parent.parent
        let homes = [variables["R_HOME"], top, top / "lib/R", top / "lib64/R"].compactMap { $0 }
        for home in homes {
            if let version = description(home / "library/base")["Version"] { return RInstallation(program, home, version, folder, variables) }
        }
        return nil
    }

    private init(_ program: BytePath, _ home: BytePath, _ version: String, _ folder: BytePath, _ variables: ProcessVariables) {
        self.program = program
        self.version = version
        let short = version.split(separator: ".").prefix(2).joined(separator: ".")
        if let project = Self.project(folder, short) {
            libraries = [project, home / "library"]
            return
        }
        let userHome = variables["HOME"] ?? "/"
        let listed = { (name: String) in
            variables[name] == nil ? nil
                : variables.folders(name, from: folder).map { path in
                    path.relative(to: folder / "~").map { userHome / $0 } ?? path
                }
        }
        let own = (userHome / "R").sortedEntries.filter { $0.hasSuffix("-library") }.map { userHome / "R" / $0 / BytePath(short) }
        let sites: [BytePath] = home == "/usr/lib/R"
            ? ["/usr/local/lib/R/site-library", "/usr/lib/R/site-library"] : [home / "site-library"]
        libraries = (listed("R_LIBS") ?? []) + (listed("R_LIBS_USER") ?? own) + (listed("R_LIBS_SITE") ?? sites) + [home / "library"]
    }

    /// The library that renv gives a project: `renv/library/[SYSTEM/]R-4.2/PLATFORM`.
    private static func project(_ folder: BytePath, _ short: String) -> BytePath? {
        guard (folder / "renv/activate.R").exists else { return nil }
        let library = folder / "renv/library"
        let places = [library] + library.sortedEntries.map { library / $0 }
        for place in places.map({ $0 / BytePath("R-\(short)") }) {
            if let platform = place.sortedEntries.first { return place / platform }
        }
        return nil
    }

    /// The packages wanted, with what they depend on, or all; nil as the version of what is not installed.
    func packages(_ wanted: [String]) -> [(String, String?)] {
        guard !wanted.isEmpty else {
            var all: [String: String] = [:]
            for library in libraries.reversed() {
                for name in library.sortedEntries {
                    if let version = Self.description(library / name)["Version"] { all[name.text] = version }
                }
            }
            return all.map { ($0, $1) }
        }
        var known: [String: [String: String]] = [:]
        func fields(_ name: String) -> [String: String] {
            if let fields = known[name] { return fields }
            let fields = libraries.lazy.map { Self.description($0 / name) }.first { !$0.isEmpty } ?? [:]
            known[name] = fields
            return fields
        }
        let names = Requirements.closure(of: wanted) { name in
            ["Depends", "Imports", "LinkingTo"].flatMap { Self.names(fields(name)[$0] ?? "") }.filter { fields($0)["Version"] != nil }
        }
        return names.map { ($0, fields($0)["Version"]) }
    }

    private static func names(_ list: String) -> [String] {
        list.split(separator: ",").map { $0.trimmingSpaces.prefix { $0 != "(" && $0 != " " && $0 != "\n" } }
            .filter { $0 != "R" && !$0.isEmpty }.map(String.init)
    }

    /// The fields of an installed package's description.
    ///
    /// Spec: R, "Writing R Extensions", 1.1.1; Debian control format.
    private static func description(_ package: BytePath) -> [String: String] {
        guard let text = (package / "DESCRIPTION").textContents(limit: 1 << 18) else { return [:] }
        var fields: [String: String] = [:]
        var key: String?
        for line in text.split(whereSeparator: \.isNewline) {
            if line.first == " " || line.first == "\t" {
                if let key { fields[key, default: ""] += " " + line.trimmingSpaces }
            } else if let colon = line.firstIndex(of: ":") {
                key = String(line[..<colon])
                fields[String(line[..<colon])] = line[line.index(after: colon)...].trimmingSpaces
            }
        }
        return fields
    }
}
