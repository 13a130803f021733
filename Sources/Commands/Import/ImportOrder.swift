import Diagnostics
import Digest
import Git
import Lineage
import Platform
import Repository

/// One thing that is to be imported: by the command line, or by the recipe of a stage.
struct ImportOrder {
    let name: StageName
    /// As the recipe has it, without secrets.
    let source: Stage.Source
    /// Of `url` and `git`: the place itself, with whatever secrets it takes.
    let address: BytePath
    /// What of the place is secret and not recorded.
    let withheld: [String]
    /// From the top of the worktree.
    let output: BytePath

    /// The recipe.
    var stage: Stage {
        var stage = Stage(name)
        stage.source = source
        stage.outputs = [Stage.Listed(output)]
        return stage
    }

    /// What a record says of the source.
    var causes: RunRecord.Causes {
        var causes = RunRecord.Causes()
        var words = [source.kind.rawValue: source.value]
        words["revision"] = source.revision
        words["path"] = source.path?.text
        causes.source = words
        return causes
    }

    /// Whether the place is a file or folder of this machine, a server of it or of its network that is named by its
    /// number, or one where the project chooses who is shown the user's credentials: it is used only where the user has
    /// named it.
    var needsTrust: Bool {
        switch source.kind {
        case .url where Self.isBucket(address):
            return !DataRemote(name: "", url: address, source: .committed).isTrusted
        case .url: return !Self.isWeb(address) || Self.isHostNear(address)
        case .git:
            // A remote helper, such as ours for `data::`, may read a folder, or choose who is shown credentials.
            if address.bytes.contains("::".utf8) { return true }
            if Self.isHostNear(address) { return true }
            return !address.bytes.contains("://".utf8) && !Self.isOtherHost(address) || Self.hasPrefix(address, "file:")
        case .query, .manual: return false
        }
    }

    // Addresses are taken apart by bytes: to Swift, a slash and an accent behind it are one character, and no slash.

    static func isWeb(_ address: BytePath) -> Bool { hasPrefix(address, "http://") || hasPrefix(address, "https://") }

    private static func hasPrefix(_ address: BytePath, _ scheme: String) -> Bool {
        String(decoding: address.bytes.prefix(scheme.utf8.count), as: UTF8.self).lowercased() == scheme
    }

    /// What stands between the scheme and the path of a URL; empty for anything else.
    static func authority(_ address: BytePath) -> ArraySlice<UInt8> {
        guard let scheme = address.bytes.firstRange(of: "://".utf8) else { return [] }
        return address.bytes[scheme.upperBound...].prefix { !"/?#".utf8.contains($0) }
    }

    /// Whether a URL's host is this machine's, or given by its number: that of a service which only this machine sees,
    /// perhaps, such as the one that tells machines in a cloud their credentials.
    static func isHostNear(_ address: BytePath) -> Bool {
        guard isWeb(address) else { return false }
        let place = authority(address)
        let bytes = place.lastIndex(of: UInt8(ascii: "@")).map { place[($0 + 1)...] } ?? place
        // Letters of other alphabets may come to mean a number.
        guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "%") }) else { return true }
        var host = String(decoding: bytes, as: UTF8.self).lowercased()
        if host.hasPrefix("[") { return true }
        host = String(host.prefix { $0 != ":" })
        while host.hasSuffix(".") { host.removeLast() }
        let last = host.split(separator: ".").last ?? ""
        // As browsers have it, a host whose last part is a number is one.
        let isNumber = last.allSatisfy { $0.isASCII && $0.isNumber } || last.hasPrefix("0x")
        return isNumber || last == "localhost"
    }

    static func isBucket(_ address: BytePath) -> Bool { address.bytes.starts(with: "s3://".utf8) }

    /// Whether a colon stands before the first slash: `host:path`.
    private static func isOtherHost(_ address: BytePath) -> Bool {
        address.bytes.first { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "/") } == UInt8(ascii: ":")
    }

    /// As messages name the source.
    var shown: String {
        switch source.kind {
        case .url: "'\(BytePath(source.value))'"
        case .git: "'\(source.path?.description ?? "")' of '\(BytePath(source.value))'"
        case .query: "the query '\(BytePath(source.value))'"
        case .manual: "a person: \(BytePath(source.value))"
        }
    }
}

extension ImportOrder {
    /// What the recipe of a stage says.
    /// - Parameter address: in place of what the recipe has, with its secrets.
    /// - Returns: nil for a stage that has no source.
    init?(_ stage: Stage, address: BytePath? = nil) throws {
        guard var source = stage.source, let output = stage.outputs.first?.value else { return nil }
        var withheld: [String] = []
        if let address {
            let place = try Self.place(address)
            withheld = place.withheld
            var changed = Stage.Source(source.kind, place.text)
            changed.revision = source.revision
            changed.path = source.path
            source = changed
        }
        self.init(
            name: stage.name, source: source, address: address ?? BytePath(source.value), withheld: withheld, output: output)
    }

    /// A URL without its secrets, or a path of this machine from its root.
    static func place(_ given: BytePath) throws -> (text: String, withheld: [String]) {
        guard given.isUTF8 else { throw CommandFailure("'\(given)' is not UTF-8, which records are") }
        if given.text.contains("://") || isOtherHost(given) {
            if let local = BytePath(localURL: given) { return (local.text, []) }
            let url = SourceURL(given)
            return (url.text, url.withheld)
        }
        let path = given.absolute(from: try BytePath.currentFolder()).normalized
        return (path.text, [])
    }
}
