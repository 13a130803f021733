import Digest
import Foundation
import Platform
import TestSupport
import XCTest

@testable import S3

/// Signatures against AWS's published vectors, and against botocore on random requests.
final class RequestSignatureTests: XCTestCase {
    override func setUp() { TestProcess.makeHermetic() }

    func testPublishedVectors() throws {
        let folder = try Botocore.signatureVectors()
        var checked = 0
        for name in try folder.entries() {
            guard let request = try (folder / name / (name.text + ".req")).contents() else { continue }
            func text(_ ending: String) throws -> String {
                let bytes = try (folder / name / (name.text + ending)).contents() ?? []
                return String(decoding: bytes.filter { $0 != 13 }, as: UTF8.self)
            }
            let token = try text(".creq").split(separator: "\n").first { $0.hasPrefix("x-amz-security-token:") }
            var canonical = Self.parse(request)
            if let token, !canonical.headers.contains(where: { $0.name.lowercased() == "x-amz-security-token" }) {
                canonical.headers.append(("X-Amz-Security-Token", String(token.dropFirst("x-amz-security-token:".count))))
            }
            let signer = RequestSigner(
                credentials: Credentials(
                    accessKeyID: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                region: "us-east-1", service: "service")
            let time = try XCTUnwrap(UTCTime(timestamp: "20150830T123600Z"))
            XCTAssertEqual(canonical.text, try text(".creq"), name.text)
            XCTAssertEqual(signer.stringToSign(canonical, at: time), try text(".sts"), name.text)
            XCTAssertEqual(signer.authorization(canonical, at: time), try text(".authz"), name.text)
            checked += 1
        }
        // All but those of a folder of their own, which normalise paths as S3 never does.
        XCTAssertGreaterThanOrEqual(checked, 20)
    }

    /// Reads a request as it goes over the wire, with a path that is not encoded.
    private static func parse(_ bytes: [UInt8]) -> CanonicalRequest {
        let text = String(decoding: bytes.filter { $0 != 13 }, as: UTF8.self)
        let head = text.components(separatedBy: "\n\n")[0]
        let body = text.components(separatedBy: "\n\n").dropFirst().joined(separator: "\n\n")
        var lines = head.components(separatedBy: "\n")
        let start = lines.removeFirst()
        let method = start.prefix { $0 != " " }
        let target = start.dropFirst(method.count + 1).dropLast(" HTTP/1.1".count)
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var headers: [(name: String, value: String)] = []
        for line in lines {
            if line.first == " ", let last = headers.popLast() {
                headers.append((last.name, last.value + "\n" + line))
            } else if let colon = line.firstIndex(of: ":") {
                headers.append((String(line[..<colon]), String(line[line.index(after: colon)...])))
            }
        }
        var query: [(name: [UInt8], value: [UInt8])] = []
        for item in parts.dropFirst().first?.split(separator: "&") ?? [] {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let words = pair.map { PercentEncoding.decode($0.utf8) ?? [] }
            query.append((words[0], words.count < 2 ? [] : words[1]))
        }
        return CanonicalRequest(
            method: String(method), path: PercentEncoding.encode(parts[0].utf8, keepingSlashes: true), query: query,
            headers: headers, payloadHash: ObjectID.of(Array(body.utf8)).hex)
    }

    private struct Sample: Codable {
        var method: String
        var path: String
        var query: [[String]]
        var headers: [[String]]
        var body: String
        var seconds: Int64
        var token: String?
        var region: String
    }

    func testRandomRequestsAsBotocoreSignsThem() throws {
        var random = SeededRandom(seed: 3)
        let samples = (0..<400).map { _ in Self.sample(&random) }
        let answers = try Botocore.run(Self.script, input: [UInt8](JSONEncoder().encode(samples)))
        let expected = try JSONDecoder().decode([[String]].self, from: Data(answers))
        XCTAssertEqual(expected.count, samples.count)
        for (sample, expected) in zip(samples, expected) {
            let credentials = Credentials(accessKeyID: "AKID", secretAccessKey: "se/cr+et", sessionToken: sample.token)
            let signer = RequestSigner(credentials: credentials, region: sample.region, service: "s3")
            let time = UTCTime(seconds: sample.seconds)
            let hash = ObjectID.of(Self.bytes(sample.body)).hex
            var headers = [("Host", "bucket.s3.example.org"), ("X-Amz-Date", time.basic), ("x-amz-content-sha256", hash)]
            if let token = sample.token { headers.append(("X-Amz-Security-Token", token)) }
            let request = CanonicalRequest(
                method: sample.method, path: PercentEncoding.encode(Self.bytes(sample.path), keepingSlashes: true),
                query: sample.query.map { (Self.bytes($0[0]), Self.bytes($0[1])) },
                headers: headers + sample.headers.map { ($0[0], $0[1]) }, payloadHash: hash)
            XCTAssertEqual(request.text, expected[0])
            XCTAssertEqual(signer.authorization(request, at: time), expected[1])
        }
    }

    private static func sample(_ random: inout SeededRandom) -> Sample {
        func word(_ random: inout SeededRandom, isText: Bool = false) -> [UInt8] {
            let favourites = [" ", "+", "//", "é", "日本", "%", "%20", "~", "'()*!", "=&?#", ":;,@", "a", "Z", "_-."]
            var word: [UInt8] = []
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                if !isText, Int.random(in: 0..<4, using: &random) == 0 {
                    word += random.bytes(2)
                } else {
                    word += favourites.randomElement(using: &random).map { Array($0.utf8) } ?? []
                }
            }
            return word
        }
        let hex = { (bytes: [UInt8]) in String(decoding: Hexadecimal.encode(bytes), as: UTF8.self) }
        let path = (0..<Int.random(in: 1...4, using: &random)).flatMap { _ in [UInt8(ascii: "/")] + word(&random) }
        var query: [[String]] = []
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            // botocore takes text alone here.
            query.append([hex(word(&random, isText: true)), hex(word(&random, isText: true))])
        }
        var headers: [[String]] = []
        if Bool.random(using: &random) { headers.append(["Range", "bytes=5-"]) }
        if Bool.random(using: &random) { headers.append(["X-Amz-Meta-Words", "  a   b  c "]) }
        if Bool.random(using: &random) { headers.append(["If-None-Match", "*"]) }
        return Sample(
            method: ["GET", "PUT", "POST", "DELETE", "HEAD"].randomElement(using: &random) ?? "GET", path: hex(path),
            query: query, headers: headers, body: hex(random.bytes(Int.random(in: 0...40, using: &random))),
            seconds: Int64.random(in: 0...4_000_000_000, using: &random),
            token: Bool.random(using: &random) ? "to/ken+==" : nil,
            region: ["us-east-1", "eu-west-1"].randomElement(using: &random) ?? "")
    }

    private static func bytes(_ hex: String) -> [UInt8] {
        stride(from: 0, to: hex.utf8.count, by: 2).map { start in
            let digits = Array(hex.utf8)[start..<start + 2].compactMap { Hexadecimal.value(ofDigit: $0) }
            return digits[0] << 4 | digits[1]
        }
    }

    private static let script = """
        import datetime, json, sys, urllib.parse
        import botocore.auth, botocore.awsrequest, botocore.credentials
        answers = []
        for s in json.load(sys.stdin):
            when = datetime.datetime.fromtimestamp(s['seconds'], datetime.timezone.utc)
            botocore.auth.get_current_datetime = lambda *a, **k: when
            path = urllib.parse.quote(bytes.fromhex(s['path']), safe='/~')
            request = botocore.awsrequest.AWSRequest(
                method=s['method'], url='https://bucket.s3.example.org' + path, data=bytes.fromhex(s['body']),
                params=[(bytes.fromhex(k).decode(), bytes.fromhex(v).decode()) for k, v in s['query']])
            for name, value in s['headers']: request.headers[name] = value
            credentials = botocore.credentials.Credentials('AKID', 'se/cr+et', s.get('token'))
            auth = botocore.auth.S3SigV4Auth(credentials, 's3', s['region'])
            seen = []
            plain = auth.canonical_request
            auth.canonical_request = lambda r: (seen.append(plain(r)), seen[-1])[1]
            auth.add_auth(request)
            answers.append([seen[-1], request.headers['Authorization']])
        json.dump(answers, sys.stdout)
        """
}
