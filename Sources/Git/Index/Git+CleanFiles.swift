import Digest
import Platform

/// What came of telling the index that files are clean.
package enum CleanFilesOutcome: Equatable, Sendable {
    /// Git need not read the files.
    case refreshed
    /// Git was asked to read and compare the files, as the index has a form that is not changed in place.
    case comparedByGit(IndexFormatError)
    /// Another process kept the index locked; this is its lock.
    case locked(BytePath)
    /// The index is not sound, and was not touched.
    case unsound(IndexFormatError)
    case system(SystemError)
}

/// What `prepareToMarkClean` leaves to `markClean`.
package struct CleanFilesPreparation: Equatable, Sendable {
    /// Whether entries that no file of `markClean` is for wait for Git to compare them.
    package var isRefreshDue = false

    package init(isRefreshDue: Bool = false) {
        self.isRefreshDue = isRefreshDue
    }
}

extension Git {
    /// How long another's lock of the index is waited for: a command of Git holds it for a moment, and so
    /// does the `git status` that an editor runs in the background.
    private static let lockPatience = (pause: Duration.milliseconds(50), attempts: 60)
    /// From so much content on, it is worth up to a second's wait that Git need not read it again.
    private static let patientByteCount: Int64 = 64 << 20

    /// Makes Git see files as clean, without reading them, that hold what their entries stand for.
    ///
    /// Most builds of Git compare times by the second, and compare the content of files that are as young as
    /// the index. So where the files are large, this waits until the second of the youngest is over; where they are
    /// small, Git's next `status` reads them once more. After the wait each file is looked at again: one that
    /// has changed since its status was taken is left for Git to compare, and no later change can go unseen.
    /// - Parameters:
    ///   - index: as `RepositoryLocation` names it.
    ///   - worktree: its top, absolute.
    package func markClean(
        _ files: CleanFiles, index: BytePath, worktree: BytePath, after preparation: CleanFilesPreparation = .init()
    ) throws(GitError) -> CleanFilesOutcome {
        guard !files.isEmpty || preparation.isRefreshDue else { return .refreshed }
        let sizeOfMultiples = try files.sums.hasMultiple ? sizeOfMultiples() : 0
        Self.waitForLaterSecond(files.sums)
        let changes: IndexCopy.Changes
        switch Self.rewrite(index, marking: files, worktree: worktree, sizeOfMultiples: sizeOfMultiples) {
        case .success(let made): changes = made
        case .failure(.ended(let outcome)): return outcome
        case .failure(.leftToGit(let reason)):
            try compare(files)
            return .comparedByGit(reason)
        }
        // Commands that look at the index without refreshing it (`git diff-files`, `git diff-index`) would call
        // unsettled entries modified.
        if changes.unsettled > 0 || preparation.isRefreshDue { try refresh() }
        return .refreshed
    }

    /// Makes Git compare the content of files at its next look, as they are about to change behind its back: if
    /// this process dies between that and `markClean`, Git finds them clean all the same, where by the size
    /// that the index has it would call them modified for ever.
    /// - Parameter files: with no status.
    /// - Throws: what keeps the index from being changed; the files are to stay as they are then.
    package func prepareToMarkClean(
        _ files: CleanFiles, index: BytePath, worktree: BytePath
    ) throws(GitError) -> CleanFilesPreparation {
        guard !files.isEmpty else { return CleanFilesPreparation() }
        switch Self.rewrite(index, marking: files, worktree: worktree, sizeOfMultiples: 0) {
        case .success(let changes): return CleanFilesPreparation(isRefreshDue: changes.unsettledOthers > 0)
        case .failure(.ended(.locked(let lock))): throw .indexLocked(lock)
        case .failure(.ended(.unsound)): throw .indexDamaged(index)
        case .failure(.ended(.system(let error))): throw .indexUnwritable(error)
        case .failure(.ended): return CleanFilesPreparation()
        case .failure(.leftToGit):
            try forget(files)
            return CleanFilesPreparation()
        }
    }

    private enum Refusal: Error {
        case ended(CleanFilesOutcome)
        case leftToGit(IndexFormatError)
    }

    private static func rewrite(
        _ index: BytePath, marking files: CleanFiles, worktree: BytePath, sizeOfMultiples: UInt32
    ) -> Result<IndexCopy.Changes, Refusal> {
        do throws(SystemError) {
            // Git, too, puts the lock beside the file that a link in the index's place names.
            let index = (try? index.resolved()) ?? index
            guard let lock = try lock(index) else { return .failure(.ended(.locked(index.adding(suffix: ".lock")))) }
            guard let status = try index.status() else { return .success(IndexCopy.Changes()) }
            try lock.descriptor.setPermissions(status.permissions)
            let source = try IndexSource(try Descriptor.open(index, .read))
            let changes: IndexCopy.Changes
            do throws(IndexCopyError) {
                changes = try copy(source, to: lock, marking: files, worktree: worktree, writtenAt: status.modified, sizeOfMultiples)
            } catch {
                switch error {
                case .format(let error): return .failure(error.isLeftToGit ? .leftToGit(error) : .ended(.unsound(error)))
                case .system(let error): throw error
                }
            }
            try lock.commit()
            return .success(changes)
        } catch {
            return .failure(.ended(.system(error)))
        }
    }

