import Digest
import Platform

extension ObjectStore {
    /// Whether a file, read to its end, is the blob.
    package func hasContent(_ oid: ObjectID, at path: BytePath) -> Bool {
        guard let file = try? Descriptor.open(path, .read) else { return false }
        return (try? hashContent(of: file)) == oid
    }

    /// Where one of the alternates has the blob, unless that copy was found damaged.
    func alternateLocation(of oid: ObjectID) -> BytePath? {
        for alternate in alternates {
            let other = alternate / oid.shardedPath
            if other.exists { return distrustMark(of: oid).exists ? nil : other }
        }
        return nil
    }

    /// A file here says that the copy of an alternate is damaged, as that is not ours to move.
    private func distrustMark(of oid: ObjectID) -> BytePath {
        damaged / "\(oid.hex)-in-alternate"
    }

    /// Sees to it that a damaged copy in an alternate is not used any more.
    /// - Returns: where it is; nil where there is none that is damaged.
    func distrustAlternate(_ oid: ObjectID) throws(SystemError) -> BytePath? {
        guard let alternate = alternateLocation(of: oid), !hasContent(oid, at: alternate) else { return nil }
        try damaged.makeFolders()
        try distrustMark(of: oid).replaceContents(with: alternate.bytes)
        return alternate
    }
}
