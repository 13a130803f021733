import Platform

/// A pattern as a person types it, made one that does in `.gitattributes` what the person means.
enum TypedPattern {
    /// - Throws: `CommandFailure` for what Git would pass over, or what must not be a data file.
    static func pattern(_ typed: BytePath, in attributes: FolderAttributes, _ output: Output) throws -> AttributePattern {
        var bytes = typed.bytes[...]
        while bytes.starts(with: Array("./".utf8)) { bytes = bytes.dropFirst(2) }
        guard bytes.first != UInt8(ascii: "!") else {
            throw CommandFailure(
                "'\(typed)' begins with '!', and .gitattributes knows no negative patterns",
                hints: ["for files whose name begins so: git data track '\\\(typed)'"])
        }
        let pattern = AttributePattern(bytes: expanded(bytes, in: attributes, output))
        guard !pattern.isMacro else { throw CommandFailure("'\(typed)' would define a macro, as it begins with '[attr]'") }
        guard !pattern.bytes.isEmpty, !pattern.path.components.isEmpty else { throw CommandFailure("'\(typed)' matches no file") }
        guard !pattern.path.components.contains("..") else {
            throw CommandFailure("'\(typed)' leads out of the current folder", hints: ["go there and track it there"])
        }
        if !pattern.hasWildcards { try checkName(pattern.path) }
        return pattern
    }

    /// A folder stands for all that is in it: Git gives attributes to files alone.
    private static func expanded(
        _ bytes: ArraySlice<UInt8>, in attributes: FolderAttributes, _ output: Output
    ) -> [UInt8] {
        var name = bytes
        while name.last == UInt8(ascii: "/") { name.removeLast() }
        let pattern = AttributePattern(bytes: name)
        let isFolder = !pattern.hasWildcards && !name.isEmpty && isFolder(pattern.path, in: attributes)
        guard name.count < bytes.count || isFolder else { return Array(bytes) }
        let all = Array(name) + Array("/**".utf8)
        output.message("'\(BytePath(bytes: bytes))' is a folder; what is in it is '\(BytePath(bytes: all))'.")
        return all
    }

    private static func isFolder(_ name: BytePath, in attributes: FolderAttributes) -> Bool {
        guard let top = attributes.repository.location.worktree else { return false }
        let relative = BytePath(bytes: name.bytes.drop { $0 == UInt8(ascii: "/") })
        guard !relative.isEmpty else { return false }
        return (try? (top / attributes.folder / relative).status())?.kind == .folder
    }

    /// The pattern for one file.
    /// - Parameter name: its path from here, or from the root of the file system.
    static func exact(_ name: BytePath, in attributes: FolderAttributes) throws -> AttributePattern {
        let here = try BytePath.currentFolder()
        guard let path = name.absolute(from: here).normalized.relative(to: here), !path.isEmpty else {
            throw CommandFailure("'\(name)' is not below the current folder", hints: ["go to its folder and track it there"])
        }
        try checkName(path)
        return AttributePattern(exactly: path)
    }

    private static func checkName(_ path: BytePath) throws {
        if FolderAttributes.plainNames.contains(where: { path.lastComponent == BytePath($0) }) {
            throw CommandFailure("'\(path)' cannot be a data file, as Git must be able to read it")
        }
    }
}
