import Lineage
import Platform
import TestSupport
import XCTest

/// R, Julia, conda and containers, as folders made by the test: the real ones are too heavy to be installed for it.
final class OtherEnvironmentTests: XCTestCase {
    private var scratch: ScratchFolder!

    override func setUpWithError() throws {
        scratch = try ScratchFolder()
        try (scratch / "work").makeFolders()
    }

    override func tearDown() {
        scratch = nil
    }

    private func state(_ text: String, _ variables: [String: String] = [:]) throws -> JSONValue {
        let environment = ["PATH": "\(scratch / "opt/bin")", "HOME": "\(scratch / "home")"].merging(variables) { $1 }
        return try XCTUnwrap(EnvironmentDependency(text)).state(in: scratch / "work", environment: environment.map { Array("\($0)=\($1)".utf8) })
    }

    private func object(_ members: [String: String?]) -> JSONValue {
        .object(members.mapValues { $0.map { .text($0) } ?? .null })
    }

    private func addRPackage(_ name: String, _ version: String, in library: BytePath, _ more: String = "") throws {
        try scratch.write("Package: \(name)\nTitle: A: b\nVersion: \(version)\n\(more)Built: R 4.3.1; ; 2024; unix\n", to: library / name / "DESCRIPTION")
    }

    func testRPackagesWithWhatTheyDependOn() throws {
        XCTAssertEqual(try state("r:dplyr"), object(["r": nil, "dplyr": nil]))
        try scratch.write("", to: "opt/bin/Rscript", permissions: 0o755)
        XCTAssertEqual(try state("r"), object(["r": nil]))
        try addRPackage("base", "4.3.1", in: "opt/lib/R/library")
        try addRPackage("rlang", "1.1.0", in: "opt/lib/R/site-library")
        try addRPackage("dplyr", "1.1.4", in: "opt/lib/R/library", "Depends: R (>= 3.5.0)\nImports: rlang (>=\n        1.1.0), missing,\n        base\nLinkingTo: cpp11\n")
        try addRPackage("cpp11", "0.4", in: "home/R/x86_64-pc-linux-gnu-library/4.3")
        try addRPackage("cpp11", "0.5", in: "opt/lib/R/library")
        XCTAssertEqual(try state("r"), object(["r": "4.3.1", "base": "4.3.1", "rlang": "1.1.0", "dplyr": "1.1.4", "cpp11": "0.4"]))
        XCTAssertEqual(try state("r:dplyr"), object(["r": "4.3.1", "base": "4.3.1", "rlang": "1.1.0", "dplyr": "1.1.4", "cpp11": "0.4"]))
        XCTAssertEqual(try state("r:rlang,none"), object(["r": "4.3.1", "rlang": "1.1.0", "none": nil]))
        try addRPackage("rlang", "9.9", in: "mine")
        XCTAssertEqual(try state("r:rlang", ["R_LIBS": "\(scratch / "mine")"]), object(["r": "4.3.1", "rlang": "9.9"]))
        // A project with renv has a library of its own.
        try scratch.write("", to: "work/renv/activate.R")
        try addRPackage("rlang", "1.0.6", in: "work/renv/library/linux-debian-bookworm/R-4.3/x86_64-pc-linux-gnu")
        XCTAssertEqual(try state("r:rlang,cpp11"), object(["r": "4.3.1", "rlang": "1.0.6", "cpp11": "0.5"]))
    }

