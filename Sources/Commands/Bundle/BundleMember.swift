import Digest

/// A member of a bundle of ours. A bundle has them in this order, each once, the blobs by rising oid, and nothing else:
///
/// ```
/// README.txt           what this is, and how to get everything back
/// files.txt            the data files of each ref: oid, size and path
/// SHA256SUMS           of the other members, as sha256sum(1) checks them where they are unpacked
/// repository.bundle    as git-bundle(1) makes it
/// objects/ab/cd/<oid>  a blob; so that what is unpacked is a data remote
/// ```
enum BundleMember: Hashable {
    case readme, files, sums, repository
    case blob(ObjectID)

    private static let objects = "objects/"

    /// - Parameter name: exactly as a bundle has it.
    init?(name: [UInt8]) {
        for member in [BundleMember.readme, .files, .sums, .repository] where name == Array(member.name.utf8) {
            self = member
            return
        }
        guard let oid = ObjectID(hex: name.suffix(ObjectID.digitCount)), name == Array(BundleMember.blob(oid).name.utf8) else {
            return nil
        }
        self = .blob(oid)
    }

    var name: String {
        switch self {
        case .readme: "README.txt"
        case .files: "files.txt"
        case .sums: "SHA256SUMS"
        case .repository: "repository.bundle"
        case .blob(let oid): Self.objects + oid.shardedPath
        }
    }

    /// Blobs never change, wherever they are.
    var permissions: Int64 {
        if case .blob = self { 0o444 } else { 0o644 }
    }

    /// Whether this may stand directly behind `other`, which is nil for the first member.
    func follows(_ other: BundleMember?) -> Bool {
        switch (other, self) {
        case (nil, .readme), (.readme?, .files), (.files?, .sums), (.sums?, .repository), (.repository?, .blob): true
        case (.blob(let one)?, .blob(let next)): one < next
        default: false
        }
    }

    /// How the first member begins, of the one version that there is.
    static let signature = Array("git data bundle 1\n".utf8)
    /// How it begins in every version.
    static let anySignature = Array("git data bundle ".utf8)
}

/// Why a file is no bundle of ours, or not a whole one.
enum BundleFormatError: Error, Equatable {
    /// It does not begin as one.
    case foreign
    /// A bundle of Git's alone.
    case gitBundle
    case version
    case truncated
    /// What is wrong, for a person.
    case damaged(String)

    /// For a person, of a file whose name stands before it.
    var words: String {
        switch self {
        case .foreign: "is no bundle of git data"
        case .gitBundle: "is a bundle of Git, without data"
        case .version: "is a bundle of a later git data, which this one cannot read"
        case .truncated: "ends early"
        case .damaged(let what): "is damaged: \(what)"
        }
    }
}
