/// Why the bytes of an index are not changed in place.
package enum IndexFormatError: Error, Equatable, Sendable {
    /// The signature `DIRC` is missing.
    case notAnIndex
    /// It ends, or an entry or extension in it ends, before it should.
    case truncated(offset: Int)
    /// An entry at `offset` is none that Git writes.
    case damagedEntry(offset: Int)
    /// The trailing checksum is not that of the bytes.
    case wrongChecksum
    /// A version that this code does not read.
    case unknownVersion(UInt32)
    /// A split index: most entries are in another file, which several indexes may share.
    case split
    /// An entry with a path of tens of thousands of bytes, or a damaged one.
    case longEntry(offset: Int)
    /// An extension of this name that whoever does not know it must not pass over.
    case unknownExtension(String)

    /// Whether the index is sound as far as can be told, and Git itself may be asked to change it.
    package var isLeftToGit: Bool {
        switch self {
        case .unknownVersion, .split, .longEntry, .unknownExtension: true
        case .notAnIndex, .truncated, .damagedEntry, .wrongChecksum: false
        }
    }
}
