import Glibc
import Platform

/// A parser, or a family of them, that is given what libFuzzer makes up.
struct FuzzTarget: Sendable {
    /// What happens where something was read that is not what was written, or not what another reader has read.
    nonisolated(unsafe) static var found: (String) -> Void = { finding in
        Descriptor.writeToStandardError("FINDING: \(finding)\n")
        abort()
    }

    static func require(_ condition: Bool, _ finding: @autoclosure () -> String) {
        if !condition { found(finding()) }
    }

    /// As the command line has it.
    let name: String
    /// The files of `Sources` whose coverage is told; a folder stands for all in it.
    let sources: [String]
    /// Longer inputs are not made up.
    var maximumByteCount = 4096
    /// Words that inputs are made of, one and another time.
    var words: [String] = []
    /// Takes an input. What it throws is an input refused, as it should be.
    let run: @Sendable ([UInt8]) throws -> Void

    static let all: [FuzzTarget] = textTargets + wireTargets + gitTargets + lineageTargets + valueTargets + dataTargets
}

/// An input that serves several parsers: its first byte says which one, its second where it is cut in two.
struct ChosenInput {
    let choice: Int
    let bytes: [UInt8]

    /// - Parameter count: among how many.
    init?(_ input: [UInt8], of count: Int) {
        guard let first = input.first else { return nil }
        choice = Int(first) % count
        bytes = Array(input.dropFirst())
    }

    /// Both sides of the first line that is a single `\u{1}`, the second empty where there is none.
    var halves: (first: [UInt8], second: [UInt8]) {
        let mark: [UInt8] = [0x0a, 0x01, 0x0a]
        guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: mark) }) else { return (bytes, []) }
        return (Array(bytes[..<start]), Array(bytes[(start + mark.count)...]))
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// Files for parsers that want paths, in memory where there is such a file system.
enum FuzzFolder {
    static let path: BytePath = {
        let given = getenv("GIT_DATA_FUZZ_FOLDER").map { BytePath(String(cString: $0)) }
        let parent: BytePath = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        let folder = given ?? parent / "git-data-fuzz-\(getpid())"
        try? folder.makeFolders()
        return folder
    }()

    /// A file of that name with this content.
    static func file(_ name: BytePath, _ content: [UInt8]) throws -> BytePath {
        let file = path / name
        if (try? write(content, to: file)) == nil {
            try file.parent.makeFolders()
            try write(content, to: file)
        }
        return file
    }

    private static func write(_ content: [UInt8], to file: BytePath) throws {
        try Descriptor.open(file, [.write, .create, .truncate], permissions: 0o777).write(content)
    }
}
