import HTTP
import TestSupport
import XCTest

final class NearnessTests: XCTestCase {
    override func setUp() { TestProcess.makeHermetic() }

    func testNothingNearerIsConnectedTo() throws {
        let server = try TestServer()
        let client = HTTPClient()
        XCTAssertEqual(try client.perform(HTTPRequest(.get, server.url("/"))).nearness, .machine)
        for nearest in [Nearness.world, .network, .machine, .link] {
            var request = HTTPRequest(.get, server.url("/", host: "localhost"))
            request.nearest = nearest
            do throws(HTTPError) {
                // Another client, as a connection that stands is no new one.
                _ = try HTTPClient().perform(request)
                XCTAssertGreaterThanOrEqual(nearest, .machine)
            } catch {
                XCTAssertEqual(error.kind, .tooNear, error.message)
                XCTAssertLessThan(nearest, .machine)
            }
        }
    }

    func testAddressesAreSortedByHowNearTheyAre() {
        let cases: [(String, Nearness?)] = [
            ("93.184.216.34", .world), ("8.8.8.8:443", .world), ("[2606:2800:220:1::1]:80", .world), ("172.32.0.1", .world), ("100.128.0.1", .world),
            ("10.0.0.1", .network), ("172.16.0.1", .network), ("172.31.255.255:80", .network), ("192.168.1.1", .network), ("100.64.0.1", .network),
            ("198.18.0.1", .network), ("[fd12::1]", .network), ("[fc00::1]:9000", .network), ("[::ffff:10.0.0.1]", .network), ("[64:ff9b::a00:1]", .network),
            ("127.0.0.1", .machine), ("127.255.255.254:1", .machine), ("0.0.0.0", .machine), ("[::1]", .machine), ("[::]", .machine), ("[::ffff:127.0.0.1]", .machine),
            ("localhost", .machine), ("LOCALHOST.:80", .machine), ("x.localhost", .machine),
            ("169.254.169.254", .link), ("169.254.0.1:80", .link), ("[fe80::1]", .link), ("[febf::1]", .link), ("[::ffff:169.254.169.254]", .link), ("[fd00:ec2::254]", .link),
            ("example.org", nil), ("localhost.example.org", nil), ("1.2.3", nil), ("[x]", nil), ("", nil), ("[", nil),
        ]
        for (authority, expected) in cases { XCTAssertEqual(Nearness(authority: authority), expected, authority) }
        XCTAssertLessThan(Nearness.world, .network)
        XCTAssertLessThan(Nearness.machine, .link)
    }
}
