import Git
import Platform
import Repository

/// Asks Git itself which paths a pattern of `.gitattributes` matches, before it stands in any.
struct AttributeProbe {
    let repository: Repository

    /// Nobody else sets this attribute, so that no other file answers for it.
    private static let attribute = "git-data-probe"

    /// - Parameters:
    ///   - folder: where the `.gitattributes` with the patterns is, or would be.
    ///   - candidates: from the top of the worktree, as `folder` is.
    func paths(
        matching patterns: [AttributePattern], of folder: BytePath, among candidates: [BytePath]
    ) throws -> Set<BytePath> {
        let candidates = folder.isEmpty ? candidates : candidates.filter { $0.isInside(folder) }
        guard !patterns.isEmpty, !candidates.isEmpty else { return [] }
        let lines = patterns.map { $0.moved(outOf: folder).written + Array(" \(Self.attribute)\n".utf8) }
        let file = try TemporaryFile(in: repository.location.gitFolder)
        try file.descriptor.write(Array(lines.joined()))
        let setting = BytePath(bytes: Array("core.attributesFile=".utf8) + file.path.bytes)
        let answer = try repository.git().query(
            ["-c", setting, "check-attr", "-z", "--stdin", BytePath(Self.attribute)],
            input: Array(candidates.map { $0.bytes + [0] }.joined()))
        // Path, attribute, value.
        let fields = answer.output.split(separator: 0, omittingEmptySubsequences: false)
        var matching: Set<BytePath> = []
        for position in stride(from: 0, to: fields.count - 2, by: 3) where fields[position + 2].elementsEqual("set".utf8) {
            matching.insert(BytePath(bytes: fields[position]))
        }
        return matching
    }
}
