// RemoteHelper: Git's remote helper for `data::<url>`, and what `git data remote` asks of such a repository. A whole
// repository lives beside the blobs of a remote, as packs that Git makes and as states, each of which names all
// refs. The room moves no blobs of data and knows no pointers.

import Diagnostics
import Git
import Platform
import Remote

/// The program `git-remote-data`, from its arguments to its exit status.
///
/// Spec: gitremote-helpers(7).
package enum RemoteHelper {
    /// The name by which Git starts this program.
    package static let programName: BytePath = "git-remote-data"

    /// Serves Git on standard input and output until it has done, and ends the process.
    /// - Parameter opener: opens the remote that a URL names.
    package static func main(
        opening opener: @escaping @Sendable (
            _ url: BytePath, _ mayCreate: Bool, _ trace: RemoteTrace?
        ) throws(RemoteError) -> any Remote
    ) -> Never {
        Descriptor.openStandardStreams()
        let arguments = Environment.arguments
        if arguments.first == "--version" {
            try? Descriptor.standard(1).write(Array("git-remote-data \(Version.current)\n".utf8))
            Process.exit(ExitCode.success.status)
        }
        guard (1...2).contains(arguments.count), let name = arguments.first, let url = arguments.last,
            name.bytes.first != UInt8(ascii: "-"), !Environment.isTerminal(0)
        else {
            Descriptor.writeToStandardError("usage: git-remote-data REMOTE [URL]    (started by Git for URLs such as 'data::s3://bucket/project')\n")
            Process.exit(ExitCode.usage.status)
        }
        Interrupts.install()
        let session = HelperSession(name: name, url: withoutTransport(url), opener: opener)
        var status = ExitCode.success
        do {
            try HelperServer(session: session).serve()
        } catch {
            HelperError(error).print()
            status = .fatal
        }
        Keeping.shared.release()
        Process.exit(status.status)
    }

    /// Git hands the URL over without `data::`; where the remote has a name, with it.
    private static func withoutTransport(_ url: BytePath) -> BytePath {
        let prefix = Array("data::".utf8)
        return url.bytes.starts(with: prefix) ? BytePath(bytes: url.bytes[prefix.count...]) : url
    }
}

/// Reads what Git asks for, has it done, and answers.
struct HelperServer {
    let session: HelperSession

    func serve() throws {
        let input = ByteReader(try .standard(0))
        let output = ByteWriter(try .standard(1))
        var conversation = HelperConversation()
        while let line = try input.read(until: UInt8(ascii: "\n")) {
            guard let request = conversation.receive(line) else { continue }
            if request == .end { return }
            try answer(request, output)
            try output.flush()
        }
    }

    private func answer(_ request: HelperConversation.Request, _ output: ByteWriter) throws {
        switch request {
        case .capabilities: try output.write("fetch\npush\noption\nobject-format\n\n")
        case .option(let name, let value):
            switch session.options.set(name, value) {
            case .ok: try output.write("ok\n")
            case .unsupported: try output.write("unsupported\n")
            case .error(let reason): try output.write("error \(reason)\n")
            }
        case .list(let isForPush): try list(isForPush: isForPush, output)
        case .fetch(let wanted):
            warnOfIgnoredOptions()
            try Fetch(session: session).run(wanted)
            try output.write("\n")
        case .push(let pushes):
            for (ref, reason) in try Push(session: session).run(pushes) {
                try output.write(reason.map { Array("error ".utf8) + ref.bytes + Array(" \($0)\n".utf8) } ?? Array("ok ".utf8) + ref.bytes + [10])
            }
            try output.write("\n")
        case .own(let verb, let words):
            for line in try answer(verb, words) { try output.write(line + [UInt8(ascii: "\n")]) }
            try output.write("\n")
        case .malformed(let line): throw HelperError("Git asked for '\(line)', which is no request of gitremote-helpers")
        case .end: break
        }
    }

    private func answer(_ verb: String, _ words: [BytePath]) throws -> [[UInt8]] {
        let past = Past(session: session)
        let number = words.first.flatMap { Int($0.text) }
        switch (verb, number) {
        case ("data-log", let limit): return try past.log(limit: limit ?? .max)
        case ("data-restore", let number?): return try past.restore(number, Array(words.dropFirst()))
        case ("data-head", _): return try past.head(words.first)
        case ("data-gc", let memory?): return try past.collect(
            keeping: Int64(memory), grace: words.dropFirst().first.flatMap { Int64($0.text) } ?? 86_400)
        default: throw HelperError("'\(verb)' needs more words")
        }
    }

    private func list(isForPush: Bool, _ output: ByteWriter) throws {
        let log = try session.log(mayCreate: isForPush)
        let state = try log.newest(from: session.lastSeen())
        session.listed = state
        if let state {
            session.noteSeen(state.number)
        } else if !isForPush {
            session.note("note: nothing has been pushed to \(log.remote.name) yet")
        }
        if session.options.asksForObjectFormat, let state { try output.write(":object-format \(state.objectFormat)\n") }
        // What is told for a push is what can be pushed to: `git push --mirror` would delete the rest.
        if let state, !isForPush, state.ref(state.head) != nil {
            try output.write(Array("@".utf8) + state.head.bytes + Array(" HEAD\n".utf8))
        }
        for ref in state?.refs ?? [] {
            try output.write(ref.target.hex + [UInt8(ascii: " ")] + ref.name.bytes + [10])
            if let peeled = ref.peeled, !isForPush {
                try output.write(peeled.hex + [UInt8(ascii: " ")] + ref.name.bytes + Array("^{}\n".utf8))
            }
        }
        try output.write("\n")
    }

    private func warnOfIgnoredOptions() {
        guard !session.options.ignored.isEmpty else { return }
        let names = Array(Set(session.options.ignored)).sorted().map { "'\($0)'" }.joined(separator: " and ")
        session.note("warning: a repository at data:: is always fetched whole; \(names) is not used")
        session.options.ignored = []
    }
}
