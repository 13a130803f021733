import Platform

/// A Python interpreter, its version, and where it looks for packages, found out from files as the interpreter itself
/// does when it starts.
///
/// Source: CPython, `Modules/getpath.py` and `Lib/site.py`; PEP 405 for virtual environments.
struct PythonInstallation {
    /// The file that would be started.
    let executable: BytePath
    /// The folder of the environment: a virtual environment's, or that of the interpreter itself.
    let prefix: BytePath
    /// `3.11.2`, or `3.11` where no more is known.
    let version: String
    /// Where packages are, in the order in which Python searches.
    let packageFolders: [BytePath]
    /// Those of them whose `.pth` files name more.
    let siteFolders: [BytePath]

    /// - Parameters:
    ///   - name: a name on `PATH`, or a path; nil for `python`, or else `python3`.
    ///   - folder: where the command runs.
    /// - Returns: nil where there is none, or where it is none that is known here.
    static func find(_ name: BytePath?, in folder: BytePath, _ variables: ProcessVariables) -> PythonInstallation? {
        for name in name.map({ [$0] }) ?? ["python", "python3"] {
            for program in variables.programs(name, from: folder) {
                if let shims = PyenvShims(program) {
                    guard let real = shims.program(name, in: folder, variables) else { continue }
                    return PythonInstallation(real, in: folder, variables)
                }
                return PythonInstallation(program, in: folder, variables)
            }
        }
        // An environment that was made active without a shell's `PATH`.
        guard name == nil, let active = variables["VIRTUAL_ENV"] else { return nil }
        let python = active.absolute(from: folder) / "bin/python"
        return python.isExecutableFile ? PythonInstallation(python, in: folder, variables) : nil
    }

    private init?(_ executable: BytePath, in folder: BytePath, _ variables: ProcessVariables) {
        self.executable = executable
        let virtual = VirtualEnvironment(of: executable)
        let base = virtual?.base(executable) ?? executable.resolvedOrSame
        let home = variables.folders("PYTHONHOME", from: folder).first
        let basePrefix = home ?? base.parent.parent
        guard let library = Self.library(below: basePrefix, of: base) else { return nil }
        prefix = virtual?.folder ?? basePrefix
        version = PythonVersion.of(base, library: library, prefix: basePrefix) ?? virtual?.version ?? library.shortVersion

        var sites: [BytePath] = []
        if let virtual { sites += Self.sites(below: virtual.folder, library) }
        if virtual?.usesSystem ?? true {
            sites += Self.userSite(library, variables).map { [$0] } ?? []
            sites += Self.systemSites(below: basePrefix, library)
        }
        siteFolders = sites
        packageFolders = variables.folders("PYTHONPATH", from: folder) + sites
    }

    /// The folder of the standard library.
    struct Library {
        let path: BytePath
        /// `python3.11`
        var name: BytePath { path.lastComponent }
        /// `3.11`
        var shortVersion: String {
            String(name.text.drop { !("0"..."9").contains($0) }.prefix { $0 == "." || ("0"..."9").contains($0) })
        }
    }

    private static func library(below prefix: BytePath, of base: BytePath) -> Library? {
        let name = base.lastComponent
        for folder in [prefix / "lib", prefix / "lib64"] {
            if (folder / name / "os.py").exists { return Library(path: folder / name) }
        }
        // An interpreter by the name `python3` alone: the only, or newest, library that is there.
        for folder in [prefix / "lib", prefix / "lib64"] {
            let found = folder.sortedEntries.filter { entry in
                (entry.hasPrefix("python") || entry.hasPrefix("pypy")) && entry.bytes.contains(UInt8(ascii: "."))
                    && (folder / entry / "os.py").exists
            }
            .map { Library(path: folder / $0) }
            let numbered = name == "python2" ? found.filter { $0.shortVersion.hasPrefix("2.") } : found
            if let newest = numbered.max(by: { PyenvShims.precedes($0.shortVersion, $1.shortVersion) }) { return newest }
        }
        return nil
    }

    private static func sites(below prefix: BytePath, _ library: Library) -> [BytePath] {
        [prefix / "lib" / library.name / "site-packages", prefix / "lib64" / library.name / "site-packages"]
    }

    /// Where pip puts what a user installs without rights.
    private static func userSite(_ library: Library, _ variables: ProcessVariables) -> BytePath? {
        guard variables["PYTHONNOUSERSITE"] == nil else { return nil }
        let base = variables["PYTHONUSERBASE"] ?? variables["HOME"].map { $0 / ".local" }
        return base.map { $0 / "lib" / library.name / "site-packages" }
    }

