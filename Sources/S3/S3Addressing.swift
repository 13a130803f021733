/// Where requests about a bucket go: decided from what the URL, the environment and the tools'
/// configuration say. The region may turn out to be another one.
struct S3Addressing: Equatable, Sendable {
    let bucket: String
    /// A server other than AWS.
    let custom: EndpointURL?
    let style: S3Location.Addressing
    /// What stands before the region in AWS's host names: `s3`, `s3-fips`, `s3.dualstack`.
    let service: String
    /// The region that something names, where anything does.
    let knownRegion: String?

    /// - Throws: where an endpoint is no URL.
    init(_ location: S3Location, _ configuration: ToolConfiguration) throws(CredentialError) {
        let environment = configuration.environment
        let isTrue = { (variable: String, key: String) in
            (environment[variable] ?? configuration.value(key))?.lowercased() == "true"
        }
        var endpoint = location.endpoint
        if endpoint == nil, !isTrue("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls") {
            endpoint = environment["AWS_ENDPOINT_URL_S3"] ?? environment["AWS_ENDPOINT_URL"]
                ?? configuration.endpoint(of: "s3")
        }
        if let endpoint {
            guard let url = EndpointURL(endpoint) else {
                throw CredentialError("the S3 endpoint '\(endpoint)' is no http or https URL")
            }
            custom = url
        } else {
            custom = nil
        }
        bucket = location.bucket
        service = "s3" + (isTrue("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint") ? "-fips" : "")
            + (isTrue("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint") ? ".dualstack" : "")
        knownRegion = location.region ?? environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"]
            ?? configuration.value("region")
        let chosen = location.addressing ?? configuration.s3Value("addressing_style").flatMap { .init(rawValue: $0) }
        style = chosen ?? (custom == nil && Self.isFitForHost(bucket) ? .virtual : .path)
    }

    /// Whether the bucket can be part of a host name that AWS's certificate covers.
    private static func isFitForHost(_ bucket: String) -> Bool {
        (3...63).contains(bucket.utf8.count) && bucket.utf8.first != UInt8(ascii: "-") && bucket.utf8.last != UInt8(ascii: "-")
            && bucket.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") }
    }

    /// Whether a word, which a server or a project has written, can be a region: it becomes part of a host name.
    static func isRegion(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }

    /// The region that is assumed until a server names another.
    var firstRegion: String { knownRegion ?? "us-east-1" }

    /// Where a key of the bucket is, or the bucket itself where the key is empty.
    /// - Returns: the service's address without the path, and the path, encoded.
    func address(of key: [UInt8], region: String) -> (server: EndpointURL, path: String) {
        let base = custom ?? EndpointURL(
            isSecure: true, authority: "\(service).\(region).\(AWSPartition.domain(of: region))")
        let key = PercentEncoding.encode(key, keepingSlashes: true)
        switch style {
        case .virtual:
            return (
                EndpointURL(isSecure: base.isSecure, authority: "\(bucket).\(base.authority)"), "\(base.path)/\(key)")
        case .path:
            let server = EndpointURL(isSecure: base.isSecure, authority: base.authority)
            return (server, "\(base.path)/\(bucket)\(key.isEmpty ? "" : "/")\(key)")
        }
    }
}
