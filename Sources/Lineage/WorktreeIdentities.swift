import Digest
import Git
import Platform
import Pointer
import Repository

/// Identities of files by what is in them: what they would be if they were added now.
struct WorktreeIdentities {
    private let repository: Repository
    private let top: BytePath
    private let sample: GitObjectName?

    /// - Parameter sample: any name of an object of this repository, which tells the length of names.
    init(_ repository: Repository, top: BytePath, like sample: GitObjectName?) {
        self.repository = repository
        self.top = top
        self.sample = sample
    }

    /// - Returns: nothing for what is no file, no symbolic link, or cannot be read.
    func look(at paths: [BytePath]) throws(LineageError) -> [BytePath: ContentID] {
        guard !paths.isEmpty else { return [:] }
        let filters = try git { () throws(GitError) in try repository.git().beginAttribute("filter", of: paths).values() }
        let settings = try asking { () throws(RepositoryError) in try repository.settings() }
        let jobs = zip(paths, filters).map { Job(path: $0, isData: $1 == "data") }
        let top = self.top
        let sights = concurrentMap(jobs) { $0.look(below: top, settings) }
        var ids: [BytePath: ContentID] = [:]
        var forGit: [BytePath] = []
        for (job, sight) in zip(jobs, sights) {
            switch sight {
            case .blob(let oid): ids[job.path] = .blob(oid)
            case .link(let target): ids[job.path] = try name(ofContent: target.bytes).map { .git($0) }
            case .git: forGit.append(job.path)
            case .none: break
            case .failed(let error): throw .system(error)
            }
        }
        guard !forGit.isEmpty else { return ids }
        let names = try git { () throws(GitError) in try repository.git().filteredNames(of: forGit) }
        for (path, name) in zip(forGit, names) { ids[path] = .git(name) }
        return ids
    }

    private func name(ofContent content: [UInt8]) throws(LineageError) -> GitObjectName? {
        if let sample { return .ofBlob(content, like: sample) }
        let answer = try git { () throws(GitError) in try repository.git().query(["hash-object", "--stdin"], input: content) }
        return GitObjectName(hex: answer.line.bytes)
    }

    private enum Sight: Sendable {
        case blob(ObjectID)
        /// What Git would store, with whatever filters and line ends it has.
        case git
        case link(BytePath)
        case none
        /// The disk does not answer, or descriptors are used up.
        case failed(SystemError)
    }

    private struct Job: Sendable {
        let path: BytePath
        let isData: Bool

        func look(below top: BytePath, _ settings: Settings) -> Sight {
            do throws(SystemError) {
                return try sight(of: top.appending(path), settings)
            } catch {
                return error.isUnreachable || error.isTransient ? .failed(error) : .none
            }
        }

        private func sight(of file: BytePath, _ settings: Settings) throws(SystemError) -> Sight {
            guard let status = try file.status() else { return .none }
            if status.kind == .link { return .link(try file.linkTarget()) }
            guard status.kind == .regular else { return .none }
            guard isData else { return .git }
            let limit = max(Pointer.maximumTextByteCount, Int(settings.minimumByteCount))
            if status.byteCount < Int64(limit) {
                guard let content = try file.regularContents(limit: limit) else { return .none }
                if case .pointer(let pointer) = Pointer.recognize(content) { return .blob(pointer.oid) }
                // As the filter passes them through.
                if content.isEmpty || settings.isShortText(content) { return .git }
                return .blob(.of(content))
            }
            return .blob(try Self.oid(of: file))
        }

        private static func oid(of path: BytePath) throws(SystemError) -> ObjectID {
            let file = try Descriptor.open(path, [.read, .noFollow, .nonBlocking])
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
            defer { buffer.deallocate() }
            var hasher = BlobHasher()
            while true {
                let count = try file.read(into: buffer)
                if count == 0 { return hasher.finish() }
                hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
    }
}
