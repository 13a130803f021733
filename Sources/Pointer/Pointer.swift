// Pointer: the small text that Git stores in place of a blob, in our own form and in that of Git
// LFS. Pure: bytes in, values out. It reads no files and does not know whether a blob is there.

package import Digest

/// What stands in Git in place of one blob: which bytes, how many, and in whose words.
package struct Pointer: Equatable, Sendable {
    /// In which words a pointer is written.
    package enum Form: Equatable, Sendable {
        /// `git data pointer 1`, ours.
        case gitData
        /// Specification v1 of Git LFS.
        /// - Parameter extensions: the programs that changed the content before it became the blob,
        ///   by rising priority; nearly always none. See `Pointer.isExtended`.
        case lfs(extensions: [Extension])
    }

    /// A program that Git LFS ran over the content on its way in (an `ext-` line).
    package struct Extension: Equatable, Sendable {
        /// 0 to 9; the program with the lowest ran first.
        package let priority: Int
        /// Bytes, as Git LFS asks only that the first be a letter, a digit or `_`; neither space nor
        /// newline is among them.
        package let name: [UInt8]
        /// Names the content that the program was given.
        package let oid: ObjectID
    }

    package let oid: ObjectID
    /// The blob's length; never negative. 0 only where Git LFS wrote so: the content is then empty,
    /// whatever `oid` says.
    package let byteCount: Int64
    package var form: Form

    /// - Parameter byteCount: not negative.
    package init(oid: ObjectID, byteCount: Int64, form: Form = .gitData) {
        precondition(byteCount >= 0, "a blob has no negative length")
        self.oid = oid
        self.byteCount = byteCount
        self.form = form
    }

    /// Texts of this length and longer are never pointers.
    package static let maximumTextByteCount = 1024

    /// Whether the blob is not the file's content, but what programs of somebody's Git LFS settings
    /// made of it. Nothing here can undo that: such a pointer stays in the worktree as it is.
    package var isExtended: Bool {
        switch form {
        case .gitData: false
        case .lfs(let extensions): !extensions.isEmpty
        }
    }

    /// The one text of this pointer in its form. Empty for a blob of no bytes: an empty file is its
    /// own pointer, in our form as in that of Git LFS.
    ///
    /// A Git LFS pointer that was read leniently may have had another text; what Git holds must
    /// then be passed on as it is, as another text would make another Git blob.
    package var text: [UInt8] {
        guard byteCount > 0 else { return [] }
        var text: [UInt8] = []
        switch form {
        case .gitData:
            text += Words.version1
        case .lfs(let extensions):
            text += Words.lfsVersion + Words.lfsURL + [Words.newline]
            for entry in extensions {
                text += Array("ext-\(entry.priority)-".utf8) + entry.name + [Words.space]
                text += Words.sha256 + entry.oid.hexBytes + [Words.newline]
            }
        }
        text += Words.oid + Words.sha256 + oid.hexBytes + [Words.newline]
        text += Words.size + Array(String(byteCount).utf8) + [Words.newline]
        return text
    }
}

/// The fixed parts of pointer texts.
enum Words {
    static let newline = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let space = UInt8(ascii: " ")

    /// How every version of our form begins.
    static let signature = Array("git data pointer ".utf8)
    static let version1 = Array("git data pointer 1\n".utf8)
    static let oid = Array("oid ".utf8)
    static let sha256 = Array("sha256:".utf8)
    static let size = Array("size ".utf8)

    static let lfsVersion = Array("version ".utf8)
    static let lfsURL = Array("https://git-lfs.github.com/spec/v1".utf8)
    /// What earlier releases of Git LFS wrote in place of `lfsURL`.
    static let lfsFormerURLs = [
        Array("https://hawser.github.com/spec/v1".utf8), Array("http://git-media.io/v/2".utf8),
    ]
}
