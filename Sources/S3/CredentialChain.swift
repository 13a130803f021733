import Platform

/// Looks for credentials where the AWS tools do, in their order; the first place that has some wins.
///
/// Source: botocore, `credentials.create_credential_resolver`.
struct CredentialChain: Sendable {
    /// What was found.
    enum Finding: Equatable, Sendable {
        case credentials(Credentials)
        /// Nothing anywhere. The places, for a person.
        case none(looked: [String])
    }

    let context: CredentialContext

    private var configuration: ToolConfiguration { context.configuration }

    /// - Throws: where a place should have some and does not give them.
    func load() throws(CredentialError) -> Finding {
        var looked: [String] = []
        if !configuration.isProfileExplicit {
            if let found = try fromEnvironment() { return .credentials(found) }
            looked.append("the environment (AWS_ACCESS_KEY_ID)")
        }
        let profile = configuration.profile
        if configuration.profiles[profile] == nil, configuration.isProfileExplicit || profile != "default" {
            throw CredentialError(
                "the profile '\(profile)' is neither in '\(configuration.configPath)' nor in '\(configuration.credentialsPath)'")
        }
        var visited: Set<String> = []
        if let found = try assumedRole(profile, &visited) { return .credentials(found) }
        if let found = try fromProfile(profile, withEnvironment: !configuration.isProfileExplicit) {
            return .credentials(found)
        }
        looked.append("a web identity (AWS_WEB_IDENTITY_TOKEN_FILE)")
        looked.append(
            "the profile '\(profile)' in '\(configuration.credentialsPath)' and '\(configuration.configPath)'")
        if let found = try fromContainer() { return .credentials(found) }
        looked.append("the container (AWS_CONTAINER_CREDENTIALS_FULL_URI)")
        if let found = try fromInstance() { return .credentials(found) }
        looked.append("the instance's metadata")
        return .none(looked: looked)
    }

    // MARK: What is written down

    private func fromEnvironment() throws(CredentialError) -> Credentials? {
        let environment = context.environment
        guard let id = environment["AWS_ACCESS_KEY_ID"] else { return nil }
        guard let secret = environment["AWS_SECRET_ACCESS_KEY"] else {
            throw CredentialError("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not")
        }
        let expiry = environment["AWS_CREDENTIAL_EXPIRATION"].flatMap { UTCTime(timestamp: $0) }
        return Credentials(
            accessKeyID: id, secretAccessKey: secret,
            sessionToken: environment["AWS_SECURITY_TOKEN"] ?? environment["AWS_SESSION_TOKEN"], expiry: expiry,
            origin: "the environment")
    }

