import Digest
import Git
import Platform
import Pointer
import Repository

/// The records of runs that history has, on all branches and tags, also those that were fetched from others.
package struct PastRuns: Sendable {
    /// A run, and a commit whose tree has its outputs as it made them.
    package struct Run: Sendable {
        package let commit: GitObjectName
        package let record: RunRecord
        /// The pointers among its outputs.
        package let pointers: [PointerFile]
    }

    private let repository: Repository
    /// The commits that brought a record, newest first, with the record's blob.
    private let versions: [BytePath: [(commit: GitObjectName, blob: GitObjectName)]]

    /// Where the time goes: Git's walk over all commits, once for all stages.
    package init(_ repository: Repository) throws(LineageError) {
        self.repository = repository
        var versions: [BytePath: [(commit: GitObjectName, blob: GitObjectName)]] = [:]
        let arguments: [BytePath] = ["--all", "--no-renames", "--", StageName.folder.adding(suffix: "/")]
        try ChangeLog.forEach(repository, merges: .firstParent, arguments) { commit throws(LineageError) in
            for change in commit.changes {
                guard let blob = change.blob else { continue }
                versions[change.path, default: []].append((commit.name, blob))
            }
            return true
        }
        self.versions = versions
    }

    /// The newest run of a stage with that key, whose commit has all outputs that the record names.
    package func run(of stage: Stage, key: ObjectID) throws(LineageError) -> Run? {
        let versions = self.versions[stage.name.recordFile] ?? []
        guard !versions.isEmpty else { return nil }
        var records: [GitObjectName: RunRecord] = [:]
        try Lineage.git { () throws(GitError) in
            try repository.git().forEachBlob(Array(Set(versions.map(\.blob))), shorterThan: StageFiles.recordByteLimit) { name, content in
                guard let record = try? RunRecord(content, file: stage.name.recordFile), record.key == key else { return }
                records[name] = record
            }
        }
        for version in versions {
            guard let record = records[version.blob], let pointers = try pointers(of: stage, in: version.commit, record) else { continue }
            return Run(commit: version.commit, record: record, pointers: pointers)
        }
        return nil
    }

    /// - Returns: nil where the commit has other outputs than the record says.
    private func pointers(of stage: Stage, in commit: GitObjectName, _ record: RunRecord) throws(LineageError) -> [PointerFile]? {
        let paths = stage.products.map(\.value)
        guard Set(record.outputs.keys) == Set(paths.map(\.text)) else { return nil }
        let entries = try Lineage.git { () throws(GitError) in
            try repository.git().treeEntries(BytePath(bytes: commit.hex), paths)
        }
        let pointers = try asking { () throws(RepositoryError) in try repository.pointers(among: entries) }
        let blobs = Dictionary(pointers.map { ($0.path, $0.pointer.oid) }) { first, _ in first }
        func id(_ entry: IndexEntry) -> ContentID { blobs[entry.path].map { .blob($0) } ?? .git(entry.name) }
        for path in paths {
            let inside = entries.filter { $0.path.isInside(path) }
            guard let first = inside.first else { return nil }
            let found = first.path == path ? id(first) : .folder(inside.map { (path: $0.path.relative(to: path)?.bytes ?? [], id: id($0)) })
            guard record.outputs[path.text] == found else { return nil }
        }
        return pointers
    }
}
