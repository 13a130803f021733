import Git
import Platform
import Pointer

/// The pointers that the index has for single paths, for who is about to store their content anew. The index is
/// read at the first question, and once.
package final class IndexedPointers {
    private let repository: Repository
    private var names: [BytePath: GitObjectName]?
    private var reader: ObjectReader?

    package init(_ repository: Repository) {
        self.repository = repository
    }

    /// - Returns: nil where the index has no pointer there, or a form that is not known here.
    package func pointer(at path: BytePath) -> Pointer? {
        let names = self.names ?? readIndex()
        self.names = names
        guard let name = names[path], let content = try? content(of: name),
            case .pointer(let pointer) = Pointer.recognize(content)
        else { return nil }
        return pointer
    }

    private func readIndex() -> [BytePath: GitObjectName] {
        guard let content = try? repository.location.index.contents() else { return [:] }
        return (try? IndexFile.names(in: content)) ?? [:]
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
