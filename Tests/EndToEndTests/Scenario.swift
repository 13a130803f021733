import Digest
import Platform
import Synchronization
import TestSupport

/// One run of one scenario: what Git is asked to do is done in a repository with git data and in its plain twin,
/// and after each step both are looked at. A failure names the scenario, the circumstances and the step.
final class Scenario {
    /// Under what circumstances a scenario is run.
    enum Mode: String, CaseIterable {
        /// The large file is above `data.inlineLimit`: the filter leaves a pointer, and the hooks write the content.
        case outside = "hooks on and the large file outside of the filter"
        case hooksOff = "hooks off"
        case hooksOn = "hooks on"

        /// `GIT_DATA_SCENARIOS=all` plays all. Else it is one of the first two by chance: in the last everything goes
        /// through the filter, and the hooks find nothing left to do.
        static var played: [Mode] { Environment.value("GIT_DATA_SCENARIOS") == "all" ? allCases : [Bool.random() ? .outside : .hooksOff] }
    }

    /// As in "rebase with hooks off".
    let name: String
    let mode: Mode
    let laboratory: Laboratory
    let twin: TwinRepositories
    /// The states in which the files of both worktrees were found alike.
    var compared: [BytePath: [FileStatus?]] = [:]
    /// The data files of an index with these paths and these attributes.
    var knownDataPaths: (paths: [BytePath], attributes: [UInt8], data: Set<BytePath>)?
    private var second = 100

    var data: Worktree { twin.data }
    var plain: Worktree { twin.plain }

    private init(_ name: String, _ mode: Mode, _ laboratory: Laboratory, _ twin: TwinRepositories) {
        self.name = name
        self.mode = mode
        self.laboratory = laboratory
        self.twin = twin
    }

    /// A copy of the template, on `main`.
    convenience init(_ name: String, _ mode: Mode) throws {
        let laboratory = try Laboratory()
        try ScenarioTemplate.place(in: laboratory)
        let top = laboratory.folder
        let twin = TwinRepositories(
            data: Worktree(folder: top / "ours/work", in: laboratory), plain: Worktree(folder: top / "plain/work", in: laboratory),
            plainHome: top / "plain-home", in: laboratory)
        self.init("\(name) with \(mode.rawValue)", mode, laboratory, twin)
        try configure()
        _ = try twin.git(["update-index", "-q", "--refresh"], at: 0)
    }

    private func configure() throws {
        switch mode {
        case .hooksOn: return
        case .hooksOff:
            let folder = laboratory.folder / "no-hooks"
            try folder.makeFolders()
            try data.git("config", "core.hooksPath", folder)
        case .outside: try data.git("config", "data.inlineLimit", "1m")
        }
    }

    /// The same scenario in another pair of repositories, by the path from this pair.
    /// - Parameter isClone: whether it has a configuration of its own.
    func elsewhere(_ path: BytePath, isClone: Bool = false) throws -> Scenario {
        let twin = TwinRepositories(
            data: Worktree(folder: data.folder / path, in: laboratory), plain: Worktree(folder: plain.folder / path, in: laboratory),
            plainHome: laboratory.folder / "plain-home", in: laboratory)
        let scenario = Scenario("\(name), in '\(path)'", mode, laboratory, twin)
        scenario.second = second
        guard isClone else { return scenario }
        if mode != .hooksOff { try scenario.data.data("init", "--quiet") }
        try scenario.configure()
        return scenario
    }

    // MARK: steps

    /// Runs Git in both and looks at them.
    /// - Parameters:
    ///   - exits: with which status both end.
    ///   - status: what `git status --porcelain` says afterwards in both; nil for whatever it says in the plain twin.
    @discardableResult
    func git(_ arguments: BytePath..., exits: Int32 = 0, status: [String]? = []) throws -> Outcome {
        let step = "`git \(arguments.map(\.description).joined(separator: " "))`"
        return try self.step(step) {
            let outcome = try run(arguments)
            guard outcome.status == exits else { throw Unexpected("\(outcome.description)\n  expected: status \(exits)") }
            try look(status: status, isCompleted: exits == 0 && mode == .outside && Self.isCompletedByHooks(arguments))
            return outcome
        }
    }

    /// Runs Git in both without a look.
    /// - Returns: what it did with git data; in the plain twin it ended with the same status.
    @discardableResult
    func run(_ arguments: [BytePath]) throws -> Outcome {
        second += 1
        return try twin.outcome(of: arguments, at: second)
    }

    /// Runs a line of shell in both, which must succeed, and looks at them.
    func shell(_ line: String, status: [String]? = []) throws {
        try step("`\(line)`") {
            _ = try data.shell(line).expecting(0)
            _ = try plain.shell(line, with: ["HOME": laboratory.folder / "plain-home"]).expecting(0)
            try look(status: status)
        }
    }

    /// Writes a file in both and asks Git for the status.
    func write(_ content: [UInt8], to path: BytePath, status: [String]?) throws {
        try step("a change of '\(path)'") {
            // Unlike Git, an editor keeps the mode.
            let isExecutable = [data, plain].contains { ($0.folder / path).isExecutableFile }
            try twin.write(content, to: path)
            if isExecutable {
                for worktree in [data, plain] { _ = try laboratory.run("chmod", ["+x", worktree.folder / path]).expecting(0) }
            }
            try lookAtStatus(status)
        }
    }

    /// Names the step that failed.
    func step<Result>(_ step: String, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch { throw Unexpected("\(name): after \(step): \(error)") }
    }

    /// Whether a hook follows, in which git data writes what the filter has left.
    private static func isCompletedByHooks(_ arguments: [BytePath]) -> Bool {
        let command = arguments.first { $0.bytes.first != UInt8(ascii: "-") }
        return ["switch", "merge", "pull", "rebase"].contains(command) && !arguments.contains("--abort")
    }
}
