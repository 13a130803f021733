import Platform

/// A folder of its own for one test, removed with all that is in it when the test lets it go.
package final class ScratchFolder {
    /// Absolute, with no link on the way.
    package let path: BytePath

    package init() throws {
        let base = try (Environment.value("TMPDIR") ?? "/tmp").resolved()
        path = base / ("git-data-test-" + String(UInt64.random(in: .min ... .max), radix: 36))
        try path.makeFolders()
    }

    deinit {
        Self.removeTree(path)
    }

    package static func / (scratch: ScratchFolder, component: BytePath) -> BytePath {
        scratch.path / component
    }

    /// Writes a file and the folders above it.
    @discardableResult
    package func write(_ content: [UInt8], to name: BytePath, permissions: UInt32 = 0o644) throws -> BytePath {
        let file = path / name
        try file.parent.makeFolders()
        try file.removeFile()
        try Descriptor.open(file, [.write, .create, .truncate], permissions: permissions).write(content)
        return file
    }

    @discardableResult
    package func write(_ text: String, to name: BytePath, permissions: UInt32 = 0o644) throws -> BytePath {
        try write(Array(text.utf8), to: name, permissions: permissions)
    }

    /// Removes a file, a link, or a folder with all that is in it.
    package static func removeTree(_ path: BytePath) {
        guard let status = try? path.status() else { return }
        guard status.kind == .folder else {
            try? path.removeFile()
            return
        }
        for name in (try? path.entries()) ?? [] { removeTree(path / name) }
        path.removeEmptyFolder()
    }

    /// The paths of all files and links below, relative and sorted.
    package func files(below folder: BytePath = "") throws -> [BytePath] {
        var found: [BytePath] = []
        let top = folder.isEmpty ? path : path / folder
        guard top.exists else { return [] }
        for name in try top.entries() {
            let relative = folder.appending(name)
            if try (path / relative).status()?.kind == .folder {
                found += try files(below: relative)
            } else {
                found.append(relative)
            }
        }
        return found.sorted()
    }
}
