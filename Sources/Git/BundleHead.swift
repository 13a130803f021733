import Platform

/// What stands at the head of a bundle of Git's: the commits that whoever takes it must have, and its refs.
///
/// Spec: gitformat-bundle(5).
package struct BundleHead: Equatable, Sendable {
    package struct Ref: Equatable, Sendable {
        /// `HEAD`, or a full name.
        package let name: BytePath
        package let object: GitObjectName
    }

    package let prerequisites: [GitObjectName]
    /// In the bundle's order.
    package let refs: [Ref]
}

/// Reads the head of a bundle of Git's, which may arrive in pieces.
package struct BundleHeadParser {
    private enum State {
        /// Before the first line.
        case signature
        case lines
        /// The pack follows.
        case complete
        /// It is no bundle that can be understood.
        case failed
    }

    private var state = State.signature
    private var line: [UInt8] = []
    private var prerequisites: [GitObjectName] = []
    private var refs: [BundleHead.Ref] = []

    /// A longer line is no line of a head: a ref's name is a file's path.
    private static let lineLimit = 8192
    private static let signatures = [Array("# v2 git bundle".utf8), Array("# v3 git bundle".utf8)]

    package init() {}

    /// The head, once all of it is there.
    package var head: BundleHead? {
        if case .complete = state { BundleHead(prerequisites: prerequisites, refs: refs) } else { nil }
    }

    /// Takes the next bytes, of which those behind the head are passed over.
    package mutating func take(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes {
            switch state {
            case .complete, .failed: return
            case .signature, .lines: break
            }
            if byte == UInt8(ascii: "\n") {
                state = understand(line)
                line.removeAll(keepingCapacity: true)
            } else {
                line.append(byte)
                if line.count > Self.lineLimit { state = .failed }
            }
        }
    }

    private mutating func understand(_ line: [UInt8]) -> State {
        if case .signature = state { return Self.signatures.contains(line) ? .lines : .failed }
        switch line.first {
        case nil: return .complete
        // What the pack is like is Git's to understand.
        case UInt8(ascii: "@"): return .lines
        case UInt8(ascii: "-"):
            // A comment may stand behind the name.
            guard let name = GitObjectName(hex: line.dropFirst().prefix { $0 != UInt8(ascii: " ") }) else { return .failed }
            prerequisites.append(name)
        default:
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 1)
            guard fields.count == 2, let object = GitObjectName(hex: fields[0]) else { return .failed }
            refs.append(BundleHead.Ref(name: BytePath(bytes: fields[1]), object: object))
        }
        return .lines
    }
}

extension Git {
    /// Hands out a bundle piece by piece while Git makes it. The same objects in the same packs give the same bytes: Git
    /// looks for deltas on one thread, as several would divide the work by who is faster.
    /// - Parameters:
    ///   - arguments: names of refs, excluded commits (`^<name>`), `--all`.
    ///   - body: what it throws ends the work.
    package func makeBundle(
        of arguments: [BytePath], _ body: (UnsafeRawBufferPointer) throws(SystemError) -> Void
    ) throws(GitError) {
        let command: [BytePath] = ["-c", "pack.threads=1", "bundle", "create", "--quiet", "-"] + arguments
        let child = try start(command, errors: .pipe)
        let messages = child.takeErrors().map { Collector($0) }
        do throws(SystemError) {
            // Sizes as Git's own pipe has them.
            while let piece = try child.output?.readSome(), !piece.isEmpty {
                var failure: SystemError?
                piece.withUnsafeBytes { bytes in
                    do throws(SystemError) { try body(bytes) } catch { failure = error }
                }
                if let failure { throw failure }
            }
        } catch {
            child.send(signal: 15)
            _ = messages?.finish()
            child.wait()
            throw .system(error)
        }
        let message = String(decoding: messages?.finish() ?? [], as: UTF8.self)
        switch child.wait() {
        case .exited(0): return
        case .exited(let status): throw .failed(command: "git bundle create", status: status, message: message)
        case .killed(let signal):
            throw .failed(command: "git bundle create", status: 128 + signal, message: "killed by signal \(signal)")
        }
    }
}
