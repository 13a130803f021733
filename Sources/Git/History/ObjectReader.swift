import Platform

/// One process of Git that gives objects as they are asked for. It may not serve two threads at once.
package final class ObjectReader {
    private let child: ChildProcess
    private let input: ByteWriter
    private let output: ByteReader
    /// How much of the object that is under way is still to come.
    private var bytesLeft = 0

    package init(_ git: Git) throws(GitError) {
        child = try git.start(["cat-file", "--batch"], input: .pipe)
        guard let input = child.takeInput(), let output = child.takeOutput() else {
            throw .unexpected(command: "git cat-file --batch", answer: "no pipes")
        }
        self.input = input
        self.output = output
        output.descriptor.requestPipeBuffer(byteCount: 1 << 20)
    }

    deinit {
        // Closing its input is what ends it; it is reaped with this process.
        child.send(signal: 15)
        child.wait()
    }

    /// The whole of an object, for those that are small: commits, trees, tags.
    /// - Throws: `.unexpected` where it is missing or of another kind.
    package func read(_ digest: GitObjectName, _ kind: GitObjectKind) throws(GitError) -> [UInt8] {
        let byteCount = try begin(digest, kind)
        let content = try asking { () throws(SystemError) in try output.read(count: byteCount) }
        guard content.count == byteCount else { throw Self.cut }
        bytesLeft = 0
        try end()
        return content
    }

    /// Asks for an object, which `next` gives piece by piece.
    /// - Returns: its length.
    package func begin(_ digest: GitObjectName, _ kind: GitObjectKind) throws(GitError) -> Int {
        let line = try asking { () throws(SystemError) -> [UInt8]? in
            try input.write(digest.hex + [UInt8(ascii: "\n")])
            try input.flush()
            return try output.read(until: UInt8(ascii: "\n"))
        }
        // `<name> <kind> <length>`, or `<name> missing`
        let fields = (line ?? []).split(separator: UInt8(ascii: " "))
        guard fields.count == 3, fields[1].elementsEqual(kind.rawValue.utf8),
            let byteCount = Int(String(decoding: fields[2], as: UTF8.self))
        else { throw .unexpected(command: "git cat-file --batch", answer: String(decoding: line ?? [], as: UTF8.self)) }
        bytesLeft = byteCount
        return byteCount
    }

    /// The next piece of the object that was begun; empty at its end, to which it must be read.
    package func next() throws(GitError) -> ArraySlice<UInt8> {
        guard bytesLeft > 0 else {
            try end()
            return []
        }
        let piece = try asking { () throws(SystemError) in try output.readSome(limit: bytesLeft) }
        guard !piece.isEmpty else { throw Self.cut }
        bytesLeft -= piece.count
        return piece
    }

    /// A newline stands behind each object.
    private func end() throws(GitError) {
        let newline = try asking { () throws(SystemError) in try output.read(count: 1) }
        guard newline == [UInt8(ascii: "\n")] else { throw Self.cut }
    }

    private static var cut: GitError { .unexpected(command: "git cat-file --batch", answer: "an object that ends early") }

    private func asking<Result>(_ body: () throws(SystemError) -> Result) throws(GitError) -> Result {
        do throws(SystemError) { return try body() } catch { throw .system(error) }
    }
}
