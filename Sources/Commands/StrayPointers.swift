/// Pointers that a commit has without the `.gitattributes` that makes data of them: who made it went past the hook, or has
/// none. They stand in the worktree as files like any other, and nothing fills them.
final class StrayPointers {
    var files = CountedFiles()

    /// Says so, where there are some.
    func report(_ output: Output) {
        guard files.count > 0 else { return }
        let more = files.count > files.first.count ? ", …" : ""
        let names = files.first.map { "'\($0)'" }.joined(separator: ", ") + more
        output.warning("\(Count.files(files.count)) left as pointers, as no pattern makes data of \(files.count == 1 ? "it" : "them"): \(names)")
        output.message("hint: git data fix")
    }
}
