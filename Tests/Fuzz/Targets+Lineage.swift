import Digest
import FoundationEssentials
import Platform
@testable import Filter
@testable import Lineage

/// Recipes, records, and what installed programs say of themselves.
extension FuzzTarget {
    static let lineageTargets = [stage, record, environment, uses, imports, installed, rows]

    private static let stage = FuzzTarget(
        name: "stage", sources: ["Lineage/StageFile.swift", "Lineage/Stage.swift", "Lineage/StageGraph.swift", "Git/GitConfiguration+File.swift"],
        words: [
            "[stage]\n", "[source]\n", "command = ", "folder = ", "input = ", "output = ", "parameter = params.json:a.b", "environment = python:numpy",
            "variable = A", "metrics = ", "url = https://example.org/x", "git = ", "query = ", "manual = ", "revision = ", "path = ", "../", ".git/x",
        ]
    ) { input in
        guard let parts = ChosenInput(input, of: 2), let name = StageName("a"), let other = StageName("b") else { return }
        let stage = try Stage(parts.halves.first, name: name)
        let again: Stage
        do { again = try Stage(stage.text, name: name) } catch {
            return require(false, "a recipe that was written cannot be read: \(error)")
        }
        require(again.text == stage.text, "a recipe is another one when it is read again")
        for path in stage.inputs.map(\.value) + stage.outputs.map(\.value) {
            require(path.components.first != ".." && !path.isAbsolute, "a path outside of the worktree: \(path)")
        }
        _ = stage.runs("train.py")
        let second = try Stage(parts.halves.second, name: other)
        let graph = try StageGraph([stage, second])
        _ = (graph.closure(downstreamOf: [name]), graph.closure(upstreamOf: [name, other]), LineageMap(graph).closure(upstreamOf: [.stage(name)]))
    }

    private static let record = FuzzTarget(
        name: "record",
        sources: ["Lineage/RunRecord.swift", "Lineage/RecordMerge.swift", "Lineage/JSONValue.swift", "Lineage/ContentID.swift", "Lineage/SourceReceipt.swift"],
        words: [
            "{\"version\":1,\"key\":\"", "\"causes\":{", "\"command\":", "\"inputs\":{", "\"sha256:" + String(repeating: "a", count: 64) + "\"",
            "\"outputs\":{", "\"clean\":true", "\"started\":\"2026-01-02T03:04:05Z\"", "\"milliseconds\":", "\"exit\":0", "\"metrics\":{", "\"received\":{",
            "\"author\":\"A <a>\"", "1e308", "NaN", "<<<<<<< ours", "\"environmentRecord\":", "\"commit\":", "\"folder:",
        ]
    ) { input in
        guard let parts = ChosenInput(input, of: 2) else { return }
        let (ours, theirs) = parts.halves
        // The key is a digest, which nobody finds by chance.
        let our = RecordKey.mended(ours), their = parts.choice == 0 ? RecordKey.mended(theirs) : theirs
        let record = try RunRecord(our, file: "a")
        let again: RunRecord
        do { again = try RunRecord(record.text, file: "a") } catch { return require(false, "a record that was written cannot be read: \(error)") }
        require(again.text == record.text, "a record is another one when it is read again")
        if let received = record.received {
            let receipt = SourceReceipt(received)
            _ = receipt.change(to: SourceReceipt([:]))
        }
        if case .conflict(let text, _, _) = RecordMerge.merge(ours: our, theirs: their, markerSize: 7, file: "a") {
            require(RunRecord.isInConflict(text), "a conflict is none")
        }
    }

    private static let environment = FuzzTarget(
        name: "environment",
        sources: ["Lineage/Environment/EnvironmentRecord.swift", "Lineage/Environment/EnvironmentRecord+Differences.swift", "Lineage/Environment/EnvironmentDependency+Changes.swift"],
        words: [
            "{\"version\":1", "\"system\":{", "\"processor\":", "\"interpreters\":{\"python\":{\"version\":\"3.11\",\"packages\":{", "\"accelerators\":[",
            "\"variables\":{", "\"lockFiles\":[", "\"container\":", "\"conda\":",
        ]
    ) { input in
        guard let parts = ChosenInput(input, of: 1) else { return }
        let (old, new) = (try EnvironmentRecord(parts.halves.first, file: "a"), try EnvironmentRecord(parts.halves.second, file: "b"))
        _ = (old.lines, old.differences(to: new), new.differences(to: old), EnvironmentDependency.changes(from: old.json, to: new.json))
        require(old.differences(to: old).isEmpty, "a record differs from itself")
    }

