import Diagnostics
import Filter
import Git
import ObjectStore
import Platform
import Pointer
import Repository

/// What the commands that Git calls have in common.
enum FilterOptions {
    enum Form: String, CaseIterable, Sendable {
        case gitdata, lfs

        var settings: Settings.PointerForm { self == .lfs ? .lfs : .gitData }
    }

    static let pointer = Value<Form>("pointer", "FORM", "write pointers of that form, whatever `data.pointer` says", parse: .choice)
}

/// `git data filter-process`: what Git starts once for all files of a command.
struct FilterProcessCommand: Command {
    static let declaration = Declaration(
        "filter-process", group: .plumbing, summary: "serve Git's long-running filter protocol",
        description: "Started by Git for files with the attribute `filter=data`; see gitattributes(5), \"Long Running Filter Process\".",
        options: [FilterOptions.pointer])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let output = context.output
        let repository = try context.repository()
        let process = FilterProcess(
            repository, input: try .standard(0), output: try .standard(1),
            pointerForm: arguments[FilterOptions.pointer]?.settings, later: Settling.beforeCommit(repository),
            report: { Notices.report($0, output) })
        try process.run()
        return .success
    }
}

/// `git data clean`: one file's content to its pointer.
struct CleanCommand: Command {
    static let path = OptionalOperand("PATH", "the file's path, for messages", parse: .path)
    static let declaration = Declaration(
        "clean", group: .plumbing, summary: "store the content on standard input and print its pointer",
        options: [FilterOptions.pointer], operands: [path])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let batch = BlobBatch(store: try repository.store())
        var settings = try repository.settings()
        if let form = arguments[FilterOptions.pointer] { settings.pointerForm = form.settings }
        var cleaner = Cleaner(settings: settings, batch: batch)
        let input = try Descriptor.standard(0)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = try input.read(into: buffer)
            if count == 0 { break }
            try cleaner.take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        let answer = try cleaner.finish()
        try batch.flush()
        if case .foreignPointer(_, let reason) = answer {
            Notices.report(.foreignPointer(path: arguments[path] ?? "-", reason), context.output)
        }
        context.output.write(answer.text)
        return .success
    }
}

/// `git data smudge`: one pointer to its blob's content.
struct SmudgeCommand: Command {
    static let path = OptionalOperand("PATH", "the file's path, for messages", parse: .path)
    static let declaration = Declaration(
        "smudge", group: .plumbing, summary: "print the content for the pointer on standard input",
        description: "A blob that is not here is fetched. Where that fails, the pointer is printed as it came, and a message says why.",
        operands: [path])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let input = ByteReader(try .standard(0))
        let head = try input.read(count: Pointer.maximumTextByteCount)
        let repository = try context.repository()
        let smudger = Smudger(settings: try repository.settings(), store: try repository.store())
        let name = arguments[path] ?? "-"
        switch decision(on: head, smudger, repository) {
        case .empty: return .success
        case .blob(let file):
            try copy(ByteReader(file, bufferSize: 1 << 20), to: context.output)
            return .success
        case .foreignPointer(let reason):
            Notices.report(.foreignPointer(path: name, reason), context.output)
        case .leave(_, .lazy): break
        case .leave(_, let reason):
            var left = FilesLeft()
            left.add(name, reason)
            Notices.report(.leftAsPointers(left), context.output)
        case .unchanged: break
        case .absent: break
        }
        context.output.write(head)
        try copy(input, to: context.output)
        return .success
    }

    /// What becomes of the content, after a blob that is not here was fetched.
    private static func decision(on head: [UInt8], _ smudger: Smudger, _ repository: Repository) -> Smudger.Decision {
        let decision = smudger.decide(head)
        guard let pointer = decision.absentPointer else { return decision }
        if let reason = BlobFetcher(repository).fetchNow(pointer) { return .leave(pointer, reason) }
        return smudger.availability(of: pointer)
    }

    private static func copy(_ input: ByteReader, to output: Output) throws {
        while true {
            let some = try input.readSome()
            if some.isEmpty { return }
            output.write(Array(some))
        }
    }
}
