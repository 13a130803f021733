import Digest
import Foundation
import Lineage
import Platform
import TestSupport
import XCTest

/// Records of machines that are folders made by the test, as no machine at hand has a GPU.
final class EnvironmentRecordTests: XCTestCase {
    private var scratch: ScratchFolder!

    override func setUpWithError() throws {
        scratch = try ScratchFolder()
        try (scratch / "work").makeFolders()
        try (scratch / "bin").makeFolders()
        let file = { (name: BytePath, text: String) in _ = try self.scratch.write(text, to: "root" / name) }
        try file("etc/os-release", "PRETTY_NAME=\"Test 9\"\nNAME=\"Test Linux\"\nVERSION_ID='9.1'\n")
        try file("proc/sys/kernel/osrelease", "6.1.0-test\n")
        try file("proc/meminfo", "MemTotal:       65842104 kB\nMemFree:  12 kB\n")
        let processor = { (number: Int, core: Int) in
            "processor\t: \(number)\nmodel name\t: Test CPU 2.40GHz\ncpu MHz\t\t: \(2000 + number).1\nphysical id\t: 0\ncore id\t\t: \(core)\nflags\t\t: fpu avx2 fma sse4_2 avx512f\n\n"
        }
        try file("proc/cpuinfo", (0..<4).map { processor($0, $0 / 2) }.joined())
    }

    override func tearDown() {
        scratch = nil
    }

    private func capture(_ command: String? = "true", _ variables: [String: String] = [:], extra: [String] = []) -> EnvironmentRecord {
        let environment = ["PATH": "\(scratch / "bin")", "HOME": "/home/ada", "USER": "ada"].merging(variables) { $1 }
        return EnvironmentRecord.capture(
            command: command, worktree: scratch / "work", extraVariables: extra, environment: environment.map { Array("\($0)=\($1)".utf8) },
            root: scratch / "root")
    }

    func testMachineIsRead() throws {
        let json = capture().json
        XCTAssertEqual(json[["system", "name"]], .text("Test Linux"))
        XCTAssertEqual(json[["system", "version"]], .text("9.1"))
        XCTAssertEqual(json[["system", "kernel"]], .text("6.1.0-test"))
        XCTAssertEqual(json[["processor", "model"]], .text("Test CPU 2.40GHz"))
        XCTAssertEqual(json[["processor", "cores"]], .integer(2))
        XCTAssertEqual(json[["processor", "threads"]], .integer(4))
        XCTAssertEqual(json[["processor", "vectorExtensions"]], .text("avx2 avx512f fma sse4_2"))
        XCTAssertEqual(json[["memory"]], .integer(63))
        XCTAssertNil(json[["accelerators"]])
        XCTAssertNil(json[["interpreters"]])
    }