    private static let uses = FuzzTarget(
        name: "uses", sources: ["Lineage/ScriptUses.swift", "Lineage/Environment/CommandPrograms.swift"],
        words: ["data/a.csv\n", "\tv1.2\n", "../", "<<<<<<< ", "=======\n", "/etc/passwd", "python -m a.b", "uv run ", "'", "\\\n", "&&", "poetry run python"]
    ) { input in
        guard let parts = ChosenInput(input, of: 2) else { return }
        if parts.choice == 0 {
            var uses = ScriptUses()
            uses.add(record: parts.bytes)
            for path in uses.paths { require(!path.isAbsolute && path.components.first != "..", "a path outside of the worktree: \(path)") }
        } else {
            _ = CommandPrograms(parts.text, in: FuzzFolder.path, Lineage.ProcessVariables([Array("PATH=/nowhere".utf8)])).interpreters
        }
    }

    private static let imports = FuzzTarget(
        name: "imports", sources: ["Lineage/Environment/PythonImports.swift"],
        words: [
            "import ", "from ", " import ", " as ", "\"\"\"", "'''", "\\\n", "#", "f\"{", "r'", ";", ":", "\n    ", "{\"cells\":[{\"cell_type\":\"code\",\"source\":[\"",
            "\\n\"]}]}", "%matplotlib", "import numpy as np, torch.nn\n",
        ]
    ) { input in
        guard let parts = ChosenInput(input, of: 2) else { return }
        if parts.choice == 0 {
            for module in PythonImports.modules(ofScript: parts.bytes) { require(!module.isEmpty && !module.contains("."), "a module without a name") }
        } else {
            _ = PythonImports.modules(ofNotebook: parts.bytes)
        }
    }

    private static let installed = FuzzTarget(
        name: "installed",
        sources: [
            "Lineage/Environment/PythonInstallation.swift", "Lineage/Environment/PythonPackages.swift", "Lineage/Environment/PythonVersion.swift",
            "Lineage/Environment/RInstallation.swift", "Lineage/Environment/JuliaInstallation.swift", "Lineage/Environment/CondaEnvironment.swift",
            "Lineage/Environment/ELFFile.swift", "Lineage/Environment/PythonPackages+Modules.swift",
        ],
        words: [
            "Name: a\n", "Version: 1.0\n", "Requires-Dist: b>=1; extra == \"x\"\n", "home = ", "version = 3.11.2\n", "include-system-site-packages = true\n",
            "#define PY_VERSION \"3.11.2\"\n", "{\"implementation\":{\"version\":{\"major\":3,\"minor\":11,\"micro\":2}}}", "[[deps.A]]\nversion = \"1.0\"\n",
            "#define JULIA_VERSION_STRING \"1.10.0\"\n", "Depends: R (>= 4.0), b\n", "{\"depends\":[\"b 1.0\"],\"channel\":\"https://c/t/x/y\"}", "1e300",
            "{\"vcs_info\":{\"vcs\":\"git\",\"commit_id\":\"a\"}}", "Py_Version", "3.11.2", "import ", "../",
        ]
    ) { input in
        guard let parts = ChosenInput(input, of: InstalledPrograms.files.count) else { return }
        try InstalledPrograms.look(parts.choice, parts.bytes)
    }

    private static let rows = FuzzTarget(
        name: "rows", sources: ["Filter/Merge/AppendedRows.swift", "Filter/Merge/RowFormat.swift"],
        words: ["<<<<<<< ", "||||||| ", "=======", ">>>>>>> ", "x\n", "id,v\n1,2\n", "{\"id\":1}\n", "\"", "\r\n"]
    ) { input in
        guard let parts = ChosenInput(input, of: 3) else { return }
        var appended = AppendedRows(markerSize: 7, label: "x")
        for line in parts.halves.first.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) where !appended.take(Array(line)) { return }
        let base = try FuzzFolder.file("base", parts.halves.second)
        guard let format = try RowFormat(path: [BytePath("a.csv"), "a.jsonl", "a"][parts.choice], content: base) else { return }
        _ = try format.areDistinct(appended.ours, appended.theirs, base: base)
    }
}

