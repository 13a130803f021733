import Platform
private import FoundationEssentials

/// A small request of those that credentials are asked for with.
struct CredentialRequest: Equatable, Sendable {
    var method = "GET"
    var url: String
    var headers: [String: String] = [:]
    var body: [UInt8] = []
    /// How long the whole exchange may take.
    var timeout: Duration = .seconds(30)
    /// For addresses of this machine, which no proxy can reach.
    var isLocal = false
}

/// What such a request is answered.
struct CredentialAnswer: Equatable, Sendable {
    let status: Int
    let body: [UInt8]
}

/// What credentials are found with. Tests bring their own network, clock and programs.
struct CredentialContext: Sendable {
    let configuration: ToolConfiguration
    /// The region of services beside S3, where it is known.
    var region: String?
    /// Sends a request; throws where nobody answers.
    let ask: @Sendable (CredentialRequest) throws(CredentialError) -> CredentialAnswer
    /// Runs a program by its words and gives its output.
    var run: @Sendable ([String]) throws(CredentialError) -> [UInt8] = { words throws(CredentialError) in
        try runCredentialProgram(words)
    }
    var now: @Sendable () -> UTCTime = { .now }

    var environment: ProcessVariables { configuration.environment }
}

/// Runs a program that prints credentials.
private func runCredentialProgram(_ words: [String]) throws(CredentialError) -> [UInt8] {
    guard let name = words.first else { throw CredentialError("'credential_process' names no program") }
    let program = name.contains("/") ? BytePath(name) : Environment.findProgram(name)
    guard let program else { throw CredentialError("the program '\(BytePath(name))' is not there") }
    do throws(SystemError) {
        let child = try ChildProcess(
            program, words.dropFirst().map { BytePath($0) }, input: .null, output: .pipe, errors: .inherited)
        let output = try child.output?.readToEnd(limit: 1 << 20) ?? []
        guard child.wait().isSuccess else { throw SystemError("exit", path: program, code: 0) }
        return output
    } catch {
        throw CredentialError("'\(program)' gives no credentials")
    }
}

/// Credentials in the JSON that several sources write, by the names that each has for them.
struct CredentialRecord: Decodable {
    var Version: Int?
    var AccessKeyId: String?
    var SecretAccessKey: String?
    var SessionToken: String?
    /// What metadata services call the session token.
    var Token: String?
    var Expiration: String?

    /// - Parameter source: what wrote it, for messages.
    static func credentials(_ json: [UInt8], from source: String) throws(CredentialError) -> Credentials {
        guard let record = try? JSONDecoder().decode(CredentialRecord.self, from: Data(json)),
            let id = record.AccessKeyId, let secret = record.SecretAccessKey
        else { throw CredentialError("\(source) answers with something that is no credentials") }
        var expiry: UTCTime?
        if let text = record.Expiration {
            guard let time = UTCTime(timestamp: text) else { throw CredentialError("\(source) names an expiry that is no time") }
            expiry = time
        }
        return Credentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: record.SessionToken ?? record.Token, expiry: expiry,
            origin: source)
    }
}
