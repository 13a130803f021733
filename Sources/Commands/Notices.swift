import Filter
import Platform
import Pointer
import Repository

/// Says what the filter noticed while Git goes on.
enum Notices {
    static func report(_ notice: FilterNotice, _ output: Output) {
        switch notice {
        case .foreignPointer(let path, let reason):
            output.warning("'\(path)' is \(Words.reason(reason)); it was passed on as it is")
        case .notStored(let path, let error):
            let (explanation, _) = Words.explain(error)
            output.error(
                Explanation(
                    "cannot take '\(path)' into the store: \(explanation.what)",
                    kept: "the file in the worktree, unchanged; nothing of it was added", hints: explanation.hints))
        case .leftAsPointers(let files): leftAsPointers(files.map { ($0.path, $0.reason) }, output)
        }
    }

    /// How many files are named one by one.
    private static let listLimit = 20

    private static func leftAsPointers(_ files: [(path: BytePath, reason: PointerReason)], _ output: Output) {
        output.message("git data: \(Count.files(files.count)) without data; pointers stand in their place:")
        for file in files.prefix(listLimit) {
            output.message("\t\(file.path) (\(Words.reason(file.reason)))")
        }
        if files.count > listLimit { output.message("\t… and \(files.count - listLimit) more: git data status --missing") }
        output.message("hint: git data pull")
    }
}

/// Numbers with their nouns.
enum Count {
    static func files(_ count: Int) -> String { noun(count, "file") }
    static func blobs(_ count: Int) -> String { noun(count, "blob") }

    static func noun(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }
}
