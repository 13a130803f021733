import Platform

/// The entries of an index file, portion by portion: memory for one of them, however many there are. The sides of a
/// conflict are in one portion.
package final class IndexPortions {
    /// So many entries at once are few questions to Git, and little memory.
    package static let entryCount = 16_384

    private let written: FileStatus.Time
    /// nil where there is no index.
    private var pieces: IndexPieces?

    /// Looks through the index once, so that what only Git can read shows before anything is handed out.
    /// - Returns: nil where only Git can read it; no entries where there is none.
    package init?(file path: BytePath) {
        do throws(SystemError) {
            guard try path.status(followingLinks: true) != nil else {
                written = FileStatus.Time(seconds: 0, nanoseconds: 0)
                return
            }
            let file = try Descriptor.open(path, [.read, .nonBlocking])
            written = try file.status().modified
            let source = try IndexSource(file)
            guard let nameByteCount = Self.nameByteCount(in: source),
                let pieces = try? IndexPieces(source, nameByteCount: nameByteCount)
            else { return nil }
            self.pieces = pieces
        } catch {
            return nil
        }
    }

    /// - Returns: nil where only Git can read the file.
    private static func nameByteCount(in source: IndexSource) -> Int? {
        [20, 32].first { (try? IndexPieces.check(source, nameByteCount: $0)) != nil }
    }

    /// - Parameter count: so many entries, besides the other sides of a conflict.
    /// - Returns: nil behind the last entry.
    package func next(_ count: Int = IndexPortions.entryCount) throws(GitError) -> IndexContents? {
        guard pieces != nil else { return nil }
        do throws(IndexFormatError) {
            let portion = try IndexContents(from: &pieces, limit: count, written: written)
            return portion.items.isEmpty ? nil : portion
        } catch {
            throw .unexpected(command: "git ls-files", answer: "an index that cannot be read any more")
        }
    }
}
