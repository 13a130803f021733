import Platform

/// A bucket, or a prefix in one, as a URL names it: `s3://bucket/prefix`, with options behind a `?`.
///
/// ```
/// s3://churn-lab/datasets
/// s3://churn-lab/datasets?region=eu-west-1
/// s3://lab?endpoint=https://s3.example.org:9000&profile=lab&addressing=virtual
/// s3://open-data/images?anonymous=true
/// ```
package struct S3Location: Equatable, Sendable {
    /// How the bucket is named in requests.
    package enum Addressing: String, Sendable {
        /// In the path: every server understands it but AWS's newest regions.
        case path
        /// In the host name.
        case virtual
    }

    package let bucket: String
    /// Without slashes at its ends; empty for the whole bucket.
    package let prefix: [UInt8]
    package var region: String?
    package var endpoint: String?
    package var profile: String?
    package var addressing: Addressing?
    /// Whether requests are never signed.
    package var isAnonymous = false

    /// Whether a URL is one of ours at all, well-formed or not.
    package static func isOne(_ url: BytePath) -> Bool {
        url.bytes.prefix(5).elementsEqual("s3://".utf8)
    }

    /// Why a URL names no place.
    package struct Malformed: Error, Equatable {
        /// For a person.
        package let reason: String
    }

    package init(_ url: BytePath) throws(Malformed) {
        guard Self.isOne(url) else { throw Malformed(reason: "it does not begin with 's3://'") }
        let rest = url.bytes.dropFirst(5)
        let place = rest.prefix { $0 != UInt8(ascii: "?") }
        let name = place.prefix { $0 != UInt8(ascii: "/") }
        guard (1...255).contains(name.count), name.allSatisfy(Self.isFitForBucket) else {
            throw Malformed(reason: "it names no bucket, as 's3://bucket/prefix' does")
        }
        bucket = String(decoding: name, as: UTF8.self)
        var prefix = place.dropFirst(name.count).drop { $0 == UInt8(ascii: "/") }
        while prefix.last == UInt8(ascii: "/") { prefix.removeLast() }
        self.prefix = Array(prefix)
        for item in rest.dropFirst(place.count + 1).split(separator: UInt8(ascii: "&")) {
            let key = item.prefix { $0 != UInt8(ascii: "=") }
            guard let value = PercentEncoding.decode(item.dropFirst(key.count + 1)) else {
                throw Malformed(reason: "an option has a '%' without two hexadecimal digits")
            }
            try set(String(decoding: key, as: UTF8.self), to: String(decoding: value, as: UTF8.self))
        }
    }

    private mutating func set(_ option: String, to value: String) throws(Malformed) {
        switch option {
        case "region":
            guard S3Addressing.isRegion(value) else { throw Malformed(reason: "its region is no region's name") }
            region = value
        case "endpoint":
            guard EndpointURL(value) != nil else { throw Malformed(reason: "its endpoint is no http or https URL") }
            endpoint = value
        case "profile": profile = value
        case "addressing":
            guard value == "auto" || Addressing(rawValue: value) != nil else {
                throw Malformed(reason: "its addressing is none of auto, path and virtual")
            }
            addressing = Addressing(rawValue: value)
        case "anonymous":
            guard value == "true" || value == "false" else { throw Malformed(reason: "its anonymous is neither true nor false") }
            isAnonymous = value == "true"
        default:
            throw Malformed(reason: "its option '\(BytePath(option))' is not known")
        }
    }

    private static func isFitForBucket(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// The place as messages name it.
    package var name: String {
        "'s3://\(bucket)\(prefix.isEmpty ? "" : "/")\(BytePath(bytes: prefix))'"
    }
}
