import Platform
import TestSupport
import XCTest

/// botocore, the AWS tools' own library, as the oracle of tests. It is fetched from PyPI into a folder of
/// the system's temporary one, once for many runs; without a network the tests that need it are skipped.
enum Botocore {
    private static let cache: BytePath = (Environment.value("TMPDIR") ?? "/tmp") / "git-data-test-botocore"

    /// The folder of AWS's published vectors for Signature Version 4, from botocore's source distribution.
    static func signatureVectors() throws -> BytePath {
        let source = try fetched("source", [
            "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-binary", ":all:", "--no-deps", "-d",
        ])
        let archives = try source.entries().filter { $0.text.hasSuffix(".tar.gz") }
        guard let archive = archives.first else { throw XCTSkip("botocore's source distribution is not there") }
        let name = BytePath(String(archive.text.dropLast(".tar.gz".count)))
        if !(source / name).exists {
            _ = try Finished(try program("tar"), ["-xzf", source / archive, "-C", source])
        }
        return source / name / "tests/unit/auth/aws4_testsuite"
    }

    /// Runs a Python program that may import botocore.
    static func run(_ script: String, input: [UInt8], environment: [(String, BytePath)] = []) throws -> [UInt8] {
        let library = try fetched("library", ["-m", "pip", "install", "-q", "--disable-pip-version-check", "--target"])
        let run = try Finished(
            try program("python3"), ["-c", BytePath(script)], input: input,
            environment: Environment.changed(adding: [("PYTHONPATH", library), ("PYTHONDONTWRITEBYTECODE", "1")] + environment))
        guard run.ending.isSuccess else { throw Unexpected(String(decoding: run.errors, as: UTF8.self)) }
        return run.output
    }

    private static func program(_ name: String) throws -> BytePath {
        guard let program = Environment.findProgram(name) else { throw XCTSkip("there is no \(name)") }
        return program
    }

    /// - Parameter arguments: Python's, to which the folder and the package's name are added.
    private static func fetched(_ name: String, _ arguments: [BytePath]) throws -> BytePath {
        let folder = cache / name
        if folder.exists { return folder }
        try cache.makeFolders()
        let work = cache / "\(name)-\(UInt32.random(in: .min ... .max))"
        let run = try Finished(try program("python3"), arguments + [work, "botocore"])
        guard run.ending.isSuccess else {
            ScratchFolder.removeTree(work)
            throw XCTSkip("botocore cannot be fetched: \(String(decoding: run.errors.suffix(300), as: UTF8.self))")
        }
        do {
            try work.renameExclusively(to: folder)
        } catch {
            // Another test process has been faster.
            ScratchFolder.removeTree(work)
        }
        return folder
    }
}
