import Platform

/// The graphics processors that programs compute with, their drivers, and the libraries for them.
struct Accelerators {
    /// Each with `name`, and where it is known `memory` (MiB) and `computeCapability`.
    private(set) var devices: [JSONValue] = []
    /// Versions by name: `nvidia`, `cuda`, `amdgpu`, `rocm`.
    private(set) var software: [String: JSONValue] = [:]

    private let root: BytePath

    /// - Parameters:
    ///   - root: where the file system begins.
    ///   - worktree: where no program is taken from.
    init(root: BytePath, worktree: BytePath, _ variables: ProcessVariables) {
        self.root = root
        readNvidia(worktree)
        readAMD()
        let folders = ["CUDA_HOME", "CUDA_PATH"].compactMap { variables[$0]?.absolute(from: worktree) } + [root / "usr/local/cuda"]
        if let version = folders.lazy.compactMap(Self.cuda).first { software["cuda"] = .text(version) }
        if let version = (root / "opt/rocm/.info/version").textContents(limit: 1 << 10) { software["rocm"] = .text(version.trimmingSpaces) }
    }

    /// Source: the NVIDIA driver's README, "The /proc interface"; `nvidia-smi --help-query-gpu`.
    private mutating func readNvidia(_ worktree: BytePath) {
        let folder = root / "proc/driver/nvidia"
        guard let driver = (folder / "version").textContents(limit: 1 << 12) else { return }
        let words = driver.split(whereSeparator: { $0 == " " || $0.isNewline })
        if let version = words.first(where: { $0.utf8.first?.isDigit == true && $0.contains(".") }) { software["nvidia"] = .text(String(version)) }
        devices = Self.askNvidia(outside: worktree)
        guard devices.isEmpty else { return }
        for place in (folder / "gpus").sortedEntries {
            let text = (folder / "gpus" / place / "information").textContents(limit: 1 << 12) ?? ""
            let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("Model:") }
            if let line { devices.append(.object(["name": .text(line.dropFirst("Model:".count).trimmingSpaces)])) }
        }
    }

    private static func askNvidia(outside worktree: BytePath) -> [JSONValue] {
        guard let program = Environment.findProgram("nvidia-smi", outside: worktree) else { return [] }
        // Drivers before 510 do not know the last.
        for fields in ["name,memory.total,compute_cap", "name,memory.total"] {
            let arguments = [BytePath("--query-gpu=\(fields)"), "--format=csv,noheader,nounits"]
            guard let output = BriefProgram.output(of: program, arguments, milliseconds: 3000) else { continue }
            return String(decoding: output, as: UTF8.self).split(whereSeparator: \.isNewline).map { line in
                let values = line.split(separator: ",").map(\.trimmingSpaces)
                return Machine.object([
                    "name": values.first.map { .text($0) }, "memory": values.dropFirst().first.flatMap { Int64($0) }.map { .integer($0) },
                    "computeCapability": values.dropFirst(2).first.map { .text($0) },
                ])
            }
        }
        return []
    }

    /// `version.json` has all parts of a toolkit; before CUDA 11 there is one line of text.
    private static func cuda(_ folder: BytePath) -> String? {
        if let content = try? (folder / "version.json").contents(limit: 1 << 16), let json = JSONValue(json: content),
            case .text(let version)? = json[["cuda", "version"]]
        {
            return version
        }
        return (folder / "version.txt").textContents(limit: 1 << 10)?.split(whereSeparator: { $0 == " " || $0.isNewline }).last.map(String.init)
    }

    /// Source: Linux, "AMDGPU driver", sysfs.
    private mutating func readAMD() {
        let folder = root / "sys/class/drm"
        for card in folder.sortedEntries where card.hasPrefix("card") && card.bytes.dropFirst("card".utf8.count).allSatisfy(\.isDigit) {
            let device = folder / card / "device"
            let line = { (name: String) in (device / name).textContents(limit: 1 << 12)?.trimmingSpaces }
            guard line("vendor") == "0x1002" else { continue }
            devices.append(
                Machine.object([
                    "name": .text(line("product_name").flatMap { $0.isEmpty ? nil : $0 } ?? "AMD \(line("device") ?? "device")"),
                    "memory": line("mem_info_vram_total").flatMap { Int64($0) }.map { .integer($0 >> 20) },
                ]))
        }
        if let version = (root / "sys/module/amdgpu/version").textContents(limit: 1 << 10) { software["amdgpu"] = .text(version.trimmingSpaces) }
    }
}

/// A program that is asked something and may take its time only for so long.
enum BriefProgram {
    /// - Returns: what it wrote; nil where it cannot be started, failed, or went on for longer.
    static func output(of program: BytePath, _ arguments: [BytePath], milliseconds: Int64) -> [UInt8]? {
        guard let child = try? ChildProcess(program, arguments, environment: Environment.withoutSecrets, errors: .null), let reader = child.output else { return nil }
        let clock = ContinuousClock()
        let end = clock.now + .milliseconds(milliseconds)
        var output: [UInt8] = []
        while true {
            let rest = end - clock.now
            let left = rest.components.seconds * 1000 + rest.components.attoseconds / 1_000_000_000_000_000
            guard left > 0, reader.descriptor.isReadable(within: Int32(clamping: left)), output.count < 1 << 20,
                let some = try? reader.readSome()
            else {
                child.send(signal: 9)
                child.wait()
                return nil
            }
            if some.isEmpty { break }
            output += some
        }
        return child.wait().isSuccess ? output : nil
    }
}
