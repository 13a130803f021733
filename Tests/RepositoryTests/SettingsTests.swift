import Git
import Platform
import Repository
import TestSupport
import XCTest

final class SettingsTests: XCTestCase {
    override func setUp() {
        TestProcess.makeHermetic()
    }

    private func configuration(_ entries: [(String, String)]) -> GitConfiguration {
        GitConfiguration(listing: entries.flatMap { Array("\($0)\n\($1)\0".utf8) })
    }

    private func settings(
        committed: [(String, String)] = [], own: [(String, String)] = []
    ) throws -> Settings {
        try Settings(committed: configuration(committed), own: configuration(own))
    }

    func testDefaults() throws {
        let settings = try settings()
        XCTAssertEqual(settings.minimumByteCount, 0)
        XCTAssertEqual(settings.pointerForm, .gitData)
        XCTAssertFalse(settings.isLazy)
        XCTAssertEqual(settings.inlineLimit, 1 << 30)
        XCTAssertEqual(settings.prePush, .upload)
        XCTAssertNil(settings.transfers)
        XCTAssertNil(settings.store)
        XCTAssertNil(settings.defaultRemote)
        XCTAssertEqual(settings.remotes, [])
    }

    func testProjectSetsSafeKeysOnly() throws {
        let committed = [
            ("data.minimumsize", "10k"), ("data.pointer", "lfs"), ("data.lazy", "true"), ("data.remote", "storage"),
            ("data.storage.url", "s3://bucket/x"), ("data.storage.region", "eu-west-1"),
            // What may not come with a clone:
            ("data.store", "/etc"), ("data.prepush", "check"), ("data.inlinelimit", "1"), ("data.transfers", "1000"),
            ("data.storage.command", "rm -rf /"), ("data.storage.profile", "root"), ("core.hookspath", "hooks"),
            ("remote.origin.url", "/etc"), ("filter.data.process", "evil"), ("data.url", "x"),
        ]
        let settings = try settings(committed: committed)
        XCTAssertEqual(settings.minimumByteCount, 10240)
        XCTAssertEqual(settings.pointerForm, .lfs)
        XCTAssertTrue(settings.isLazy)
        XCTAssertEqual(settings.defaultRemote, "storage")
        XCTAssertEqual(
            settings.remotes, [DataRemote(name: "storage", url: "s3://bucket/x", options: [.region: "eu-west-1"], source: .committed)])
        XCTAssertNil(settings.store)
        XCTAssertEqual(settings.prePush, .upload)
        XCTAssertEqual(settings.inlineLimit, 1 << 30)
        XCTAssertNil(settings.transfers)
        XCTAssertNil(settings.configuration.value("core.hookspath"))
        XCTAssertEqual(
            Settings.ignoredKeys(of: configuration(committed)),
            [
                "data.store", "data.prepush", "data.inlinelimit", "data.transfers", "data.storage.command",
                "data.storage.profile", "core.hookspath", "remote.origin.url", "filter.data.process", "data.url",
            ])
    }

    func testOwnSettingsWin() throws {
        let settings = try settings(
            committed: [
                ("data.minimumsize", "10k"), ("data.lazy", "true"), ("data.remote", "theirs"), ("data.pointer", "lfs"),
                ("data.theirs.url", "/srv/theirs"), ("data.both.url", "/srv/committed"), ("data.both.region", "r1"),
            ],
            own: [
                ("data.minimumsize", "0"), ("data.lazy", "no"), ("data.remote", "both"), ("data.pointer", "gitData"),
                ("data.both.url", "/srv/own"), ("data.mine.url", "/srv/mine"), ("data.store", "/srv/store"),
                ("data.prepush", "Check"), ("data.inlinelimit", "2g"), ("data.transfers", "4"),
            ])
        XCTAssertEqual(settings.minimumByteCount, 0)
        XCTAssertFalse(settings.isLazy)
        XCTAssertEqual(settings.defaultRemote, "both")
        XCTAssertEqual(settings.pointerForm, .gitData)
        XCTAssertEqual(settings.store, "/srv/store")
        XCTAssertEqual(settings.prePush, .check)
        XCTAssertEqual(settings.inlineLimit, 2 << 30)
        XCTAssertEqual(settings.transfers, 4)
        XCTAssertEqual(
            settings.remotes,
            [
                DataRemote(name: "both", url: "/srv/own", options: [.region: "r1"], source: .own),
                DataRemote(name: "mine", url: "/srv/mine", source: .own),
                DataRemote(name: "theirs", url: "/srv/theirs", source: .committed),
            ])
    }

