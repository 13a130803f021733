import Foundation
import Lineage
import Platform
import TestSupport
import XCTest

/// What is read from files against what Python itself says.
final class PythonEnvironmentTests: XCTestCase {
    private var scratch: ScratchFolder!

    override func setUpWithError() throws {
        scratch = try ScratchFolder()
        try (scratch / "work").makeFolders()
        try (scratch / "home").makeFolders()
    }

    override func tearDown() {
        scratch = nil
    }

    private func environment(_ changes: [String: String] = [:]) -> [[UInt8]] {
        var variables = ["PATH": Environment.value("PATH")?.text ?? "/usr/bin:/bin", "HOME": (scratch / "home").text, "LC_ALL": "C.UTF-8"]
        for name in ["PYENV_ROOT", "SSL_CERT_FILE", "PIP_INDEX_URL", "HTTPS_PROXY", "https_proxy", "PIP_CERT", "REQUESTS_CA_BUNDLE"] {
            variables[name] = Environment.value(name)?.text
        }
        return variables.merging(changes) { $1 }.map { Array("\($0)=\($1)".utf8) }
    }

    @discardableResult
    private func run(_ command: String, _ environment: [[UInt8]], file: StaticString = #filePath, line: UInt = #line) throws -> String {
        let child = try ChildProcess("/bin/sh", ["-c", BytePath(command)], environment: environment, folder: scratch / "work")
        let output = try child.takeOutput()?.readToEnd() ?? []
        XCTAssertEqual(child.wait(), .exited(0), "\(command): \(String(decoding: output, as: UTF8.self))", file: file, line: line)
        return String(decoding: output, as: UTF8.self)
    }

    private func state(_ text: String = "python", _ environment: [[UInt8]]) throws -> [String: String] {
        guard case .object(let members) = try XCTUnwrap(EnvironmentDependency(text)).state(in: scratch / "work", environment: environment) else {
            throw Unexpected()
        }
        return members.mapValues { $0 == .null ? "null" : $0.description }
    }

    private struct Unexpected: Error {}

    /// Name and version of each package, as the interpreter finds them.
    private func truth(_ python: String, _ environment: [[UInt8]]) throws -> [String: String] {
        let script = """
            import json, re, sys
            sys.path = [p for p in sys.path if p]
            found = {}
            try:
                from importlib.metadata import distributions
                pairs = ((d.metadata['Name'], d.version) for d in distributions())
            except ImportError:
                import pkg_resources
                pairs = ((d.project_name, d.version) for d in pkg_resources.working_set)
            for name, version in pairs:
                if name: found.setdefault(re.sub('[-_.]+', '-', name).lower(), version)
            found['python'] = sys.version.split()[0].rstrip('+')
            print(json.dumps(found))
            """
        let output = try run("\(python) -c \"$SCRIPT\"", environment + [Array("SCRIPT=\(script)".utf8)])
        return try JSONDecoder().decode([String: String].self, from: Data(output.utf8))
    }

    private func assertTruth(_ python: String, as text: String, _ environment: [[UInt8]], file: StaticString = #filePath, line: UInt = #line) throws {
        let plain = try state(text, environment).mapValues { $0.split(separator: " ").first.map(String.init) ?? "" }
        XCTAssertEqual(plain, try truth(python, environment), python, file: file, line: line)
    }

    func testInterpretersOfThisMachine() throws {
        // Debian's own, and what a shell starts here.
        try assertTruth("/usr/bin/python3", as: "python@/usr/bin/python3", environment())
        try assertTruth("python3", as: "python@python3", environment())
    }

    func testEveryVersionThatPyenvHas() throws {
        let root = Environment.value("PYENV_ROOT") ?? "/root/.pyenv"
        let versions = (try? (root / "versions").entries()) ?? []
        try XCTSkipIf(versions.isEmpty, "no pyenv here")
        for version in versions where !version.text.hasPrefix("2.") {
            let python = root / "versions" / version / "bin/python3"
            guard python.isExecutableFile else { continue }
            try assertTruth(python.text, as: "python@\(python)", environment())
        }
    }

