import Platform

/// The options of `git clone` that `git data clone` must know, out of those that it hands on. Pure.
///
/// Spec: git-clone(1).
struct CloneOptions: Equatable {
    private(set) var isBare = false
    private(set) var isWithoutCheckout = false
    private(set) var recursesIntoSubmodules = false
    private(set) var isWithoutTags = false
    private(set) var branch: BytePath?
    private(set) var depth: BytePath?
    private(set) var origin: BytePath?
    /// Where the Git folder is to be, apart from the worktree.
    private(set) var gitFolder: BytePath?
    /// Each `key=value`.
    private(set) var configuration: [BytePath] = []
    private(set) var showsProgress = false
    /// What `git ls-remote` is told as well.
    private(set) var connection: [BytePath] = []
    /// What `git submodule update` is told as well.
    private(set) var submodules: [BytePath] = []
    private var filter: BytePath?
    private var filtersSubmodules = false

    /// The names of git-clone's long options, and whether a value follows.
    private static let names: [String: Bool] = [
        "verbose": false, "quiet": false, "progress": false, "reject-shallow": false, "no-checkout": false, "bare": false,
        "mirror": false, "local": false, "no-hardlinks": false, "shared": false, "recurse-submodules": false,
        "recursive": false, "jobs": true, "template": true, "reference": true, "reference-if-able": true, "dissociate": false,
        "origin": true, "branch": true, "upload-pack": true, "depth": true, "shallow-since": true, "shallow-exclude": true,
        "single-branch": false, "no-tags": false, "shallow-submodules": false, "separate-git-dir": true, "config": true,
        "server-option": true, "ipv4": false, "ipv6": false, "filter": true, "also-filter-submodules": false,
        "remote-submodules": false, "sparse": false, "bundle-uri": true, "ref-format": true,
    ]
    private static let letters: [UInt8: String] = [
        UInt8(ascii: "n"): "no-checkout", UInt8(ascii: "j"): "jobs", UInt8(ascii: "o"): "origin", UInt8(ascii: "b"): "branch",
        UInt8(ascii: "u"): "upload-pack", UInt8(ascii: "c"): "config",
    ]

    /// Every way to write an option whose value may stand in the next argument.
    static let takingValues: Set<String> = {
        let long = names.filter(\.value).map { "--" + $0.key }
        let short = letters.filter { names[$0.value] == true }.map { "-" + String(UnicodeScalar($0.key)) }
        return Set(long + short)
    }()

    /// - Parameter passed: as the command line had them, each value in its own argument or with its option.
    init(_ passed: [BytePath]) {
        var rest = passed[...]
        let dash = UInt8(ascii: "-")
        while let argument = rest.popFirst() {
            let bytes = argument.bytes
            if bytes.starts(with: [dash, dash]) {
                let name = bytes.dropFirst(2).prefix { $0 != UInt8(ascii: "=") }
                let attached = name.count + 2 < bytes.count ? BytePath(bytes: bytes.dropFirst(name.count + 3)) : nil
                take(long: String(decoding: name, as: UTF8.self), attached, &rest)
            } else if bytes.first == dash {
                take(short: bytes.dropFirst(), &rest)
            }
        }
        if filtersSubmodules, let filter { submodules.append(BytePath("--filter=").adding(filter)) }
    }

    private mutating func take(long written: String, _ attached: BytePath?, _ rest: inout ArraySlice<BytePath>) {
        guard let (name, isOn) = Self.name(of: written) else { return }
        let value = Self.names[name] == true && isOn ? attached ?? rest.popFirst() : attached
        set(name, isOn: isOn, value)
    }

    private mutating func take(short letters: ArraySlice<UInt8>, _ rest: inout ArraySlice<BytePath>) {
        var letters = letters
        while let letter = letters.popFirst() {
            guard let name = Self.letters[letter] else { continue }
            guard Self.names[name] == true else {
                set(name, isOn: true, nil)
                continue
            }
            set(name, isOn: true, letters.isEmpty ? rest.popFirst() : BytePath(bytes: letters))
            return
        }
    }

    /// Git takes any beginning that is one option's alone, and `no-` in front to take it back.
    private static func name(of written: String) -> (name: String, isOn: Bool)? {
        if names[written] != nil { return (written, true) }
        let candidates = names.keys.filter { $0.hasPrefix(written) }
        if candidates.count == 1 { return (candidates[0], true) }
        // `--recursive` is another name of `--recurse-submodules`.
        if !candidates.isEmpty, candidates.allSatisfy({ $0.hasPrefix("recurs") }) { return ("recursive", true) }
        if written.hasPrefix("no-"), let (name, isOn) = name(of: String(written.dropFirst(3))) { return (name, !isOn) }
        if let name = names.keys.first(where: { $0 == "no-" + written }) { return (name, false) }
        return nil
    }

    private mutating func set(_ name: String, isOn: Bool, _ value: BytePath?) {
        let value = isOn ? value : nil
        switch name {
        case "bare", "mirror": isBare = isOn
        case "no-checkout": isWithoutCheckout = isOn
        case "recurse-submodules", "recursive": recursesIntoSubmodules = isOn
        case "no-tags": isWithoutTags = isOn
        case "branch": branch = value
        case "depth": depth = value
        case "origin": origin = value
        case "separate-git-dir": gitFolder = value
        case "progress": showsProgress = isOn
        case "filter": filter = value
        case "also-filter-submodules": filtersSubmodules = isOn
        case "config": if let value { configuration.append(value) }
        case "upload-pack", "server-option": if let value { connection.append(BytePath("--\(name)=").adding(value)) }
        case "jobs": if let value { submodules.append(BytePath("--jobs=").adding(value)) }
        case "shallow-submodules": if isOn { submodules.append("--depth=1") }
        case "remote-submodules": if isOn { submodules += ["--remote", "--no-fetch"] }
        case "single-branch": submodules.append(isOn ? "--single-branch" : "--no-single-branch")
        default: break
        }
    }
}

extension BytePath {
    /// This path with all bytes of `suffix` directly behind its last.
    fileprivate func adding(_ suffix: BytePath) -> BytePath {
        BytePath(bytes: bytes + suffix.bytes)
    }
}