    func testValuesThatMeanNothingAreTypedErrors() {
        let cases: [(String, String)] = [
            ("data.minimumsize", "much"), ("data.minimumsize", "-1"), ("data.minimumsize", ""), ("data.minimumsize", "33m"),
            ("data.minimumsize", "1.5k"), ("data.lazy", "maybe"), ("data.pointer", "git-lfs"), ("data.prepush", "never"),
            ("data.inlinelimit", "-5"), ("data.transfers", "many"), ("data.minimumsize", "99999999999999999999"),
        ]
        for (key, value) in cases {
            XCTAssertThrowsError(try settings(own: [(key, value)]), "\(key) = \(value)") { error in
                XCTAssertEqual((error as? SettingsError)?.key, key)
            }
        }
        XCTAssertThrowsError(try settings(committed: [("data.lazy", "maybe")]))
        XCTAssertNoThrow(try settings(committed: [("data.lazy", "maybe")], own: [("data.lazy", "true")]))
        XCTAssertNoThrow(try settings(committed: [("data.inlinelimit", "nonsense")]))
    }

    func testLargestMinimumIsAllowed() throws {
        XCTAssertEqual(try settings(own: [("data.minimumsize", "32m")]).minimumByteCount, 32 << 20)
    }

    func testLazyByEnvironmentWinsOverSettings() throws {
        try TestProcess.with(["GIT_DATA_LAZY": "1"]) {
            XCTAssertTrue(try settings(own: [("data.lazy", "false")]).isLazy)
        }
        try TestProcess.with(["GIT_DATA_LAZY": "0"]) { XCTAssertFalse(try settings().isLazy) }
    }

    func testTrustOfRemotes() {
        for (url, isFolder) in [("/srv/x", true), ("file:///srv/x", true), ("file://localhost/srv", true), ("s3://b/x", false)] {
            XCTAssertEqual(DataRemote(name: "x", url: BytePath(url), source: .committed).isTrusted, !isFolder, url)
            XCTAssertTrue(DataRemote(name: "x", url: BytePath(url), source: .own).isTrusted)
            XCTAssertTrue(DataRemote(name: "x", url: BytePath(url), source: .insideGitRemote).isTrusted)
        }
    }

    // MARK: options of buckets

    private func only(committed: [(String, String)] = [], own: [(String, String)] = []) throws -> DataRemote {
        try XCTUnwrap(settings(committed: committed, own: own).remotes.first)
    }

    func testOptionsThatLeadCredentialsElsewhereWaitForTrust() throws {
        let url = ("data.x.url", "s3://b/x")
        XCTAssertTrue(try only(committed: [url, ("data.x.region", "eu"), ("data.x.anonymous", "yes")]).isTrusted)
        XCTAssertFalse(try only(committed: [url, ("data.x.endpoint", "https://evil.example")]).isTrusted)
        XCTAssertFalse(try only(committed: [url, ("data.x.addressing", "path")]).isTrusted)
        XCTAssertFalse(try only(committed: [("data.x.url", "s3://b/x?profile=root")]).isTrusted)
        XCTAssertFalse(try only(committed: [("data.x.url", "s3://b/x?unknown=1")]).isTrusted)
        // The user's own choice is the user's.
        XCTAssertTrue(try only(committed: [url], own: [("data.x.endpoint", "https://mine"), ("data.x.profile", "p")]).isTrusted)
    }

    func testOwnURLIsNotLedElsewhereByTheProject() throws {
        let remote = try only(
            committed: [("data.x.url", "s3://b/x"), ("data.x.endpoint", "https://evil.example"), ("data.x.region", "eu")],
            own: [("data.x.url", "s3://b/x")])
        XCTAssertEqual(remote.transferURL, "s3://b/x?region=eu")
        XCTAssertEqual(remote.source, .own)
    }

    func testOptionsFollowTheURLAndWin() throws {
        let remote = try only(
            own: [
                ("data.x.url", "s3://b/x?endpoint=https://old"), ("data.x.endpoint", "https://h:9000"),
                ("data.x.profile", "a&anonymous=true"), ("data.x.anonymous", "off"),
            ])
        XCTAssertEqual(
            remote.transferURL,
            "s3://b/x?endpoint=https://old&endpoint=https://h:9000&profile=a%26anonymous%3dtrue&anonymous=false")
    }

    func testFoldersHaveNoOptions() throws {
        XCTAssertEqual(try only(own: [("data.x.url", "/srv/x"), ("data.x.region", "eu")]).transferURL, "/srv/x")
    }
}
