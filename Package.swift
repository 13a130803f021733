// swift-tools-version: 6.1
import PackageDescription

// Targets stand ground floor first. A target imports only what it names here, and names only
// lower floors; `Tests/check-imports` compares these lists with the sources.

/// What Git starts at every turn is linked wholly statically: half of its start-up would be the dynamic linker's,
/// with the C++ library and libcrypto. Systems without static libraries set GIT_DATA_DYNAMIC.
let linkedStatically: [LinkerSetting] =
    Context.environment["GIT_DATA_DYNAMIC"] == nil
    ? [.unsafeFlags(["-static-executable"], .when(platforms: [.linux], configuration: .release))] : []

/// The parsers that are fuzzed: in the tests with the inputs that are kept and some more, and where `Tests/fuzz` asks
/// for it as a program of libFuzzer's, which needs flags that nothing else does.
let fuzzed: [Target.Dependency] = [
    "Agent", "Commands", "Filter", "RemoteHelper", "Lineage", "Transfer", "S3", "Repository", "Remote", "Inspection", "HTTP", "Git", "Pointer",
    "Platform", "Digest",
]
let fuzzing: Target =
    Context.environment["GIT_DATA_FUZZ"] == nil
    ? .testTarget(name: "FuzzTests", dependencies: fuzzed + ["TestSupport"], path: "Tests/Fuzz", exclude: ["main.swift", "corpus"])
    : .executableTarget(name: "fuzz", dependencies: fuzzed, path: "Tests/Fuzz", exclude: ["FuzzTests.swift", "corpus"])

let package = Package(
    name: "git-data",
    products: [
        .executable(name: "git-data", targets: ["git-data"]),
        .executable(name: "git-data-transfer", targets: ["git-data-transfer"]),
    ],
    targets: [
        // Floor 0: the operating system and system libraries
        .target(name: "CPlatform"),
        .systemLibrary(
            name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
        // Only git-data-transfer may come to link this: it costs each start of a process 5 ms.
        .systemLibrary(
            name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),

        // Floor 1: what knows nothing of Git
        .target(name: "Diagnostics"),
        .target(name: "Platform", dependencies: ["CPlatform", "Diagnostics"]),
        .target(name: "Digest", dependencies: ["CCrypto"]),

        // Floor 2: formats and Git's plumbing
        .target(name: "Pointer", dependencies: ["Digest"]),
        .target(name: "Git", dependencies: ["Platform", "Diagnostics", "Digest"]),
        .target(name: "Inspection", dependencies: ["Platform"]),
        .target(name: "HTTP", dependencies: ["CCurl", "Platform", "Diagnostics"]),

        // Floor 3: where blobs are
        .target(name: "ObjectStore", dependencies: ["Platform", "Digest", "Diagnostics"]),
        .target(name: "Remote", dependencies: ["Platform", "Digest", "Diagnostics"]),

        // Floor 4: blobs in buckets, and one working repository
        .target(name: "S3", dependencies: ["HTTP", "Digest", "Remote", "Platform"]),
        .target(name: "Repository", dependencies: ["Git", "Pointer", "ObjectStore", "Platform", "Digest", "Diagnostics"]),

        // Floor 5: moving blobs, and where data comes from
        .target(name: "Transfer", dependencies: ["ObjectStore", "Remote", "Platform", "Digest", "Diagnostics"]),

        .target(
            name: "Lineage", dependencies: ["Repository", "Pointer", "Git", "Digest", "Platform"]),

        // Floor 6: what Git and the agent's client talk to
        .target(
            name: "Filter",
            dependencies: [
                "Pointer", "ObjectStore", "Transfer", "Repository", "Inspection", "Git", "Platform", "Digest", "Diagnostics",
            ]),
        .target(name: "RemoteHelper", dependencies: ["Git", "Remote", "Platform", "Digest", "Diagnostics"]),
        .target(
            name: "Agent", dependencies: ["Transfer", "S3", "HTTP", "Remote", "Platform", "Digest", "Diagnostics"]),

        // Floor 7: words, options, exit codes
        .target(
            name: "Commands",
            dependencies: [
                "Filter", "Lineage", "Transfer", "Repository", "Inspection", "ObjectStore", "Remote", "Git", "Pointer",
                "Platform", "Digest", "Diagnostics",
            ]),

        // Floor 8: the executables
        .executableTarget(name: "git-data", dependencies: ["Commands", "Platform"], linkerSettings: linkedStatically),
        .executableTarget(name: "git-data-transfer", dependencies: ["Agent", "RemoteHelper", "Platform"]),

        // Tests: what they share, then one target for each room, then the built executables with real Git
        .target(name: "TestSupport", dependencies: ["Remote", "Platform", "Digest"], path: "Tests/TestSupport"),
        .executableTarget(
            name: "test-peer", dependencies: ["ObjectStore", "Platform", "Digest"], path: "Tests/TestPeer"),
        .testTarget(name: "PlatformTests", dependencies: ["Platform", "TestSupport"]),
        .testTarget(name: "DigestTests", dependencies: ["Digest"]),
        .testTarget(name: "PointerTests", dependencies: ["Pointer", "Digest"]),
        .testTarget(name: "GitTests", dependencies: ["Git", "Platform", "Digest", "TestSupport"]),
        .testTarget(name: "InspectionTests", dependencies: ["Inspection", "Platform", "TestSupport"]),
        .testTarget(
            name: "HTTPTests", dependencies: ["HTTP", "Platform", "TestSupport"], exclude: ["server.py"]),
        .testTarget(name: "ObjectStoreTests", dependencies: ["ObjectStore", "Platform", "Digest", "TestSupport"]),
        .testTarget(name: "RemoteTests", dependencies: ["Remote", "Platform", "Digest", "TestSupport"]),
        .testTarget(
            name: "S3Tests", dependencies: ["S3", "Remote", "Platform", "Digest", "TestSupport"]),
        .testTarget(
            name: "RepositoryTests", dependencies: ["Repository", "ObjectStore", "Git", "Pointer", "Platform", "Digest", "TestSupport"]),
        .testTarget(
            name: "TransferTests",
            dependencies: ["Transfer", "Agent", "Remote", "ObjectStore", "Platform", "Digest", "Diagnostics", "TestSupport"]),
        .testTarget(
            name: "LineageTests", dependencies: ["Lineage", "Repository", "Git", "Platform", "Digest", "TestSupport"]),
        .testTarget(
            name: "FilterTests",
            dependencies: [
                "Filter", "Repository", "Git", "Pointer", "ObjectStore", "Platform", "Digest", "Diagnostics", "TestSupport",
            ]),
        .testTarget(name: "RemoteHelperTests", dependencies: ["RemoteHelper", "Remote", "Git", "Platform", "Digest", "TestSupport"]),
        .testTarget(
            name: "CommandsTests",
            dependencies: [
                "Commands", "Filter", "Transfer", "Repository", "Git", "Pointer", "ObjectStore", "Platform", "Digest", "Diagnostics", "TestSupport",
            ]),
        .testTarget(name: "EndToEndTests", dependencies: ["Pointer", "Platform", "Digest", "TestSupport"]),
        fuzzing,
    ]
)
