import Git
import Platform

/// What Git, or `git data`, asks of the helper, one line at a time; batches end with an empty line. No input or output
/// is done here.
///
/// Spec: gitremote-helpers(7).
struct HelperConversation {
    /// A ref to be changed.
    struct Push: Equatable, Sendable {
        /// What the ref shall name, in any way that Git knows; nil to delete it.
        let source: BytePath?
        let destination: BytePath
        let isForced: Bool

        /// - Parameter refspec: `[+]<source>:<destination>`
        init?(refspec: ArraySlice<UInt8>) {
            var rest = refspec
            isForced = rest.first == UInt8(ascii: "+")
            if isForced { rest = rest.dropFirst() }
            guard let colon = rest.firstIndex(of: UInt8(ascii: ":")), colon + 1 < rest.endIndex else { return nil }
            source = colon == rest.startIndex ? nil : BytePath(bytes: rest[..<colon])
            destination = BytePath(bytes: rest[(colon + 1)...])
        }
    }

    enum Request: Equatable {
        case capabilities
        case list(forPush: Bool)
        case option(name: String, value: BytePath)
        case fetch([GitObjectName])
        case push([Push])
        /// One of `git data`'s own, beyond what Git asks for: its words.
        case own(String, [BytePath])
        case end
        case malformed(BytePath)
    }

    /// The requests that only `git data` makes.
    static let ownVerbs: Set<String> = ["data-log", "data-restore", "data-head", "data-gc"]

    private var wanted: [GitObjectName] = []
    private var pushes: [Push] = []

    /// - Returns: what the line completes, if anything.
    mutating func receive(_ line: [UInt8]) -> Request? {
        guard !line.isEmpty else { return endOfBatch() }
        let words = line.split(separator: UInt8(ascii: " "), maxSplits: 1)
        guard let verb = words.first else { return .malformed(BytePath(bytes: line)) }
        let rest = words.count > 1 ? words[1] : []
        switch String(decoding: verb, as: UTF8.self) {
        case "capabilities": return .capabilities
        case "list": return .list(forPush: rest.elementsEqual("for-push".utf8))
        case "option":
            let pair = rest.split(separator: UInt8(ascii: " "), maxSplits: 1)
            guard let name = pair.first else { return .malformed(BytePath(bytes: line)) }
            return .option(name: String(decoding: name, as: UTF8.self), value: BytePath(bytes: pair.count > 1 ? pair[1] : []))
        case "fetch":
            guard let name = GitObjectName(hex: rest.prefix { $0 != UInt8(ascii: " ") }) else {
                return .malformed(BytePath(bytes: line))
            }
            // Clones name objects more than once.
            if !wanted.contains(name) || wanted.count > 64 { wanted.append(name) }
            return nil
        case "push":
            guard let push = Push(refspec: rest) else { return .malformed(BytePath(bytes: line)) }
            pushes.append(push)
            return nil
        case let own where Self.ownVerbs.contains(own):
            return .own(own, rest.split(separator: UInt8(ascii: " ")).map { BytePath(bytes: $0) })
        default: return .malformed(BytePath(bytes: line))
        }
    }

    private mutating func endOfBatch() -> Request {
        defer { (wanted, pushes) = ([], []) }
        if !wanted.isEmpty { return .fetch(Array(Set(wanted))) }
        if !pushes.isEmpty { return .push(pushes) }
        return .end
    }
}
