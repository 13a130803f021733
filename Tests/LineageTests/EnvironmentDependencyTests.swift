import Foundation
import Lineage
import Platform
import TestSupport
import XCTest

final class EnvironmentDependencyTests: XCTestCase {
    func testValuesOfRecipesAreReadAndWritten() {
        let cases: [(String, EnvironmentDependency)] = [
            ("uv.lock", .file("uv.lock")), ("env/Dockerfile", .file("env/Dockerfile")), ("./python", .file("python")),
            ("python", .python(interpreter: nil, packages: [])), ("python.lock", .file("python.lock")), ("pythons", .file("pythons")),
            ("python:numpy,pandas", .python(interpreter: nil, packages: ["numpy", "pandas"])),
            ("python@.venv/bin/python", .python(interpreter: ".venv/bin/python", packages: [])),
            ("python@python3.11:ruamel.yaml", .python(interpreter: "python3.11", packages: ["ruamel.yaml"])),
            ("r:dplyr", .r(interpreter: nil, packages: ["dplyr"])), ("julia@julia-1.10", .julia(interpreter: "julia-1.10", packages: [])),
            ("conda", .conda(packages: [])), ("container", .container), ("./container", .file("container")),
            ("a@b:c", .file("a@b:c")),
        ]
        for (text, expected) in cases {
            XCTAssertEqual(EnvironmentDependency(text), expected, text)
            XCTAssertEqual(expected.text, text)
        }
        XCTAssertEqual(EnvironmentDependency("python: b , a")?.text, "python:a,b")
        for text in ["python@\0x", "", "python:", "python@", "python@:numpy", "python:a,,b", "python:a b", "python@x:y/z", "conda@x", "container:x", "/etc/x", "../x", ".git/config"] {
            XCTAssertNil(EnvironmentDependency(text), text)
        }
    }

    func testChangesAreNamedInOrder() {
        let old = JSONValue.object(["python": .text("3.11.2"), "numpy": .text("2.0.1"), "scipy": .text("1.0"), "x": .text("1"), "torch": .null])
        let new = JSONValue.object(["python": .text("3.12.0"), "numpy": .text("2.1.0"), "pandas": .text("2.2.0"), "x": .text("1"), "torch": .text("2.5")])
        XCTAssertEqual(
            EnvironmentDependency.changes(from: old, to: new),
            ["numpy 2.0.1 → 2.1.0", "pandas added", "python 3.11.2 → 3.12.0", "scipy removed", "torch added"])
        XCTAssertEqual(EnvironmentDependency.changes(from: old, to: old), [])
        XCTAssertEqual(EnvironmentDependency.changes(from: .null, to: .object(["python": .text("3.12.0")])), ["python added"])
        XCTAssertEqual(EnvironmentDependency.changes(from: .text("sha256:1"), to: .text("sha256:2")), ["sha256:1 → sha256:2"])
        XCTAssertEqual(
            EnvironmentDependency.changes(from: .object(["python": old, "uv.lock": .text("a")]), to: .object(["python": old, "uv.lock": .text("b")])),
            ["uv.lock a → b"])
    }

    // MARK: suggestions

    private func suggestion(_ command: String, files: [BytePath: String] = [:]) throws -> [String] {
        let scratch = try ScratchFolder()
        for program in ["python", "Rscript", "julia", "bash"] { try scratch.write("", to: BytePath("bin/\(program)"), permissions: 0o755) }
        try scratch.write("#!/usr/bin/env python3\nprint()\n", to: "bin/papermill", permissions: 0o755)
        try scratch.write("#!/usr/bin/env -S python3 -u\n", to: "work/tool", permissions: 0o755)
        try scratch.write("#!/bin/sh\npython\n", to: "work/build.sh", permissions: 0o755)
        for (name, content) in files { try scratch.write(content, to: BytePath("work/\(name)"), permissions: 0o755) }
        return EnvironmentDependency.suggestion(
            forCommand: command, worktree: scratch / "work", environment: [Array("PATH=\(scratch / "bin")".utf8)])
    }

    func testSuggestionsFollowTheInterpretersOfTheCommand() throws {
        let python = [
            "python train.py", "python3 train.py", "python3.11 -m train", "A=1 B='x y' python train.py", "mkdir -p out && python a.py",
            "papermill a.ipynb b.ipynb", "./tool", "uv run train.py", "poetry run python a.py", "env -u X A=1 python a.py",
            "timeout -s KILL 20 python a.py", "nice -n 5 python x", "(cd a; python b.py)", "if true; then python a.py; fi", "cat x | python - | sort",
            "uv run --with numpy python a.py", "\"python\" a.py", "/usr/bin/time -v true; python3 x", "for i in 1; do python3 x; done", "sh -c 'cd a && python b.py'", "bash -ec \"python3 b.py\"", "jupyter nbconvert --execute a.ipynb", "torchrun --nproc 2 x.py",
        ]
        for command in python { XCTAssertEqual(try suggestion(command), ["python"], command) }
        for command in ["echo python", "./build.sh", "make", "cp python.txt x", "", "&&", "'", "sort -o python x", "pythonic a", "missing", "sh script", "sh -c", "uv pip install x", "conda run -n x python a.py"] {
            XCTAssertEqual(try suggestion(command), [], command)
        }
        XCTAssertEqual(try suggestion("Rscript a.R && julia b.jl && python c.py"), ["r", "julia", "python"])
    }

    func testLockFilesComeBeforeInterpreters() throws {
        XCTAssertEqual(try suggestion("python a.py", files: ["uv.lock": "", "poetry.lock": ""]), ["uv.lock"])
        XCTAssertEqual(try suggestion("poetry run python a.py", files: ["uv.lock": "", "poetry.lock": ""]), ["poetry.lock"])
        XCTAssertEqual(try suggestion("Rscript a.R", files: ["uv.lock": "", "renv.lock": ""]), ["renv.lock"])
        XCTAssertEqual(try suggestion("julia a.jl", files: ["Manifest.toml": ""]), ["Manifest.toml"])
        let pinned = "# made by pip-compile\nnumpy==2.1.0 \\\n    --hash=sha256:12\n--index-url https://x\nfoo @ git+https://x@12\n"
        XCTAssertEqual(try suggestion("python a.py", files: ["requirements.txt": pinned]), ["requirements.txt"])
        XCTAssertEqual(try suggestion("python a.py", files: ["requirements.txt": pinned + "pandas>=2\n"]), ["python"])
        XCTAssertEqual(try suggestion("python a.py", files: ["requirements.txt": ""]), ["python"])
    }
}
