import Platform
import TestSupport
import XCTest

/// A project whose data remote is a prefix of its own in a real server's bucket, for a user whose environment has
/// the credentials.
class S3TestCase: EndToEndTestCase {
    private(set) var server: S3Server!
    private(set) var work: Worktree!
    private(set) var origin: BytePath!
    private(set) var prefix = ""

    override func setUpWithError() throws {
        try super.setUpWithError()
        server = try .shared()
        for (name, value) in server.credentials { laboratory.variables[name] = BytePath(value) }
        // No machine of a cloud's may lend its own credentials to a test.
        laboratory.variables["AWS_EC2_METADATA_DISABLED"] = "true"
        prefix = "journey \(String(UInt64.random(in: .min ... .max), radix: 36))/d+ä"
        (work, origin) = try laboratory.project()
    }

    override func tearDown() {
        (work, origin) = (nil, nil)
        super.tearDown()
    }

    /// The prefix as a data remote's URL.
    func url(bucket: String? = nil, endpoint: String? = nil, _ options: String = "") -> BytePath {
        BytePath("s3://\(bucket ?? server.bucket)/\(prefix)?endpoint=\(endpoint ?? server.endpoint)\(options)")
    }

    /// Names the data remote, and commits that.
    func addStorage(_ url: BytePath) throws {
        try work.data("remote", "add", "storage", url)
        try work.commit("Data goes to a bucket")
    }
}
