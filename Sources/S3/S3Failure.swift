import HTTP
import Remote

/// Why a request was not done: what the server said, and what that means to a person.
struct S3Failure: Error, Sendable {
    /// 0 where there was no answer.
    let status: Int
    /// S3's name for the error, where the answer has one.
    let code: String?
    let error: RemoteError

    init(_ error: RemoteError) {
        (status, code) = (0, nil)
        self.error = error
    }

    init(status: Int, code: String?, _ error: RemoteError) {
        (self.status, self.code, self.error) = (status, code, error)
    }

    /// No such object, upload or version.
    var isAbsence: Bool { status == 404 && code != "NoSuchBucket" }
}

/// What a message about a failure can name.
struct FailureContext: Sendable {
    /// The place, as in `'s3://lab/x'`.
    var place: String
    var bucket: String
    /// The server's address.
    var server: String
    /// What was tried, as in `read`.
    var action: String
    /// The access key in use; nil for requests that are not signed.
    var accessKeyID: String?
    /// Where credentials were looked for and not found.
    var looked: [String] = []
    var region: String
}

/// An error document of S3, as far as the answer holds one.
///
/// Spec: Amazon S3 API Reference, "Error responses".
struct S3ErrorDocument: Equatable, Sendable {
    var code: String?
    var message: String?
    var region: String?
    var requestID: String?

    /// - Parameter response: the body may be empty (HEAD), or anything at all.
    init(_ response: WebResponse) {
        let tree = XMLTree(response.body)
        let error = tree?.name == "Error" ? tree : tree?["Error"]
        code = error?.text("Code")
        message = error?.text("Message")
        region = error?.text("Region") ?? response.headers["x-amz-bucket-region"]
        requestID = error?.text("RequestId") ?? response.headers["x-amz-request-id"]
    }
}

extension S3Failure {
    /// What an answer means that is no success.
    init(_ response: WebResponse, _ context: FailureContext) {
        let document = S3ErrorDocument(response)
        let status = response.status
        var meaning: (kind: RemoteError.Kind, isTransient: Bool, text: String)
        if let code = document.code, let known = Self.meaning(of: code, document, context) {
            meaning = known
        } else if document.code == nil, Self.isWebPage(response) {
            meaning = (
                .unreachable, false,
                "a web page answers instead of S3 at \(context.server): sign in to the network, or mend the endpoint"
            )
        } else {
            meaning = Self.meaning(ofStatus: status, document, context)
        }
        if document.code == "RequestTimeTooSkewed", let theirs = response.date, abs(UTCTime.now - theirs) > 60 {
            let minutes = (UTCTime.now - theirs) / 60
            meaning.text = "this machine's clock is \(abs(minutes)) min \(minutes < 0 ? "behind" : "ahead of") that of \(context.server): set it"
        }
        let origin = [document.code ?? "status \(status)", document.requestID.map { "request \($0)" }]
        let text = "\(meaning.text) (\(origin.compactMap { $0 }.map(Self.heard).joined(separator: ", ")))"
        let pause = response.headers["retry-after"].flatMap { Int64($0) }.map { Duration.seconds(min(max(0, $0), 300)) }
        self.init(
            status: status, code: document.code,
            RemoteError(meaning.kind, text, isTransient: meaning.isTransient, retryAfter: meaning.isTransient ? pause : nil))
    }