    func testVersionStandsInTheProgramWhereThereAreNoHeaders() throws {
        let root = Environment.value("PYENV_ROOT") ?? "/root/.pyenv"
        var programs: [BytePath] = [try BytePath("/usr/bin/python3").resolved()]
        for version in (try? (root / "versions").entries()) ?? [] {
            let program = root / "versions" / version / "bin/python3"
            if program.isExecutableFile { programs.append(try program.resolved()) }
        }
        for (number, program) in programs.enumerated() {
            let prefix = scratch.path / "prefix\(number)", name = program.lastComponent
            try (prefix / "bin").makeFolders()
            try run("cp \(program) \(prefix)/bin/ && mkdir -p \(prefix)/lib/\(name) && touch \(prefix)/lib/\(name)/os.py && ln -s \(program.parent.parent)/lib/lib\(name)*.so.1.0 \(prefix)/lib/", environment())
            XCTAssertEqual(try state("python@\(prefix)/bin/\(name)", environment()), ["python": try XCTUnwrap(truth(program.text, environment())["python"])])
        }
    }

    func testPyenvChoosesAsItsScriptsDo() throws {
        let shims = (Environment.value("PYENV_ROOT") ?? "/root/.pyenv") / "shims"
        try XCTSkipUnless((shims / "python3").exists, "no pyenv here")
        let versions = try (shims.parent / "versions").entries().map(\.text).filter { $0.hasPrefix("3.") }.sorted()
        let path = "\(shims):\(shims.parent / "bin"):/usr/bin:/bin"
        let (first, last) = (try XCTUnwrap(versions.first), try XCTUnwrap(versions.last))
        for version in [first, last, last.split(separator: ".").prefix(2).joined(separator: "."), "system"] {
            let environment = environment(["PATH": path, "PYENV_VERSION": version])
            XCTAssertEqual(try state("python@python3", environment)["python"], try truth("python3", environment)["python"], version)
            try scratch.write("# a comment\n\(version)\n", to: "work/.python-version")
            let other = self.environment(["PATH": path])
            XCTAssertEqual(try state("python@python3", other)["python"], try truth("python3", other)["python"], version)
        }
    }

    func testVirtualEnvironmentWithPackages() throws {
        let environment = environment()
        try run("python3 -m venv venv 2>&1 && venv/bin/pip install -q click==8.1.7 'python-dateutil==2.9.0.post0' markdown-it-py==3.0.0 2>&1", environment)
        try assertTruth("venv/bin/python", as: "python@venv/bin/python", environment)
        let pip = try run("venv/bin/pip list --format json 2>/dev/null", environment)
        struct Row: Decodable { let name: String, version: String }
        let rows = try JSONDecoder().decode([Row].self, from: Data(pip.utf8))
        var listed = Dictionary(uniqueKeysWithValues: rows.map { ($0.name.lowercased().replacing("_", with: "-"), $0.version) })
        listed["python"] = try state("python@venv/bin/python", environment)["python"]
        XCTAssertEqual(try state("python@venv/bin/python", environment), listed)
        XCTAssertEqual(listed["mdurl"] == nil, false)

        // Only what was asked for, with what it requires.
        let some = try state("python@venv/bin/python:Python_DateUtil,missing", environment)
        XCTAssertEqual(Set(some.keys), ["python", "python-dateutil", "six", "missing"])
        XCTAssertEqual(some["python-dateutil"], "2.9.0.post0")
        XCTAssertEqual(some["missing"], "null")
        XCTAssertEqual(Set(try state("python@venv/bin/python:markdown-it-py", environment).keys), ["python", "markdown-it-py", "mdurl"])

        // Activated, by PATH and by the variable alone.
        let active = self.environment(["PATH": "\(scratch / "work/venv/bin"):/usr/bin:/bin"])
        XCTAssertEqual(try state("python", active), listed)
        XCTAssertEqual(try state("python", self.environment(["PATH": "/nonexistent", "VIRTUAL_ENV": (scratch / "work/venv").text])), listed)
    }

    func testUserSiteAndPythonPathCountAsForPython() throws {
        let site = try run("/usr/bin/python3 -c 'import site; print(site.getusersitepackages())'", environment()).dropLast()
        try scratch.write("Metadata-Version: 2.1\nName: Mine_X\nVersion: 1.0\n\nName: no\n", to: BytePath("home/.local/x"))
        let own = BytePath(String(site)) / "mine_x-1.0.dist-info"
        try own.makeFolders()
        try (own / "METADATA").replaceContents(with: Array("Metadata-Version: 2.1\nName: Mine_X\nVersion: 1.0\n\nName: no\n".utf8))
        try scratch.write("Metadata-Version: 2.1\nName: six\nVersion: 99.0\n", to: "extra/six-99.0.dist-info/METADATA")
        for changes in [[:], ["PYTHONNOUSERSITE": "1"], ["PYTHONPATH": "\(scratch / "extra"):"], ["PYTHONUSERBASE": (scratch / "home/.local").text]] {
            try assertTruth("/usr/bin/python3", as: "python@/usr/bin/python3", environment(changes))
        }
        XCTAssertEqual(try state("python@/usr/bin/python3", environment())["mine-x"], "1.0")
        XCTAssertEqual(try state("python@/usr/bin/python3", environment(["PYTHONPATH": "../extra"]))["six"], "99.0")
    }

