import Platform
import TestSupport
import XCTest

/// Secrets go through every command that meets them, and are nowhere that somebody else could read: the short form of
/// `Tests/careless secrets`.
final class SecretTests: EndToEndTestCase {
    func testEverydayCommandsAgainstAServerThatRepeatsWhatItHears() throws { try run("everyday") }
    func testProxiesWithPasswords() throws { try run("proxies") }
    func testImportsFromURLsWithPasswordsAndSignatures() throws { try run("sources") }
    func testGitRemotesWithPasswords() throws { try run("git_remotes") }
    func testRepositoryInABucket() throws { try run("history") }
    func testPlacesOfCredentials() throws { try run("credential_places") }
    func testRecordsOfRunsAndEnvironments() throws { try run("stages") }

    private func run(_ name: String) throws {
        let line = try CarelessSuite.run(BytePath("secrets.\(name)"), in: laboratory)
        let numbers = line.split { !$0.isNumber }.compactMap { Int($0) }
        XCTAssert(numbers.count >= 3 && numbers[0] >= 10 && numbers[1] >= 40 && numbers[2] == 0, line)
    }
}

/// `Tests/careless`, whose suites have a short form here.
enum CarelessSuite {
    /// Runs a case, and prints what it says last.
    /// - Returns: that line.
    static func run(_ name: BytePath, in laboratory: Laboratory) throws -> String {
        let script = laboratory.installation.sources / "Tests/careless"
        let outcome = try laboratory.run(
            script, ["--short", name], with: ["GIT_DATA_BIN": laboratory.installation.programs], limit: 300
        ).expecting(0)
        guard let line = outcome.lines.last(where: { !$0.hasPrefix("skipped") && !$0.hasPrefix("seed") }) else {
            throw XCTSkip(outcome.lines.last { $0.hasPrefix("skipped") } ?? outcome.description)
        }
        print(line)
        return line
    }
}
