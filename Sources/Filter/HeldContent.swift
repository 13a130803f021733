import Git
import ObjectStore
import Platform
import Pointer

/// Content that must be taken whole before an answer, as Git reads no answer before: in memory up to
/// a limit, beyond it in a temporary file.
struct HeldContent: ~Copyable {
    private let limit: Int
    private let folder: () throws(FilterError) -> BytePath
    /// The content, or its beginning where there is a file.
    private(set) var head: [UInt8] = []
    private var file: TemporaryFile?

    /// - Parameter folder: where a temporary file may be made; asked only when one is needed.
    init(limit: Int, folder: @escaping () throws(FilterError) -> BytePath) throws(FilterError) {
        self.limit = limit
        self.folder = folder
    }

    var isLargerThanPointers: Bool { head.count >= Pointer.maximumTextByteCount }

    mutating func take(_ bytes: UnsafeRawBufferPointer) throws(FilterError) {
        if file == nil, head.count + bytes.count <= limit {
            head.append(contentsOf: bytes)
            return
        }
        let folder = file == nil ? try self.folder() : ""
        do throws(SystemError) {
            if file == nil {
                try folder.makeFolders()
                file = try TemporaryFile(in: folder, prefix: "spool-")
            }
            try file?.descriptor.write(bytes)
        } catch {
            throw .system(error)
        }
    }

    borrowing func write(to output: PktLineWriter) throws(GitError) {
        var failure: GitError?
        head.withUnsafeBytes { bytes in
            do throws(GitError) { try output.write(content: bytes) } catch { failure = error }
        }
        if let failure { throw failure }
        switch file {
        case .some(let file):
            do throws(SystemError) { try file.descriptor.seek(to: 0) } catch { throw .system(error) }
            try output.writeContent { buffer throws(SystemError) in
                try file.descriptor.read(into: buffer)
            } or: { .system($0) }
        case nil: break
        }
    }
}
