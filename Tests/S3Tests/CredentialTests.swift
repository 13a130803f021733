import Platform
import TestSupport
import XCTest

@testable import S3

/// Where credentials are looked for, and in which order.
final class CredentialTests: XCTestCase {
    private var scratch: ScratchFolder!
    /// Requests made, and what is answered to those whose URL begins so.
    private let asked = Monitor<[CredentialRequest]>([])
    private let ran = Monitor<[[String]]>([])

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
    }

    override func tearDown() { scratch = nil }

    private func find(
        _ variables: [String: String] = [:], config: String = "", credentials: String = "", profile: String? = nil,
        answers: [String: (Int, String)] = [:], output: String? = nil, now: Int64 = 1_700_000_000
    ) throws -> CredentialChain.Finding {
        try scratch.write(config, to: "home/.aws/config")
        try scratch.write(credentials, to: "home/.aws/credentials")
        var all = variables
        all["HOME"] = (scratch / "home").text
        let environment = ProcessVariables { [all] in all[$0] }
        let configuration = try ToolConfiguration(environment, profile: profile)
        let context = CredentialContext(
            configuration: configuration, region: configuration.value("region"),
            ask: { [asked] request throws(CredentialError) in
                asked.change { $0.append(request) }
                guard let answer = answers.first(where: { request.url.hasPrefix($0.key) })?.value else {
                    throw CredentialError("nobody at \(request.url)", isTransient: true)
                }
                return CredentialAnswer(status: answer.0, body: Array(answer.1.utf8))
            },
            run: { [ran] words throws(CredentialError) in
                ran.change { $0.append(words) }
                guard let output else { throw CredentialError("no program") }
                return Array(output.utf8)
            },
            now: { UTCTime(seconds: now) })
        return try CredentialChain(context: context).load()
    }

    private func id(_ finding: CredentialChain.Finding) -> String? {
        guard case .credentials(let found) = finding else { return nil }
        return found.accessKeyID
    }

    private static let keys = "aws_access_key_id = %\naws_secret_access_key = s\n"
    private func keys(_ id: String) -> String { Self.keys.replacingOccurrences(of: "%", with: id) }
    private static func stsAnswer(_ action: String) -> String {
        """
        <\(action)Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><\(action)Result><Credentials>
        <AccessKeyId>ROLE</AccessKeyId><SecretAccessKey>rs</SecretAccessKey><SessionToken>rt</SessionToken>
        <Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></\(action)Result></\(action)Response>
        """
    }
    private let record = """
        {"Version":1,"AccessKeyId":"JSON","SecretAccessKey":"js","Token":"jt","Expiration":"2030-01-01T00:00:00Z"}
        """

    // MARK: Order

    func testEnvironmentWinsOverItsOwnProfile() throws {
        let variables = ["AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t", "AWS_PROFILE": "p"]
        let found = try find(variables, credentials: "[p]\n" + keys("FILE"))
        XCTAssertEqual(found, .credentials(Credentials(accessKeyID: "ENV", secretAccessKey: "s", sessionToken: "t", origin: "the environment")))
    }

    func testProfileOfASettingWinsOverTheEnvironment() throws {
        let variables = ["AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "s"]
        XCTAssertEqual(id(try find(variables, credentials: "[p]\n" + keys("FILE"), profile: "p")), "FILE")
    }

    func testCredentialsFileWinsOverConfigFile() throws {
        XCTAssertEqual(id(try find(config: "[default]\n" + keys("C"), credentials: "[default]\n" + keys("F"))), "F")
        XCTAssertEqual(id(try find(config: "[default]\n" + keys("C"))), "C")
        XCTAssertEqual(id(try find(["AWS_PROFILE": "a b"], config: "[profile 'a b']\n" + keys("C"))), "C")
    }

    func testNothingAnywhereNamesThePlaces() throws {
        guard case .none(let looked) = try find() else { return XCTFail("found something") }
        XCTAssertEqual(looked.count, 5)
        XCTAssert(looked.joined().contains("/home/.aws/credentials"), "\(looked)")
    }

    func testHalfOfAPairIsAnError() {
        XCTAssertThrowsError(try find(["AWS_ACCESS_KEY_ID": "ENV"]))
        XCTAssertThrowsError(try find(credentials: "[default]\naws_access_key_id = a"))
    }

    func testUnknownProfileIsAnError() {
        XCTAssertThrowsError(try find(["AWS_PROFILE": "nobody"])) { error in
            XCTAssert("\(error)".contains("nobody"))
        }
    }

    func testMalformedFileIsAnErrorWithItsLine() {
        XCTAssertThrowsError(try find(config: "[default]\nregion")) { XCTAssert("\($0)".contains("line 2"), "\($0)") }
    }

    // MARK: Sources

    func testProcessIsSplitAndAsked() throws {
        let found = try find(config: "[default]\ncredential_process = tool 'a b' c", output: record)
        XCTAssertEqual(id(found), "JSON")
        XCTAssertEqual(ran.change { $0 }, [["tool", "a b", "c"]])
        XCTAssertThrowsError(try find(config: "[default]\ncredential_process = tool", output: "{}"))
        XCTAssertThrowsError(try find(config: "[default]\ncredential_process = 'tool", output: record))
    }

    func testRoleIsAssumedWithItsSourceProfile() throws {
        let found = try find(
            config: """
                [default]
                role_arn = arn:aws:iam::1:role/r
                source_profile = base
                external_id = x y
                region = eu-west-1
                """, credentials: "[base]\n" + keys("BASE"),
            answers: ["https://sts.eu-west-1.amazonaws.com/": (200, Self.stsAnswer("AssumeRole"))])
        guard case .credentials(let role) = found else { return XCTFail("nothing") }
        XCTAssertEqual(role.sessionToken, "rt")
        XCTAssertEqual(role.expiry, UTCTime(timestamp: "2030-01-01T00:00:00Z"))
        let request = try XCTUnwrap(asked.change { $0 }.first)
        XCTAssert(String(decoding: request.body, as: UTF8.self).contains("ExternalId=x%20y"))
        XCTAssert(request.headers["Authorization"]?.contains("Credential=BASE/20231114/eu-west-1/sts/") == true)
    }

    func testRoleChainsAndCircles() throws {
        let chain = """
            [profile a]
            role_arn = r1
            source_profile = b
            [profile b]
            role_arn = r2
            source_profile = c
            [profile c]
            """
        let answers = ["https://sts.amazonaws.com/": (200, Self.stsAnswer("AssumeRole"))]
        XCTAssertEqual(id(try find(["AWS_PROFILE": "a"], config: chain + "\n" + keys("C"), answers: answers)), "ROLE")
        XCTAssertEqual(asked.change { $0 }.count, 2)
        XCTAssertThrowsError(
            try find(["AWS_PROFILE": "a"], config: chain + "\nrole_arn = r3\nsource_profile = a", answers: answers))
        XCTAssertThrowsError(try find(["AWS_PROFILE": "a"], config: "[profile a]\nrole_arn = r", answers: answers))
    }

    func testRefusedRoleSaysWhatTheServiceSays() {
        let refusal = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not yours</Message></Error></ErrorResponse>"
        XCTAssertThrowsError(
            try find(
                config: "[default]\nrole_arn = r\nsource_profile = default\n" + keys("C"),
                answers: ["https://sts": (403, refusal)])
        ) { XCTAssert("\($0)".contains("not yours"), "\($0)") }
    }

    func testWebIdentityOfTheEnvironment() throws {
        let token = try scratch.write("to.ken", to: "token")
        let found = try find(
            ["AWS_WEB_IDENTITY_TOKEN_FILE": token.text, "AWS_ROLE_ARN": "arn:r"], credentials: "[default]\n" + keys("F"),
            answers: ["https://sts.amazonaws.com/": (200, Self.stsAnswer("AssumeRoleWithWebIdentity"))])
        XCTAssertEqual(id(found), "ROLE")
        let request = try XCTUnwrap(asked.change { $0 }.first)
        XCTAssertNil(request.headers["Authorization"])
        XCTAssert(String(decoding: request.body, as: UTF8.self).contains("WebIdentityToken=to.ken"))
    }

    func testContainerIsOnlyAskedNearby() throws {
        for url in ["http://127.0.0.1:1/x", "https://far.example/x", "http://[::1]/x", "http://localhost/x", "http://169.254.170.23/x"] {
            XCTAssertEqual(
                id(try find(["AWS_CONTAINER_CREDENTIALS_FULL_URI": url, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "t"], answers: [url: (200, record)])),
                "JSON", url)
        }
        XCTAssertEqual(asked.change { $0 }.last?.headers["Authorization"], "t")
        for url in ["http://far.example/x", "http://127.0.0.1.far.example/", "http://localhost@far.example/", "ftp://localhost/", "http://127.0.0.1@far.example/", "http://128.0.0.1/"] {
            XCTAssertThrowsError(try find(["AWS_CONTAINER_CREDENTIALS_FULL_URI": url], answers: [url: (200, record)]), url)
        }
        XCTAssertThrowsError(
            try find(
                ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost/", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "a\r\nb"],
                answers: ["http://localhost/": (200, record)]))
    }

    func testInstanceIsAskedForATokenFirst() throws {
        let answers = [
            "http://169.254.169.254/latest/api/token": (200, "token"),
            "http://169.254.169.254/latest/meta-data/iam/security-credentials/role": (200, record),
        ]
        XCTAssertNil(id(try find(answers: answers)), "a role is asked for by name")
        let all = [
            "http://169.254.169.254/latest/api/token": (200, "token"),
            "http://169.254.169.254/latest/meta-data/": (200, record),
        ]
        XCTAssertEqual(id(try find(answers: all)), "JSON")
        XCTAssertEqual(asked.change { $0 }.last?.headers["x-aws-ec2-metadata-token"], "token")
        let before = asked.change { $0 }.count
        XCTAssertNil(id(try find(["AWS_EC2_METADATA_DISABLED": "true"], answers: all)))
        XCTAssertEqual(asked.change { $0 }.count, before)
    }

    private let sso = """
        [default]
        sso_session = s
        sso_account_id = 1
        sso_role_name = r
        [sso-session s]
        sso_region = eu-west-1
        sso_start_url = https://start
        """

    func testSignInTokenIsTakenFromTheCache() throws {
        // SHA-1 of "s".
        let cache: BytePath = "home/.aws/sso/cache/a0f1490a20d0211c997b44bc357e1972deab8ae3.json"
        try scratch.write("{\"accessToken\": \"at\", \"expiresAt\": \"2030-01-01T00:00:00Z\"}", to: cache)
        let answer = "{\"roleCredentials\":{\"accessKeyId\":\"SSO\",\"secretAccessKey\":\"s\",\"sessionToken\":\"t\",\"expiration\":1893456000000}}"
        XCTAssertEqual(id(try find(config: sso, answers: ["https://portal.sso.eu-west-1.amazonaws.com/": (200, answer)])), "SSO")
        XCTAssertEqual(asked.change { $0 }.last?.headers["x-amz-sso_bearer_token"], "at")
        XCTAssertEqual(ran.change { $0 }, [])
    }

    func testSignInThatIsOverIsTheAWSToolsMatter() throws {
        XCTAssertEqual(id(try find(config: sso, output: record)), "JSON")
        XCTAssertEqual(ran.change { $0 }.first?.prefix(3), ["aws", "configure", "export-credentials"])
        XCTAssertThrowsError(try find(config: sso)) { XCTAssert("\($0)".contains("aws sso login"), "\($0)") }
    }

    // MARK: Renewal

    func testManyThreadsRenewOnce() {
        let loads = Monitor(0)
        let clock = Monitor<Int64>(1000)
        let store = CredentialStore(now: { UTCTime(seconds: clock.change { $0 }) }) { () throws(CredentialError) in
            pause(.milliseconds(10))
            let number = loads.change { loads in
                loads += 1
                return loads
            }
            return .credentials(Credentials(
                accessKeyID: "\(number)", secretAccessKey: "", expiry: UTCTime(seconds: clock.change { $0 } + 3600)))
        }
        for round in 1...2 {
            concurrently(count: 40, threads: 8) { _ in _ = try? store.current() }
            XCTAssertEqual(loads.change { $0 }, round)
            clock.change { $0 += 3400 }
        }
    }

    func testFailedRenewalKeepsWhatIsStillGood() throws {
        let clock = Monitor<Int64>(1000)
        let isBroken = Monitor(false)
        let store = CredentialStore(now: { UTCTime(seconds: clock.change { $0 }) }) { () throws(CredentialError) in
            if isBroken.change({ $0 }) { throw CredentialError("broken") }
            return .credentials(Credentials(accessKeyID: "a", secretAccessKey: "", expiry: UTCTime(seconds: 2000)))
        }
        XCTAssertNoThrow(try store.current())
        isBroken.change { $0 = true }
        clock.change { $0 = 1900 }
        XCTAssertNoThrow(try store.current())
        clock.change { $0 = 2001 }
        XCTAssertThrowsError(try store.current())
    }

    func testExpiredOnesAreReplacedOnce() throws {
        let loads = Monitor(0)
        let store = CredentialStore { () throws(CredentialError) in
            let number = loads.change { loads in
                loads += 1
                return loads
            }
            return .credentials(Credentials(accessKeyID: "\(number)", secretAccessKey: ""))
        }
        guard case .credentials(let first) = try store.current() else { return XCTFail("nothing") }
        let replacements = Monitor<[String?]>([])
        concurrently(count: 10, threads: 5) { _ in
            let id = (try? store.replacement(for: first))??.accessKeyID
            replacements.change { $0.append(id) }
        }
        XCTAssertEqual(Set(replacements.change { $0 }), ["2"])
        XCTAssertEqual(loads.change { $0 }, 2)
    }
}
