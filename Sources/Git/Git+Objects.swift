import Platform

extension Git {
    /// Reads those of the Git blobs that are shorter than `limit` bytes, and calls `body` for each, in
    /// the order given. What is larger, missing or no blob is passed over. Two processes of Git, however
    /// many names there are.
    package func forEachBlob(
        _ names: [GitObjectName], shorterThan limit: Int, _ body: (GitObjectName, [UInt8]) throws(GitError) -> Void
    ) throws(GitError) {
        guard !names.isEmpty else { return }
        let small = try smallBlobs(among: names, limit: limit)
        guard !small.isEmpty else { return }
        let child = try start(["cat-file", "--batch", "--buffer"], input: .pipe)
        let feeder = child.takeInput().map { Feeder(Self.lines(small), to: $0) }
        defer {
            child.wait()
            feeder?.finish()
        }
        guard let output = child.takeOutput() else { return }
        for name in small {
            let header = try Self.header(from: output, command: "git cat-file --batch")
            guard let byteCount = header.blobByteCount else { continue }
            var content: [UInt8]
            // A newline stands behind each object.
            do throws(SystemError) { content = try output.read(count: byteCount + 1) } catch { throw .system(error) }
            guard content.popLast() == UInt8(ascii: "\n"), content.count == byteCount else {
                throw .unexpected(command: "git cat-file --batch", answer: "an object that ends early")
            }
            try body(name, content)
        }
    }

    private func smallBlobs(among names: [GitObjectName], limit: Int) throws(GitError) -> [GitObjectName] {
        let format: BytePath = "--batch-check=%(objectname) %(objecttype) %(objectsize)"
        let answer = try query(["cat-file", format, "--buffer"], input: Self.lines(names))
        var small: [GitObjectName] = []
        for line in answer.output.split(separator: UInt8(ascii: "\n")) {
            guard let header = Header(line), let byteCount = header.blobByteCount, byteCount < limit else { continue }
            small.append(header.name)
        }
        return small
    }

    private static func lines(_ names: [GitObjectName]) -> [UInt8] {
        var lines: [UInt8] = []
        lines.reserveCapacity(names.count * 65)
        for name in names {
            lines += name.hex
            lines.append(UInt8(ascii: "\n"))
        }
        return lines
    }

    private struct Header {
        let name: GitObjectName
        /// nil for what is missing or no blob.
        let blobByteCount: Int?

        init?(_ line: some Collection<UInt8>) {
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count >= 2, let name = GitObjectName(hex: fields[0]) else { return nil }
            self.name = name
            let isBlob = fields.count == 3 && fields[1].elementsEqual("blob".utf8)
            blobByteCount = isBlob ? Int(String(decoding: fields[2], as: UTF8.self)) : nil
        }
    }

    private static func header(from output: ByteReader, command: String) throws(GitError) -> Header {
        let line: [UInt8]?
        do throws(SystemError) { line = try output.read(until: UInt8(ascii: "\n")) } catch { throw .system(error) }
        guard let line, let header = Header(line) else {
            throw .unexpected(command: command, answer: String(decoding: line ?? [], as: UTF8.self))
        }
        return header
    }

    /// The content of one Git blob, named in any way that Git knows; nil where there is none.
    package func blob(_ name: BytePath) throws(GitError) -> [UInt8]? {
        let answer = try run(["cat-file", "blob", name])
        return answer.status == 0 ? answer.output : nil
    }
}
