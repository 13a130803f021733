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
        /// As much of the metadata as was read.
        let header: Header
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
            // What pip renames before it removes it, and what it could not remove, begins with `~`.
            for name in names.sorted() where name.bytes.first != UInt8(ascii: "~") {
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
        // Nearly all that is said of a package besides its description fits, so that one read is enough.
        var header = Header(metadata, limit: 4096)
        if header.value("Name:") == nil || header.value("Version:") == nil { header = Header(metadata, limit: Self.metadataLimit) }
        guard let given = header.value("Name:"), let version = header.value("Version:") else { return }
        let name = Self.normalized(given)
        if packages[name] == nil { packages[name] = Package(version: version, place: place, metadata: metadata, header: header) }
    }

    private static let metadataLimit = 1 << 20

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
            let header = package.header.isWhole ? package.header : Header(package.metadata, limit: Self.metadataLimit)
            return header.values("Requires-Dist:").compactMap(Self.requirement)
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
        private let bytes: [UInt8]
        /// Whether that line, or the end of the file, was seen.
        let isWhole: Bool

        init(_ file: BytePath, limit: Int) {
            bytes = (try? file.contents(limit: limit)) ?? []
            var start = 0
            var end: Int?
            bytes.withUnsafeBufferPointer { bytes in
                while start < bytes.count, end == nil {
                    if bytes[start] == UInt8(ascii: "\n") || bytes[start] == UInt8(ascii: "\r") { end = start }
                    while start < bytes.count, bytes[start] != UInt8(ascii: "\n") { start += 1 }
                    start += 1
                }
            }
            isWhole = end != nil || bytes.count < limit
            length = end ?? bytes.count
        }

        private let length: Int

        /// The first value of a key, which is given with its colon.
        func value(_ key: StaticString) -> String? {
            values(key, limit: 1).first
        }

        func values(_ key: StaticString, limit: Int = .max) -> [String] {
            var values: [String] = []
            bytes.withUnsafeBytes { bytes in
                let header = bytes[..<length]
                var start = 0
                while start < length, values.count < limit {
                    var end = start
                    while end < length, header[end] != UInt8(ascii: "\n") { end += 1 }
                    let count = key.utf8CodeUnitCount
                    if end - start > count, let line = bytes.baseAddress?.advanced(by: start), Self.isSame(line, key.utf8Start, count) {
                        values.append(String(decoding: header[start + count..<end], as: UTF8.self).trimmingSpaces)
                    }
                    start = end + 1
                }
            }
            return values
        }

        private static func isSame(_ left: UnsafeRawPointer, _ right: UnsafePointer<UInt8>, _ count: Int) -> Bool {
            for position in 0..<count where left.load(fromByteOffset: position, as: UInt8.self) != right[position] { return false }
            return true
        }
    }
}
