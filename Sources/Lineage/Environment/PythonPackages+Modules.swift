import Platform

extension PythonPackages {
    /// The packages whose modules a script imports, in order. Modules of Python itself, and of the project, are in none.
    ///
    /// A package of the module's own name is taken for its package; for the others, what the packages say of their
    /// modules is looked through.
    func distributions(providing modules: Set<String>) -> [String] {
        var found: Set<String> = []
        var open: Set<String> = []
        for module in modules {
            let name = Self.normalized(module)
            if packages[name] != nil { found.insert(name) } else { open.insert(module) }
        }
        // What lies in none of the folders is no package's.
        let folders = Set(packages.values.map(\.place.parent))
        open = open.filter { module in folders.contains { ($0 / module).exists || ($0 / "\(module).py").exists || Self.hasExtension(module, in: $0) } }
        guard !open.isEmpty else { return found.sorted() }
        for (name, package) in packages where !found.contains(name) {
            if !Self.modules(of: package).isDisjoint(with: open) { found.insert(name) }
        }
        return found.sorted()
    }

    private static func hasExtension(_ module: String, in folder: BytePath) -> Bool {
        ((try? folder.entries()) ?? []).contains { $0.text.hasPrefix("\(module).") && $0.text.hasSuffix(".so") }
    }

    /// The top-level names of what a package has installed.
    ///
    /// Spec: PyPA specifications, "Recording installed projects", `RECORD`; setuptools, `top_level.txt`.
    private static func modules(of package: Package) -> Set<String> {
        if let text = (package.place / "top_level.txt").textContents() {
            return Set(text.split(whereSeparator: \.isNewline).map { String($0) })
        }
        guard let record = (package.place / "RECORD").textContents(limit: 16 << 20) else { return [] }
        var modules: Set<String> = []
        for line in record.utf8.split(separator: UInt8(ascii: "\n")) {
            let first = line.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ",") }
            // `name/…`, `name.py` or `name.cpython-311-x86_64-linux-gnu.so`
            let name = first.prefix { $0 != UInt8(ascii: ".") }
            if !name.isEmpty { modules.insert(String(decoding: name, as: UTF8.self)) }
        }
        return modules
    }
}
