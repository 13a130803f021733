import Diagnostics
import Git
import Platform
import Repository

/// `git data remote`: the places that hold blobs for everybody.
struct RemoteCommand: Command {
    static let declaration = Declaration(
        "remote", group: .sharing, summary: "list and change the data remotes",
        description: """
            A data remote is a folder, or a bucket of an S3-compatible store, that holds the blobs. It is named in \
            the committed file `.gitdata`, so that a clone knows it. A folder, or a server other than AWS's, that \
            only the project names is not used before `git data remote trust`. A Git remote that is itself a \
            folder needs no data remote: it holds its blobs inside.

            A bucket is `s3://BUCKET/PREFIX`, and behind a `?`, joined by `&`, may stand `region=`, \
            `endpoint=https://HOST:PORT`, `profile=`, `addressing=path` or `virtual`, and `anonymous=true`. \
            Credentials, regions, endpoints and proxies are those of the AWS tools.
            """,
        options: [CommonOptions.json],
        examples: [
            Example("git data remote add storage /mnt/nas/churn", "name a folder"),
            Example("git data remote add storage s3://churn-lab/datasets", "name a bucket"),
        ],
        subcommands: [
            RemoteListCommand.self, RemoteAddCommand.self, RemoteSetURLCommand.self, RemoteRemoveCommand.self,
            RemoteDefaultCommand.self, RemoteTrustCommand.self,
        ],
        seeAlso: ["push", "pull"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        try RemoteListCommand.list(asJSON: arguments[CommonOptions.json], context)
    }
}

/// Where the settings of data remotes are written.
struct RemoteSettings {
    static let local = Flag("local", "in this clone's configuration alone, not in the project's `.gitdata`")
    static let name = Operand<String>("NAME", "the data remote's name", parse: .text(.dataRemotes))
    static let url = Operand<BytePath>("URL", "a folder, or a URL", parse: .folder)

    let repository: Repository

    func setShared(_ key: String, _ value: BytePath) throws {
        try repository.git().query(["config", "-f", try file(), BytePath(key), value])
    }

    func setOwn(_ key: String, _ value: BytePath) throws {
        try repository.git().query(["config", "--local", BytePath(key), value])
    }

    func file() throws -> BytePath {
        let file = try repository.worktree().appending(Settings.committedFile)
        if let status = try file.status(), status.kind != .regular {
            throw CommandFailure("'.gitdata' is not a regular file")
        }
        return file
    }

    /// A folder that is given relative to here, made absolute.
    func absolute(_ url: BytePath) throws -> BytePath {
        let isURL = url.bytes.contains(UInt8(ascii: ":"))
        return isURL ? url : url.absolute(from: try .currentFolder()).normalized
    }

    func check(name: String, url: BytePath) throws {
        let isPlain = name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || [0x2d, 0x5f].contains(byte)
        }
        guard isPlain, name.utf8.first != 0x2d else {
            throw CommandFailure("'\(BytePath(name))' is no name for a data remote", hints: ["use letters, digits, '-' and '_'"])
        }
        guard !url.bytes.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
            throw CommandFailure("the URL holds control characters")
        }
        let known = ["s3", "file"]
        if let colon = url.bytes.firstIndex(of: UInt8(ascii: ":")), !url.isAbsolute {
            let scheme = String(decoding: url.bytes[..<colon], as: UTF8.self)
            guard known.contains(scheme) else {
                throw CommandFailure("data remotes of the kind '\(BytePath(scheme)):' are not known", hints: ["a folder, such as /mnt/data/project"])
            }
        }
    }

    /// Writes the URL: for everybody, and for this clone as the confirmation.
    func write(name: String, url: BytePath, isLocal: Bool) throws {
        if !isLocal { try setShared("data.\(name).url", url) }
        if isLocal || !DataRemote(name: name, url: url, source: .committed).isTrusted { try setOwn("data.\(name).url", url) }
        repository.forgetSettings()
    }
}

struct RemoteListCommand: Command {
    static let declaration = Declaration(
        "list", group: .sharing, summary: "list the data remotes", options: [CommonOptions.json])

    private struct Row: Encodable {
        let name: String
        let url: String
        let isDefault: Bool
        let isTrusted: Bool
        let source: String
    }

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        try list(asJSON: arguments[CommonOptions.json], context)
    }

    static func list(asJSON: Bool, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        var remotes = try repository.settings().remotes
        let standard = try? repository.dataRemote()
        if let standard, !remotes.contains(where: { $0.name == standard.name }) { remotes.append(standard) }
        if asJSON {
            try context.output.json(
                remotes.map {
                    Row(
                        name: $0.name, url: URLText.withoutSecrets($0.url), isDefault: $0.name == standard?.name,
                        isTrusted: $0.isTrusted, source: "\($0.source)")
                })
            return .success
        }
        for remote in remotes {
            var notes: [String] = []
            if remote.name == standard?.name { notes.append("default") }
            if remote.source == .insideGitRemote { notes.append("inside the Git remote") }
            if !remote.isTrusted { notes.append("not trusted: git data remote trust \(remote.name)") }
            let note = notes.isEmpty ? "" : " (\(notes.joined(separator: ", ")))"
            context.output.line("\(remote.name)\t\(URLText.withoutSecrets(remote.url))\(note)")
        }
        if remotes.isEmpty { context.output.message("hint: git data remote add storage /path/to/folder") }
        return .success
    }
}

