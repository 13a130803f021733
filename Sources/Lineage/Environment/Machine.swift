import Platform

/// The machine and its system, without what changes from start to start or tells machines of one kind apart.
///
/// Source: proc(5), os-release(5), `Documentation/ABI` of Linux.
struct Machine {
    /// Where the file system begins: `/`, but in tests.
    let root: BytePath

    private func text(_ path: String) -> String? { (root / path).textContents(limit: 1 << 22) }

    /// The operating system: `name`, `version`, `kernel`, `architecture`, `libc`.
    var system: JSONValue {
        var release: [String: String] = [:]
        for line in (text("etc/os-release") ?? text("usr/lib/os-release") ?? "").split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { release[String(parts[0])] = parts[1].trimmingSpaces.filter { $0 != "\"" && $0 != "'" } }
        }
        return Self.object([
            "name": release["NAME"].map { .text($0) }, "version": release["VERSION_ID"].map { .text($0) },
            "kernel": text("proc/sys/kernel/osrelease").map { .text($0.trimmingSpaces) }, "architecture": .text(Self.architecture),
            "libc": libc.map { .text($0) },
        ])
    }

    private static var architecture: String {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "aarch64"
        #else
            "unknown"
        #endif
    }

    /// The C library of the programs of this system, which is not the one that this program is linked with.
    private var libc: String? {
        let folders = ["lib/\(Self.architecture)-linux-gnu", "lib64", "usr/lib64", "usr/lib", "lib"]
        for folder in folders {
            guard let file = try? ELFFile(root / folder / "libc.so.6") else { continue }
            // `GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.`, and then who may copy it.
            let line = file.text(startingWith: "GNU C Library ", limit: 4096) { $0.contains(" version ") }
            guard let line, let mark = line.firstRange(of: " version ") else { continue }
            return "glibc " + line[mark.upperBound...].prefix { $0.isNumber || $0 == "." }.split(separator: ".").joined(separator: ".")
        }
        return (root / "lib").sortedEntries.contains { $0.hasPrefix("ld-musl-") } ? "musl" : nil
    }

    /// The processor: `model`, `cores`, `threads`, and the vector instructions on which results may depend.
    var processor: JSONValue {
        var models: [String] = []
        var cores: Set<[String]> = []
        var threads: Int64 = 0
        var extensions: Set<String> = []
        for block in (text("proc/cpuinfo") ?? "").split(separator: "\n\n") {
            var fields: [String: String] = [:]
            for line in block.split(whereSeparator: \.isNewline) {
                let parts = line.split(separator: ":", maxSplits: 1)
                if parts.count == 2 { fields[parts[0].trimmingSpaces] = parts[1].trimmingSpaces }
            }
            guard let number = fields["processor"] else { continue }
            threads += 1
            cores.insert([fields["physical id"] ?? "", fields["core id"] ?? number])
            // Arm names a part by number alone.
            let part = fields["CPU part"].map { "implementer \(fields["CPU implementer"] ?? "?") part \($0)" }
            if let model = fields["model name"] ?? fields["cpu model"] ?? part, !models.contains(model) { models.append(model) }
            let flags = (fields["flags"] ?? fields["Features"] ?? "").split(separator: " ").map(String.init)
            extensions.formUnion(flags.filter(Self.matters))
        }
        return Self.object([
            "model": models.isEmpty ? nil : .text(models.joined(separator: ", ")), "cores": .integer(Int64(cores.count)),
            "threads": .integer(threads), "vectorExtensions": .text(extensions.sorted().joined(separator: " ")),
        ])
    }

    private static func matters(_ flag: String) -> Bool {
        ["avx", "amx", "sse4", "sve"].contains { flag.hasPrefix($0) } || ["fma", "asimd", "sme", "sme2"].contains(flag)
    }

    /// Memory in GiB, rounded up: what the kernel keeps for itself is not the same at each start.
    var memory: JSONValue? {
        let line = text("proc/meminfo")?.split(whereSeparator: \.isNewline).first { $0.hasPrefix("MemTotal:") }
        let words = line?.split(separator: " ") ?? []
        guard words.count > 1, let kilobytes = Int64(words[1]) else { return nil }
        return .integer((kilobytes + (1 << 20) - 1) >> 20)
    }

    static func object(_ members: [String: JSONValue?]) -> JSONValue {
        .object(members.compactMapValues { $0 })
    }
}
