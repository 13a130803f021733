import Diagnostics
import Platform

/// A file that should be a bundle, or standard input.
struct BundleFile {
    let path: BytePath
    let input: ByteReader
    /// 0 where nobody knows.
    let byteCount: Int64

    static let standardStream: BytePath = "-"

    /// - Throws: `SystemError` where it cannot be opened.
    init(_ path: BytePath) throws(SystemError) {
        self.path = path
        let isStream = path == Self.standardStream
        let file = isStream ? try Descriptor.standard(0) : try Descriptor.open(path, .read)
        let status = try file.status()
        byteCount = status.kind == .regular ? status.byteCount : 0
        input = ByteReader(file, bufferSize: 1 << 20)
    }

    /// For messages.
    var name: String { path == Self.standardStream ? "standard input" : "'\(path)'" }

    func failure(_ error: BundleFormatError, kept: String? = nil) -> CommandFailure {
        let hint: String? = switch error {
        case .gitBundle: "git bundle verify \(ShellWord.quoted(path))"
        case .foreign, .version, .truncated, .damaged: nil
        }
        return CommandFailure("\(name) \(error.words)", kept: kept, hints: hint.map { [$0] } ?? [])
    }
}
