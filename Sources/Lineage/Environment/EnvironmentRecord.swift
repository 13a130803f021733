import Digest
import Platform

/// The whole environment of one run, as far as it can bear on results: system, processor, accelerators, interpreters with
/// their packages, lock files, container and some variables. It is kept once for all runs that have it, in a file that is
/// named by its content, `lineage/environments/<SHA-256>.json`.
///
/// There is no secret in it, no name of a host or a user, and nothing that changes between two runs on one machine.
package struct EnvironmentRecord: Equatable, Sendable {
    /// Members by groups: `version` (1), `system`, `processor`, `memory` (GiB), `accelerators`, `acceleratorSoftware`,
    /// `interpreters` (by what `EnvironmentDependency` calls them: `version`, `program`, `packages`), `conda` (packages with
    /// `version`, `build`, `channel`), `lockFiles`, `container`, `variables`. What is not known, or not there, is left out.
    package let json: JSONValue

    /// Where records are, from the top of the worktree.
    package static let folder: BytePath = StageName.folder / "environments"
    package static let suffix = ".json"

    /// Files at the top of a worktree that fix what is installed.
    package static let lockFiles: [BytePath] = [
        "uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pixi.lock", "conda-lock.yml", "requirements.txt", "environment.yml",
        "renv.lock", "Manifest.toml", "Dockerfile", "Containerfile", "flake.lock",
    ]

    private static let version: Int64 = 1

    /// The record's bytes: canonical JSON where it was made here, or as they were read.
    package let text: [UInt8]

    /// The SHA-256 of the bytes.
    package var id: ObjectID { .of(text) }

    /// Where the record belongs, from the top of the worktree.
    package var path: BytePath { Self.path(of: id) }

    package static func path(of id: ObjectID) -> BytePath { folder / "\(id.hex)\(suffix)" }

    /// Reads the environment that is here now. One program may be started, `nvidia-smi`, and no other.
    ///
    /// - Parameters:
    ///   - command: what runs in it; its interpreters are recorded. nil for every interpreter that a shell would start by its usual name.
    ///   - worktree: its top, absolute.
    ///   - extraVariables: names of further environment variables. Those that may hold secrets are not taken even so.
    ///   - environment: what the command gets, `NAME=value` each.
    ///   - root: where the file system begins, for what is not on `PATH`.
    package static func capture(
        command: String?, worktree: BytePath, extraVariables: [String] = [], environment: [[UInt8]] = Environment.all,
        root: BytePath = "/"
    ) -> EnvironmentRecord {
        let variables = ProcessVariables(environment)
        let wanted = command.map { CommandPrograms($0, in: worktree, variables).interpreters }
            ?? CommandPrograms.Language.allCases.map { CommandPrograms.Interpreter(language: $0, name: nil) }
        return capture(wanted, worktree, extraVariables, variables, root)
    }

    /// What is here now of all that another record tells of: the interpreters that it names, and its variables.
    ///
    /// Parameters are those of `capture(command:worktree:extraVariables:environment:root:)`.
    package static func capture(
        like other: EnvironmentRecord, worktree: BytePath, extraVariables: [String] = [], environment: [[UInt8]] = Environment.all,
        root: BytePath = "/"
    ) -> EnvironmentRecord {
        let names = { (group: String) -> [String] in
            if case .object(let members)? = other.json[[group]] { members.keys.sorted() } else { [] }
        }
        let wanted = names("interpreters").compactMap { name -> CommandPrograms.Interpreter? in
            switch EnvironmentDependency(name) {
            case .python(let interpreter, _)?: CommandPrograms.Interpreter(language: .python, name: interpreter)
            case .r?: CommandPrograms.Interpreter(language: .r, name: nil)
            case .julia?: CommandPrograms.Interpreter(language: .julia, name: nil)
            default: nil
            }
        }
        return capture(wanted, worktree, extraVariables + names("variables"), ProcessVariables(environment), root)
    }

    private static func capture(
        _ wanted: [CommandPrograms.Interpreter], _ worktree: BytePath, _ extraVariables: [String], _ variables: ProcessVariables, _ root: BytePath
    ) -> EnvironmentRecord {
        let texts = PublicText(worktree: worktree, variables)
        let machine = Machine(root: root)
        let accelerators = Accelerators(root: root, worktree: worktree, variables)
        let interpreters = interpreters(wanted, worktree, variables)
        let lockFiles = lockFiles.filter { (worktree / $0).exists }.map { JSONValue.text($0.text) }
        let values = RecordedVariables.values(variables, extra: extraVariables, texts)
        let members: [String: JSONValue?] = [
            "version": .integer(version), "system": machine.system, "processor": machine.processor, "memory": machine.memory,
            "accelerators": accelerators.devices.isEmpty ? nil : .list(accelerators.devices),
            "acceleratorSoftware": accelerators.software.isEmpty ? nil : .object(accelerators.software),
            "interpreters": interpreters.isEmpty ? nil : .object(interpreters.mapValues { $0.json(texts) }),
            "conda": conda(interpreters.values.map(\.prefix), worktree, variables),
            "lockFiles": lockFiles.isEmpty ? nil : .list(lockFiles),
            "container": container(variables), "variables": values.isEmpty ? nil : .object(values),
        ]
        return EnvironmentRecord(json: Machine.object(members))
    }

    private init(json: JSONValue) {
        self.json = json
        text = CanonicalJSON.text(json)
    }

    /// Reads a record, which anybody may have written.
    /// - Parameter file: for the error; where its name is an id, the content must have it.
    package init(_ content: [UInt8], file: BytePath) throws(LineageError) {
        guard let json = JSONValue(json: content), case .integer(let version)? = json[["version"]] else {
            throw .record(file, reason: "it is no record of an environment")
        }
        guard version == Self.version else { throw .record(file, reason: "it is of version \(version), which a newer git data has written") }
        if let id = Self.id(ofFile: file), id != .of(content) {
            throw .record(file, reason: "its content is not what its name says, so that it was edited by hand")
        }
        self.json = json
        text = content
    }

    /// The id that a record's file is named by; nil for other names.
    package static func id(ofFile file: BytePath) -> ObjectID? {
        let name = file.lastComponent
        return name.hasSuffix(suffix) ? ObjectID(hex: name.bytes.dropLast(suffix.utf8.count)) : nil
    }
}

