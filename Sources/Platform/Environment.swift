internal import CPlatform
internal import Glibc

/// The process's environment and the programs it names, as bytes.
package enum Environment {
    /// All of it, `NAME=value` each.
    package static var all: [[UInt8]] {
        var entries: [[UInt8]] = []
        guard var next = platform_environ() else { return entries }
        while let entry = next.pointee {
            entries.append(UnsafeBufferPointer(start: entry, count: strlen(entry)).map { UInt8(bitPattern: $0) })
            next += 1
        }
        return entries
    }

    /// The value of a variable, or nil where it is not set.
    package static func value(_ name: String) -> BytePath? {
        guard let value = getenv(name) else { return nil }
        return BytePath(bytes: UnsafeBufferPointer(start: value, count: strlen(value)).map { UInt8(bitPattern: $0) })
    }

    /// The environment without `removed`, and with `added` in place of what had those names.
    package static func changed(removing removed: [String] = [], adding added: [(String, BytePath)] = []) -> [[UInt8]] {
        let names = Set((removed + added.map(\.0)).map { Array($0.utf8) })
        let kept = all.filter { entry in !names.contains(Array(entry.prefix { $0 != UInt8(ascii: "=") })) }
        return kept + added.map { Array($0.0.utf8) + [UInt8(ascii: "=")] + $0.1.bytes }
    }

    /// Variables that hold secrets of the network: keys, tokens, and proxies, whose URLs may have a password.
    package static let secretNames = [
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN", "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
    ]

    /// The environment of a child that has nothing to do with the network.
    package static var withoutSecrets: [[UInt8]] { changed(removing: secretNames) }

    /// Takes variables out of this process's own environment. No other thread may look at it meanwhile.
    package static func forget(_ names: [String]) {
        for name in names { unsetenv(name) }
    }

    /// The user's home folder.
    package static var home: BytePath? {
        value("HOME").flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The running executable's own file.
    package static func executable() throws(SystemError) -> BytePath {
        try BytePath("/proc/self/exe").linkTarget()
    }

    /// `PATH` without what is relative, which is taken from wherever a process happens to be; nil where all of it is
    /// absolute.
    package static var absolutePath: BytePath? {
        guard let path = value("PATH")?.bytes else { return nil }
        let entries = path.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        let absolute = entries.filter { $0.first == UInt8(ascii: "/") }
        guard absolute.count < entries.count else { return nil }
        return BytePath(bytes: absolute.joined(separator: [UInt8(ascii: ":")]))
    }

    /// Finds a program on `PATH`, in absolute folders only, and never inside `excluded`, by whatever
    /// links the way there goes: a worktree may hold a file of any name.
    package static func findProgram(_ name: String, outside excluded: BytePath? = nil) -> BytePath? {
        let excludedFolders = excluded.map { [$0, (try? $0.resolved()) ?? $0] } ?? []
        let path = value("PATH")?.bytes ?? Array("/usr/local/bin:/usr/bin:/bin".utf8)
        for entry in path.split(separator: UInt8(ascii: ":")) {
            let folder = BytePath(bytes: entry)
            guard folder.isAbsolute else { continue }
            let candidate = folder / name
            guard candidate.isExecutableFile else { continue }
            let ways = [folder, try? folder.resolved(), try? candidate.resolved()].compactMap { $0 }
            let isExcluded = ways.contains { way in excludedFolders.contains { way.isInside($0) } }
            if !isExcluded { return candidate }
        }
        return nil
    }

    /// The process's arguments as they were given, without the program's own name.
    package static var arguments: [BytePath] {
        (1..<Int(max(1, CommandLine.argc))).compactMap { position in
            CommandLine.unsafeArgv[position].map { argument in
                BytePath(
                    bytes: UnsafeBufferPointer(start: argument, count: strlen(argument)).map { UInt8(bitPattern: $0) })
            }
        }
    }

    /// The name the process was started by.
    package static var programName: BytePath {
        guard CommandLine.argc > 0, let name = CommandLine.unsafeArgv[0] else { return BytePath("git-data") }
        return BytePath(bytes: UnsafeBufferPointer(start: name, count: strlen(name)).map { UInt8(bitPattern: $0) })
            .lastComponent
    }

    package static func isTerminal(_ descriptor: Int32) -> Bool {
        isatty(descriptor) == 1
    }

    /// The width of the terminal behind a descriptor, 80 where there is none.
    package static func terminalColumns(_ descriptor: Int32) -> Int {
        Int(platform_columns(descriptor))
    }
}

/// The running system.
package enum System {
    static let runIDByteCount = 8

    /// Tells this run of the system, from its start to its end, from every other; nil where the kernel does not say.
    /// Source: random(4), `/proc/sys/kernel/random/boot_id`.
    package static let runID: [UInt8]? = {
        guard let line = try? BytePath("/proc/sys/kernel/random/boot_id").contents(limit: 64) else { return nil }
        // The first digits of a random number in hexadecimal, two to a byte.
        let digits = String(decoding: line.filter { $0 != UInt8(ascii: "-") }.prefix(2 * runIDByteCount), as: UTF8.self)
        guard digits.utf8.count == 2 * runIDByteCount, let number = UInt64(digits, radix: 16) else { return nil }
        return withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }()
}

/// The running process.
package enum Process {
    /// Makes large memory go back to the system whenever it is freed, from here on. glibc would keep what was large
    /// once: each portion of a long walk would then take new memory besides what the former ones left. Not for who
    /// needs large buffers again and again, as the calls to the system cost time.
    package static func returnLargeMemory() {
        platform_return_large_memory(128 * 1024)
    }

    /// Ends it with a status.
    package static func exit(_ status: Int32) -> Never {
        Glibc.exit(status)
    }
}
