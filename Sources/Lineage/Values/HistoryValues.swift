import Digest
import Git
import Platform
import Pointer

/// Reads the metrics and parameters of commits, however many, with a few processes of Git.
package struct HistoryValues {
    /// What a commit has: its values, and which records they came with.
    package struct Version: Sendable {
        package let values: VersionValues
        /// The Git blobs of the records, by stage.
        package let records: [StageName: GitObjectName]
    }

    private struct File: Hashable {
        let path: BytePath
        let blob: GitObjectName
    }

    /// Recipes and records of one state of the folder `lineage`.
    private struct Lineage {
        var sources = VersionValues.Sources()
        var records: [StageName: GitObjectName] = [:]
    }

    private struct State: Hashable {
        let lineage: GitObjectName
        let files: [GitObjectName?]
    }

    private let git: Git
    private let stages: Set<StageName>
    private let longestList: Int
    private let blob: (ObjectID, BytePath) -> ValueSource

    /// - Parameters:
    ///   - stages: whose values are wanted; of all where empty.
    ///   - blob: what is in a blob, read as a file; `.absent` where it is not on this machine.
    package init(
        _ git: Git, stages: Set<StageName>, longestList: Int, blob: @escaping (ObjectID, BytePath) -> ValueSource
    ) {
        self.git = git
        self.stages = stages
        self.longestList = longestList
        self.blob = blob
    }

    /// - Returns: nothing for a commit that has no folder `lineage`.
    package func read(_ commits: [GitObjectName]) throws(GitError) -> [GitObjectName: Version] {
        let folders = try objects(commits.map { ($0, StageName.folder) }, kind: "tree")
        var trees: [GitObjectName: GitObjectName] = [:]
        for (commit, tree) in zip(commits, folders) { trees[commit] = tree }
        let lineages = try lineages(Set(trees.values))
        var wanted: [(commit: GitObjectName, path: BytePath)] = []
        var filesOfTree: [GitObjectName: [BytePath]] = [:]
        for commit in commits {
            guard let tree = trees[commit] else { continue }
            if filesOfTree[tree] == nil { filesOfTree[tree] = lineages[tree]?.sources.files ?? [] }
            for path in filesOfTree[tree] ?? [] { wanted.append((commit, path)) }
        }
        let names = try objects(wanted, kind: "blob")
        let contents = try contents(Set(zip(wanted, names).compactMap { place, name in name.map { File(path: place.path, blob: $0) } }))
        var known: [State: Version] = [:]
        var versions: [GitObjectName: Version] = [:]
        var position = 0
        for commit in commits {
            guard let tree = trees[commit], let lineage = lineages[tree] else { continue }
            let paths = filesOfTree[tree] ?? []
            let blobs = Array(names[position..<position + paths.count])
            position += paths.count
            let state = State(lineage: tree, files: blobs)
            if known[state] == nil {
                let files = Dictionary(uniqueKeysWithValues: zip(paths, blobs))
                let values = VersionValues(
                    lineage.sources, stages: stages, longestList: longestList,
                    file: { path in files[path]?.flatMap { contents[File(path: path, blob: $0)] } ?? .absent }, blob: blob)
                known[state] = Version(values: values, records: lineage.records.filter { stages.isEmpty || stages.contains($0.key) })
            }
            versions[commit] = known[state]
        }
        return versions
    }

    /// The objects of a kind at paths of commits; nil where there is none.
    private func objects(_ places: [(commit: GitObjectName, path: BytePath)], kind: String) throws(GitError) -> [GitObjectName?] {
        guard !places.isEmpty else { return [] }
        let newline = UInt8(ascii: "\n")
        var input: [UInt8] = []
        for place in places {
            input += place.commit.hex
            // A path that would break the line is asked for as one that cannot be.
            if place.path.bytes.contains(newline) { input += Array(":.git/".utf8) } else { input += [UInt8(ascii: ":")] + place.path.bytes }
            input.append(newline)
        }
        let format: BytePath = "--batch-check=%(objectname) %(objecttype)"
        let answer = try git.query(["cat-file", format, "--buffer"], input: input)
        let found = answer.output.split(separator: newline).map { line -> GitObjectName? in
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count == 2, fields[1].elementsEqual(kind.utf8) else { return nil }
            return GitObjectName(hex: fields[0])
        }
        guard found.count == places.count else {
            throw .unexpected(command: "git cat-file --batch-check", answer: "\(found.count) answers to \(places.count) questions")
        }
        return found
    }

    private func lineages(_ trees: Set<GitObjectName>) throws(GitError) -> [GitObjectName: Lineage] {
        let folders = try folders(from: trees)
        func files(_ tree: GitObjectName, _ path: BytePath) -> [File] {
            (folders[tree] ?? []).flatMap { entry in
                let path = path / entry.name
                return entry.isFolder ? files(entry.object, path) : [File(path: path, blob: entry.object)]
            }
        }
        var listed: [GitObjectName: [File]] = [:]
        for tree in trees {
            listed[tree] = files(tree, StageName.folder).filter { StageName(stageFile: $0.path) != nil || StageName(recordFile: $0.path) != nil }
        }
        var texts: [GitObjectName: [UInt8]] = [:]
        let blobs = Set(listed.values.joined().map(\.blob))
        try git.forEachBlob(Array(blobs), shorterThan: ValueFile.maximumByteCount) { name, content throws(GitError) in texts[name] = content }
        // Each is read once, in however many commits it is.
        var read: [File: VersionValues.Sources] = [:]
        return listed.mapValues { files in
            var lineage = Lineage()
            for file in files {
                guard let text = texts[file.blob] else { continue }
                if read[file] == nil {
                    var sources = VersionValues.Sources()
                    sources.add(file.path, text)
                    read[file] = sources
                }
                guard let sources = read[file] else { continue }
                lineage.sources.stages += sources.stages
                lineage.sources.problems += sources.problems
                lineage.sources.records.merge(sources.records) { $1 }
                if let name = StageName(recordFile: file.path) { lineage.records[name] = file.blob }
            }
            return lineage
        }
    }

    private struct FolderEntry {
        let name: BytePath
        let object: GitObjectName
        let isFolder: Bool
    }

    /// These trees and all that are in them, level by level.
    private func folders(from trees: Set<GitObjectName>) throws(GitError) -> [GitObjectName: [FolderEntry]] {
        var folders: [GitObjectName: [FolderEntry]] = [:]
        var next = trees
        // Names of stages are not deeper; and a tree cannot be in itself.
        for _ in 0..<16 where !next.isEmpty {
            let names = Array(next)
            let output = try git.query(["cat-file", "--batch", "--buffer"], input: names.flatMap { $0.hex + [UInt8(ascii: "\n")] }).output
            var rest = output[...]
            next = []
            for name in names {
                let tree = try Self.tree(from: &rest)
                let entries = try Self.entries(tree, digestByteCount: Int(name.byteCount))
                folders[name] = entries
                for entry in entries where entry.isFolder && folders[entry.object] == nil { next.insert(entry.object) }
            }
            next.subtract(folders.keys)
        }
        return folders
    }

    /// `<name> tree <length>`, the tree, a newline.
    private static func tree(from output: inout ArraySlice<UInt8>) throws(GitError) -> [UInt8] {
        let header = output.prefix { $0 != UInt8(ascii: "\n") }
        let fields = header.split(separator: UInt8(ascii: " "))
        output = output[header.endIndex...].dropFirst()
        guard fields.count == 3, let byteCount = Int(String(decoding: fields[2], as: UTF8.self)), output.count > byteCount else {
            throw .unexpected(command: "git cat-file --batch", answer: String(decoding: header, as: UTF8.self))
        }
        defer { output = output.dropFirst(byteCount + 1) }
        return Array(output.prefix(byteCount))
    }

    private static func entries(_ tree: [UInt8], digestByteCount: Int) throws(GitError) -> [FolderEntry] {
        var cursor = TreeCursor(tree, digestByteCount: digestByteCount)
        var entries: [FolderEntry] = []
        while let entry = try cursor.next() {
            guard entry.isTree || entry.isRegularFile, let object = GitObjectName(bytes: tree[entry.digest]) else { continue }
            entries.append(FolderEntry(name: BytePath(bytes: tree[entry.name]), object: object, isFolder: entry.isTree))
        }
        return entries
    }

    /// What is in files, each read once and kept as its values alone.
    private func contents(_ files: Set<File>) throws(GitError) -> [File: ValueSource] {
        var paths: [GitObjectName: [BytePath]] = [:]
        for file in files { paths[file.blob, default: []].append(file.path) }
        var contents: [File: ValueSource] = [:]
        func keep(_ name: GitObjectName, _ source: (BytePath) -> ValueSource) {
            for path in paths[name] ?? [] { contents[File(path: path, blob: name)] = source(path) }
        }
        try git.forEachBlob(
            Array(paths.keys), shorterThan: ValueFile.maximumByteCount + 1,
            others: { name in keep(name) { _ in .unreadable("it is longer than \(ValueFile.maximumByteCount >> 20) MiB") } }
        ) { name, content throws(GitError) in
            if case .pointer(let pointer) = Pointer.recognize(content) {
                keep(name) { _ in .pointer(pointer.oid) }
            } else {
                keep(name) { path in .reading(content, path: path, longestList: longestList) }
            }
        }
        return contents
    }
}
