import Diagnostics
import Digest
import Filter
import Git
import Lineage
import Platform
import Pointer
import Repository
import FoundationEssentials
private import Synchronization

/// Runs the command of one stage, and records what it used and made. Where anything fails, what was recorded and the
/// earlier outputs stay as they were.
struct StageExecution: Sendable {
    let context: CommandContext
    let repository: Repository
    let stage: Stage
    /// All that stages make: no change of a source tree.
    let products: [BytePath]
    /// Whether the command may read from the terminal.
    var isInteractive = true
    /// Held while the index is changed and read, as several stages may run at once.
    var index = Exclusion()

    /// One at a time.
    final class Exclusion: Sendable {
        private let mutex = Mutex(())
        func callAsFunction<Result>(_ body: () throws -> Result) throws -> Result {
            try mutex.withLock { _ in try body() }
        }
    }

    /// - Returns: the record, which is staged together with the outputs and the recipe.
    func run() throws -> RunRecord {
        guard let record = try run(completing: nil) else { throw CommandFailure("stage '\(stage.name)' has no record") }
        return record
    }

    /// As `run()`, watching which files the command uses.
    /// - Parameter complete: makes the whole stage of what was seen, or nothing where the command is to run again.
    /// - Returns: nil where it is to run again; all is as it was before.
    func run(_ complete: (OpenedFiles) throws -> Stage?) throws -> RunRecord? {
        try withoutActuallyEscaping(complete) { try run(completing: $0) }
    }

    private func run(completing complete: ((OpenedFiles) throws -> Stage?)?) throws -> RunRecord? {
        try checkPlaces()
        let turn = try repository.turn(of: stage.name, "stage '\(stage.name)' is being run")
        defer { withExtendedLifetime(turn) {} }
        try fetchInputs()
        var before = try index { try observe(stage) }
        if let missing = before.missing.first { throw try self.missing(missing) }
        if let key = before.missingKeys.first {
            throw CommandFailure("there is no parameter '\(BytePath(key))', which stage '\(stage.name)' names", kept: "nothing was run", exitCode: .failure)
        }
        let circumstances = try index { try repository.circumstances(besides: products) }
        let aside = try SetAside(stage.products.map(\.value), of: repository)
        Interrupts.onEnd { aside.giveBack() }
        var isMade = false
        do {
            try makeFolders(in: repository.worktree())
            let started = Date()
            let files = try execute(isWatched: complete != nil)
            let milliseconds = Int64((Date().timeIntervalSince(started) * 1000).rounded())
            var whole = self
            if let complete, let files {
                guard let stage = try complete(files) else {
                    aside.giveBack()
                    return nil
                }
                whole = StageExecution(context: context, repository: repository, stage: stage, products: products, index: index)
                try whole.checkPlaces()
                before = try index { try observe(stage) }
            }
            try whole.checkProducts()
            isMade = true
            let record = try index { try whole.record(before, circumstances, started: started, milliseconds: milliseconds) }
            aside.discard()
            return record
        } catch {
            // What took long to make is not lost for the index being held, or a disk being full.
            if isMade, !(error is CommandFailure), let place = aside.giveBackKeepingMade() {
                let (explanation, exitCode) = Words.explain(error)
                throw CommandFailure(
                    explanation.what, kept: "what the command has made, in '\(place)'; in the worktree is what was there before",
                    hints: explanation.hints, exitCode: exitCode)
            }
            aside.giveBack()
            throw error
        }
    }

    func observe(_ stage: Stage) throws -> StageObservation {
        var observer = try StageObserver(repository)
        guard let found = try observer.look(at: [stage])[stage.name] else { throw CommandFailure("'\(stage.name)' cannot be looked at") }
        return found
    }

    /// Makes the folders that outputs are to be in, and those that are outputs.
    func makeFolders(in top: BytePath) throws {
        for product in stage.products.map(\.value) {
            let path = top.appending(product)
            try (stage.folders.contains(product) ? path : path.parent).makeFolders()
        }
    }

    /// What can be known to go wrong before anything runs.
    private func checkPlaces() throws {
        if !stage.folder.isEmpty, !(try repository.worktree().appending(stage.folder).isFolder) {
            throw CommandFailure("the folder '\(stage.folder)' of stage '\(stage.name)' does not exist")
        }
        let top = try repository.worktree()
        for product in stage.products.map(\.value) {
            do { _ = try WorktreeEntry.find(product, under: top, makingFolders: false) } catch {
                throw CommandFailure("the output '\(product)' of stage '\(stage.name)' is beyond a symbolic link, or where no folder can be")
            }
        }
        if let ignored = try StageOutputs(context: context, repository: repository).ignored(among: stage.products.map(\.value)).first {
            throw CommandFailure(
                "the output '\(ignored)' of stage '\(stage.name)' is ignored by Git, so that it could not be recorded",
                hints: ["git check-ignore -v \(ShellWord.quoted(ignored))"])
        }
    }