    private func fromSection(_ section: ToolConfiguration.Section?, of path: BytePath) throws(CredentialError) -> Credentials? {
        let value = { (key: String) in ToolConfiguration.text(section?[key]) }
        guard let id = value("aws_access_key_id") else { return nil }
        guard let secret = value("aws_secret_access_key") else {
            throw CredentialError("'\(path)' has an aws_access_key_id without an aws_secret_access_key")
        }
        return Credentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: value("aws_security_token") ?? value("aws_session_token"),
            origin: "'\(path)'")
    }

    /// What a profile has or leads to, roles apart that are assumed from another profile.
    private func fromProfile(_ name: String, withEnvironment: Bool) throws(CredentialError) -> Credentials? {
        if let found = try webIdentity(name, withEnvironment: withEnvironment) { return found }
        if let found = try singleSignOn(name) { return found }
        if let found = try fromSection(configuration.credentialsFile[name], of: configuration.credentialsPath) {
            return found
        }
        let value = { (key: String) in ToolConfiguration.text(configuration.profiles[name]?[key]) }
        if value("login_session") != nil { return try exported(profile: name, because: "the profile logs in by a browser") }
        if let command = value("credential_process") { return try fromProcess(command) }
        return try fromSection(configuration.configProfiles[name], of: configuration.configPath)
    }

    // MARK: Programs

    private func fromProcess(_ command: String) throws(CredentialError) -> Credentials {
        guard let words = ShellWords.split(command), !words.isEmpty else {
            throw CredentialError("'credential_process' is no command: a quote is not closed")
        }
        return try CredentialRecord.credentials(try context.run(words), from: "'credential_process'")
    }

    /// Asks the AWS command line for what only it can do: browsers, codes, and tokens that only it may renew.
    func exported(profile: String, because reason: String) throws(CredentialError) -> Credentials {
        do throws(CredentialError) {
            let words = ["aws", "configure", "export-credentials", "--profile", profile, "--format", "process"]
            return try CredentialRecord.credentials(try context.run(words), from: "'aws configure export-credentials'")
        } catch {
            throw CredentialError(
                "\(reason), and the aws command does not help: \(error.message) (try 'aws sso login --profile \(profile)')")
        }
    }

    // MARK: Roles

    /// The role that a profile assumes with the credentials of another.
    private func assumedRole(_ name: String, _ visited: inout Set<String>) throws(CredentialError) -> Credentials? {
        let value = { (key: String) in ToolConfiguration.text(configuration.profiles[name]?[key]) }
        guard let role = value("role_arn"), value("web_identity_token_file") == nil else { return nil }
        if value("mfa_serial") != nil {
            return try exported(profile: name, because: "the profile '\(name)' asks for a code (mfa_serial)")
        }
        visited.insert(name)
        let source: Credentials?
        switch (value("source_profile"), value("credential_source")) {
        case (let profile?, nil): source = try sourceCredentials(profile, of: name, &visited)
        case (nil, let place?): source = try namedSource(place)
        default:
            throw CredentialError("the profile '\(name)' needs either source_profile or credential_source for its role_arn")
        }
        guard let source else { throw CredentialError("the profile '\(name)' has no credentials to assume its role with") }
        return try SecurityTokenService(context: context).assumeRole(
            role, with: source, sessionName: value("role_session_name"), externalID: value("external_id"),
            seconds: value("duration_seconds").flatMap { Int($0) })
    }

    private func sourceCredentials(
        _ name: String, of parent: String, _ visited: inout Set<String>
    ) throws(CredentialError) -> Credentials? {
        guard let section = configuration.profiles[name] else {
            throw CredentialError("the source_profile '\(name)' of the profile '\(parent)' is not there")
        }
        let isStatic = section["aws_access_key_id"] != nil || section["aws_secret_access_key"] != nil
        guard !visited.contains(name) || (name == parent && isStatic) else {
            throw CredentialError("the profiles lead in a circle: '\(name)' is its own source_profile")
        }
        if !isStatic, let found = try assumedRole(name, &visited) { return found }
        return try fromProfile(name, withEnvironment: false)
    }

    private func namedSource(_ place: String) throws(CredentialError) -> Credentials? {
        switch place.lowercased() {
        case "environment": try fromEnvironment()
        case "ecscontainer": try fromContainer()
        case "ec2instancemetadata": try fromInstance()
        default: throw CredentialError("the credential_source '\(place)' is not known")
        }
    }

    /// The role that a token in a file stands for, as CI systems and Kubernetes give one.
    private func webIdentity(_ name: String, withEnvironment: Bool) throws(CredentialError) -> Credentials? {
        let environment = context.environment
        let value = { (key: String, variable: String) in
            (withEnvironment ? environment[variable] : nil) ?? ToolConfiguration.text(configuration.profiles[name]?[key])
        }
        guard let file = value("web_identity_token_file", "AWS_WEB_IDENTITY_TOKEN_FILE") else { return nil }
        guard let role = value("role_arn", "AWS_ROLE_ARN") else {
            throw CredentialError("a web identity token is there and no role for it (AWS_ROLE_ARN)")
        }
        let token: [UInt8]?
        do throws(SystemError) { token = try BytePath(file).contents(limit: 1 << 16) } catch {
            throw CredentialError("cannot read the web identity token '\(BytePath(file))': \(error.reason)")
        }
        guard let token else { throw CredentialError("the web identity token '\(BytePath(file))' is not there") }
        return try SecurityTokenService(context: context).assumeRole(
            role, withWebIdentity: String(decoding: token, as: UTF8.self),
            sessionName: value("role_session_name", "AWS_ROLE_SESSION_NAME"))
    }
}
