import Git
import Platform
import Pointer

/// The pointers that the index has for single paths, for who is about to store their content anew, and looks there
/// first. The index is read at the first question, and once.
package final class IndexedPointers {
    private let repository: Repository
    private var names: Names?
    private var reader: ObjectReader?

    /// The objects of the index's files: of a hundred thousand paths the text would be most of the memory.
    private enum Names {
        /// By the hashes of the paths, which are the order. Where two paths have one hash, either object may be found, and
        /// is the wrong place to look.
        case hashed([(path: Int, name: GitObjectName)])
        /// Git is asked for each, as only it can read the index.
        case known(by: Git)
    }

    package init(_ repository: Repository) {
        self.repository = repository
    }

    /// - Parameter path: from the top of the worktree.
    /// - Returns: nil where the index has no pointer there.
    package func pointer(at path: BytePath) -> Pointer? {
        (try? name(at: path)).flatMap { pointer(named: $0) }
    }

    /// - Returns: nil where Git's object is no pointer.
    package func pointer(named name: GitObjectName) -> Pointer? {
        guard let content = try? content(of: name), case .pointer(let pointer) = Pointer.recognize(content) else { return nil }
        return pointer
    }

    private func name(at path: BytePath) throws -> GitObjectName? {
        let names = try self.names ?? readIndex()
        self.names = names
        switch names {
        case .known(let git):
            return try git.indexEntries([path]).first { $0.stage == 0 && $0.path == path }?.name
        case .hashed(let entries):
            return Self.find(path.hashValue, in: entries)
        }
    }

    private static func find(_ hash: Int, in entries: [(path: Int, name: GitObjectName)]) -> GitObjectName? {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].path < hash { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].path == hash ? entries[low].name : nil
    }

    private func readIndex() throws -> Names {
        guard let portions = IndexPortions(file: repository.location.index) else { return .known(by: try repository.git()) }
        var entries: [(path: Int, name: GitObjectName)] = []
        while let portion = try portions.next() {
            for item in portion.items where item.stage == 0 && item.isRegularFile {
                entries.append((portion.path(of: item).hashValue, item.name))
            }
        }
        entries.sort { $0.path < $1.path }
        return .hashed(entries)
    }

    /// - Returns: nil where the object is longer than any pointer.
    private func content(of name: GitObjectName) throws(GitError) -> [UInt8]? {
        let reader = try openReader()
        guard try reader.begin(name, .blob) < Pointer.maximumTextByteCount else {
            // Letting it go is cheaper than reading what it has begun to give.
            self.reader = nil
            return nil
        }
        var content: [UInt8] = []
        while true {
            let piece = try reader.next()
            if piece.isEmpty { return content }
            content += piece
        }
    }

    private func openReader() throws(GitError) -> ObjectReader {
        if let reader { return reader }
        let opened = try ObjectReader(try repository.git())
        reader = opened
        return opened
    }
}