    /// The first of files that are pointers.
    private static func pointer(among paths: some Sequence<BytePath>, below top: BytePath) throws(SystemError) -> BytePath? {
        for path in paths.sorted() {
            guard let status = try top.appending(path).status(), status.kind == .regular, status.byteCount < Int64(Pointer.maximumTextByteCount),
                let content = try top.appending(path).contents(limit: Pointer.maximumTextByteCount), case .pointer = Pointer.recognize(content)
            else { continue }
            return path
        }
        return nil
    }

    /// Pointers that nothing fills, as no data pattern matches them or as they are not staged, would be read as data.
    private func refuse(pointer path: BytePath?) throws {
        guard let path else { return }
        throw CommandFailure(
            "the input '\(path)' of stage '\(stage.name)' is a pointer, not data", kept: "nothing was run",
            hints: ["git data pull \(ShellWord.quoted(path)), or where no data pattern matches it: git data fix"], exitCode: .failure)
    }

    /// What can be said of an input that was not found.
    func missing(_ path: BytePath) throws -> CommandFailure {
        // It may be there, and not to be read.
        if try repository.worktree().appending(path).status()?.kind == .regular {
            _ = try Descriptor.open(repository.worktree().appending(path), [.read, .nonBlocking])
        }
        return CommandFailure("the input '\(path)' of stage '\(stage.name)' does not exist", kept: "nothing was run", exitCode: .failure)
    }

    /// Puts content in the place of every pointer that the stage would read.
    func fetchInputs() throws {
        try index {
            let top = try repository.worktree()
            let store = try repository.store()
            let (waiting, wanted) = (HydrationList(in: store), WantedBlobs(in: store))
            var unfilled: BytePath?
            let paths = stage.reads.map(\.value) + stage.environmentFiles.map(\.value)
            let given = Set(paths)
            // Of those that the stage names by themselves.
            var waitingGiven: Set<BytePath> = []
            let inputs = try PresentContents(repository).look(at: paths) { pointers throws(RepositoryError) in
                let standing = try repository.standing(among: pointers)
                for file in standing {
                    waiting.add(HydrationFile(file))
                    wanted.add(file.pointer)
                    if given.contains(file.path) { waitingGiven.insert(file.path) }
                }
                let others = Set(pointers.map(\.path)).subtracting(standing.map(\.path))
                do throws(SystemError) {
                    if unfilled == nil { unfilled = try Self.pointer(among: others, below: top) }
                } catch {
                    throw .system(error)
                }
            }
            let named = Set(inputs.filter { !$0.value.isFolder }.keys).subtracting(waitingGiven)
            unfilled = try unfilled ?? Self.pointer(among: named, below: top)
            guard waiting.count > 0 else { return try refuse(pointer: unfilled) }
            let download = Download(context: context, repository: repository)
            let (fetched, _, shortfalls) = try download.fill(waiting, fetching: wanted)
            DownloadOptions.sayFetched(fetched, context.output)
            guard shortfalls.isEmpty else {
                download.report(shortfalls, after: fetched.failure, hint: "git data pull")
                throw CommandFailure("stage '\(stage.name)' was not run, as inputs of it are missing", exitCode: .failure)
            }
            try waiting.forEach { file throws(RepositoryError) in
                guard unfilled == nil else { return }
                do throws(SystemError) {
                    unfilled = try Self.pointer(among: [file.path], below: top)
                } catch {
                    throw .system(error)
                }
            }
            try refuse(pointer: unfilled)
        }
    }

    /// Runs the command, in the place of whatever is there of its outputs.
    /// - Parameter isWatched: whether to find out which files it uses.
    @discardableResult
    func execute(isWatched: Bool = false) throws -> OpenedFiles? {
        guard let command = stage.command?.value else { throw CommandFailure("'\(stage.name)' has no command") }
        context.output.message("[\(stage.name)] \(command)")
        context.output.flush()
        let top = try repository.worktree()
        guard let shell = Environment.findProgram("sh", outside: top) else { throw CommandFailure("there is no 'sh' on PATH") }
        let arguments: [BytePath] = ["-c", BytePath(command)]
        let environment = Environment.changed(removing: ["GIT_PREFIX"], adding: [("GIT_DATA_STAGE", BytePath(stage.name.text))])
        let folder = top.appending(stage.folder)
        let count = Mutex(0)
        // The command's process, and the signals that came before it was known here.
        let running = Mutex<(child: Int32?, missed: [Int32])>((nil, []))
        // The terminal's Ctrl-C reaches the command too: its end is waited for, so that nothing is given back under it.
        let receive: @Sendable (Interrupts.Signal) -> Bool = { signal in
            let isFirst = count.withLock { count in
                count += 1
                return count == 1
            }
            guard signal.isFromProcess else { return isFirst }
            let child = running.withLock { running in
                if running.child == nil { running.missed.append(signal.number) }
                return running.child
            }
            if let child { ChildProcess.send(signal: signal.number, to: child) }
            return isFirst
        }
        let (ending, files) = try Interrupts.receiving(receive, { () throws -> (ChildProcess.Ending, OpenedFiles?) in
            if isWatched {
                let watched = try WatchedCommand.run(shell, arguments, folder: folder, environment: environment, watching: top, excluding: [".git"])
                return (watched.ending, watched.files)
            }
            let child = try ChildProcess(
                shell, arguments, name: "sh", environment: environment, folder: folder,
                input: isInteractive ? .inherited : .null, output: .inherited)
            let missed = running.withLock { running in
                running.child = child.processID
                return running.missed
            }
            for number in missed { ChildProcess.send(signal: number, to: child.processID) }
            return (child.wait(), nil)
        })
        switch ending {
        case .exited(0): if count.withLock({ $0 > 0 }) { throw StageInterruption(status: 130) }
        case .exited(let status):
            if count.withLock({ $0 > 0 }) { throw StageInterruption(status: status) }
            throw failure("ended with status \(status)")
        case .killed(let signal):
            if count.withLock({ $0 > 0 }) { throw StageInterruption(status: 128 + signal) }
            throw failure("was killed by signal \(signal)")
        }
        return files
    }

