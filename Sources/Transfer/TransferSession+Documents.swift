import ObjectStore
import Platform

/// Documents: small things that a remote holds beside its blobs, by names such as `gc/mark`.
extension TransferSession {
    /// The content of a document; nil where there is none.
    package func document(_ name: String) throws(TransferError) -> [UInt8]? {
        try withFile { file throws(TransferError) in
            var isThere = false
            try ask("read", name: name, path: file) { reply in
                isThere = reply.isDone ?? false
                return true
            }
            guard isThere else { return nil }
            do throws(SystemError) { return try file.contents() } catch { throw .store(.system(error)) }
        }
    }

    /// Makes a document, unless there is one of that name.
    /// - Returns: whether this call made it.
    package func createDocument(_ name: String, _ content: [UInt8]) throws(TransferError) -> Bool {
        try withFile { file throws(TransferError) in
            do throws(SystemError) { try file.replaceContents(with: content, permissions: 0o600) } catch {
                throw .store(.system(error))
            }
            var isMade = false
            try ask("create", name: name, path: file) { reply in
                isMade = reply.isDone ?? false
                return true
            }
            return isMade
        }
    }

    package func removeDocument(_ name: String) throws(TransferError) {
        try ask("remove", name: name) { _ in true }
    }

    /// The names of the documents in a folder of documents.
    package func documents(in folder: String) throws(TransferError) -> [String] {
        var names: [String] = []
        try ask("documents", name: folder) { reply in
            names = reply.names ?? []
            return true
        }
        return names
    }

    /// A name in the store's `incoming/` through which a content is handed over, and which is gone afterwards.
    private func withFile<Result>(_ body: (BytePath) throws(TransferError) -> Result) throws(TransferError) -> Result {
        do throws(StoreError) { try store.prepare() } catch { throw .store(error) }
        let file = store.incoming / "document-\(UInt64.random(in: .min ... .max))"
        defer { try? file.removeFile() }
        return try body(file)
    }
}
