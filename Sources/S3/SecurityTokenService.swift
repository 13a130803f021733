import Digest

/// AWS's service that hands out temporary credentials for roles.
///
/// Spec: AWS Security Token Service API Reference, version 2011-06-15.
struct SecurityTokenService: Sendable {
    let context: CredentialContext

    /// A role, asked for with other credentials.
    func assumeRole(
        _ role: String, with source: Credentials, sessionName: String?, externalID: String?, seconds: Int?
    ) throws(CredentialError) -> Credentials {
        var form = [("Action", "AssumeRole"), ("RoleArn", role), ("RoleSessionName", sessionName ?? defaultSessionName)]
        if let externalID { form.append(("ExternalId", externalID)) }
        if let seconds { form.append(("DurationSeconds", String(seconds))) }
        return try ask(form, as: source)
    }

    /// A role, asked for with a token of another identity provider; the request is not signed.
    func assumeRole(
        _ role: String, withWebIdentity token: String, sessionName: String?
    ) throws(CredentialError) -> Credentials {
        let form = [
            ("Action", "AssumeRoleWithWebIdentity"), ("RoleArn", role),
            ("RoleSessionName", sessionName ?? defaultSessionName), ("WebIdentityToken", token),
        ]
        return try ask(form, as: nil)
    }

    private var defaultSessionName: String { "git-data-\(context.now().seconds)" }

    private var region: String { context.region ?? "us-east-1" }

    private var endpoint: String {
        let configured = context.environment["AWS_ENDPOINT_URL_STS"] ?? context.environment["AWS_ENDPOINT_URL"]
            ?? context.configuration.endpoint(of: "sts")
        if let configured { return configured }
        return context.region == nil
            ? "https://sts.amazonaws.com" : "https://sts.\(region).\(AWSPartition.domain(of: region))"
    }

    private func ask(_ form: [(String, String)], as credentials: Credentials?) throws(CredentialError) -> Credentials {
        let body = Array(
            (form + [("Version", "2011-06-15")])
                .map { "\($0)=\(PercentEncoding.encode($1.utf8))" }.joined(separator: "&").utf8)
        guard let endpoint = EndpointURL(endpoint) else { throw CredentialError("the STS endpoint is no URL") }
        let now = context.now()
        var headers = ["Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "X-Amz-Date": now.basic]
        if let credentials {
            headers["X-Amz-Security-Token"] = credentials.sessionToken
            let request = CanonicalRequest(
                method: "POST", path: endpoint.path + "/",
                headers: [("host", endpoint.authority)] + headers.map { ($0.key, $0.value) },
                payloadHash: ObjectID.of(body).hex)
            headers["Authorization"] = RequestSigner(credentials: credentials, region: region, service: "sts")
                .authorization(request, at: now)
        }
        let answer = try context.ask(
            CredentialRequest(method: "POST", url: endpoint.text + "/", headers: headers, body: body))
        return try Self.credentials(answer)
    }

    private static func credentials(_ answer: CredentialAnswer) throws(CredentialError) -> Credentials {
        guard let document = XMLTree(answer.body) else {
            throw CredentialError("STS answers with status \(answer.status) and no XML", isTransient: answer.status >= 500)
        }
        guard answer.status == 200, let found = document.children.first(where: { $0.name.hasSuffix("Result") })?["Credentials"] else {
            let error = document["Error"] ?? document
            let code = error.text("Code") ?? "status \(answer.status)"
            throw CredentialError(
                "STS gives no credentials: \(S3Failure.heard("\(code): \(error.text("Message") ?? "")"))", isTransient: answer.status >= 500)
        }
        guard let id = found.text("AccessKeyId"), let secret = found.text("SecretAccessKey") else {
            throw CredentialError("STS answers with something that is no credentials")
        }
        return Credentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: found.text("SessionToken"),
            expiry: found.text("Expiration").flatMap { UTCTime(timestamp: $0) }, origin: "STS")
    }
}