    private static func copy(
        _ source: IndexSource, to lock: borrowing LockFile, marking files: CleanFiles, worktree: BytePath,
        writtenAt time: FileStatus.Time, _ sizeOfMultiples: UInt32
    ) throws(IndexCopyError) -> IndexCopy.Changes {
        let next: CleanFiles.Reader
        do throws(SystemError) { next = try files.read() } catch { throw .system(error) }
        let copy: IndexCopy
        do throws(IndexFormatError) {
            copy = try IndexCopy(source, algorithm: files.sums.isSHA256 ? .sha256 : .sha1)
        } catch {
            throw .format(error)
        }
        let confirmed: CleanFiles.Reader = { () throws(SystemError) in try next().map { Self.confirmed($0, worktree: worktree) } }
        return try copy.run(marking: confirmed, writtenAt: time, sizeOfMultiples: sizeOfMultiples) { bytes throws(SystemError) in
            try lock.descriptor.write(bytes)
        }
    }

    /// - Returns: nil where another process keeps the lock.
    private static func lock(_ index: BytePath) throws(SystemError) -> LockFile? {
        for _ in 1..<lockPatience.attempts {
            do throws(SystemError) {
                return try LockFile(for: index)
            } catch {
                guard error.isExisting else { throw error }
            }
            pauseAbout(lockPatience.pause)
        }
        return nil
    }

    /// The file, without its status where that is not the present one.
    private static func confirmed(_ file: CleanFile, worktree: BytePath) -> CleanFile {
        var file = file
        if let expected = file.status {
            let present = try? worktree.appending(file.path).status()
            if present.map({ $0.isSameContent(as: expected) }) != true { file.status = nil }
        }
        return file
    }

    private static func waitForLaterSecond(_ sums: CleanFiles.Sums) {
        guard sums.byteCount >= patientByteCount, let youngest = sums.youngest else { return }
        let now = FileStatus.Time.now
        // Files are stamped with a clock that is some milliseconds late. A time further ahead is that of a
        // server whose clock is wrong, and cannot be waited for.
        guard now.seconds <= youngest, youngest - now.seconds <= 1 else { return }
        let untilSecond = Int64(1_000_000_000 - now.nanoseconds)
        pause(.seconds(youngest - now.seconds) + .nanoseconds(untilSecond) + .milliseconds(20))
    }

    /// What Git stores as the size of a file of an exact multiple of 4 GiB: 0 before Git 2.43, which made it
    /// compare the content each time, and still does where that is what the index says.
    /// Source: Git, `munge_st_size`, commit 5143ac07b17e.
    private func sizeOfMultiples() throws(GitError) -> UInt32 {
        let numbers = try query(["version"]).line.text.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        return numbers.lexicographicallyPrecedes([2, 43]) ? 0 : 1 << 31
    }

    /// Makes the index have the files, as `git add` would, their objects being there.
    package func stage(_ files: CleanFiles) throws(GitError) {
        try change(["update-index", "--add", "--replace", "-z", "--index-info"]) { input throws(GitError) in
            try Self.reading { () throws(SystemError) in
                let next = try files.read()
                while let file = try next() { try input.write(Self.entryText(file.mode, file.name, file.path)) }
            }
        }
    }

    /// An entry that is not in conflict, as `git update-index --index-info` takes it.
    private static func entryText(_ mode: String, _ name: GitObjectName, _ path: BytePath) -> [UInt8] {
        Array(mode.utf8) + [UInt8(ascii: " ")] + name.hex + Array(" 0\t".utf8) + path.bytes + [0]
    }

    private static func reading<Result>(_ body: () throws(SystemError) -> Result) throws(GitError) -> Result {
        do throws(SystemError) { return try body() } catch { throw .system(error) }
    }

    /// Lets Git read the files and compare them with their entries. Writing an entry once more with the object
    /// that it has makes Git forget what it knew of the file; nothing that a user changed is staged.
    private func compare(_ files: CleanFiles) throws(GitError) {
        if try forget(files) { try refresh() }
    }

    /// Makes Git forget what it knew of the files.
    /// - Returns: whether there are any.
    @discardableResult
    private func forget(_ files: CleanFiles) throws(GitError) -> Bool {
        var isAny = false
        try change(["update-index", "-z", "--index-info"]) { input throws(GitError) in
            // Whoever held the lock may have changed what there is.
            isAny = false
            try forEachEntryAsItIs(files) { entry throws(GitError) in
                isAny = true
                try Self.reading { () throws(SystemError) in try input.write(Self.entryText(entry.mode, entry.name, entry.path)) }
            }
        }
        return isAny
    }

    /// Calls `body` with the entries of files that still have these objects.
    private func forEachEntryAsItIs(_ files: CleanFiles, _ body: (IndexEntry) throws(GitError) -> Void) throws(GitError) {
        let next = try Self.reading(files.read)
        var file = try Self.reading(next)
        // `<tag> <mode> <name> <stage>\t<path>`; other tags than H are entries with flags (`assume-unchanged`,
        // `skip-worktree`), which would be lost.
        let prefix = Array("H ".utf8)
        try forEachRecord(of: ["ls-files", "-s", "-v", "-z", "--full-name"], endingWith: 0) { record throws(GitError) in
            guard record.starts(with: prefix) else { return }
            let entry = try Self.entry(BytePath(bytes: record.dropFirst(2)), command: "git ls-files -s -v")
            while let named = file, named.path < entry.path { file = try Self.reading(next) }
            guard entry.stage == 0, let file, file.path == entry.path, file.name == entry.name else { return }
            try body(entry)
        }
    }

    private func refresh() throws(GitError) {
        // Status 1 says that some files differ. With `-q` nothing would tell of another's lock.
        let answer = try attemptChange(["update-index", "--refresh"])
        guard answer.status <= 1 else {
            throw .failed(command: "git update-index", status: answer.status, message: answer.message)
        }
    }
}