    private func failure(_ what: String) -> CommandFailure {
        CommandFailure("the command of stage '\(stage.name)' \(what)", kept: kept, exitCode: .failure)
    }

    private var kept: String {
        let hasRun = (try? repository.worktree().appending(stage.name.recordFile).isPresent) ?? false
        return hasRun ? "what was recorded, and the outputs of the run before" : "what was there before; nothing was recorded"
    }

    func checkProducts() throws {
        let top = try repository.worktree()
        let absent = stage.products.map(\.value).filter { path in
            guard let status = try? top.appending(path).status() else { return true }
            return status.kind == .other || status.kind == .link
        }
        guard absent.isEmpty else {
            throw CommandFailure(
                "the command of stage '\(stage.name)' did not make \(absent.map { "'\($0)'" }.joined(separator: ", "))",
                kept: kept, exitCode: .failure)
        }
    }

    /// Adds the outputs, writes the record, and stages both with the recipe.
    private func record(
        _ before: StageObservation, _ circumstances: Circumstances, started: Date, milliseconds: Int64
    ) throws -> RunRecord {
        try checkInputs(before)
        try StageOutputs(context: context, repository: repository)
            .stage(stage.outputs.map(\.value), plain: stage.metrics.map(\.value))
        let after = try observe(stage)
        var record = RunRecord(before.causes)
        record.outputs = after.productIDs
        record.metrics = try metrics()
        record.started = Int64(started.timeIntervalSince1970)
        record.milliseconds = milliseconds
        record.commit = circumstances.commit
        record.isTreeClean = circumstances.isClean
        record.author = circumstances.author
        let environment = EnvironmentRecord.capture(
            command: before.causes.command ?? "", worktree: try repository.worktree(), extraVariables: stage.variables.map(\.value))
        record.environmentRecord = environment.id
        try StageWriter(context: context, repository: repository).write(stage, record, environment: environment)
        return record
    }

    /// What the command has used is known only if it is still there.
    private func checkInputs(_ before: StageObservation) throws {
        var reading = stage
        (reading.outputs, reading.metrics) = ([], [])
        let after = try observe(reading)
        func changes<Value: Equatable>(_ old: [String: Value], _ new: [String: Value]) -> [String] {
            old.keys.filter { old[$0] != new[$0] }
        }
        let changed = changes(before.causes.inputs, after.causes.inputs) + changes(before.causes.parameters, after.causes.parameters)
        guard !changed.isEmpty else { return }
        throw CommandFailure(
            "\(changed.sorted().map { "'\($0)'" }.joined(separator: ", ")) changed while stage '\(stage.name)' ran, so that what it used is not known",
            kept: kept, exitCode: .failure)
    }

    func metrics() throws -> [String: JSONValue] {
        var metrics: [String: JSONValue] = [:]
        for path in stage.metrics.map(\.value) {
            // What a link leads to is nobody's business, and would be in the record.
            guard let content = try? WorktreeEntry.contents(path, under: repository.worktree(), limit: 16 << 20) else { continue }
            // A picture or a page among the metrics is kept, and has no values.
            if let value = try? ValueFile.parse(content, path: path) { metrics[path.text] = value }
        }
        return metrics
    }
}

extension Repository {
    /// Takes the turn at a stage or an import in this worktree: two processes that make the same files would take them
    /// from one another.
    /// - Parameter doing: what is said where another process has it, as in "stage 'train' is being run".
    func turn(of stage: StageName, _ doing: String) throws -> Turn {
        if let turn = try Turn.ifFree(runningFile(of: stage, "turn")) { return turn }
        throw CommandFailure(
            "\(doing) by another process", kept: "everything as it was", hints: ["try again when it has ended"], exitCode: .failure)
    }

    /// In the Git folder: what runs of stages in this worktree say to one another.
    static let runningFolder: BytePath = "data/running"

    /// The file of a kind there that belongs to a stage.
    func runningFile(of stage: StageName, _ kind: String) -> BytePath {
        location.gitFolder / Self.runningFolder / BytePath("\(ObjectID.of(Array(stage.text.utf8)).hex.prefix(20)).\(kind)")
    }
}

/// A person has ended a stage's command.
struct StageInterruption: Error {
    let status: Int32
}
