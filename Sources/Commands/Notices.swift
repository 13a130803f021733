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
        case .leftAsPointers(let files): leftAsPointers(files, output)
        }
    }

    private static func leftAsPointers(_ files: FilesLeft, _ output: Output) {
        let (lazyCount, largeCount, lackingCount) = (files.count(.lazy), files.count(.large), files.count(.other))
        // `git data clone` writes them itself when Git is done.
        if Environment.value("GIT_DATA_LAZY") != "1" {
            if lazyCount > 0 {
                output.message("git data: \(Count.files(lazyCount)) left as pointers (data.lazy); for their data: git data pull PATH")
            }
            if largeCount > 0 {
                output.message("git data: \(Count.files(largeCount)) above data.inlineLimit left to the hooks, or to: git data pull")
            }
        }
        guard lackingCount > 0 else { return }
        output.message("git data: \(Count.files(lackingCount)) without data; pointers stand in their place:")
        var hints: [String] = []
        for file in files.files where file.reason.kind == .other {
            output.message("\t\(file.path) (\(Words.reason(file.reason)))")
            for hint in Words.hints(file.reason) where !hints.contains(hint) { hints.append(hint) }
        }
        if lackingCount > FilesLeft.limit { output.message("\t… and \(lackingCount - FilesLeft.limit) more: git data status --missing") }
        for hint in hints + ["git data pull"] { output.message("hint: \(hint)") }
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
