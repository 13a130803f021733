import Platform

/// A folder for one job, removed with all that is in it when the job lets it go, or when a signal ends the process.
final class TemporaryFolder {
    let path: BytePath

    /// - Parameter parent: where it is made; where the system has such folders if nil.
    init(in parent: BytePath? = nil) throws(SystemError) {
        let base = parent ?? Environment.value("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        path = try base.resolved() / ("git-data-" + String(UInt64.random(in: .min ... .max), radix: 36))
        try path.makeFolder(0o700)
        Interrupts.onEnd { [path] in Self.removeTree(path) }
    }

    deinit {
        Self.removeTree(path)
    }

    /// Removes a file, a link, or a folder with all that is in it.
    static func removeTree(_ path: BytePath) {
        guard let status = try? path.status() else { return }
        guard status.kind == .folder else {
            try? path.removeFile()
            return
        }
        try? path.forEachEntry { removeTree(path / $0) }
        path.removeEmptyFolder()
    }
}
