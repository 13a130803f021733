import Diagnostics
import Filter
import Git
import ObjectStore
import Platform
import Pointer
import Repository

/// `git data merge-driver`: both sides changed a data file.
struct MergeDriverCommand: Command {
    static let base = Operand<BytePath>("BASE", "the common ancestor's version (%O)", parse: .path)
    static let ours = Operand<BytePath>("OURS", "our version, and where the result goes (%A)", parse: .path)
    static let theirs = Operand<BytePath>("THEIRS", "their version (%B)", parse: .path)
    static let markerSize = Operand<Int>("SIZE", "the length of conflict markers (%L)", parse: .wholeNumber)
    static let path = Operand<BytePath>("PATH", "the file's path (%P)", parse: .path)
    static let declaration = Declaration(
        "merge-driver", group: .plumbing, summary: "merge two versions of a data file",
        description: """
            Text is merged as Git merges text, and the result is stored as a new blob. Anything else, and text \
            in which both sides changed the same lines, stays a conflict in which the worktree has our version: \
            `git checkout --theirs PATH` takes the other. Markers never enter a pointer.
            """,
        operands: [base, ours, theirs, markerSize, path],
        exitCodes: [ExitMeaning(.failure, "the file stays a conflict")])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let merge = DataMerge(context: context, repository: repository)
        return try merge.run(
            base: try arguments[base], ours: try arguments[ours], theirs: try arguments[theirs],
            path: try arguments[path]) ? .success : .failure
    }
}

/// The merge of one data file, on the versions that Git wrote to temporary files.
struct DataMerge {
    let context: CommandContext
    let repository: Repository

    /// Larger files are left to a person.
    private static let textLimit: Int64 = 256 << 20

    /// - Returns: whether `ours` holds the merged version now. Otherwise it is as it was.
    func run(base: BytePath, ours: BytePath, theirs: BytePath, path: BytePath) throws -> Bool {
        let store = try repository.store()
        let folder = store.incoming
        try store.prepare()
        var copies: [BytePath] = []
        defer { for copy in copies { try? copy.removeFile() } }
        for version in [ours, base, theirs] {
            let copy = folder / "merge-\(UInt64.random(in: .min ... .max))"
            copies.append(copy)
            guard try writeContent(of: version, to: copy, path) else { return false }
        }
        // Without markers: where lines conflict, the file as a whole does.
        let answer = try repository.git().run(
            ["merge-file", "-p", "-q", "-L", "ours", "-L", "base", "-L", "theirs"] + copies)
        guard answer.status == 0 else {
            explainConflict(path)
            return false
        }
        let batch = BlobBatch(store: store)
        var cleaner = Cleaner(settings: try repository.settings(), batch: batch)
        var failure: StoreError?
        answer.output.withUnsafeBytes { bytes in
            do throws(StoreError) { try cleaner.take(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
        let merged = try cleaner.finish()
        try batch.flush()
        try ours.replaceContents(with: merged.text)
        return true
    }

    /// Writes a version's real content.
    /// - Returns: false where it is not to be had, not text, or too large.
    private func writeContent(of version: BytePath, to copy: BytePath, _ path: BytePath) throws -> Bool {
        let raw = try version.contents(limit: Int(Self.textLimit)) ?? []
        var content = raw
        if case .pointer(let pointer) = Pointer.recognize(raw) {
            guard pointer.byteCount <= Self.textLimit, !pointer.isExtended else {
                explainConflict(path)
                return false
            }
            let store = try repository.store()
            if !store.contains(pointer.oid), let reason = BlobFetcher(repository).fetchNow(pointer) {
                context.output.warning("'\(path)' cannot be merged: a version is missing (\(Words.reason(reason)))")
                return false
            }
            guard let file = try store.open(pointer.oid) else { return false }
            content = try ByteReader(file, bufferSize: 1 << 20).readToEnd()
        }
        if content.prefix(8000).contains(0) {
            explainConflict(path)
            return false
        }
        let file = try Descriptor.open(copy, [.write, .create, .exclusive], permissions: 0o600)
        try file.write(content)
        return true
    }

    private func explainConflict(_ path: BytePath) {
        context.output.message("git data: both sides changed '\(path)'; take one with: git checkout --ours (or --theirs) -- '\(path)'")
    }
}
