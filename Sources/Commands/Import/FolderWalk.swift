import Platform

/// Goes through a folder, file by file in the order of their paths, and into no repository within it.
struct FolderWalk {
    let top: BytePath
    /// Told of what is neither a file nor a folder.
    var strange: (_ path: BytePath, _ kind: FileStatus.Kind) -> Void = { _, _ in }

    private static let slash = UInt8(ascii: "/")

    /// Calls `body` for each of the files.
    /// - Parameter folder: from the top, as the paths that `body` gets.
    func forEachFile(below folder: BytePath = "", _ body: (BytePath, FileStatus) throws -> Void) throws {
        // A folder's name has its slash, behind which the paths of its files stand among the others.
        var names: [BytePath] = []
        try place(folder).forEachEntry { name throws(SystemError) in
            let path = folder.appending(name)
            switch try place(path).status()?.kind {
            case .regular: names.append(name)
            case .folder: if name != ".git" { names.append(BytePath(bytes: name.bytes + [Self.slash])) }
            case .some(let kind): strange(path, kind)
            case nil: break
            }
        }
        names.sort()
        for name in names {
            if name.bytes.last == Self.slash {
                try forEachFile(below: folder.appending(BytePath(bytes: name.bytes.dropLast())), body)
            } else {
                let path = folder.appending(name)
                if let status = try place(path).status(), status.kind == .regular { try body(path, status) }
            }
        }
    }

    private func place(_ path: BytePath) -> BytePath { path.isEmpty ? top : top / path }
}
