import Platform

/// The packages that a Python interpreter can import, as `pip list` has them.
///
/// Spec: PyPA specifications, "Recording installed projects" (`.dist-info`), "Core metadata", "Name normalization" and
/// "Recording the direct URL origin"; setuptools for `.egg-info`.
struct PythonPackages {
    private struct Package {
        let version: String
        /// The folder, or for old packages the file, that describes it.
        let place: BytePath
        let metadata: BytePath
    }

    private var packages: [String: Package] = [:]

    init(of python: PythonInstallation) {
        var folders = python.packageFolders
        let sites = Set(python.siteFolders)
        var seen: Set<BytePath> = []
        // Folders that `.pth` files name come last, and are not asked for more.
        while !folders.isEmpty {
            let folder = folders.removeFirst()
            guard seen.insert(folder).inserted, let names = try? folder.entries() else { continue }
            // Two descriptions of one package are the remains of a failed installation: always the same one counts.
            for name in names.sorted() {
                if name.hasSuffix(".dist-info") {
                    add(folder / name, metadata: folder / name / "METADATA")
                } else if name.hasSuffix(".egg-info") {
                    let place = folder / name
                    add(place, metadata: place.isFolder ? place / "PKG-INFO" : place)
                } else if name.hasSuffix(".pth"), sites.contains(folder) {
                    folders += Self.additions((folder / name).textContents() ?? "", in: folder)
                }
            }
            if folder.hasSuffix(".egg") { add(folder / "EGG-INFO", metadata: folder / "EGG-INFO/PKG-INFO") }
        }
    }

    private mutating func add(_ place: BytePath, metadata: BytePath) {
        // What pip renames before it removes it, and what it could not remove, begins so.
        guard !place.lastComponent.hasPrefix("~") else { return }
        var header = Self.Header(metadata, limit: 1024)
        if header.name == nil || header.version == nil { header = Self.Header(metadata, limit: 1 << 20) }
        guard let name = header.name.map(Self.normalized), let version = header.version, packages[name] == nil else { return }
        packages[name] = Package(version: version, place: place, metadata: metadata)
    }

    /// The folders that a `.pth` file adds to those in which Python searches.
    private static func additions(_ text: String, in folder: BytePath) -> [BytePath] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            guard !line.hasPrefix("#"), !line.hasPrefix("import "), !line.hasPrefix("import\t") else { return nil }
            let path = BytePath(line.trimmingSpaces)
            return path.isEmpty ? nil : path.absolute(from: folder).normalized
        }
    }

    /// Normalised, in order.
    var names: [String] { packages.keys.sorted() }

    /// The version, with what is to be said of where the package is from; nil where it is not installed.
    /// - Parameter name: normalised.
    func version(of name: String) -> String? {
        guard let package = packages[name] else { return nil }
        return origin(of: name).map { "\(package.version) (\($0))" } ?? package.version
    }

    /// `editable`, or the system and id of the commit that the package was built from; nil for what is from an index.
    /// - Parameter name: normalised.
    func origin(of name: String) -> String? {
        guard let place = packages[name]?.place else { return nil }
        if place.hasSuffix(".dist-info") {
            guard let content = try? (place / "direct_url.json").contents(limit: 1 << 16), let url = JSONValue(json: content) else { return nil }
            if case .text(let commit)? = url[["vcs_info", "commit_id"]] { return "\(url[["vcs_info", "vcs"]]?.description ?? "commit") \(commit)" }
            return url[["dir_info", "editable"]] == .boolean(true) ? "editable" : nil
        }
        // What `setup.py develop` left beside the sources.
        return place.hasSuffix(".egg-info") && !place.parent.hasSuffix("-packages") ? "editable" : nil
    }

    /// The packages with all that they require, in order; those that are not installed only where they were asked for.
    func closure(of wanted: [String]) -> [String] {
        Requirements.closure(of: wanted.map(Self.normalized)) { name in requirements(of: name).filter { packages[$0] != nil } }
    }

    /// What a package requires in any case, as its metadata says; extras do not count, other markers do not matter.
    private func requirements(of name: String) -> [String] {
        guard let package = packages[name] else { return [] }
        if package.place.hasSuffix(".dist-info") {
            return Self.Header(package.metadata, limit: 1 << 20).requirements
        }
        guard let text = (package.place / "requires.txt").textContents() else { return [] }
        var names: [String] = []
        for line in text.split(whereSeparator: \.isNewline) {
            // `[extra]`, `[extra:marker]`, and `[:marker]` for none.
            if line.hasPrefix("["), !line.hasPrefix("[:") { break }
            if !line.hasPrefix("["), let name = Self.requirement(line) { names.append(name) }
        }
        return names
    }

    /// The package that a requirement is for; nil where only an extra needs it.
    ///
    /// Spec: PEP 508.
    static func requirement(_ text: some StringProtocol) -> String? {
        let parts = text.split(separator: ";", maxSplits: 1)
        if parts.count > 1 {
            // `extra == "x"`, in whatever spaces, is in the marker of what only an extra needs.
            let marker = parts[1].filter { $0 != " " }
            if marker.contains("extra==") { return nil }
        }
        let name = (parts.first ?? "").trimmingSpaces.prefix { character in
            character.utf8.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") }
        }
        return name.isEmpty ? nil : normalized(String(name))
    }

    /// The name by which a package is known, however it is written.
    ///
    /// Spec: PEP 503.
    static func normalized(_ name: String) -> String {
        var bytes: [UInt8] = []
        for byte in name.utf8 {
            if byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") {
                if bytes.last != UInt8(ascii: "-") { bytes.append(UInt8(ascii: "-")) }
            } else {
                bytes.append((UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What stands before the first empty line of a package's metadata.
    private struct Header {
        var name: String?
        var version: String?
        var requirements: [String] = []

        init(_ file: BytePath, limit: Int) {
            guard let content = try? file.contents(limit: limit) else { return }
            for line in content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
                if line.isEmpty || line.elementsEqual([UInt8(ascii: "\r")]) { break }
                if name == nil, let value = Self.value("Name:", line) {
                    name = value
                } else if version == nil, let value = Self.value("Version:", line) {
                    version = value
                } else if let value = Self.value("Requires-Dist:", line), let name = PythonPackages.requirement(value) {
                    requirements.append(name)
                }
            }
        }

        private static func value(_ key: String, _ line: ArraySlice<UInt8>) -> String? {
            guard line.starts(with: key.utf8) else { return nil }
            return String(decoding: line.dropFirst(key.utf8.count), as: UTF8.self).trimmingSpaces
        }
    }
}
