import Diagnostics
import Digest
import Inspection
import ObjectStore
import Platform
import Pointer
import Repository

/// `git data textconv`: what `git diff`, `git show` and `git log -p` compare of a data file.
///
/// Git's own cache (`cachetextconv`) is not used. It names a text by the Git blob, which is the pointer here, and
/// Git would keep the text that says that the data is missing for as long as the clone lives, as neither a
/// filter nor a textconv is asked again. It would also keep every text below the limit a second time, as Git
/// objects. `SummaryCache` keeps what costs time to make, by oid, and never the text of missing data.
///
/// Spec: gitattributes(5), "Performing text diffs of binary files".
struct TextconvCommand: Command {
    static let file = Operand<BytePath>("FILE", "a file with one version", parse: .path)
    static let declaration = Declaration(
        "textconv", group: .plumbing, summary: "show a data file as text that can be compared",
        description: """
            Text up to `data.diffLimit` (1m) comes as it is. Anything else comes as a summary, one fact a line: \
            type, size, oid, and what the format tells of rows, columns, tensors, members or pixels. A file \
            whose data is not on this machine comes as its size and oid; nothing is fetched.
            """,
        operands: [file], seeAlso: ["diff"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let path = try arguments[file]
        // Git asks outside of repositories too: git diff --no-index.
        let repository = try? context.repository()
        let limit = repository.flatMap { try? $0.settings().diffLimit } ?? Settings.defaultDiffLimit
        var content = try Descriptor.open(path, .read)
        var oid: ObjectID?
        if case .pointer(let pointer) = Pointer.recognize(try DataContent.head(of: content)), pointer.byteCount > 0 {
            guard !pointer.isExtended, let blob = try? repository?.store().open(pointer.oid) else {
                context.output.write(Array(absent(pointer).utf8))
                return .success
            }
            content = blob
            oid = pointer.oid
        }
        let byteCount = try content.status().byteCount
        if byteCount <= limit, try !DataContent.head(of: content, count: 8000).contains(0) {
            context.output.write(try ByteReader(content, bufferSize: 1 << 20).readToEnd())
            return .success
        }
        let name = try oid ?? hashContent(of: content)
        let cache = SummaryCache(repository)
        if let text = cache.text(of: name) {
            context.output.write(text)
            return .success
        }
        let text = Array(summary(try .read(ByteSource(content)), name, byteCount).utf8)
        if byteCount >= SummaryCache.smallestByteCount { cache.keep(text, of: name) }
        context.output.write(text)
        return .success
    }

    private static func summary(_ summary: DataSummary, _ oid: ObjectID, _ byteCount: Int64) -> String {
        let head = [summary.kind.name, size(byteCount), "oid: sha256:\(oid)"]
        return (head + summary.lines).map { $0 + "\n" }.joined()
    }

    private static func absent(_ pointer: Pointer) -> String {
        """
        data that is not on this machine; to get it: git data fetch
        \(size(pointer.byteCount))
        oid: sha256:\(pointer.oid)

        """
    }

    private static func size(_ byteCount: Int64) -> String {
        "size: \(byteCount) bytes" + (byteCount < 1024 ? "" : " (\(ByteCountText.format(byteCount)))")
    }
}

/// The first bytes of a file, for telling pointers and text.
enum DataContent {
    static func head(
        of file: borrowing Descriptor, count: Int = Pointer.maximumTextByteCount
    ) throws(SystemError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { buffer.deallocate() }
        let read = try file.read(into: buffer, at: 0)
        return Array(buffer[..<read])
    }
}

/// Summaries that took time to make, by the oid of what they sum up: `.git/data/summaries/<form>/ab/cd/<oid>`.
/// They can be removed at any time.
struct SummaryCache {
    /// Less is summed up faster than it is looked for.
    static let smallestByteCount: Int64 = 4 << 20
    /// Counted up when the text for some file becomes another.
    private static let form = 1
    private static let textLimit = 1 << 20

    private let folder: BytePath?

    init(_ repository: Repository?) {
        folder = repository.map { $0.location.commonFolder / "data/summaries/\(Self.form)" }
    }

    /// Removes what is older than `age`, in seconds.
    func sweep(olderThan age: Int64) throws {
        guard let summaries = folder?.parent, summaries.isFolder else { return }
        try Self.sweep(summaries, FileStatus.Time.now.seconds - age)
    }

    private static func sweep(_ folder: BytePath, _ limit: Int64) throws {
        for name in try folder.entries() {
            let path = folder / name
            guard let status = try path.status() else { continue }
            if status.kind == .folder {
                try sweep(path, limit)
                _ = path.removeEmptyFolder()
            } else if status.modified.seconds < limit {
                try path.removeFile()
            }
        }
    }

    func text(of oid: ObjectID) -> [UInt8]? {
        guard let path = path(of: oid), let text = try? path.contents(), text.last == UInt8(ascii: "\n") else { return nil }
        return text
    }

    /// A repository that cannot be written to has no cache.
    func keep(_ text: [UInt8], of oid: ObjectID) {
        guard text.count <= Self.textLimit, let path = path(of: oid) else { return }
        try? path.parent.makeFolders()
        try? path.replaceContents(with: text)
    }

    private func path(of oid: ObjectID) -> BytePath? {
        folder?.appending(BytePath(oid.shardedPath))
    }
}