extension EnvironmentRecord {
    private struct Interpreter {
        let version: String
        let program: BytePath
        let prefix: BytePath?
        let packages: [(String, String?)]

        func json(_ texts: PublicText) -> JSONValue {
            var versions: [String: JSONValue] = [:]
            for (name, version) in packages { versions[name] = version.map { .text($0) } ?? .null }
            return .object(["version": .text(version), "program": .text(texts.program(program)), "packages": .object(versions)])
        }
    }

    private static func interpreters(
        _ wanted: [CommandPrograms.Interpreter], _ worktree: BytePath, _ variables: ProcessVariables
    ) -> [String: Interpreter] {
        var found: [String: Interpreter] = [:]
        for interpreter in wanted where interpreter.isFound {
            let name = interpreter.language.rawValue + (interpreter.name.map { "@\($0.text)" } ?? "")
            switch interpreter.language {
            case .python:
                guard let python = PythonInstallation.find(interpreter.name, in: worktree, variables) else { continue }
                let packages = PythonPackages(of: python)
                found[name] = Interpreter(
                    version: python.version, program: python.executable, prefix: python.prefix,
                    packages: packages.names.map { ($0, packages.version(of: $0)) })
            case .r:
                guard let r = RInstallation.find(nil, in: worktree, variables) else { continue }
                found[name] = Interpreter(version: r.version, program: r.program, prefix: nil, packages: r.packages([]))
            case .julia:
                guard let julia = JuliaInstallation.find(nil, in: worktree, variables) else { continue }
                found[name] = Interpreter(version: julia.version, program: julia.program, prefix: nil, packages: julia.packages([]))
            }
        }
        return found
    }

    /// The packages of the conda environments that the interpreters are in, or of the active one.
    private static func conda(_ prefixes: [BytePath?], _ worktree: BytePath, _ variables: ProcessVariables) -> JSONValue? {
        let active = variables["CONDA_PREFIX"].map { [$0.absolute(from: worktree)] } ?? []
        guard let environment = (prefixes.compactMap { $0 }.sorted() + active).lazy.compactMap({ CondaEnvironment($0) }).first else { return nil }
        var packages: [String: JSONValue] = [:]
        for package in environment.all {
            packages[package.name] = Machine.object([
                "version": .text(package.version), "build": .text(package.build), "channel": package.channel.map { .text($0) },
            ])
        }
        return .object(packages)
    }

    private static func container(_ variables: ProcessVariables) -> JSONValue? {
        let image = ContainerImage.current(variables)
        guard image != nil || ContainerImage.isInside(variables) else { return nil }
        return .object(["image": image.map { .text($0) } ?? .null])
    }
}
