import Diagnostics
import Digest
@testable import Filter
@testable import Git
import ObjectStore
import Platform
import Pointer
import Repository
import TestSupport
private import Synchronization
import XCTest

/// A repository of real Git whose worktree has pointers, with their blobs in its store. Its filter notes each
/// of its runs.
final class HydrationBench {
    let scratch: ScratchFolder
    let git: Git
    let repository: Repository
    let store: ObjectStore
    let progress = Ticks()
    private let batch: BlobBatch
    private(set) var files: [HydrationFile] = []

    var worktree: BytePath { scratch / "work" }
    var index: BytePath { worktree / ".git/index" }

    init() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
        try (scratch / "work").makeFolders()
        git = try Git(in: scratch / "work")
        try git.query(["init", "--quiet"])
        let program = try scratch.write(
            """
            #!/bin/sh
            printf 'run\\n' >> '\(scratch / "log")'
            content=$(mktemp '\(scratch / "content.XXXXXX")')
            cat > "$content"
            printf 'git data pointer 1\\noid sha256:%s\\nsize %s\\n' \\
                "$(sha256sum < "$content" | cut -d ' ' -f 1)" "$(wc -c < "$content")"
            """, to: "filter", permissions: 0o755)
        try git.query(["config", "filter.data.clean", program])
        try git.query(["config", "filter.data.required", "true"])
        try scratch.write("*.bin filter=data -text\n", to: "work/.gitattributes")
        repository = try .find(from: scratch / "work")
        store = try repository.store()
        batch = BlobBatch(store: store)
        try store.prepare()
    }

    var filterRuns: Int {
        get throws { try (scratch / "log").contents()?.split(separator: 10).count ?? 0 }
    }

    static func pointer(for content: [UInt8]) -> Pointer {
        Pointer(oid: .of(content), byteCount: Int64(content.count))
    }

    /// Puts a pointer into the worktree and its blob into the store.
    func add(
        _ path: BytePath, _ content: [UInt8], mode: String = "100644", isStored: Bool = true, pointer: [UInt8]? = nil
    ) throws {
        let text = pointer ?? Self.pointer(for: content).text
        try scratch.write(text, to: "work" / path, permissions: mode == "100755" ? 0o755 : 0o644)
        if isStored { try insert(content) }
        let placeholder = try XCTUnwrap(GitObjectName(hex: [UInt8](repeating: 0x30, count: 40)))
        files.append(
            HydrationFile(
                path: path, mode: mode, gitBlob: placeholder, pointerText: text, oid: .of(content),
                byteCount: Int64(content.count)))
    }

    func insert(_ content: [UInt8]) throws {
        var spool = BlobSpool(in: store)
        try content.withUnsafeBytes { try spool.write($0) }
        _ = try spool.insert(into: batch)
    }

    /// Commits the pointers, so that the index knows them and nothing is young.
    func commit() throws {
        try batch.flush()
        let paths = try git.query(["ls-files", "-z", "--others"]).records
        for start in stride(from: 0, to: paths.count, by: 500) {
            let some = paths[start..<min(start + 500, paths.count)].map { worktree / $0 }
            _ = try Finished("/usr/bin/touch", ["-d", "2020-01-02 03:04:05"] + some)
        }
        try git.query(["-c", "filter.data.clean=cat", "add", "--all"])
        try git.query(["commit", "--quiet", "-m", "Pointers"])
        let names = Dictionary(try git.indexEntries().map { ($0.path, $0.name) }) { first, _ in first }
        files = files.map { file in
            HydrationFile(
                path: file.path, mode: file.mode, gitBlob: names[file.path] ?? file.gitBlob,
                pointerText: file.pointerText, oid: file.oid, byteCount: file.byteCount)
        }
    }

    @discardableResult
    func hydrate(
        _ files: [HydrationFile]? = nil, makingAbsent: Bool = false, since: FileStatus.Time = .now
    ) throws -> HydrationOutcome {
        // Few at once, so that most jobs are of several portions.
        try Hydration(repository: repository, store: store, progress: progress, since: since, portionCount: 7)
            .run(HydrationList(files ?? self.files, in: store), makingAbsent: makingAbsent)
    }

    func content(_ path: BytePath) throws -> [UInt8]? {
        try (worktree / path).contents()
    }

    /// What is in the worktree beside the files that were put there.
    func leftovers() throws -> [BytePath] {
        try scratch.files(below: "work").filter { $0.lastComponent.bytes.starts(with: ".git-data-".utf8) }
    }
}

/// An observer that keeps what it is told.
final class Ticks: ProgressObserver {
    private let ticks = Mutex<[ProgressTick]>([])

    func advance(to tick: ProgressTick) {
        ticks.withLock { $0.append(tick) }
    }

    var all: [ProgressTick] { ticks.withLock { $0 } }
}
