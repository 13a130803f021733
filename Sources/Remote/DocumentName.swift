/// The name of a document: something that a remote holds beside its blobs, such as the mark of a
/// collection. `gc/mark` is the object `<prefix>/gc/mark` of a bucket, and that file of a folder.
package struct DocumentName: Hashable, Sendable {
    package let text: String

    /// - Returns: nil for what is no name: words of letters, digits, `-` and `.`, with slashes between them,
    ///   which begin with a letter or a digit, and none of what blobs are under.
    package init?(_ text: String) {
        let words = text.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = words.allSatisfy { word in
            guard let first = word.utf8.first, first != UInt8(ascii: "."), first != UInt8(ascii: "-") else { return false }
            return word.utf8.allSatisfy { byte in
                (0x61...0x7a).contains(byte) || (0x41...0x5a).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-")
                    || byte == UInt8(ascii: ".")
            }
        }
        guard isPlain, words.first != "objects", words.first != "incoming", text.utf8.count < 200 else { return nil }
        self.text = text
    }

    /// A name that stands in the source, and needs no look at it.
    package init(known text: String) {
        assert(DocumentName(text) != nil)
        self.text = text
    }

    /// The document or folder of that name in this one.
    package func appending(_ name: String) -> DocumentName? { DocumentName("\(text)/\(name)") }
}
