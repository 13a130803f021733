import Platform

/// Why nothing is written at a path of the worktree.
package enum WorktreePathError: Error, Equatable, Sendable {
    /// Git checks out no such path: it is absolute or empty, or has a component such as `..` or `.git`.
    case forbidden(BytePath)
    /// A symbolic link stands where the path has a folder.
    case link(BytePath)
    /// Something else that is no folder stands where the path has one.
    case notFolder(BytePath)
    /// What has the name is neither a regular file nor a symbolic link.
    case notFile(BytePath)
    case system(SystemError)
}

/// A place in the worktree for one file: the folder, held open, and the file's name in it. No symbolic
/// link was followed on the way from the top, and none can be slipped in afterwards.
package struct WorktreeEntry: ~Copyable {
    package let folder: Descriptor
    package private(set) var name: BytePath

    /// Turns to another file of the same folder.
    package mutating func turn(to name: BytePath) throws(WorktreePathError) {
        guard Self.isAllowed(name) else { throw .forbidden(name) }
        self.name = name
    }

    /// Walks from the top of the worktree to the folder of `path`.
    /// - Parameters:
    ///   - path: as the index has it.
    ///   - top: absolute; links on the way to the top are the user's own and are followed.
    ///   - makingFolders: whether folders that are missing are made.
    /// - Returns: nil where a folder is missing and is not to be made.
    package static func find(
        _ path: BytePath, under top: BytePath, makingFolders: Bool
    ) throws(WorktreePathError) -> WorktreeEntry? {
        let components = path.bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { BytePath(bytes: $0) }
        guard let name = components.last, components.allSatisfy(isAllowed) else { throw .forbidden(path) }
        var folder: Descriptor
        do throws(SystemError) { folder = try Descriptor.open(top, [.read, .folder]) } catch { throw .system(error) }
        for component in components.dropLast() {
            guard let next = try step(component, from: folder, makingFolder: makingFolders) else { return nil }
            folder = next
        }
        return WorktreeEntry(folder: folder, name: name)
    }

    /// Reads a file that a recipe or record of the project names. A link could lead to what is nobody's business.
    /// - Parameter limit: bytes at most.
    /// - Returns: nil where nothing is.
    package static func contents(
        _ path: BytePath, under top: BytePath, limit: Int
    ) throws(WorktreePathError) -> [UInt8]? {
        guard let place = try find(path, under: top, makingFolders: false) else { return nil }
        switch try kind(of: place.name, in: place.folder) {
        case nil: return nil
        case .link?: throw .link(path)
        case .folder?, .other?: throw .notFile(path)
        case .regular?: break
        }
        do throws(SystemError) {
            let file = try place.folder.open(entry: place.name, [.read, .noFollow, .nonBlocking])
            // Something else may have come in its place.
            guard try file.status().kind == .regular else { return nil }
            return try ByteReader(file).readToEnd(limit: limit)
        } catch {
            throw .system(error)
        }
    }

    /// Writes a file that readers see whole or not at all, in place of whatever has its name, be it a link.
    package func replaceContents(with bytes: [UInt8]) throws(SystemError) {
        TemporaryEntry.sweep(folder, prefix: TemporaryFile.visiblePrefix)
        var file = try TemporaryEntry(in: folder, prefix: TemporaryFile.visiblePrefix, permissions: 0o666)
        try file.descriptor.write(bytes)
        try file.descriptor.synchronize()
        try file.commit(replacing: name, in: folder)
        try folder.synchronize()
    }

    private static func step(
        _ name: BytePath, from folder: borrowing Descriptor, makingFolder: Bool
    ) throws(WorktreePathError) -> Descriptor? {
        do throws(SystemError) {
            return try folder.open(entry: name, [.read, .folder, .noFollow])
        } catch {
            // What stands there tells more than the error, which differs between systems.
            switch try kind(of: name, in: folder) {
            case .link?: throw .link(folder.path?.appending(name) ?? name)
            case .regular?, .other?: throw .notFolder(folder.path?.appending(name) ?? name)
            case .folder?: throw .system(error)
            case nil: guard makingFolder else { return nil }
            }
        }
        do throws(SystemError) {
            try folder.makeFolder(entry: name)
            return try folder.open(entry: name, [.read, .folder, .noFollow])
        } catch {
            throw .system(error)
        }
    }

    private static func kind(
        of name: BytePath, in folder: borrowing Descriptor
    ) throws(WorktreePathError) -> FileStatus.Kind? {
        do throws(SystemError) { return try folder.status(ofEntry: name)?.kind } catch { throw .system(error) }
    }

    /// Whether Git checks out paths with this component, on any file system: names that HFS+ or NTFS
    /// would take for `.git` are as forbidden as `.git` itself.
    ///
    /// Source: Git, `verify_path`, `is_ntfs_dotgit`, `is_hfs_dotgit`.
    static func isAllowed(_ component: BytePath) -> Bool {
        if component.isEmpty || component == "." || component == ".." { return false }
        // NTFS drops dots and spaces at the end, and what follows a colon names a stream of the file.
        var stem = component.bytes.prefix { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "\\") }
        while stem.last == UInt8(ascii: ".") || stem.last == UInt8(ascii: " ") { stem.removeLast() }
        if isEqual(stem, ".git") || isEqual(stem, "git~1") { return false }
        return !isEqual(withoutIgnorables(component.bytes)[...], ".git")
    }

    private static func isEqual(_ bytes: ArraySlice<UInt8>, _ lowerCase: StaticString) -> Bool {
        guard bytes.count == lowerCase.utf8CodeUnitCount else { return false }
        return lowerCase.withUTF8Buffer { expected in
            zip(bytes, expected).allSatisfy { byte, letter in
                byte == letter || ((0x41...0x5a).contains(byte) && byte | 0x20 == letter)
            }
        }
    }

    /// The name as HFS+ compares it: without U+200C–200F, U+202A–202E, U+206A–206F and U+FEFF.
    private static func withoutIgnorables(_ bytes: [UInt8]) -> [UInt8] {
        if bytes.allSatisfy({ $0 < 0x80 }) { return bytes }
        var kept: [UInt8] = []
        var rest = bytes[...]
        while let first = rest.first {
            switch Array(rest.prefix(3)) {
            case let three where three.starts(with: [0xe2, 0x80]) && three.count == 3
                && ((0x8c...0x8f).contains(three[2]) || (0xaa...0xae).contains(three[2])),
                let three where three.starts(with: [0xe2, 0x81]) && three.count == 3
                && (0xaa...0xaf).contains(three[2]),
                let three where three == [0xef, 0xbb, 0xbf]:
                rest = rest.dropFirst(3)
            default:
                kept.append(first)
                rest = rest.dropFirst()
            }
        }
        return kept
    }
}