    func testSystemPackagesAreSeenFromAnEnvironmentThatWantsThem() throws {
        let environment = environment()
        try run("/usr/bin/python3 -m venv --without-pip --system-site-packages a && /usr/bin/python3 -m venv --without-pip --copies b", environment)
        try assertTruth("a/bin/python", as: "python@a/bin/python", environment)
        XCTAssertGreaterThan(try state("python@a/bin/python", environment).count, 1)
        try assertTruth("b/bin/python", as: "python@b/bin/python", environment)
        XCTAssertEqual(Array(try state("python@b/bin/python", environment).keys), ["python"])
    }

    func testEditableInstallationsAndThoseFromGitSaySo() throws {
        let environment = environment()
        try run("python3 -m venv venv 2>&1", environment)
        try scratch.write("[project]\nname = 'Own.Thing'\nversion = '0.3'\n[build-system]\nrequires = []\nbuild-backend = 'b'\nbackend-path = ['.']\n", to: "thing/pyproject.toml")
        // The smallest backend that pip can use, so that nothing is fetched for it.
        try scratch.write(
            """
            import zipfile, os
            def build_wheel(folder, config_settings=None, metadata_directory=None):
                name = 'own_thing-0.3-py3-none-any.whl'
                with zipfile.ZipFile(os.path.join(folder, name), 'w') as z:
                    z.writestr('own_thing-0.3.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: Own.Thing\\nVersion: 0.3\\n')
                    z.writestr('own_thing-0.3.dist-info/WHEEL', 'Wheel-Version: 1.0\\nGenerator: b\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
                    z.writestr('own_thing-0.3.dist-info/RECORD', '')
                return name
            build_editable = build_wheel
            """, to: "thing/b.py")
        try run("venv/bin/pip install -q --no-index -e ../thing 2>&1", environment)
        XCTAssertEqual(try state("python@venv/bin/python:own-thing", environment)["own-thing"], "0.3 (editable)")
        try run("cd ../thing && git init -q && git add . && git -c user.name=A -c user.email=a@x commit -qm x", environment)
        let commit = try run("git -C ../thing rev-parse HEAD", environment).dropLast()
        try run("venv/bin/pip install -q --no-index --force-reinstall git+file://\(scratch / "thing") 2>&1", environment)
        XCTAssertEqual(try state("python@venv/bin/python:own-thing", environment)["own-thing"], "0.3 (git \(commit))")
        try run("venv/bin/pip install -q --no-index --force-reinstall ../thing 2>&1", environment)
        XCTAssertEqual(try state("python@venv/bin/python:own-thing", environment)["own-thing"], "0.3")
    }

    func testRemainsOfInstallationsAreNoPackages() throws {
        let environment = environment()
        try run("python3 -m venv --without-pip venv", environment)
        let site = try run("venv/bin/python -c 'import sysconfig; print(sysconfig.get_path(\"purelib\"))'", environment).dropLast()
        let place = BytePath(String(site))
        for name in ["~ip-1.0.dist-info", "empty-1.0.dist-info", "dots-1.0.egg-info"] { try (place / name).makeFolders() }
        try (place / "~ip-1.0.dist-info/METADATA").replaceContents(with: Array("Name: pip\nVersion: 1.0\n".utf8))
        try (place / "old.egg-info").replaceContents(with: Array("Name: old\r\nVersion: 0.1\r\n\r\n".utf8))
        XCTAssertEqual(Set(try state("python@venv/bin/python", environment).keys), ["python", "old"])
        XCTAssertEqual(try state("python@venv/bin/python", environment)["old"], "0.1")
    }

    func testWithoutAnInterpreterAllIsNull() throws {
        let nowhere = environment(["PATH": "/nonexistent"])
        XCTAssertEqual(try state("python", nowhere), ["python": "null"])
        XCTAssertEqual(try state("python@venv/bin/python:numpy,Foo_Bar", nowhere), ["python": "null", "numpy": "null", "foo-bar": "null"])
        XCTAssertThrowsError(try EnvironmentDependency.file("x").state(in: scratch / "work", environment: nowhere))
    }
}
