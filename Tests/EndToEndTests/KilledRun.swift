import Glibc
import Platform
import TestSupport

/// A command in a session of its own, of which one process, or all of them, are killed after a while.
final class KilledRun {
    private let child: ChildProcess

    init(_ arguments: [BytePath], in folder: BytePath, _ laboratory: Laboratory, with changes: [String: BytePath?] = [:]) throws {
        child = try ChildProcess(
            "/usr/bin/setsid", ["git"] + arguments, environment: laboratory.environment(with: changes), folder: folder,
            input: .null, output: .null, errors: .null)
    }

    /// Waits for the command to end by itself.
    func finish() -> ChildProcess.Ending { child.wait() }

    /// Kills, and waits until no process of the session is left.
    /// - Parameter all: whether every process is killed; otherwise one of them is.
    /// - Returns: the names of the processes that were killed.
    /// - Throws: `Unexpected` where a process that nobody serves any more goes on.
    func kill(all: Bool, after delay: Duration, _ random: inout SeededRandom) throws -> [String] {
        pause(delay)
        let processes = Self.session(child.processID)
        let chosen = all ? processes : Array(processes.shuffled(using: &random).prefix(1))
        for process in chosen { Glibc.kill(process.id, SIGKILL) }
        child.wait()
        for _ in 0..<600 {
            if Self.session(child.processID).isEmpty { return chosen.map(\.name) }
            pause(.milliseconds(50))
        }
        let left = Self.session(child.processID).map(\.name).joined(separator: ", ")
        Glibc.kill(-child.processID, SIGKILL)
        throw Unexpected("still running half a minute after the kill of \(chosen.map(\.name)): \(left)")
    }

    /// The processes of a session, without those that have ended.
    /// Spec: proc(5), `/proc/PID/stat`.
    private static func session(_ session: Int32) -> [(id: Int32, name: String)] {
        let folders = (try? BytePath("/proc").entries()) ?? []
        return folders.compactMap { folder in
            guard let id = Int32(folder.text), let raw = try? ("/proc" / folder / "stat").contents() else { return nil }
            let text = String(decoding: raw, as: UTF8.self)
            guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")") else { return nil }
            let fields = text[text.index(after: close)...].split(separator: " ")
            guard fields.count > 3, fields[0] != "Z", Int32(fields[3]) == session else { return nil }
            return (id, String(text[text.index(after: open)..<close]))
        }
    }
}