    func testTheSameMachineGivesTheSameRecord() throws {
        let first = capture()
        try scratch.write("MemTotal:       65842100 kB\nMemFree:  99 kB\n", to: "root/proc/meminfo")
        XCTAssertEqual(capture().id, first.id)
        // And the real one, twice.
        let (one, two) = (EnvironmentRecord.capture(command: nil, worktree: scratch / "work"), EnvironmentRecord.capture(command: nil, worktree: scratch / "work"))
        XCTAssertEqual(one.text, two.text)
        guard case .text(let libc)? = one.json[["system", "libc"]] else { return XCTFail("\(one.json)") }
        XCTAssert(libc.contains(#/^(glibc \d+\.\d+|musl)$/#), libc)
        XCTAssertNotNil(one.json[["memory"]])
    }

    func testRecordIsReadAsItWasWrittenAndRefusedWhenChanged() throws {
        let record = capture()
        XCTAssertEqual(record.path, BytePath("lineage/environments/\(record.id).json"))
        XCTAssertEqual(try EnvironmentRecord(record.text, file: record.path).json, record.json)
        let cases: [([UInt8], String)] = [
            (Array("{}".utf8), "no record"), (Array("{\"version\": 2}".utf8), "version 2"), ([], "no record"),
            (record.text + Array(" ".utf8), "edited by hand"),
        ]
        for (text, reason) in cases {
            XCTAssertThrowsError(try EnvironmentRecord(text, file: record.path)) { error in
                guard case .record(_, let found)? = error as? LineageError else { return XCTFail("\(error)") }
                XCTAssertTrue(found.contains(reason), found)
            }
        }
    }

    // MARK: secrets

    func testSecretsAndPersonsNeverEnter() throws {
        let secret = "s3cr3t"
        var hostile: [String: String] = [
            "AWS_SECRET_ACCESS_KEY": secret, "HF_TOKEN": secret, "DB_PASSWORD": secret, "OMP_AUTH": secret, "MKL_KEY": secret, "LC_SECRET": secret,
            "my_api_key": secret, "Credential": secret, "GOOGLE_APPLICATION_CREDENTIALS": secret, "SESSION_COOKIE": secret, "OPENBLAS_PASSPHRASE": secret,
            "USER": "ada", "LOGNAME": "ada", "HOSTNAME": "adas-machine", "HOST": "adas-machine", "PWD": "/home/ada/x", "UNRELATED": secret,
            "PYTHONPATH": "/home/ada/lib:\(scratch / "work/src"):/scratch/ada/code:/home/adam", "R_LIBS": "~/R",
            "XLA_FLAGS": "--a=https://ada:\(secret)@x.org/p --b=s3://u:a/\(secret)@b/c?sig=\(secret)#\(secret) --c=https://x/y?X-Amz-Signature=\(secret)",
            "LD_LIBRARY_PATH": "https://\(secret)@h:/home/ada", "MKL_X": "https://u:?\(secret)@h/p",
            "OMP_NUM_THREADS": "4", "CUDA_VISIBLE_DEVICES": "0,1", "MODE": "fast ada",
        ]
        hostile["LANG"] = "C.UTF-8"
        let record = capture("true", hostile, extra: Array(hostile.keys))
        let text = String(decoding: record.text, as: UTF8.self)
        // One was asked for by a name that says nothing of what it is.
        XCTAssertEqual(record.json[["variables", "UNRELATED"]], .text(secret))
        for part in [secret, "ada\"", "/ada/", "ada:", "adas-machine", "ada@"] {
            XCTAssertFalse(text.replacing("\"UNRELATED\" : \"\(secret)\"", with: "").contains(part), "\(part): \(text)")
        }
        XCTAssertFalse(String(decoding: capture("true", hostile).text, as: UTF8.self).contains(secret))
        XCTAssertEqual(record.json[["variables", "PYTHONPATH"]], .text("~/lib:./src:/scratch/~/code:/home/adam"))
        XCTAssertEqual(record.json[["variables", "XLA_FLAGS"]], .text("--a=https://x.org/p --b=s3://b/c --c=https://x/y"))
        XCTAssertEqual(record.json[["variables", "OMP_NUM_THREADS"]], .text("4"))
        XCTAssertEqual(record.json[["variables", "MODE"]], .text("fast ~"))
        XCTAssertEqual(record.json[["variables", "LANG"]], .text("C.UTF-8"))
    }

    // MARK: accelerators

    private func addNvidia() throws {
        let version = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.14  Release Build  (x@y)  Thu\nGCC version:  gcc 12.3.0\n"
        try scratch.write(version, to: "root/proc/driver/nvidia/version")
        for bus in ["0000:01:00.0", "0000:02:00.0"] {
            try scratch.write("Model: \t\t NVIDIA A100-SXM4-40GB\nIRQ: 14\nGPU UUID: GPU-1\n", to: BytePath("root/proc/driver/nvidia/gpus/\(bus)/information"))
        }
        try scratch.write("{\"cuda\": {\"name\": \"CUDA SDK\", \"version\": \"12.4.1\"}}", to: "root/usr/local/cuda/version.json")
    }

    func testNvidiaIsReadFromProc() throws {
        try addNvidia()
        let json = capture().json
        XCTAssertEqual(json[["accelerators", "1", "name"]], .text("NVIDIA A100-SXM4-40GB"))
        XCTAssertNil(json[["accelerators", "2"]])
        XCTAssertEqual(json[["acceleratorSoftware"]], .object(["nvidia": .text("550.54.14"), "cuda": .text("12.4.1")]))
        XCTAssertFalse(String(decoding: capture().text, as: UTF8.self).contains("GPU-1"))
    }

    func testNvidiaIsAskedOutsideOfTheWorktreeAndNotForLong() throws {
        try addNvidia()
        let script = "#!/bin/sh\necho 'NVIDIA A100-SXM4-40GB, 40960, 8.0'\n"
        for (place, expected) in [("bin", JSONValue.integer(40960)), ("work", nil)] as [(BytePath, JSONValue?)] {
            try scratch.write(script, to: place / "nvidia-smi", permissions: 0o755)
            // The program's own PATH is what is searched.
            TestProcess.with(["PATH": scratch / place]) {
                XCTAssertEqual(capture().json[["accelerators", "0", "memory"]], expected, "\(place)")
            }
        }
        for script in ["#!/bin/sh\necho x; exec /bin/sleep 30\n", "#!/bin/sh\nexit 9\n"] {
            try scratch.write(script, to: "bin/nvidia-smi", permissions: 0o755)
            TestProcess.with(["PATH": scratch / "bin"]) {
                XCTAssertEqual(capture().json[["accelerators", "0"]], .object(["name": .text("NVIDIA A100-SXM4-40GB")]))
            }
        }
    }

    func testAMDIsReadFromSysfs() throws {
        for (name, text) in ["vendor": "0x1002\n", "product_name": "Instinct MI210\n", "mem_info_vram_total": "68702699520\n"] {
            try scratch.write(text, to: BytePath("root/sys/class/drm/card0/device/\(name)"))
        }
        try scratch.write("0x8086\n", to: "root/sys/class/drm/card1/device/vendor")
        try scratch.write("0x1002\n", to: "root/sys/class/drm/card0-DP-1/device/vendor")
        try scratch.write("6.0.2-115\n", to: "root/opt/rocm/.info/version")
        try scratch.write("6.3.6\n", to: "root/sys/module/amdgpu/version")
        let json = capture().json
        XCTAssertEqual(json[["accelerators"]], .list([.object(["name": .text("Instinct MI210"), "memory": .integer(65520)])]))
        XCTAssertEqual(json[["acceleratorSoftware"]], .object(["amdgpu": .text("6.3.6"), "rocm": .text("6.0.2-115")]))
    }

    // MARK: differences

    func testDifferencesAreGroupedAndOrdered() throws {
        try scratch.write("numpy==1\n", to: "work/uv.lock")
        let old = capture("true", ["OMP_NUM_THREADS": "4", "SEED": "1"])
        try (scratch / "work/uv.lock").removeFile()
        try scratch.write("6.2.0-test\n", to: "root/proc/sys/kernel/osrelease")
        let new = capture("true", ["OMP_NUM_THREADS": "8", "TZ": "UTC"])
        let found = old.differences(to: new).map { "\($0.group) \($0.name) \($0.old?.description ?? "-") \($0.new?.description ?? "-")" }
        XCTAssertEqual(
            found,
            ["system kernel 6.1.0-test 6.2.0-test", "lockFiles uv.lock present -", "variables OMP_NUM_THREADS 4 8", "variables SEED 1 -", "variables TZ - UTC"])
        XCTAssertEqual(old.differences(to: old), [])
    }

    func testInterpretersOfTheCommandAreRecordedWithTheirPackages() throws {
        let path = Environment.value("PATH")?.text ?? ""
        let record = capture("/usr/bin/python3 x.py && true", ["PATH": path])
        guard case .object(let interpreters)? = record.json[["interpreters"]], let (name, python) = interpreters.first else { return XCTFail("\(record.json)") }
        XCTAssertEqual(interpreters.count, 1)
        XCTAssertTrue(name == "python" || name == "python@/usr/bin/python3", name)
        XCTAssertEqual(python[["program"]], .text("/usr/bin/python3"))
        let state = try XCTUnwrap(EnvironmentDependency("python@/usr/bin/python3"))
            .state(in: scratch / "work", environment: [Array("PATH=\(path)".utf8), Array("HOME=/home/ada".utf8)])
        guard case .object(var members) = state else { return XCTFail() }
        XCTAssertEqual(python[["version"]], members.removeValue(forKey: "python"))
        XCTAssertEqual(python[["packages"]], .object(members))
        XCTAssertNil(capture("true", ["PATH": path]).json[["interpreters"]])
        // The same again, by the names that the record has.
        let environment = ["PATH=\(path)", "HOME=/home/ada", "USER=ada"].map { Array($0.utf8) }
        let again = EnvironmentRecord.capture(like: record, worktree: scratch / "work", environment: environment, root: scratch / "root")
        XCTAssertEqual(again.differences(to: record), [])
    }
}
