// Agent: the serving end of the agent protocol. It opens a remote by its URL and moves blobs between it
// and local files, many at once. It knows neither Git's data nor the store: paths come with requests.

import Diagnostics
import Platform

/// The program `git-data-transfer`, from its arguments to its exit status.
package enum Agent {
    /// Serves on standard input and output until the client has done, and ends the process.
    ///
    /// `git-data-transfer [URL]`: without the extension, Git LFS's `init` names no URL, so that its settings
    /// have to (`lfs.customtransfer.<name>.args`).
    package static func main() -> Never {
        Descriptor.openStandardStreams()
        Process.exit(run(Environment.arguments).status)
    }

    private static func run(_ arguments: [BytePath]) -> ExitCode {
        let usage = """
            usage: git-data-transfer [URL]    (started by git data, or by git lfs as a transfer agent; see 'git data help')\n
            """
        switch arguments.first {
        case "--version":
            do throws(SystemError) {
                try Descriptor.standard(1).write(Array("git-data-transfer \(Version.current)\n".utf8))
            } catch {
                return .failure
            }
            return .success
        case "-h", "--help":
            Descriptor.writeToStandardError(usage)
            return .usage
        case let option? where option.bytes.first == UInt8(ascii: "-"):
            Descriptor.writeToStandardError("error: unknown option '\(option)'\n" + usage)
            return .usage
        case nil where Environment.isTerminal(0):
            Descriptor.writeToStandardError(usage)
            return .usage
        default:
            break
        }
        guard arguments.count <= 1 else {
            Descriptor.writeToStandardError(usage)
            return .usage
        }
        Interrupts.install()
        do throws(SystemError) {
            let server = AgentServer(output: try Descriptor.standard(1), url: arguments.first)
            Interrupts.onEnd { server.abandon() }
            return server.serve(ByteReader(try Descriptor.standard(0)))
        } catch {
            Descriptor.writeToStandardError("fatal: \(error)\n")
            return .fatal
        }
    }
}
