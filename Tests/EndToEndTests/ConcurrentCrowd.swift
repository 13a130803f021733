import Platform
import Synchronization
import TestSupport

/// Processes that are started together and do the same or contrary things to one repository, one store, one remote.
struct Crowd: Sendable {
    struct Command: Sendable {
        let words: [BytePath]
        let folder: BytePath

        init(_ words: [BytePath], in folder: BytePath) {
            (self.words, self.folder) = (words, folder)
        }

        /// `git` and what follows, or a line for the shell.
        init(_ line: String, in folder: BytePath) {
            self.init(["sh", "-c", BytePath(line)], in: folder)
        }
    }

    struct Ending: Sendable, CustomStringConvertible {
        let command: String
        let ending: ChildProcess.Ending
        /// On both outputs.
        let said: String

        var description: String { "\(command): \(ending)\n\(said)" }
    }

    /// Seconds after which a command hangs.
    private static let limit = 120
    private let environment: [[UInt8]]

    init(_ laboratory: Laboratory) {
        environment = laboratory.environment()
    }

    /// Runs the commands at once.
    /// - Returns: how each ended, in their order.
    /// - Throws: `Unexpected` where one hangs.
    func run(_ commands: [Command]) throws -> [Ending] {
        let endings = Mutex<[Int: Ending]>([:])
        let troubles = Mutex<[String]>([])
        concurrently(count: commands.count, threads: commands.count) { number in
            do {
                let ending = try self.run(commands[number])
                if ending.ending == .killed(signal: 9) { throw Unexpected("\(ending.command) hung for \(Self.limit) s") }
                endings.withLock { $0[number] = ending }
            } catch {
                troubles.withLock { $0.append("\(error)") }
            }
        }
        if let trouble = troubles.withLock({ $0.first }) { throw Unexpected(trouble) }
        return endings.withLock { endings in commands.indices.compactMap { endings[$0] } }
    }

    private func run(_ command: Command) throws -> Ending {
        let child = try ChildProcess(
            "/usr/bin/timeout",
            ["--signal=KILL", BytePath("\(Self.limit)"), "sh", "-c", "exec \"$@\" 2>&1", "sh"] + command.words,
            environment: environment, folder: command.folder, input: .null, output: .pipe)
        let said = try child.output?.readToEnd() ?? []
        let shown = command.words.map(\.description).joined(separator: " ")
        return Ending(command: shown, ending: child.wait(), said: String(decoding: said, as: UTF8.self))
    }
}
