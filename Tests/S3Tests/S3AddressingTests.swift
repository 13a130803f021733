import Platform
import XCTest

@testable import S3

final class S3AddressingTests: XCTestCase {
    private func address(
        _ url: BytePath, _ variables: [String: String] = [:], key: String = "a b/c", region: String? = nil
    ) throws -> String {
        let configuration = try ToolConfiguration(ProcessVariables { variables[$0] })
        let addressing = try S3Addressing(try S3Location(url), configuration)
        let (server, path) = addressing.address(of: Array(key.utf8), region: region ?? addressing.firstRegion)
        return server.text + path
    }

    func testAWSBucketsAreInTheHostName() throws {
        XCTAssertEqual(try address("s3://lab/x"), "https://lab.s3.us-east-1.amazonaws.com/a%20b/c")
        XCTAssertEqual(try address("s3://lab?region=eu-west-1"), "https://lab.s3.eu-west-1.amazonaws.com/a%20b/c")
        XCTAssertEqual(try address("s3://lab", ["AWS_REGION": "cn-north-1"]), "https://lab.s3.cn-north-1.amazonaws.com.cn/a%20b/c")
        XCTAssertEqual(try address("s3://lab", ["AWS_DEFAULT_REGION": "x"], region: "y"), "https://lab.s3.y.amazonaws.com/a%20b/c")
        XCTAssertEqual(
            try address("s3://lab", ["AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_USE_FIPS_ENDPOINT": "true"]),
            "https://lab.s3-fips.dualstack.us-east-1.amazonaws.com/a%20b/c")
    }

    func testBucketsThatFitNoHostNameAreInThePath() throws {
        XCTAssertEqual(try address("s3://my.lab", key: ""), "https://s3.us-east-1.amazonaws.com/my.lab")
        XCTAssertEqual(try address("s3://Lab"), "https://s3.us-east-1.amazonaws.com/Lab/a%20b/c")
        XCTAssertEqual(try address("s3://my.lab?addressing=virtual", key: ""), "https://my.lab.s3.us-east-1.amazonaws.com/")
    }

    func testOtherServersHaveBucketsInThePath() throws {
        XCTAssertEqual(
            try address("s3://lab?endpoint=http://h:9000/base/"), "http://h:9000/base/lab/a%20b/c")
        XCTAssertEqual(try address("s3://lab", ["AWS_ENDPOINT_URL": "https://H:443"]), "https://h/lab/a%20b/c")
        XCTAssertEqual(
            try address("s3://lab", ["AWS_ENDPOINT_URL": "https://h", "AWS_ENDPOINT_URL_S3": "https://s"]), "https://s/lab/a%20b/c")
        XCTAssertEqual(
            try address("s3://lab?endpoint=https://own&addressing=virtual", ["AWS_ENDPOINT_URL": "https://h"]),
            "https://lab.own/a%20b/c")
        XCTAssertEqual(
            try address("s3://lab", ["AWS_ENDPOINT_URL": "https://h", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"]),
            "https://lab.s3.us-east-1.amazonaws.com/a%20b/c")
        XCTAssertThrowsError(try address("s3://lab", ["AWS_ENDPOINT_URL": "h:1"]))
    }

    func testURLsAndTheirParts() throws {
        let location = try S3Location("s3://lab//pre fix//x/?profile=a%20b&anonymous=true&addressing=auto")
        XCTAssertEqual(location.bucket, "lab")
        XCTAssertEqual(location.prefix, Array("pre fix//x".utf8))
        XCTAssertEqual(location.profile, "a b")
        XCTAssertTrue(location.isAnonymous)
        XCTAssertEqual(location.name, "'s3://lab/pre fix//x'")
        let bytes = try S3Location(BytePath(bytes: Array("s3://lab/".utf8) + [0xff]))
        XCTAssertEqual(bytes.prefix, [0xff])
        for url: BytePath in [
            "s3://", "s3:///x", "s3://a b", "s3://u:p@lab", "s3://lab?what=1", "s3://lab?endpoint=ftp://x", "s3://lab?region=%zz",
            "s3://lab?anonymous=yes", "s3://lab?endpoint=https://u:p@h", "http://lab",
        ] {
            XCTAssertThrowsError(try S3Location(url), url.text)
        }
    }
}
