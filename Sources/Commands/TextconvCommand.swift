import Diagnostics
import Digest
import Inspection
import ObjectStore
import Platform
import Pointer

/// `git data textconv`: what `git diff`, `git show` and `git log -p` compare of a data file.
///
/// Spec: gitattributes(5), "Performing text diffs of binary files".
struct TextconvCommand: Command {
    static let file = Operand<BytePath>("FILE", "a file with one version", parse: .path)
    static let declaration = Declaration(
        "textconv", group: .plumbing, summary: "show a data file as text that can be compared",
        description: "Text up to 16 MiB comes as it is; anything else, and a file whose data is not here, as a summary.",
        operands: [file])

    /// Longer text is summed up: nobody reads a difference of millions of lines.
    private static let textLimit: Int64 = 16 << 20

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let path = try arguments[file]
        let file = try Descriptor.open(path, .read)
        let byteCount = try file.status().byteCount
        guard byteCount <= textLimit else {
            let kind = try FileSummary.read(file)
            summarize(try hashContent(of: file), byteCount, "\(kind)", context.output)
            return .success
        }
        let content = try ByteReader(file, bufferSize: 1 << 20).readToEnd()
        if case .pointer(let pointer) = Pointer.recognize(content) {
            summarize(pointer.oid, pointer.byteCount, "data that is not here", context.output)
        } else if content.prefix(8000).contains(0) {
            let kind = FileSummary(prefix: content, isWhole: true)
            summarize(.of(content), byteCount, "\(kind)", context.output)
        } else {
            context.output.write(content)
        }
        return .success
    }

    private static func summarize(_ oid: ObjectID, _ byteCount: Int64, _ kind: String, _ output: Output) {
        output.line(kind)
        output.line("size \(byteCount) (\(ByteCountText.format(byteCount)))")
        output.line("oid sha256:\(oid)")
    }
}
