import Platform

/// A content that some file has in history.
package struct ReachedContent: Sendable {
    package let blob: GitObjectName
    package let byteCount: Int64
    /// One path that it has, cut at a newline in the name; empty where a tag names the blob itself.
    package let path: BytePath
}

extension Git {
    /// Calls `body` for each Git blob that the revisions reach, once. Two processes of Git, one of which feeds the other.
    /// - Parameter revisions: names of commits, or options such as `--all`.
    package func forEachReachedContent(
        from revisions: [BytePath], _ body: (ReachedContent) throws(GitError) -> Void
    ) throws(GitError) {
        let walk = try start(["rev-list", "--objects"] + revisions + ["--"], isBuffered: true)
        let sizes = try start(
            ["cat-file", "--batch-check=%(objecttype) %(objectname) %(objectsize) %(rest)", "--buffer"], input: .pipe)
        guard let answers = sizes.takeOutput() else { return }
        let pump = Pump(from: walk.takeOutput(), to: sizes.takeInput())
        let failure = Self.readContents(answers, body)
        // A reader that gave up must not leave the others waiting.
        if failure != nil { sizes.send(signal: 15) }
        if failure != nil { walk.send(signal: 15) }
        pump.finish()
        let ends = (walk.wait(), sizes.wait())
        if let failure { throw failure }
        guard ends.0.isSuccess, ends.1.isSuccess else {
            throw .failed(command: "git rev-list --objects", status: 128, message: "")
        }
    }

    private static func readContents(
        _ answers: ByteReader, _ body: (ReachedContent) throws(GitError) -> Void
    ) -> GitError? {
        let kind = Array("blob ".utf8)
        do throws(GitError) {
            while true {
                let line: [UInt8]?
                do throws(SystemError) { line = try answers.read(until: UInt8(ascii: "\n")) } catch { throw .system(error) }
                guard let line else { return nil }
                guard line.starts(with: kind) else { continue }
                let fields = line.dropFirst(kind.count).split(
                    separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
                guard fields.count == 3, let blob = GitObjectName(hex: fields[0]),
                    let byteCount = Int64(String(decoding: fields[1], as: UTF8.self))
                else { throw .unexpected(command: "git cat-file", answer: String(decoding: line, as: UTF8.self)) }
                try body(ReachedContent(blob: blob, byteCount: byteCount, path: BytePath(bytes: fields[2])))
            }
        } catch {
            return error
        }
    }
}

/// Hands on what one child says to another, from a thread of its own, and then closes the pipe.
private final class Pump {
    private var thread: WorkerThread?

    init(from output: ByteReader?, to input: ByteWriter?) {
        thread = WorkerThread {
            // Where an end is closed, the exit status of Git tells why.
            while let some = try? output?.readSome(), !some.isEmpty {
                guard (try? input?.write(some)) != nil else { break }
            }
            try? input?.flush()
        }
    }

    func finish() {
        thread.take()?.join()
    }
}