struct RemoteAddCommand: Command {
    static let declaration = Declaration(
        "add", group: .sharing, summary: "name a data remote",
        description: "Written to the project's `.gitdata`, which is to be committed, and for a folder also to this clone's configuration. The first one is the default.",
        options: [RemoteSettings.local], operands: [RemoteSettings.name, RemoteSettings.url])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let settings = RemoteSettings(repository: repository)
        let name = try arguments[RemoteSettings.name]
        let url = try settings.absolute(try arguments[RemoteSettings.url])
        try settings.check(name: name, url: url)
        if try repository.settings().remotes.contains(where: { $0.name == name }) {
            throw CommandFailure("data remote '\(name)' already exists", hints: ["git data remote set-url \(name) \(url)"])
        }
        let isFirst = try repository.settings().defaultRemote == nil
        let isLocal = arguments[RemoteSettings.local]
        try settings.write(name: name, url: url, isLocal: isLocal)
        if isFirst {
            if isLocal {
                try settings.setOwn("data.remote", BytePath(name))
            } else {
                try settings.setShared("data.remote", BytePath(name))
            }
        }
        if let folder = DataRemote.folder(url), !folder.exists {
            context.output.warning("the folder '\(folder)' does not exist yet")
            context.output.message("hint: mkdir -p '\(folder)'")
        }
        if !isLocal { context.output.message("Written to .gitdata. Commit it, so that clones know '\(name)': git add .gitdata") }
        return .success
    }
}

struct RemoteSetURLCommand: Command {
    static let declaration = Declaration(
        "set-url", group: .sharing, summary: "change where a data remote is", options: [RemoteSettings.local],
        operands: [RemoteSettings.name, RemoteSettings.url])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let settings = RemoteSettings(repository: repository)
        let name = try arguments[RemoteSettings.name]
        let url = try settings.absolute(try arguments[RemoteSettings.url])
        try settings.check(name: name, url: url)
        guard try repository.settings().remotes.contains(where: { $0.name == name }) else {
            throw RepositoryError.remote(.unknown(name: name, key: ""))
        }
        try settings.write(name: name, url: url, isLocal: arguments[RemoteSettings.local])
        return .success
    }
}

struct RemoteRemoveCommand: Command {
    static let declaration = Declaration(
        "remove", group: .sharing, summary: "forget a data remote; its blobs stay where they are",
        operands: [RemoteSettings.name])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let name = try arguments[RemoteSettings.name]
        guard try repository.settings().remotes.contains(where: { $0.name == name }) else {
            throw RepositoryError.remote(.unknown(name: name, key: ""))
        }
        let git = try repository.git()
        let file = try RemoteSettings(repository: repository).file()
        for place in [["-f", file], ["--local"]] as [[BytePath]] {
            _ = try git.run(["config"] + place + ["--remove-section", BytePath("data.\(name)")])
            let standard = try git.run(["config"] + place + ["--get", "data.remote"])
            if standard.status == 0, standard.line == BytePath(name) {
                _ = try git.run(["config"] + place + ["--unset-all", "data.remote"])
            }
        }
        return .success
    }
}

struct RemoteDefaultCommand: Command {
    static let name = OptionalOperand<String>("NAME", "the data remote to use from now on", parse: .text(.dataRemotes))
    static let declaration = Declaration(
        "default", group: .sharing, summary: "show or choose the data remote that is used",
        options: [RemoteSettings.local], operands: [name])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        guard let name = arguments[name] else {
            context.output.line(try repository.dataRemote().name)
            return .success
        }
        guard try repository.settings().remotes.contains(where: { $0.name == name }) else {
            throw RepositoryError.remote(.unknown(name: name, key: ""))
        }
        let settings = RemoteSettings(repository: repository)
        if arguments[RemoteSettings.local] {
            try settings.setOwn("data.remote", BytePath(name))
        } else {
            try settings.setShared("data.remote", BytePath(name))
        }
        return .success
    }
}

struct RemoteTrustCommand: Command {
    static let declaration = Declaration(
        "trust", group: .sharing, summary: "use a folder that the project names",
        description: "Copies the URL from the project's `.gitdata` to this clone's configuration, where later changes of the project do not reach it.",
        operands: [RemoteSettings.name])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let name = try arguments[RemoteSettings.name]
        guard let remote = try repository.settings().remotes.first(where: { $0.name == name }) else {
            throw RepositoryError.remote(.unknown(name: name, key: ""))
        }
        try RemoteSettings(repository: repository).setOwn("data.\(name).url", remote.url)
        context.output.message("Data remote '\(name)' is '\(URLText.withoutSecrets(remote.url))' for this clone.")
        return .success
    }
}
