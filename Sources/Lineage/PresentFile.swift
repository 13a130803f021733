import Platform
import Repository

/// What a file or folder that a stage names is.
package struct PresentFile: Equatable, Sendable {
    package let id: ContentID
    /// Whether the index has just this, so that it would be in the next commit.
    package let isStaged: Bool
    package let isFolder: Bool
    /// The pointer in the index for this file, wherever its content is.
    package let pointer: PointerFile?
    /// How many pointers there are in the index for this file, or for what is in this folder.
    package let pointerCount: Int
}

/// What is found of a file.
struct FoundFile {
    let id: ContentID
    let isStaged: Bool
    let pointer: PointerFile?
}

/// Gathers what stands at a path that a stage names, file after file in the order of their paths: of a folder's files only
/// a digest is held.
final class PresentFileGathering {
    private let path: BytePath
    private var file: PresentFile?
    /// Whether the path is a file's, so that nothing can be in it.
    private(set) var isFile = false
    private var digest: FolderDigest? = FolderDigest()
    private var counts = (files: 0, found: 0, staged: 0, pointers: 0)

    init(_ path: BytePath) {
        self.path = path
    }

    /// Takes what stands at the path itself.
    /// - Parameter found: nil where it is known of, and is no file now.
    func take(_ found: FoundFile?) {
        isFile = true
        guard file == nil, let found else { return }
        file = PresentFile(
            id: found.id, isStaged: found.isStaged, isFolder: false, pointer: found.pointer,
            pointerCount: found.pointer == nil ? 0 : 1)
    }

    /// Takes the next file in the folder.
    /// - Parameter found: nil where it is known of, and is no file now.
    func take(_ found: FoundFile?, inside file: BytePath) {
        counts.files += 1
        guard let found else { return }
        digest?.add(path.isEmpty ? file.bytes[...] : file.bytes.dropFirst(path.bytes.count + 1), found.id)
        counts.found += 1
        if found.isStaged { counts.staged += 1 }
        if found.pointer != nil { counts.pointers += 1 }
    }

    /// - Returns: nil where nothing is.
    func finish() -> PresentFile? {
        guard !isFile, counts.found > 0, let digest = digest.take() else { return file }
        return PresentFile(
            id: digest.finish(), isStaged: counts.staged == counts.files, isFolder: true, pointer: nil,
            pointerCount: counts.pointers)
    }
}

extension [BytePath] {
    /// Where those that are in a folder stand, in a list in the order of the bytes.
    func positions(inside folder: BytePath) -> Range<Int> {
        guard !folder.isEmpty else { return indices }
        let prefix = folder.bytes + [UInt8(ascii: "/")]
        let start = firstPosition(notBefore: prefix)
        var end = start
        while end < endIndex, self[end].bytes.starts(with: prefix) { end += 1 }
        return start..<end
    }

    /// Where a path stands, in such a list.
    func position(of path: BytePath) -> Int? {
        let position = firstPosition(notBefore: path.bytes)
        return position < endIndex && self[position] == path ? position : nil
    }

    private func firstPosition(notBefore bytes: [UInt8]) -> Int {
        var range = startIndex..<endIndex
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            let isBefore = self[middle].bytes.lexicographicallyPrecedes(bytes)
            range = isBefore ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return range.lowerBound
    }
}
