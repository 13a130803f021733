import Digest
import Git
import ObjectStore
import Platform
import Pointer
import Repository

/// Git's long-running filter: one process for all files of a command.
///
/// Where the time goes, by `perf`, for many files of 50 KiB: two thirds of `git add` are Git's own (a loose object for each
/// pointer, and two switches between the processes for each file). Of the filter's 110 µs for a file, making and writing
/// the blob's file takes 48, SHA-256 30, the rest is the pipe and looking whether the blob is there. Git waits for each
/// answer, so nothing of one file can overlap the next: an answer before the blob is written could not be taken back.
/// Tried and left: a file made and filled with zeros beforehand, by another thread (15 µs less, as it has to be renamed);
/// looking for more of a request before sleeping (nothing, as Git is not interrupted by its packets). `git data add` does
/// many files at once. A `git status` of touched files is the same without the writing: the hash takes 40 % of the filter's
/// time. For one file of one byte it is the start of processes: the shell that Git starts for a command with
/// a space, this one, and the `git config` that reads the settings.
///
/// Spec: gitattributes(5), "Long Running Filter Process" and "Delay".
package final class FilterProcess {
    private let repository: Repository
    private let input: PktLineReader
    private let output: PktLineWriter
    private let report: (FilterNotice) -> Void
    private let pointerForm: Settings.PointerForm?
    private let fetcher: BlobFetcher
    private let later: BlobBatch.Later?
    private var batch: BlobBatch?
    private var isFirstStored = false
    /// What Git has of the files that it gives to be cleaned.
    private let indexed: IndexedPointers
    private var delayed: DelayedFiles?
    private var smudger: Smudger?
    private var leftAsPointers = FilesLeft()

    /// - Parameters:
    ///   - pointerForm: which pointers are written, whatever the settings say.
    ///   - later: as `BlobBatch` takes it, for what is cleaned.
    ///   - report: what a person should know; called between two answers to Git.
    package init(
        _ repository: Repository, input: consuming Descriptor, output: consuming Descriptor,
        pointerForm: Settings.PointerForm? = nil, later: BlobBatch.Later? = nil, report: @escaping (FilterNotice) -> Void
    ) {
        self.repository = repository
        self.input = PktLineReader(input)
        self.output = PktLineWriter(output)
        self.report = report
        self.pointerForm = pointerForm
        self.later = later
        fetcher = BlobFetcher(repository)
        indexed = IndexedPointers(repository)
    }

    /// Serves Git until it closes the stream, then makes durable what was stored, or leaves that to `later`.
    package func run() throws(FilterError) {
        // Git's configuration takes a process to read; it is read while Git sends the first file.
        let repository = self.repository
        WorkerThread.detach { _ = try? repository.settings() }
        try speaking { () throws(GitError) in try shakeHands() }
        // The first digest of a process makes libcrypto set itself up; this thread would only wait meanwhile.
        _ = BlobHasher()
        while let request = try speaking({ () throws(GitError) in try FilterRequest.read(from: input) }) {
            try answer(request)
            try speaking { () throws(GitError) in try output.flush() }
            if !isFirstStored, batch != nil {
                // What is left to others takes a moment to arrange, in which Git is at work with the first answer.
                isFirstStored = true
                try store { () throws(StoreError) in try batch?.flush() }
            }
        }
        try store { () throws(StoreError) in try batch?.flush() }
        if !leftAsPointers.isEmpty { report(.leftAsPointers(leftAsPointers)) }
    }

    private func store(_ body: () throws(StoreError) -> Void) throws(FilterError) {
        do throws(StoreError) { try body() } catch { throw .store(error) }
    }

    private func shakeHands() throws(GitError) {
        guard let welcome = try input.readLines() else { return }
        guard welcome.first == Array("git-filter-client".utf8), welcome.contains(Array("version=2".utf8)) else {
            throw .protocolViolation("the peer does not speak version 2 of Git's filter protocol")
        }
        try output.writeLine("git-filter-server")
        try output.writeLine("version=2")
        try output.writeFlush()
        try output.flush()
        let offered = try input.readLines() ?? []
        for capability in ["clean", "smudge", "delay"] where offered.contains(Array("capability=\(capability)".utf8)) {
            try output.writeLine("capability=\(capability)")
        }
        try output.writeFlush()
        try output.flush()
    }

    private func answer(_ request: FilterRequest) throws(FilterError) {
        switch request.command {
        case .clean: try clean(request)
        case .smudge: try smudge(request)
        case .listAvailableBlobs: try listAvailable()
        case .unknown: try refuse(request)
        }
    }

    /// Says no to a command of a Git that is newer than this. Where it is about a file, the file's content
    /// follows, as it does for all commands that are known.
    private func refuse(_ request: FilterRequest) throws(FilterError) {
        isDrained = request.path.isEmpty
        try speaking { () throws(GitError) in
            try drain()
            try writeStatus("error")
        }
    }

    // MARK: clean

    private func clean(_ request: FilterRequest) throws(FilterError) {
        let answer: Cleaner.Answer
        do throws(FilterError) {
            answer = try cleaned(request.path)
        } catch {
            if case .protocolViolation = error { throw error }
            report(.notStored(path: request.path, error))
            return try speaking { () throws(GitError) in
                try drain()
                try writeStatus("error")
            }
        }
        if case .foreignPointer(_, let reason) = answer {
            report(.foreignPointer(path: request.path, reason))
        }
        try send(answer.text)
    }

    private func cleaned(_ path: BytePath) throws(FilterError) -> Cleaner.Answer {
        let batch = try self.openBatch()
        var settings: Settings
        do throws(RepositoryError) { settings = try repository.settings() } catch { throw .repository(error) }
        if let pointerForm { settings.pointerForm = pointerForm }
        let indexed = self.indexed
        var cleaner = Cleaner(settings: settings, batch: batch) {
            indexed.pointer(at: path).flatMap { BlobGuess($0.oid, in: batch.store) }
        }
        while let bytes = try speaking({ () throws(GitError) in try nextPiece() }) {
            do throws(StoreError) { try cleaner.take(bytes) } catch { throw .store(error) }
        }
        do throws(StoreError) { return try cleaner.finish() } catch { throw .store(error) }
    }

    private func openBatch() throws(FilterError) -> BlobBatch {
        isDrained = false
        if let batch { return batch }
        do throws(RepositoryError) {
            let opened = BlobBatch(store: try repository.store(), later: later)
            batch = opened
            return opened
        } catch {
            throw .repository(error)
        }
    }

    // MARK: smudge

    private func smudge(_ request: FilterRequest) throws(FilterError) {
        isDrained = false
        if let waiting = delayed?.take(request.path) {
            try speaking { () throws(GitError) in try drain() }
            return try sendFetched(waiting.pointer, waiting.text, at: request.path)
        }
        var content = try HeldContent(limit: 1 << 20) { () throws(FilterError) in try self.store().incoming }
        while let bytes = try speaking({ () throws(GitError) in try nextPiece() }) { try content.take(bytes) }
        let decision: Smudger.Decision
        do throws(FilterError) {
            decision = content.isLargerThanPointers
                ? .unchanged : try openSmudger().decide(content.head, isLast: request.isForArchive)
        } catch {
            // Without settings or a store there is no blob; the pointer is all there is.
            report(.notStored(path: request.path, error))
            return try send(content)
        }
        switch consume decision {
        case .unchanged: try send(content)
        case .foreignPointer(let reason):
            report(.foreignPointer(path: request.path, reason))
            try send(content)
        case .leave(_, let reason):
            leftAsPointers.add(request.path, reason)
            try send(content)
        case .empty: try send([])
        case .blob(let file): try sendBlob(file)
        case .absent(let pointer):
            if request.canDelay {
                try delay(request.path, content.head)
                try speaking { () throws(GitError) in try writeStatus("delayed") }
            } else {
                _ = fetcher.fetchNow(pointer)
                try sendFetched(pointer, content.head, at: request.path)
            }
        }
    }

    private func delay(_ path: BytePath, _ text: [UInt8]) throws(FilterError) {
        if delayed == nil { delayed = DelayedFiles(in: try store()) }
        delayed?.add(path, text)
    }

    private func store() throws(FilterError) -> ObjectStore {
        do throws(RepositoryError) { return try repository.store() } catch { throw .repository(error) }
    }

    private func openSmudger() throws(FilterError) -> Smudger {
        if let smudger { return smudger }
        do throws(RepositoryError) {
            let opened = Smudger(settings: try repository.settings(), store: try repository.store())
            smudger = opened
            return opened
        } catch {
            throw .repository(error)
        }
    }

    /// Answers for a blob that was fetched, or could not be.
    private func sendFetched(_ pointer: Pointer, _ text: [UInt8], at path: BytePath) throws(FilterError) {
        if let reason = fetcher.reason(for: pointer.oid) {
            leftAsPointers.add(path, reason)
            return try send(text)
        }
        // The agent has just verified it.
        let opened: Descriptor?
        let store = try openSmudger().store
        do throws(StoreError) { opened = try store.open(pointer.oid) } catch { throw .store(error) }
        guard let file = opened else {
            leftAsPointers.add(path, .store(.system(SystemError("open", path: path, code: 2))))
            return try send(text)
        }
        try sendBlob(file)
    }

    private func sendBlob(_ file: borrowing Descriptor) throws(FilterError) {
        do throws(GitError) {
            let byteCount: Int64
            do throws(SystemError) { byteCount = try file.status().byteCount } catch { throw .system(error) }
            try writeStatus("success")
            try output.send(contentOf: file, byteCount: byteCount)
            try output.writeFlush()
            try output.writeFlush()
        } catch {
            throw FilterError(error)
        }
    }

    /// Names the files whose blobs have arrived, or will not; none when all have been named.
    private func listAvailable() throws(FilterError) {
        let available: [BytePath]
        do throws(SystemError) { available = try availablePaths() } catch { throw .system(error) }
        try speaking { () throws(GitError) in
            for path in available.sorted() { try output.writeLine(Array("pathname=".utf8) + path.bytes) }
            try output.writeFlush()
            try writeStatus("success")
        }
    }

    /// Never empty while files are delayed, as Git takes that for the end.
    private func availablePaths() throws(SystemError) -> [BytePath] {
        while delayed?.isEmpty == false {
            for pointer in try delayed?.refill() ?? [] { fetcher.want(pointer) }
            let known = fetcher.collect()
            // When nothing is under way any more, all that is at hand gets its answer.
            let available = delayed?.waiting(for: known.isEmpty ? nil : known) ?? []
            if !available.isEmpty { return available }
        }
        return []
    }

    // MARK: the wire

    /// Whether all content of the request at hand has been read.
    private var isDrained = true

    /// The next piece of the request's content; nil behind the last.
    private func nextPiece() throws(GitError) -> UnsafeRawBufferPointer? {
        let piece = try input.nextPiece()
        if piece == nil { isDrained = true }
        return piece
    }

    private func drain() throws(GitError) {
        while !isDrained { _ = try nextPiece() }
    }

    private func writeStatus(_ status: String) throws(GitError) {
        try output.writeLine("status=\(status)")
        try output.writeFlush()
    }

    private func send(_ content: [UInt8]) throws(FilterError) {
        try speaking { () throws(GitError) in
            try writeStatus("success")
            var failure: GitError?
            content.withUnsafeBytes { bytes in
                do throws(GitError) { try output.write(content: bytes) } catch { failure = error }
            }
            if let failure { throw failure }
            try output.writeFlush()
            // An empty list keeps the status.
            try output.writeFlush()
        }
    }

    private func send(_ content: borrowing HeldContent) throws(FilterError) {
        try speaking { () throws(GitError) in
            try writeStatus("success")
            try content.write(to: output)
            try output.writeFlush()
            try output.writeFlush()
        }
    }

    private func speaking<Result>(_ body: () throws(GitError) -> Result) throws(FilterError) -> Result {
        do throws(GitError) { return try body() } catch { throw FilterError(error) }
    }
}

extension FilterError {
    init(_ error: GitError) {
        switch error {
        case .system(let error): self = .system(error)
        case .protocolViolation(let message): self = .protocolViolation(message)
        default: self = .repository(.git(error))
        }
    }
}
