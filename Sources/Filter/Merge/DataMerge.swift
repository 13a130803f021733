import Digest
import Git
import Inspection
import ObjectStore
import Platform
import Pointer
import Repository

/// The merge of one data file that both sides changed, on the versions that Git wrote to temporary files. What
/// is left for Git is always a pointer, or text that stays in Git: of the merged content, of content with
/// conflict markers in it, or of our own version.
package struct DataMerge {
    /// Why a person has to decide.
    package enum Conflict: Equatable, Sendable {
        /// The same lines were changed; the worktree's file will have conflict markers around them.
        case lines(count: Int)
        /// The content is no text.
        case binary
        /// A notebook, whose lines make no sense one by one.
        case notebook
        /// Text above the limit, in bytes.
        case large(limit: Int64)
    }

    package enum Outcome: Sendable {
        case merged
        case conflict(Conflict)
        /// A version's blob could not be had. Nothing was done.
        case missing(PointerReason)
    }

    /// The versions, as Git hands them to a merge driver.
    package struct Inputs {
        let base: BytePath
        /// Where the result goes.
        let ours: BytePath
        let theirs: BytePath
        let markerSize: Int
        /// The file's path in the repository.
        let path: BytePath

        package init(base: BytePath, ours: BytePath, theirs: BytePath, markerSize: Int, path: BytePath) {
            self.base = base
            self.ours = ours
            self.theirs = theirs
            self.markerSize = markerSize
            self.path = path
        }
    }

    /// Larger text is left to a person: Git's merge of text holds all three versions in memory.
    private static let textLimit: Int64 = 256 << 20

    private let repository: Repository
    private let inputs: Inputs

    package init(_ repository: Repository, _ inputs: Inputs) {
        self.repository = repository
        self.inputs = inputs
    }

    package func run() throws -> Outcome {
        let store = try repository.store()
        try store.prepare()
        let versions: (base: DataVersion, ours: DataVersion, theirs: DataVersion)
        switch try findVersions(store) {
        case .found(let base, let ours, let theirs): versions = (base, ours, theirs)
        case .missing(let reason): return .missing(reason)
        }
        // One side may just have been given to the filter, or taken from it.
        if versions.ours.oid == versions.theirs.oid || versions.theirs.oid == versions.base.oid {
            try answer(with: versions.ours, store)
            return .merged
        }
        if versions.ours.oid == versions.base.oid {
            try answer(with: versions.theirs, store)
            return .merged
        }
        for version in [versions.base, versions.ours, versions.theirs] {
            guard version.byteCount <= Self.textLimit else { return .conflict(.large(limit: Self.textLimit)) }
            guard try version.isText() else { return .conflict(.binary) }
        }
        guard !Self.isNotebook(inputs.path) else { return .conflict(.notebook) }
        return try mergeText(versions.base, versions.ours, versions.theirs, store)
    }

    // MARK: versions

    private enum Search {
        case found(DataVersion, DataVersion, DataVersion)
        case missing(PointerReason)
    }

    /// Finds the three contents, fetching in one go what is not here.
    private func findVersions(_ store: ObjectStore) throws -> Search {
        let files = [inputs.base, inputs.ours, inputs.theirs]
        let references = try files.map { try DataVersion.reference($0) }
        let fetcher = BlobFetcher(repository)
        for case .pointer(let pointer) in references {
            guard !pointer.isExtended else { return .missing(.extended) }
            if !store.contains(pointer.oid) { fetcher.want(pointer) }
        }
        while !fetcher.collect().isEmpty {}
        var versions: [DataVersion] = []
        for (file, reference) in zip(files, references) {
            switch reference {
            case .raw: versions.append(try DataVersion(raw: file))
            case .pointer(let pointer):
                guard let version = DataVersion(pointer, file, in: store) else {
                    return .missing(fetcher.reason(for: pointer.oid) ?? .lazy)
                }
                versions.append(version)
            }
        }
        return .found(versions[0], versions[1], versions[2])
    }

    private static func isNotebook(_ path: BytePath) -> Bool {
        path.bytes.suffix(6).elementsEqual(".ipynb".utf8)
    }

    // MARK: text

    private func mergeText(
        _ base: DataVersion, _ ours: DataVersion, _ theirs: DataVersion, _ store: ObjectStore
    ) throws -> Outcome {
        let merge = try TextMerge(
            git: repository.git(), folder: store.incoming, base: base.file, ours: ours.file, theirs: theirs.file)
        let result = try merge.run(markerSize: inputs.markerSize)
        // Two files that share a name and no history are not two ends of one table.
        if result.conflictCount > 0, base.byteCount > 0, let format = try RowFormat(path: inputs.path, content: ours.file),
            let appended = try merge.appendRows(format)
        {
            try answer(withContentOf: appended, store)
            return .merged
        }
        try answer(withContentOf: result.file, store)
        return result.conflictCount == 0 ? .merged : .conflict(.lines(count: result.conflictCount))
    }

    // MARK: the result

    private func answer(with version: DataVersion, _ store: ObjectStore) throws {
        if version.file != version.gitFile {
            // A pointer stays as it is, in whichever form it has.
            guard version.gitFile != inputs.ours else { return }
            return try inputs.ours.replaceContents(with: version.gitFile.contents() ?? [])
        }
        try answer(withContentOf: version.file, store)
    }

    /// Takes content into the store, and gives Git what stands for it.
    private func answer(withContentOf file: BytePath, _ store: ObjectStore) throws {
        let batch = BlobBatch(store: store)
        var cleaner = Cleaner(settings: try repository.settings(), batch: batch)
        try ByteReader(Descriptor.open(file, .read), bufferSize: 1 << 18).forEachPiece { try cleaner.take($0) }
        let text = try cleaner.finish().text
        try batch.flush()
        try inputs.ours.replaceContents(with: text)
    }
}
