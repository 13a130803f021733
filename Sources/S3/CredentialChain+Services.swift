import Digest
import HTTP
import Platform
private import FoundationEssentials

/// Credentials that a service nearby hands out.
extension CredentialChain {
    // MARK: Containers

    /// Spec: AWS SDKs and Tools Reference, "Container credential provider".
    func fromContainer() throws(CredentialError) -> Credentials? {
        let environment = context.environment
        let url: String
        if let relative = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] {
            url = "http://169.254.170.2\(relative)"
        } else if let full = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] {
            url = full
        } else {
            return nil
        }
        guard Self.isFit(forSecrets: url) else {
            throw CredentialError("credentials are only asked for over https or of this machine, not of '\(HTTPTrace.printable(url: url))'")
        }
        var request = CredentialRequest(url: url, headers: ["Accept": "application/json"], timeout: .seconds(5))
        request.isLocal = url.hasPrefix("http:")
        if let file = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] {
            guard let token = try? BytePath(file).contents(limit: 1 << 16) else {
                throw CredentialError("cannot read the container's token '\(BytePath(file))'")
            }
            request.headers["Authorization"] = try Self.headerValue(String(decoding: token, as: UTF8.self))
        } else if let token = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] {
            request.headers["Authorization"] = try Self.headerValue(token)
        }
        let answer = try context.ask(request)
        guard answer.status == 200 else {
            throw CredentialError(
                "the container's credential service answers with status \(answer.status)", isTransient: answer.status >= 500)
        }
        return try CredentialRecord.credentials(answer.body, from: "the container's credential service")
    }

    /// A line end would begin another header.
    private static func headerValue(_ text: String) throws(CredentialError) -> String {
        guard !text.utf8.contains(where: { $0 == 10 || $0 == 13 }) else {
            throw CredentialError("the container's token has more than one line")
        }
        return text
    }

    /// Whether a URL leads over https, or to this machine or its container service.
    static func isFit(forSecrets url: String) -> Bool {
        if url.hasPrefix("https://") { return true }
        guard url.hasPrefix("http://") else { return false }
        let authority = url.dropFirst("http://".count).prefix { !"/?#".contains($0) }
        guard !authority.contains("@") else { return false }
        let host: Substring
        if authority.hasPrefix("[") {
            host = authority.dropFirst().prefix { $0 != "]" }
        } else {
            host = authority.prefix { $0 != ":" }
        }
        if ["localhost", "169.254.170.2", "169.254.170.23", "fd00:ec2::23", "::1"].contains(host) { return true }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        return numbers.count == 4 && numbers[0] == 127 && !numbers.contains(nil)
    }

    // MARK: Instances

    /// Spec: Amazon EC2 User Guide, "Use the Instance Metadata Service", version 2.
    func fromInstance() throws(CredentialError) -> Credentials? {
        let environment = context.environment
        guard environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() != "true" else { return nil }
        let mode = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"]
            ?? context.configuration.value("ec2_metadata_service_endpoint_mode")
        var base = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"]
            ?? context.configuration.value("ec2_metadata_service_endpoint")
            ?? (mode?.lowercased() == "ipv6" ? "http://[fd00:ec2::254]" : "http://169.254.169.254")
        while base.hasSuffix("/") { base.removeLast() }
        func text(_ path: String, _ headers: [String: String], method: String = "GET") -> [UInt8]? {
            let request = CredentialRequest(
                method: method, url: "\(base)/latest/\(path)", headers: headers, timeout: .seconds(1), isLocal: true)
            // Most machines are no instances: silence is the usual answer.
            guard let answer = try? context.ask(request), answer.status == 200, !answer.body.isEmpty else { return nil }
            return answer.body
        }
        guard let token = text("api/token", ["x-aws-ec2-metadata-token-ttl-seconds": "21600"], method: "PUT") else {
            return nil
        }
        let headers = ["x-aws-ec2-metadata-token": String(decoding: token, as: UTF8.self)]
        let folder = "meta-data/iam/security-credentials/"
        guard let roles = text(folder, headers),
            let role = String(decoding: roles, as: UTF8.self).split(whereSeparator: \.isNewline).first,
            let record = text(folder + PercentEncoding.encode(role.utf8), headers)
        else { return nil }
        return try CredentialRecord.credentials(record, from: "the instance's metadata")
    }

    // MARK: Single sign-on

    private struct Token: Decodable {
        var accessToken: String
        var expiresAt: String
    }

    private struct RoleAnswer: Decodable {
        struct Role: Decodable {
            var accessKeyId: String
            var secretAccessKey: String
            var sessionToken: String
            /// Milliseconds.
            var expiration: Int64
        }
        var roleCredentials: Role
    }

    /// The role that somebody who has signed in (`aws sso login`) may use.
    ///
    /// Source: botocore, `SSOProvider`, `SSOTokenLoader`.
    func singleSignOn(_ name: String) throws(CredentialError) -> Credentials? {
        let configuration = context.configuration
        guard var section = configuration.profiles[name],
            section["sso_role_name"] != nil || section["sso_account_id"] != nil
        else { return nil }
        let session = ToolConfiguration.text(section["sso_session"])
        if let session {
            guard let shared = configuration.ssoSessions[session] else {
                throw CredentialError("the profile '\(name)' names the sso-session '\(session)', which is not there")
            }
            section.merge(shared) { $1 }
        }
        let value = { (key: String) in ToolConfiguration.text(section[key]) }
        guard let role = value("sso_role_name"), let account = value("sso_account_id"), let region = value("sso_region"),
            let start = value("sso_start_url")
        else {
            throw CredentialError(
                "the profile '\(name)' lacks one of sso_role_name, sso_account_id, sso_region and sso_start_url")
        }
        guard let token = signInToken(session ?? start) else {
            return try exported(profile: name, because: "nobody is signed in for the profile '\(name)', or no longer")
        }
        return try roleCredentials(
            "https://portal.sso.\(region).\(AWSPartition.domain(of: region))/federation/credentials"
                + "?account_id=\(PercentEncoding.encode(account.utf8))&role_name=\(PercentEncoding.encode(role.utf8))",
            token, profile: name)
    }

    /// The token in the AWS tools' cache, while it is good.
    private func signInToken(_ name: String) -> String? {
        var digest = MessageDigest(.sha1)
        digest.update(Array(name.utf8))
        let file = String(decoding: Hexadecimal.encode(digest.finalize()), as: UTF8.self) + ".json"
        let path = context.environment.expanded("~/.aws/sso/cache/" + file)
        guard let bytes = try? path.contents(limit: 1 << 20),
            let token = try? JSONDecoder().decode(Token.self, from: Data(bytes)),
            let expiry = UTCTime(timestamp: token.expiresAt), expiry - context.now() > 60
        else { return nil }
        return token.accessToken
    }

    private func roleCredentials(_ url: String, _ token: String, profile: String) throws(CredentialError) -> Credentials {
        let answer = try context.ask(CredentialRequest(url: url, headers: ["x-amz-sso_bearer_token": token]))
        switch answer.status {
        case 200: break
        case 401, 403: return try exported(profile: profile, because: "the sign-in of the profile '\(profile)' is over")
        default:
            throw CredentialError("the sign-in service answers with status \(answer.status)", isTransient: answer.status >= 500)
        }
        guard let role = try? JSONDecoder().decode(RoleAnswer.self, from: Data(answer.body)).roleCredentials else {
            throw CredentialError("the sign-in service answers with something that is no credentials")
        }
        return Credentials(
            accessKeyID: role.accessKeyId, secretAccessKey: role.secretAccessKey, sessionToken: role.sessionToken,
            expiry: UTCTime(seconds: role.expiration / 1000), origin: "the sign-in of the profile '\(profile)'")
    }
}
