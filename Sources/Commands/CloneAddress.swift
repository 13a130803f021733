import Platform

/// What is to be cloned, as it was typed, and what follows from that alone. Pure.
struct CloneAddress: Equatable {
    /// What Git is given.
    let url: BytePath

    private static let helper = Array("data::".utf8)

    /// - Parameters:
    ///   - typed: a URL, a path, or either behind `data::`.
    ///   - here: the folder in which it was typed, absolute.
    init(_ typed: BytePath, from here: BytePath) {
        guard typed.bytes.starts(with: Self.helper) else {
            url = typed
            return
        }
        // The remote helper is started in folders that nobody knows beforehand, and refuses relative ones.
        let place = BytePath(bytes: typed.bytes.dropFirst(Self.helper.count))
        let isFolder = !place.isEmpty && !place.isAbsolute && !Self.hasScheme(place)
        url = isFolder ? BytePath(bytes: Self.helper + place.absolute(from: here).normalized.bytes) : typed
    }

    /// The same for the same place, from wherever it is named: paths that lead to something are made absolute.
    func identity(from here: BytePath) -> BytePath {
        guard !url.bytes.starts(with: Self.helper), !Self.hasScheme(url) else { return url }
        let path = url.absolute(from: here).normalized
        // `host:path` is a place on another machine, unless there is a folder of that name here, as Git sees it.
        return path.exists ? path : url
    }

    /// `scheme://`
    private static func hasScheme(_ url: BytePath) -> Bool {
        let scheme = url.bytes.prefix { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        return !scheme.isEmpty && url.bytes.dropFirst(scheme.count).starts(with: "://".utf8)
    }

    /// The folder that `git clone` would choose; without the query of a bucket's URL.
    /// - Parameter isBare: whether the clone has no worktree, which its name says.
    func folderName(isBare: Bool = false) -> BytePath {
        var bytes = url.bytes[...]
        if bytes.starts(with: Self.helper) {
            bytes = bytes.dropFirst(Self.helper.count)
            if Self.hasScheme(BytePath(bytes: bytes)) { bytes = bytes.prefix { $0 != UInt8(ascii: "?") } }
        }
        while bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        for suffix in ["/.git", ".git", ".bundle"] where bytes.count > suffix.utf8.count {
            if bytes.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) {
                bytes = bytes.dropLast(suffix.utf8.count)
                break
            }
        }
        let name = bytes.split { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ":") }.last ?? bytes
        return BytePath(bytes: name).adding(suffix: isBare ? ".git" : "")
    }
}
