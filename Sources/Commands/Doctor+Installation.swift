import Diagnostics
import Git
import Platform
import Transfer

/// What the doctor sees of this machine: programs and Git's configuration.
enum Installation {
    static func findings() -> [Finding] {
        [version(), git(), onPath(), agent(), remoteHelper()] + configuration()
    }

    private static func version() -> Finding {
        let place = (try? Environment.executable())?.description ?? "an unknown place"
        return Finding(.ok, "git data", "\(Version.current), in '\(place)'")
    }

    private static func git() -> Finding {
        do throws(GitError) {
            let text = try Git().query(["version"]).line.description
            let numbers = text.split(separator: " ").dropFirst(2).first?.split(separator: ".").prefix(2).compactMap { Int($0) } ?? []
            if numbers.count == 2, (numbers[0], numbers[1]) < (2, 30) {
                return Finding(.wrong, "git", "\(text) is too old", fixes: ["install Git 2.30 or newer"])
            }
            return Finding(.ok, "git", text)
        } catch {
            let explanation = Words.explanation(error)
            return Finding(.wrong, "git", explanation.what, fixes: explanation.hints)
        }
    }

    /// Git starts the filter by its name.
    private static func onPath() -> Finding {
        guard let found = Environment.findProgram("git-data") else {
            let folder = (try? Environment.executable())?.parent.description ?? "the folder of git-data"
            return Finding(.wrong, "PATH", "Git cannot find 'git-data'", fixes: ["export PATH=\"\(folder):$PATH\""])
        }
        let real = try? found.resolved()
        let running = try? Environment.executable().resolved()
        guard real == running else {
            return Finding(.note, "PATH", "Git uses another 'git-data': '\(found)'")
        }
        return Finding(.ok, "PATH", "Git finds 'git-data'")
    }

    private static func agent() -> Finding {
        let agent = TransferSession.agentExecutable()
        guard agent.isExecutableFile else {
            return Finding(.wrong, "transfer agent", "'\(agent)' is missing", fixes: ["run install.sh again"])
        }
        return Finding(.ok, "transfer agent", "'\(agent)'")
    }

    /// Git starts it by its name for URLs `data::…`, and needs it for no others.
    private static func remoteHelper() -> Finding {
        guard let found = Environment.findProgram("git-remote-data") else {
            return Finding(.note, "remote helper", "Git cannot find 'git-remote-data', for URLs 'data::…'; run install.sh again")
        }
        return Finding(.ok, "remote helper", "'\(found)'")
    }

    /// The entries as they hold here, wherever they are set.
    private static func configuration() -> [Finding] {
        var wrong: [Finding] = []
        do throws(GitError) {
            let git = try Git()
            for (key, value) in FilterConfiguration.entries {
                let answer = try git.run(["config", "--get", BytePath(key)])
                let present = answer.status == 0 ? answer.line.description : nil
                guard present != value else { continue }
                wrong.append(
                    Finding(
                        .wrong, "Git's configuration", present.map { "\(key) is '\($0)'" } ?? "\(key) is not set",
                        fixes: ["git data install --force"]))
            }
        } catch {
            return [Finding(.wrong, "Git's configuration", Words.explanation(error).what)]
        }
        return wrong.isEmpty ? [Finding(.ok, "Git's configuration", "filter, merge and diff drivers are registered")] : wrong
    }
}
