/// One entry of a tree, by where it stands in the tree's bytes.
package struct TreeEntry: Equatable, Sendable {
    package let mode: UInt32
    /// The name, without slashes.
    package let name: Range<Int>
    /// The digest; the entry ends with it.
    package let digest: Range<Int>
    let start: Int

    package var isTree: Bool { mode & 0o170000 == 0o040000 }
    package var isRegularFile: Bool { mode & 0o170000 == 0o100000 }
}

/// Reads the entries of a tree one after the other: mode in octal digits, a blank, the name, a NUL, the digest. Pure.
///
/// Source: Git, `decode_tree_entry` in tree-walk.c.
package struct TreeCursor {
    package let bytes: [UInt8]
    private let digestByteCount: Int
    private var offset = 0

    /// - Parameter digestByteCount: 20 or 32.
    package init(_ bytes: [UInt8], digestByteCount: Int) {
        self.bytes = bytes
        self.digestByteCount = digestByteCount
    }

    /// - Returns: nil behind the last entry.
    package mutating func next() throws(GitError) -> TreeEntry? {
        guard offset < bytes.count else { return nil }
        let start = offset
        var mode: UInt32 = 0
        var position = start
        while position < bytes.count, bytes[position] != UInt8(ascii: " ") {
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(bytes[position]), position - start < 7 else { throw Self.damaged }
            mode = mode << 3 | UInt32(bytes[position] - UInt8(ascii: "0"))
            position += 1
        }
        let nameStart = position + 1
        position = nameStart
        while position < bytes.count, bytes[position] != 0 { position += 1 }
        let end = position + 1 + digestByteCount
        guard nameStart > start + 1, position > nameStart, end <= bytes.count else { throw Self.damaged }
        offset = end
        return TreeEntry(mode: mode, name: nameStart..<position, digest: position + 1..<end, start: start)
    }

    private static var damaged: GitError { .unexpected(command: "git cat-file", answer: "a damaged tree") }
}

/// Walks a tree beside another one, mostly an older version of the same folder, and tells which of its entries
/// stand there as well, byte for byte.
struct TreePairing {
    private(set) var current: TreeCursor
    private var former: TreeCursor
    private var candidate: TreeEntry?

    init(_ current: [UInt8], beside former: [UInt8], digestByteCount: Int) throws(GitError) {
        self.current = TreeCursor(current, digestByteCount: digestByteCount)
        self.former = TreeCursor(former, digestByteCount: digestByteCount)
        candidate = try self.former.next()
    }

    /// The next entry, and its twin in the other tree.
    mutating func next() throws(GitError) -> (entry: TreeEntry, twin: TreeEntry?)? {
        guard let entry = try current.next() else { return nil }
        while let other = candidate {
            if isSame(entry, other) {
                candidate = try former.next()
                return (entry, other)
            }
            guard Self.precedes(other, former.bytes, entry, current.bytes) else { break }
            candidate = try former.next()
        }
        return (entry, nil)
    }

    private func isSame(_ entry: TreeEntry, _ other: TreeEntry) -> Bool {
        let count = entry.digest.upperBound - entry.start
        guard other.digest.upperBound - other.start == count else { return false }
        for position in 0..<count where current.bytes[entry.start + position] != former.bytes[other.start + position] {
            return false
        }
        return true
    }

    /// Git's order of entries: by their bytes, a folder's name as if it ended with a slash.
    /// Source: Git, `base_name_compare`.
    static func precedes(_ one: TreeEntry, _ oneBytes: [UInt8], _ other: TreeEntry, _ otherBytes: [UInt8]) -> Bool {
        var left = one.name.lowerBound
        var right = other.name.lowerBound
        while left < one.name.upperBound, right < other.name.upperBound {
            if oneBytes[left] != otherBytes[right] { return oneBytes[left] < otherBytes[right] }
            left += 1
            right += 1
        }
        let leftNext: UInt8 = left < one.name.upperBound ? oneBytes[left] : one.isTree ? UInt8(ascii: "/") : 0
        let rightNext: UInt8 = right < other.name.upperBound ? otherBytes[right] : other.isTree ? UInt8(ascii: "/") : 0
        return leftNext < rightNext
    }
}

/// The bytes of a tree with one entry of a file changed.
package enum TreeEditing {
    /// Finds an entry by its name.
    package static func entry(named name: [UInt8], in tree: [UInt8], digestByteCount: Int) throws(GitError) -> TreeEntry? {
        var cursor = TreeCursor(tree, digestByteCount: digestByteCount)
        while let entry = try cursor.next() {
            if tree[entry.name].elementsEqual(name) { return entry }
        }
        return nil
    }

    /// Puts a regular file into the tree, in the place of an entry of that name, whose mode it keeps, or where
    /// Git's order wants it; or takes it out.
    /// - Parameter blob: nil to take it out.
    package static func setting(
        _ name: [UInt8], to blob: GitObjectName?, in tree: [UInt8], digestByteCount: Int
    ) throws(GitError) -> [UInt8] {
        var cursor = TreeCursor(tree, digestByteCount: digestByteCount)
        var place = tree.count
        let file = TreeEntry(mode: 0o100644, name: 0..<name.count, digest: 0..<0, start: 0)
        while let entry = try cursor.next() {
            if tree[entry.name].elementsEqual(name) {
                var changed = tree
                if let blob { changed.replaceSubrange(entry.digest, with: blob.bytes) }
                else { changed.removeSubrange(entry.start..<entry.digest.upperBound) }
                return changed
            }
            if place == tree.count, TreePairing.precedes(file, name, entry, tree) { place = entry.start }
        }
        guard let blob else { return tree }
        var changed = tree
        changed.insert(contentsOf: Array("100644 ".utf8) + name + [0] + blob.bytes, at: place)
        return changed
    }
}