    private static func meaning(
        of code: String, _ document: S3ErrorDocument, _ context: FailureContext
    ) -> (RemoteError.Kind, Bool, String)? {
        let key = context.accessKeyID.map { "the access key '\(printable($0))'" } ?? "nobody in particular"
        switch code {
        case "NoSuchKey", "NoSuchUpload", "NoSuchVersion": return (.absent, false, "not at \(context.place)")
        case "NoSuchBucket":
            return (
                .unreachable, false,
                "there is no bucket '\(context.bucket)' at \(context.server): check its name and the endpoint"
            )
        case "InvalidBucketName":
            return (.unreachable, false, "'\(context.bucket)' is no name for a bucket: check the URL")
        case "AccessDenied", "AllAccessDisabled", "UnauthorizedAccess", "AccessForbidden", "Forbidden":
            return (.denied, false, denial(context))
        case "InvalidAccessKeyId":
            return (.denied, false, "\(context.server) does not know \(key): check the credentials, and that they belong to this server")
        case "SignatureDoesNotMatch", "InvalidSignature":
            return (
                .denied, false,
                "the secret access key does not fit \(key): check the credentials, or a proxy that changes requests"
            )
        case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired":
            return (.denied, false, "the credentials have expired: get new ones, as by 'aws sso login'")
        case "InvalidToken", "InvalidSecurityToken", "InvalidClientTokenId":
            return (.denied, false, "the session token is not valid for \(key): get new credentials")
        case "RequestTimeTooSkewed":
            return (.denied, false, "this machine's clock is too far from the server's: set it")
        case "PermanentRedirect", "TemporaryRedirect", "Redirect", "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException", "IncorrectEndpoint":
            guard let region = document.region else {
                return (.other, false, "the bucket '\(context.bucket)' is in another region than '\(context.region)': set the region")
            }
            return (.other, false, "the bucket '\(context.bucket)' is in the region '\(heard(region))': set the region to it")
        case "SlowDown", "SlowDownRead", "SlowDownWrite", "Throttling", "ThrottlingException", "TooManyRequests",
            "RequestLimitExceeded", "BandwidthLimitExceeded":
            return (.unreachable, true, "\(context.server) asks for fewer requests: try again later, or with fewer transfers")
        case "InternalError", "ServiceUnavailable", "OperationAborted", "RequestTimeout", "IncompleteBody",
            "ConditionalRequestConflict", "XMinioServerNotInitialized", "Busy":
            return (.unreachable, true, "\(context.server) has a trouble of its own: try again later")
        case "XAmzContentSHA256Mismatch", "BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch":
            return (.damaged, false, "the bytes that arrived at \(context.place) are not those that were sent")
        case "QuotaExceeded", "QuotaExceededException", "InsufficientStorage", "XMinioStorageFull",
            "XMinioAdminBucketQuotaExceeded", "EntityTooLarge":
            return (.full, false, "there is no room for it at \(context.place)")
        case "InvalidObjectState":
            return (.denied, false, "the object at \(context.place) is archived: restore it first, as by 'aws s3api restore-object'")
        case "KMS.DisabledException", "KMS.NotFoundException", "KMS.AccessDeniedException":
            return (.denied, false, "the key that encrypts \(context.place) cannot be used: ask the bucket's owner")
        case "NotImplemented":
            return (.other, false, "\(context.server) does not know how to \(context.action)")
        default: return nil
        }
    }

    private static func denial(_ context: FailureContext) -> String {
        if let key = context.accessKeyID {
            return "the access key '\(printable(key))' may not \(context.action) at \(context.place): ask the bucket's owner for the permission"
        }
        let places = context.looked.joined(separator: ", ")
        return "there are no credentials to \(context.action) at \(context.place)"
            + (places.isEmpty ? ", and it is not public" : "; looked in \(places)")
    }

    private static func meaning(
        ofStatus status: Int, _ document: S3ErrorDocument, _ context: FailureContext
    ) -> (RemoteError.Kind, Bool, String) {
        let said = document.message.map { ": \(heard($0))" } ?? ""
        switch status {
        case 401, 403: return (.denied, false, denial(context))
        case 404: return (.absent, false, "not at \(context.place)")
        case 407: return (.denied, false, "the proxy wants credentials: put them into https_proxy")
        case 507: return (.full, false, "there is no room for it at \(context.place)")
        case 301, 302, 303, 307, 308:
            return (.other, false, "\(context.server) sends us elsewhere: mend the endpoint or the region")
        case 408, 409, 425, 429, 500, 502, 503, 504, 509, 520...529:
            return (.unreachable, true, "\(context.server) has a trouble of its own\(said): try again later")
        case 200..<300: return (.unreachable, false, "\(context.server) answers with something that is not S3's: check the endpoint")
        default: return (.other, false, "\(context.server) refuses to \(context.action)\(said)")
        }
    }

    static func isWebPage(_ response: WebResponse) -> Bool {
        if response.status == 511 { return true }
        let start = String(decoding: response.body.prefix(512), as: UTF8.self).lowercased()
        return start.contains("<!doctype html") || start.contains("<html")
    }

    /// A text fit for a terminal.
    static func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(300).map { scalar in
            scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value) ? "?" : scalar
        }))
    }

    /// What a server said, fit for a terminal, and without what it repeats of the request's credentials.
    static func heard(_ text: String) -> String { HTTPTrace.withoutEchoes(printable(text)) }
}
