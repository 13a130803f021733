import Platform

/// Finds the full version of a Python interpreter without starting it.
enum PythonVersion {
    /// - Parameters:
    ///   - base: the interpreter's own file, with all links followed.
    ///   - prefix: where it is installed.
    /// - Returns: `3.11.2`; nil where no file says it.
    static func of(_ base: BytePath, library: PythonInstallation.Library, prefix: BytePath) -> String? {
        guard library.name.hasPrefix("python") else { return nil }
        let short = library.shortVersion
        // PEP 739, from Python 3.14 on.
        if let details = try? (library.path / "build-details.json").contents(limit: 1 << 16), let json = JSONValue(json: details),
            let version = text(ofDetails: json)
        {
            return version
        }
        // Up to Python 3.7 the names of headers and libraries end with an `m` that the standard library's has not.
        for name in [library.name, library.name.adding(suffix: "m")] {
            if let header = (prefix / "include" / name / "patchlevel.h").textContents(limit: 1 << 16),
                let version = version(inHeader: header), version.hasPrefix(short + ".")
            {
                return version
            }
        }
        // Python may be a small program around a large library.
        let names = ["", "m"].map { BytePath("lib\(library.name)\($0).so.1.0") }
        let shared = names.map { prefix / "lib" / $0 } + names.map { prefix / "lib64" / $0 }
        for file in [base] + shared {
            guard let program = try? ELFFile(file) else { continue }
            if let number = program.number(ofSymbol: "Py_Version"), let version = text(ofNumber: number) { return version }
            if let version = program.text(startingWith: short + ".", accepting: isVersion) { return version }
        }
        return nil
    }

    private static func text(ofDetails json: JSONValue) -> String? {
        let numbers = ["major", "minor", "micro"].compactMap { json[["implementation", "version", $0]]?.double.flatMap { Int(exactly: $0) } }
        guard numbers.count == 3 else { return nil }
        let level = json[["implementation", "version", "releaselevel"]]?.description ?? "final"
        let serial = json[["implementation", "version", "serial"]]?.description ?? ""
        return numbers.map(String.init).joined(separator: ".") + (levels[level].map { $0.isEmpty ? "" : $0 + serial } ?? "")
    }

    private static let levels = ["final": "", "alpha": "a", "beta": "b", "candidate": "rc"]

    /// `#define PY_VERSION "3.11.2"`
    private static func version(inHeader text: String) -> String? {
        for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix("#define") {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            if words.count >= 3, words[1] == "PY_VERSION" { return String(words[2].filter { $0 != "\"" }) }
        }
        return nil
    }

    /// Spec: Python/C API, "API and ABI versioning", `PY_VERSION_HEX`.
    private static func text(ofNumber number: UInt64) -> String? {
        guard number >> 24 == 3 else { return nil }
        let level: String
        switch number >> 4 & 0xf {
        case 0xa: level = "a\(number & 0xf)"
        case 0xb: level = "b\(number & 0xf)"
        case 0xc: level = "rc\(number & 0xf)"
        default: level = ""
        }
        return "\(number >> 24).\(number >> 16 & 0xff).\(number >> 8 & 0xff)\(level)"
    }

    /// Digits behind the last dot, and perhaps `rc1` or a `+`.
    private static func isVersion(_ text: String) -> Bool {
        let last = text.split(separator: ".").last ?? ""
        return !last.isEmpty && last.utf8.first?.isDigit == true
            && last.utf8.allSatisfy { $0.isDigit || [UInt8(ascii: "a"), UInt8(ascii: "b"), UInt8(ascii: "r"), UInt8(ascii: "c"), UInt8(ascii: "+")].contains($0) }
    }
}
