import Remote

/// Where a repository's parts are at a remote.
///
/// ```
/// git/objects/pack/pack-<hash>.{pack,idx}    immutable
/// git/states/<number>.json                   each made once, never changed
/// git/latest                                 a number near that of the newest state; a hint
/// git/HEAD, git/info/refs, git/objects/info/packs    derived, for Git's HTTP without a server
/// ```
enum Layout {
    static let packs = DocumentName(known: "git/objects/pack")
    static let states = DocumentName(known: "git/states")
    static let hint = DocumentName(known: "git/latest")
    static let head = DocumentName(known: "git/HEAD")
    static let refs = DocumentName(known: "git/info/refs")
    static let packList = DocumentName(known: "git/objects/info/packs")

    private static let digitCount = 10

    /// The document of the state of that number; numbers are in the order of their names.
    static func state(_ number: Int) -> DocumentName {
        let digits = String(number)
        let padding = String(repeating: "0", count: max(0, digitCount - digits.count))
        return DocumentName(known: "git/states/\(padding)\(digits).json")
    }

    /// The number of the state in a document; nil where it is something else.
    static func number(of name: DocumentName) -> Int? {
        guard let last = name.text.split(separator: "/").last, last.hasSuffix(".json"),
            let number = Int(last.dropLast(".json".count)), number > 0, state(number) == name, last.utf8.count == digitCount + 5
        else { return nil }
        return number
    }

    /// A document for a trial.
    static func probe(_ id: String) -> DocumentName { DocumentName(known: "git/probe/" + id) }
}
