import Platform

/// What the user has configured for the AWS tools: the shared `config` and `credentials` files, read and
/// never written, and the environment variables that choose among them.
struct ToolConfiguration: Sendable {
    typealias Section = [String: ConfigurationText.Value]

    /// All profiles, with what the credentials file says above what the config file says.
    private(set) var profiles: [String: Section] = [:]
    private(set) var ssoSessions: [String: Section] = [:]
    private(set) var services: [String: Section] = [:]
    /// What the credentials file alone says.
    private(set) var credentialsFile: [String: Section] = [:]
    /// What the config file alone says.
    private(set) var configProfiles: [String: Section] = [:]
    let configPath: BytePath
    let credentialsPath: BytePath
    /// The chosen profile.
    let profile: String
    /// Whether git data was told the profile, rather than the environment.
    let isProfileExplicit: Bool
    let environment: ProcessVariables

    /// Reads the files. Those that are not there say nothing.
    /// - Parameter profile: the profile that a setting names; else the environment's, else `default`.
    /// - Throws: `malformed`, with the file and the line.
    init(_ environment: ProcessVariables, profile: String? = nil) throws(CredentialError) {
        self.environment = environment
        configPath = environment.path("AWS_CONFIG_FILE", else: "~/.aws/config")
        credentialsPath = environment.path("AWS_SHARED_CREDENTIALS_FILE", else: "~/.aws/credentials")
        self.profile = profile ?? environment["AWS_DEFAULT_PROFILE"] ?? environment["AWS_PROFILE"] ?? "default"
        isProfileExplicit = profile != nil
        for (name, section) in try Self.read(configPath).sections {
            if name == "default" {
                profiles[name] = section
            } else if let named = Self.name(in: name, after: "profile") {
                profiles[named] = section
            } else if let named = Self.name(in: name, after: "sso-session") {
                ssoSessions[named] = section
            } else if let named = Self.name(in: name, after: "services") {
                services[named] = section
            }
        }
        configProfiles = profiles
        credentialsFile = try Self.read(credentialsPath).sections
        for (name, section) in credentialsFile { profiles[name, default: [:]].merge(section) { $1 } }
    }

    private static func read(_ path: BytePath) throws(CredentialError) -> ConfigurationText {
        let bytes: [UInt8]?
        do throws(SystemError) { bytes = try path.contents(limit: 16 << 20) } catch {
            throw CredentialError("cannot read '\(path)': \(error.reason)")
        }
        guard let bytes else { return ConfigurationText() }
        do throws(ConfigurationText.Malformed) { return try ConfigurationText(String(decoding: bytes, as: UTF8.self)) } catch {
            throw CredentialError("cannot understand '\(path)': line \(error.line): \(error.reason)")
        }
    }

    /// The second word of a section's name, as a shell splits it.
    static func name(in section: String, after kind: String) -> String? {
        guard section.hasPrefix(kind), let words = ShellWords.split(section), words.count == 2 else { return nil }
        return words[1]
    }

    /// A value of the chosen profile.
    func value(_ key: String) -> String? { Self.text(profiles[profile]?[key]) }

    /// A value of the chosen profile's `s3` block.
    func s3Value(_ key: String) -> String? {
        guard case .block(let block) = profiles[profile]?["s3"] else { return nil }
        return block[key]
    }

    /// The endpoint that the chosen profile has for a service: its own in a `services` section, else the
    /// profile's for all.
    func endpoint(of service: String) -> String? {
        if let name = value("services"), case .block(let block)? = services[name]?[service], let url = block["endpoint_url"] {
            return url
        }
        return value("endpoint_url")
    }

    static func text(_ value: ConfigurationText.Value?) -> String? {
        guard case .text(let text)? = value else { return nil }
        return text
    }
}

/// The environment variables that matter here, and what `~` stands for. Tests bring their own.
struct ProcessVariables: Sendable {
    private let lookUp: @Sendable (String) -> String?

    init(_ lookUp: @escaping @Sendable (String) -> String?) {
        self.lookUp = lookUp
    }

    /// Those of this process.
    static let own = ProcessVariables { Environment.value($0)?.text }

    subscript(_ name: String) -> String? { lookUp(name).flatMap { $0.isEmpty ? nil : $0 } }

    func path(_ name: String, else standard: String) -> BytePath {
        expanded(self[name] ?? standard)
    }

    /// The path with a leading `~/` in the home folder.
    func expanded(_ path: String) -> BytePath {
        guard path.hasPrefix("~/"), let home = self["HOME"] else { return BytePath(path) }
        return BytePath(home) / String(path.dropFirst(2))
    }
}

/// Why there are no credentials, for a person.
struct CredentialError: Error, Equatable, Sendable {
    let message: String
    /// The same question may well be answered a moment later.
    var isTransient = false

    init(_ message: String, isTransient: Bool = false) {
        self.message = message
        self.isTransient = isTransient
    }
}
