// TestSupport: what the tests of several rooms share: scratch folders, data that is the same in each run,
// and laboratories, in which the built executables work with real Git and nothing of the user's own.
// It knows no test framework; what fails is thrown, with everything a reader of the log needs.

import Platform
private import Synchronization

/// The built executables, laid out as `install.sh` lays them out: `bin`, and the hook scripts beside it.
package struct Installation: Sendable {
    /// `bin` and `share` are in here.
    package let prefix: BytePath
    /// The top of the sources.
    package let sources: BytePath

    package var programs: BytePath { prefix / "bin" }
    package var gitData: BytePath { programs / "git-data" }
    package var agent: BytePath { programs / "git-data-transfer" }

    private static let made = Mutex<Installation?>(nil)

    /// The executables that were built with the tests, or those in the folder that `GIT_DATA_BIN` names.
    package static func shared() throws -> Installation {
        try made.withLock { made in
            if let made { return made }
            let installation = try Installation()
            made = installation
            return installation
        }
    }

    private init() throws {
        let built = try builtPrograms().resolved()
        // In the build folder, so that a hard link will do; several test processes may make it at once.
        prefix = built / "test-installation"
        sources = BytePath(#filePath).parent.parent.parent
        for (name, source) in [
            ("git-data", "git-data"), ("git-data-transfer", "git-data-transfer"), ("git-remote-data", "git-data-transfer"),
        ] {
            let program = built / BytePath(source)
            guard program.isExecutableFile else { throw Unexpected("'\(program)' is not built") }
            try place(at: programs / BytePath(name)) { temporary in try program.link(to: temporary) }
        }
        let hooks = sources / "Hooks"
        for name in try hooks.entries() {
            guard let script = try (hooks / name).contents() else { continue }
            try place(at: prefix / "share/git-data/hooks" / name) { temporary in
                try Descriptor.open(temporary, [.write, .create, .exclusive], permissions: 0o755).write(script)
            }
        }
    }
}

private func builtPrograms() throws -> BytePath {
    try Environment.value("GIT_DATA_BIN") ?? Environment.executable().parent
}

private func place(at path: BytePath, _ make: (BytePath) throws -> Void) throws {
    try path.parent.makeFolders()
    let temporary = path.adding(suffix: ".\(UInt32.random(in: .min ... .max))")
    try make(temporary)
    try temporary.rename(to: path)
    // Where both are names of one file, `rename` leaves both.
    try temporary.removeFile()
}