    func testJuliaPackagesOfTheManifest() throws {
        XCTAssertEqual(try state("julia"), object(["julia": nil]))
        try scratch.write("", to: "opt/bin/julia", permissions: 0o755)
        try scratch.write("#define JULIA_VERSION_STRING \"1.10.4\"\n", to: "opt/include/julia/julia_version.h")
        XCTAssertEqual(try state("julia"), object(["julia": "1.10.4"]))
        let manifest = """
            julia_version = "1.10.4"
            manifest_format = "2.0"

            [[deps.DataFrames]]
            deps = ["Compat", "Random"]
            git-tree-sha1 = "abc"
            uuid = "a93c6f00"
            version = "1.6.1"

            [[deps.Compat]]
            weakdeps = ["Dates"]
            version = "4.10.0"

                [deps.Compat.extensions]
                CompatLinearAlgebraExt = "LinearAlgebra"

            [[deps.Random]]
            uuid = "9a3f8284"

            [[deps.Mine]]
            path = "../Mine"
            version = "0.1.0"

            [[deps.Forked]]
            git-tree-sha1 = "def"
            repo-rev = "main"
            repo-url = "https://example.org/Forked.jl"
            version = "0.2.0"
            """
        try scratch.write(manifest, to: "home/.julia/environments/v1.10/Manifest.toml")
        XCTAssertEqual(
            try state("julia"),
            object([
                "julia": "1.10.4", "DataFrames": "1.6.1", "Compat": "4.10.0", "Random": "1.10.4", "Mine": "0.1.0 (developed)",
                "Forked": "0.2.0 (git main)",
            ]))
        XCTAssertEqual(try state("julia:DataFrames,None"), object(["julia": "1.10.4", "DataFrames": "1.6.1", "Compat": "4.10.0", "Random": "1.10.4", "None": nil]))
        try scratch.write("[[Compat]]\nversion = \"3.0.0\"\n", to: "work/Manifest.toml")
        XCTAssertEqual(try state("julia"), object(["julia": "1.10.4", "Compat": "3.0.0"]))
        XCTAssertEqual(try state("julia", ["JULIA_PROJECT": "sub"]), object(["julia": "1.10.4"]))
    }

    private func addConda(_ name: String, _ version: String, _ build: String, depends: String, channel: String) throws {
        try scratch.write(
            """
            {
              "build": "\(build)", "channel": "\(channel)",
              "depends": [\(depends)], "files": ["a]b", "\\"depends\\""], "name": "\(name)", "version": "\(version)"
            }
            """, to: BytePath("env/conda-meta/\(name)-\(version)-\(build).json"))
    }

    func testCondaPackagesWithBuildsAndChannels() throws {
        XCTAssertEqual(try state("conda:numpy"), object(["conda": nil, "numpy": nil]))
        try addConda("numpy", "1.26.4", "py311h64a7726_0", depends: "\"libblas >=3.9.0,<4.0a0\", \"absent\"", channel: "https://conda.anaconda.org/conda-forge/linux-64")
        try addConda("libblas", "3.9.0", "21_mkl", depends: "", channel: "https://u:secret@conda.example.org/t/sec-ret/team/label/dev/noarch")
        try addConda("_libgcc_mutex", "0.1", "main", depends: "", channel: "defaults")
        try addConda("py-cpp-x", "1.0", "0", depends: "", channel: "conda-forge")
        let active = ["CONDA_PREFIX": "\(scratch / "env")"]
        XCTAssertEqual(
            try state("conda", active),
            object(["numpy": "1.26.4 py311h64a7726_0", "libblas": "3.9.0 21_mkl", "_libgcc_mutex": "0.1 main", "py-cpp-x": "1.0 0"]))
        XCTAssertEqual(try state("conda:numpy", active), object(["numpy": "1.26.4 py311h64a7726_0", "libblas": "3.9.0 21_mkl"]))
        let record = EnvironmentRecord.capture(
            command: "true", worktree: scratch / "work", environment: [Array("CONDA_PREFIX=\(scratch / "env")".utf8)], root: scratch / "root")
        XCTAssertEqual(record.json[["conda", "numpy", "channel"]], .text("conda-forge"))
        XCTAssertEqual(record.json[["conda", "libblas", "channel"]], .text("conda.example.org/team/label/dev"))
        XCTAssertEqual(record.json[["conda", "_libgcc_mutex", "channel"]], .text("defaults"))
        XCTAssertFalse(String(decoding: record.text, as: UTF8.self).contains("sec"))
    }

    func testContainerImageWhereAVariableSaysIt() throws {
        XCTAssertEqual(try state("container", ["IMAGE_DIGEST": "sha256:12"]), .text("sha256:12"))
        XCTAssertEqual(try state("container", ["CI_JOB_IMAGE": "https://u:p@registry.example.org/x:1"]), .text("https://registry.example.org/x:1"))
        XCTAssertEqual(try state("container", ["APPTAINER_CONTAINER": "/home/ada/torch.sif"]), .text("torch.sif"))
        if !BytePath("/run/.containerenv").exists { XCTAssertEqual(try state("container"), .null) }
    }
}
