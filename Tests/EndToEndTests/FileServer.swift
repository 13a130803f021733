import Platform
import TestSupport

/// `Tests/Servers/files`, a web server with files, running until the test lets it go.
final class FileServer {
    private let process: ChildProcess
    let folder: BytePath
    let port: Int

    init(_ folder: BytePath) throws {
        self.folder = folder
        try folder.makeFolders()
        let script = BytePath(#filePath).parent.parent / "Servers/files"
        process = try ChildProcess("/usr/bin/env", ["python3", script, folder], input: .pipe, output: .pipe)
        let line = try process.output?.read(until: 10) ?? []
        guard let port = Int(String(decoding: line, as: UTF8.self)) else { throw Unexpected("the server has not started") }
        self.port = port
    }

    deinit { process.wait() }

    func url(_ path: String) -> BytePath { BytePath("http://127.0.0.1:\(port)/\(path)") }

    func serve(_ content: [UInt8], as name: BytePath) throws {
        let file = folder / name
        try file.parent.makeFolders()
        try file.replaceContents(with: content)
    }

    /// Each request's fields: method, path, range, condition, authorization, status.
    func requests() throws -> [[String]] {
        String(decoding: try folder.adding(suffix: ".log").contents() ?? [], as: UTF8.self).split(separator: "\n")
            .map { $0.split(separator: " ").map(String.init) }
    }
}
