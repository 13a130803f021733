import Platform

extension Git {
    /// Reads those of the Git blobs that are shorter than `limit` bytes, and calls `body` for each, in
    /// the order given. What is larger, missing or no blob is passed over. Two processes of Git, however
    /// many names there are.
    /// - Parameter others: told of each object that is larger or no blob.
    package func forEachBlob(
        _ names: [GitObjectName], shorterThan limit: Int, others: (GitObjectName) -> Void = { _ in },
        _ body: (GitObjectName, [UInt8]) throws(GitError) -> Void
    ) throws(GitError) {
        guard !names.isEmpty else { return }
        let small = try smallBlobs(among: names, limit: limit, others)
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

    /// The lengths of Git objects; those that are not here are left out.
    package func byteCounts(of names: [GitObjectName]) throws(GitError) -> [GitObjectName: Int64] {
        guard !names.isEmpty else { return [:] }
        let format: BytePath = "--batch-check=%(objectname) %(objectsize)"
        var counts: [GitObjectName: Int64] = [:]
        for line in try query(["cat-file", format, "--buffer"], input: Self.lines(names)).lines {
            let fields = line.bytes.split(separator: UInt8(ascii: " "))
            guard fields.count == 2, let name = GitObjectName(hex: fields[0]) else { continue }
            counts[name] = Int64(String(decoding: fields[1], as: UTF8.self))
        }
        return counts
    }

    /// What Git would call the contents of files, with no filter between.
    package func unfilteredNames(of files: [BytePath]) throws(GitError) -> [GitObjectName] {
        try names(of: files, ["--no-filters"])
    }

    /// What Git would call what it stores of files of the worktree, with their filters and line ends.
    package func filteredNames(of files: [BytePath]) throws(GitError) -> [GitObjectName] {
        try names(of: files, [])
    }

    private func names(of files: [BytePath], _ options: [BytePath]) throws(GitError) -> [GitObjectName] {
        guard !files.isEmpty else { return [] }
        let input = files.flatMap { Self.quoted($0) + [UInt8(ascii: "\n")] }
        let names = try query(["hash-object"] + options + ["--stdin-paths"], input: input).lines
            .compactMap { GitObjectName(hex: $0.bytes) }
        guard names.count == files.count else {
            throw .unexpected(command: "git hash-object", answer: "\(names.count) names for \(files.count) files")
        }
        return names
    }

    /// A path on a line of its own, whatever bytes it has.
    ///
    /// Source: Git, `unquote_c_style`.
    static func quoted(_ path: BytePath) -> [UInt8] {
        var quoted = [UInt8(ascii: "\"")]
        for byte in path.bytes {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                quoted += [UInt8(ascii: "\\"), byte]
            } else if byte < 0x20 || byte >= 0x7f {
                let octal = String(byte, radix: 8)
                quoted += Array(("\\" + String(repeating: "0", count: 3 - octal.count) + octal).utf8)
            } else {
                quoted.append(byte)
            }
        }
        return quoted + [UInt8(ascii: "\"")]
    }

    private func smallBlobs(
        among names: [GitObjectName], limit: Int, _ others: (GitObjectName) -> Void
    ) throws(GitError) -> [GitObjectName] {
        let format: BytePath = "--batch-check=%(objectname) %(objecttype) %(objectsize)"
        var small: [GitObjectName] = []
        let input = Self.lines(names)
        try forEachRecord(of: ["cat-file", format, "--buffer"], input: input, endingWith: UInt8(ascii: "\n")) { line in
            // `<name> missing` is too short to say what it would be.
            guard let header = Header(line), header.isKnown else { return }
            if let byteCount = header.blobByteCount, byteCount < limit { small.append(header.name) } else { others(header.name) }
        }
        return small
    }

    private static func lines(_ names: [GitObjectName]) -> [UInt8] {
        var lines: [UInt8] = []
        lines.reserveCapacity(names.count * (2 * Int(names.first?.byteCount ?? 0) + 1))
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
        /// Whether Git has it.
        let isKnown: Bool

        init?(_ line: some Collection<UInt8>) {
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count >= 2, let name = GitObjectName(hex: fields[0]) else { return nil }
            self.name = name
            isKnown = fields.count == 3
            let isBlob = isKnown && fields[1].elementsEqual("blob".utf8)
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