    private static func systemSites(below prefix: BytePath, _ library: Library) -> [BytePath] {
        guard prefix == "/usr" else { return sites(below: prefix, library) }
        // Debian keeps what it packages apart from what pip installs; Fedora has the latter below /usr/local too.
        let debian: BytePath = "/usr/lib/python3/dist-packages"
        guard debian.isFolder, library.name.hasPrefix("python3") else {
            return sites(below: "/usr/local", library) + sites(below: "/usr", library)
        }
        let names = (library.name, "dist-packages")
        return ["/usr/local/lib" / names.0 / names.1, debian, "/usr/lib" / names.0 / names.1]
    }
}

/// A virtual environment that an interpreter is in.
///
/// Spec: PEP 405; the keys of `pyvenv.cfg` as venv, virtualenv and uv write them.
private struct VirtualEnvironment {
    let folder: BytePath
    let usesSystem: Bool
    let version: String?
    private let home: BytePath?

    init?(of executable: BytePath) {
        let folder = executable.parent.parent
        let text = [executable.parent, folder].lazy.compactMap { ($0 / "pyvenv.cfg").textContents(limit: 1 << 16) }.first
        guard let text else { return nil }
        var values: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { values[parts[0].trimmingSpaces.lowercased()] = parts[1].trimmingSpaces }
        }
        self.folder = folder
        usesSystem = values["include-system-site-packages"]?.lowercased() == "true"
        // virtualenv adds `.final.0`.
        version = (values["version"] ?? values["version_info"]).map { $0.split(separator: ".").prefix(3).joined(separator: ".") }
        home = values["home"].map { BytePath($0) }
    }

    /// The interpreter that the environment was made with.
    func base(_ executable: BytePath) -> BytePath {
        let real = executable.resolvedOrSame
        guard real.isInside(folder.resolvedOrSame), let home else { return real }
        let names: [BytePath] = [real.lastComponent, executable.lastComponent, "python3", "python"]
        return names.map { home / $0 }.first(where: \.isExecutableFile)?.resolvedOrSame ?? real
    }
}

/// The folder of scripts through which pyenv chooses an interpreter when it is started.
///
/// Source: pyenv, `libexec/pyenv-version-name`, `pyenv-version-file` and `pyenv-latest`.
struct PyenvShims {
    private let root: BytePath

    /// - Returns: nil where the program is none of these scripts.
    init?(_ program: BytePath) {
        guard program.parent.lastComponent == "shims" else { return nil }
        root = program.parent.parent
        guard (root / "versions").isFolder else { return nil }
    }

    /// - Returns: nil where pyenv leaves the choice to the rest of `PATH`.
    func program(_ name: BytePath, in folder: BytePath, _ variables: ProcessVariables) -> BytePath? {
        for version in versions(in: folder, variables) where version != "system" {
            guard let chosen = installed(version) else { continue }
            let program = root / "versions" / chosen / "bin" / name
            if program.isExecutableFile { return program }
        }
        return nil
    }

    private func versions(in folder: BytePath, _ variables: ProcessVariables) -> [String] {
        if let given = variables["PYENV_VERSION"] { return given.text.split(separator: ":").map(String.init) }
        var place = folder
        while true {
            if let text = (place / ".python-version").textContents(limit: 1 << 14) { return Self.words(text) }
            guard place.parent != place, place.isAbsolute else { break }
            place = place.parent
        }
        return (root / "version").textContents(limit: 1 << 14).map(Self.words) ?? []
    }

    /// The first word of each line.
    private static func words(_ text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            let word = line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == ":" }).first.map(String.init)
            return word?.hasPrefix("#") == true ? nil : word
        }
    }

    /// The folder of a version; of `3.11` the newest of its releases.
    private func installed(_ version: String) -> BytePath? {
        guard !version.contains("/"), version != ".." else { return nil }
        let names = (root / "versions").sortedEntries
        let plain = version.hasPrefix("python-") ? String(version.dropFirst("python-".count)) : version
        if names.contains(BytePath(plain)) { return BytePath(plain) }
        return names.filter { $0.hasPrefix(plain + ".") }.max { Self.precedes($0.text, $1.text) }
    }

    /// The order of numbers, not of digits.
    static func precedes(_ left: String, _ right: String) -> Bool {
        let numbers = { (text: String) in text.split(separator: ".").map { Int($0.prefix { ("0"..."9").contains($0) }) ?? -1 } }
        return numbers(left).lexicographicallyPrecedes(numbers(right))
    }
}