/// Records whose key fits what they say.
private enum RecordKey {
    static func mended(_ content: [UInt8]) -> [UInt8] {
        guard case .object(var members)? = JSONValue(json: content), let causes = members["causes"],
            let read = try? DecodedCauses.of(causes)
        else { return content }
        members["key"] = .text(read.key.hex)
        return CanonicalJSON.text(JSONValue.object(members))
    }
}

/// A folder with an interpreter of each language, of which every run changes one file.
private enum InstalledPrograms {
    static let files: [BytePath] = [
        "lib/python3.11/build-details.json", "include/python3.11/patchlevel.h", "bin/python3.11", "pyvenv.cfg",
        "lib/python3.11/site-packages/a-1.dist-info/METADATA", "lib/python3.11/site-packages/a-1.dist-info/direct_url.json",
        "lib/python3.11/site-packages/a-1.dist-info/RECORD", "lib/python3.11/site-packages/a-1.dist-info/top_level.txt",
        "lib/python3.11/site-packages/c.egg-info/requires.txt", "lib/python3.11/site-packages/x.pth", "conda-meta/a-1.0-0.json", "Manifest.toml",
        "include/julia/julia_version.h", "library/base/DESCRIPTION", "library/a/DESCRIPTION",
    ]

    private static let folder = FuzzFolder.path / "installed"
    private static let variables = [
        "PATH=\((folder / "bin").text)", "CONDA_PREFIX=\(folder.text)", "HOME=\(folder.text)", "R_HOME=\(folder.text)",
    ].map { Array($0.utf8) }

    /// Makes what is usual.
    private static let isReady: Bool = {
        let usual: [(BytePath, String)] = [
            ("lib/python3.11/os.py", ""), ("lib/python3.11/site-packages/a-1.dist-info/METADATA", "Name: a\nVersion: 1\nRequires-Dist: b\n\n"),
            ("lib/python3.11/site-packages/c.egg-info/PKG-INFO", "Name: c\nVersion: 2\n"), ("bin/julia", ""), ("bin/Rscript", ""), ("bin/python3.11", ""),
            ("include/julia/julia_version.h", "#define JULIA_VERSION_STRING \"1.10.0\"\n"), ("library/base/DESCRIPTION", "Version: 4.2.2\n"),
            ("library/a/DESCRIPTION", "Version: 1\nImports: b\n"), ("bin/python", ""),
        ]
        for (name, text) in usual { _ = try? FuzzFolder.file("installed" / name, Array(text.utf8)) }
        return true
    }()

    static func look(_ choice: Int, _ content: [UInt8]) throws {
        guard isReady else { return }
        let file = "installed" / files[choice]
        let before = (try? (folder / files[choice]).contents()) ?? nil
        _ = try FuzzFolder.file(file, content)
        defer {
            if let before { _ = try? FuzzFolder.file(file, before) } else { try? (folder / files[choice]).removeFile() }
        }
        let kinds: [String]
        switch choice {
        case ..<10: kinds = ["python@bin/python3.11", "python@bin/python3.11:a,c"]
        case 10: kinds = ["conda", "conda:a"]
        case 11...12: kinds = ["julia", "julia:A"]
        default: kinds = ["r", "r:a"]
        }
        for kind in kinds {
            _ = try EnvironmentDependency(kind)?.state(in: folder, environment: variables, imports: choice == 7 ? ["a", "b"] : nil)
        }
        if choice == 10 { _ = CondaEnvironment(folder)?.all.map(\.channel) }
    }
}

private enum DecodedCauses {
    static func of(_ value: JSONValue) throws -> RunRecord.Causes {
        try JSONDecoder().decode(RunRecord.Causes.self, from: Data(CanonicalJSON.line(value)))
    }
}
