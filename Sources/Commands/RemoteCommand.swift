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

            A bucket is `s3://BUCKET/PREFIX`. Credentials, regions, endpoints and proxies are those of the AWS \
            tools; what is different for one remote stands in the keys `data.NAME.region`, `endpoint`, \
            `profile`, `addressing` (`path` or `virtual`) and `anonymous`, which the options of `add` and \
            `set-url` write. The same may stand behind the URL's `?`, joined by `&`.

            A Git remote `data::PLACE` (`git remote add origin data::s3://BUCKET/PROJECT`) keeps history and data \
            together in a bucket or a folder, with no Git server. It is its own data remote. `log`, `restore`, \
            `head` and `gc` are for such remotes.
            """,
        options: [CommonOptions.json],
        examples: [
            Example("git data remote add storage /mnt/nas/churn", "name a folder"),
            Example("git data remote add storage s3://churn-lab/datasets", "name a bucket"),
            Example("git data remote check storage", "try whether it can be used"),
        ],
        subcommands: [
            RemoteListCommand.self, RemoteAddCommand.self, RemoteSetURLCommand.self, RemoteRemoveCommand.self,
            RemoteDefaultCommand.self, RemoteTrustCommand.self, RemoteCheckCommand.self, RemoteLogCommand.self,
            RemoteRestoreCommand.self, RemoteHeadCommand.self, RemoteCollectCommand.self,
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
    static let region = Value<String>("region", "REGION", "the bucket's region", parse: .text)
    static let endpoint = Value<String>("endpoint", "URL", "the address of an S3 server other than AWS", parse: .text)
    static let profile = Value<String>("profile", "NAME", "the profile of your AWS files; for this clone alone", parse: .text)
    static let addressing = Value<Addressing>("addressing", "STYLE", "where requests name the bucket", parse: .choice)
    static let anonymous = Flag("anonymous", "sign nothing: for public buckets")

    enum Addressing: String, CaseIterable { case path, virtual, auto }

    let repository: Repository

    /// The options that `add` and `set-url` were given.
    static func options(_ arguments: ParsedArguments) -> [DataRemote.Option: String] {
        var options: [DataRemote.Option: String] = [:]
        options[.region] = arguments[region]
        options[.endpoint] = arguments[endpoint]
        options[.profile] = arguments[profile]
        options[.addressing] = arguments[addressing]?.rawValue
        if arguments[anonymous] { options[.anonymous] = "true" }
        return options
    }

    func setShared(_ key: String, _ value: BytePath) throws {
        try repository.git().change(["config", "-f", try file(), BytePath(key), value])
    }

    func setOwn(_ key: String, _ value: BytePath) throws {
        try repository.git().change(["config", "--local", BytePath(key), value])
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

    func check(name: String, url: BytePath, _ options: [DataRemote.Option: String]) throws {
        try checkForSecrets([url.text] + options.values)
        guard DataRemote.isName(name) else {
            throw CommandFailure("'\(BytePath(name))' is no name for a data remote", hints: ["use letters, digits, '-' and '_'"])
        }
        guard !url.bytes.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
            throw CommandFailure("the URL holds control characters")
        }
        let known = ["s3", "file"]
        if let colon = url.bytes.firstIndex(of: UInt8(ascii: ":")), !url.isAbsolute {
            let scheme = String(decoding: url.bytes[..<colon], as: UTF8.self)
            guard known.contains(scheme) else {
                throw CommandFailure(
                    "data remotes of the kind '\(BytePath(scheme)):' are not known",
                    hints: ["a folder, such as /mnt/data/project, or a bucket, such as s3://bucket/project"])
            }
            let bucket = url.bytes.dropFirst("s3://".utf8.count).prefix { ![UInt8(ascii: "/"), UInt8(ascii: "?")].contains($0) }
            if scheme == "s3", !url.bytes.starts(with: "s3://".utf8) || bucket.isEmpty {
                throw CommandFailure("'\(url)' names no bucket", hints: ["as in s3://bucket/project"])
            }
        }
        if DataRemote.folder(url) != nil, let option = options.keys.first {
            throw CommandFailure("'--\(option.rawValue)' is for buckets, and '\(url)' is a folder")
        }
        if let endpoint = options[.endpoint], !endpoint.hasPrefix("http://"), !endpoint.hasPrefix("https://") {
            throw CommandFailure("the endpoint '\(BytePath(endpoint))' is no http or https URL")
        }
    }

    /// What is committed is read by everybody. Nothing that was given is repeated.
    private func checkForSecrets(_ texts: [String]) throws {
        guard texts.allSatisfy({ URLText.withoutPasswords($0) == $0 }) else {
            throw CommandFailure(
                "the URL holds a user or a password, and '.gitdata' is for everybody to read", kept: "the settings, as they were",
                hints: ["leave it out: credentials come from ~/.aws/credentials, AWS_ACCESS_KEY_ID and the like"])
        }
        let known = DataRemote.Option.allCases.map(\.rawValue)
        for text in texts where text.hasPrefix("s3://") {
            let options = text.drop { $0 != "?" }.dropFirst().split(separator: "&").map { String($0.prefix { $0 != "=" }) }
            guard let unknown = options.first(where: { !known.contains($0) }) else { continue }
            throw CommandFailure(
                "the URL has an option '\(BytePath(unknown))', which is not known", kept: "the settings, as they were",
                hints: ["the options of a bucket are \(known.joined(separator: ", "))"])
        }
    }

    /// Writes where the remote is: for everybody, and for this clone as the confirmation.
    func write(name: String, url: BytePath, _ options: [DataRemote.Option: String], isLocal: Bool) throws {
        let shared = options.filter { $0.key.isCommittable }
        // Once a clone has a confirmation, nothing but that counts in it.
        let isConfirmed = try repository.settings().configuration.value("data.\(name).url") != nil
            || !DataRemote(name: name, url: url, options: shared, source: .committed).isTrusted
        if !isLocal {
            try setShared("data.\(name).url", url)
            for (option, value) in shared { try setShared("data.\(name).\(option.rawValue)", BytePath(value)) }
        }
        if isLocal || isConfirmed { try setOwn("data.\(name).url", url) }
        for (option, value) in options where isLocal || isConfirmed || !option.isCommittable {
            try setOwn("data.\(name).\(option.rawValue)", BytePath(value))
        }
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
            var notes = DataRemote.Option.allCases.compactMap { option in
                remote.options[option].map { "\(option.rawValue) \(BytePath(URLText.withoutPasswords($0)))" }
            }
            if remote.name == standard?.name { notes.append("default") }
            if remote.source == .insideGitRemote { notes.append("inside the Git remote") }
            if remote.source == .withHistory { notes.append("beside the history") }
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
        description: "Written to the project's `.gitdata`, which is to be committed, and for a folder or a server of your own also to this clone's configuration. The first one is the default.",
        options: [
            RemoteSettings.local, RemoteSettings.region, RemoteSettings.endpoint, RemoteSettings.profile,
            RemoteSettings.addressing, RemoteSettings.anonymous,
        ], operands: [RemoteSettings.name, RemoteSettings.url])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let settings = RemoteSettings(repository: repository)
        let name = try arguments[RemoteSettings.name]
        let url = try settings.absolute(try arguments[RemoteSettings.url])
        let options = RemoteSettings.options(arguments)
        try settings.check(name: name, url: url, options)
        if try repository.settings().remotes.contains(where: { $0.name == name }) {
            throw CommandFailure("data remote '\(name)' already exists", hints: ["git data remote set-url \(name) \(url)"])
        }
        let isFirst = try repository.settings().defaultRemote == nil
        let isLocal = arguments[RemoteSettings.local]
        try settings.write(name: name, url: url, options, isLocal: isLocal)
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
        if DataRemote.folder(url) == nil { context.output.message("To see whether it can be used: git data remote check \(name)") }
        return .success
    }
}

struct RemoteSetURLCommand: Command {
    static let declaration = Declaration(
        "set-url", group: .sharing, summary: "change where a data remote is",
        options: [
            RemoteSettings.local, RemoteSettings.region, RemoteSettings.endpoint, RemoteSettings.profile,
            RemoteSettings.addressing, RemoteSettings.anonymous,
        ],
        operands: [RemoteSettings.name, RemoteSettings.url])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let settings = RemoteSettings(repository: repository)
        let name = try arguments[RemoteSettings.name]
        let url = try settings.absolute(try arguments[RemoteSettings.url])
        let options = RemoteSettings.options(arguments)
        try settings.check(name: name, url: url, options)
        guard try repository.settings().remotes.contains(where: { $0.name == name }) else {
            throw RepositoryError.remote(.unknown(name: name, key: ""))
        }
        try settings.write(name: name, url: url, options, isLocal: arguments[RemoteSettings.local])
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
        "trust", group: .sharing, summary: "use a folder or a server that the project names",
        description: "Copies where it is from the project's `.gitdata` to this clone's configuration, where later changes of the project do not reach it.",
        operands: [RemoteSettings.name])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let name = try arguments[RemoteSettings.name]
        guard let remote = try repository.settings().remotes.first(where: { $0.name == name }) else {
            throw RepositoryError.remote(.unknown(name: name, key: ""))
        }
        let settings = RemoteSettings(repository: repository)
        for (option, value) in remote.options { try settings.setOwn("data.\(name).\(option.rawValue)", BytePath(value)) }
        try settings.setOwn("data.\(name).url", remote.url)
        context.output.message("Data remote '\(name)' is '\(remote.transferURL)' for this clone.")
        return .success
    }
}
