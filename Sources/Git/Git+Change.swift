import Platform

extension Git {
    /// Runs Git, which must succeed, where it changes the index or the configuration. What another process changes at the
    /// same moment, Git refuses to touch: an editor or a prompt that asks for the status holds the index for moments. That
    /// is waited for, ten seconds at most. Git speaks English here, so that its reason is known.
    @discardableResult
    package func change(_ arguments: [BytePath], input: [UInt8]? = nil) throws(GitError) -> Answer {
        try attemptChange(arguments) { () throws(GitError) in input }.checked(arguments)
    }

    /// Runs Git as `change` does, where it may fail for other reasons than a lock. No `--quiet`, with which some
    /// commands are silent about a lock too.
    /// - Parameter input: asked for before each attempt, as whoever held the lock may have changed what it is made of.
    package func attemptChange(
        _ arguments: [BytePath], input: () throws(GitError) -> [UInt8]? = { () throws(GitError) in nil }
    ) throws(GitError) -> Answer {
        let git = Git(self, speakingEnglish: ())
        for _ in 1..<Self.changePatience.attempts {
            let answer = try git.run(arguments, input: input())
            guard answer.status != 0, Self.tellsOfLock(answer.message) else { return answer }
            pauseAbout(Self.changePatience.pause)
        }
        return try git.run(arguments, input: input())
    }

    private static let changePatience = (attempts: 200, pause: Duration.milliseconds(50))

    /// Whether Git has found a lock of another process in its way. Source: Git, `lockfile.c` and `config.c`.
    package static func tellsOfLock(_ message: String) -> Bool {
        (message.contains(".lock': ") || message.contains("could not lock config file")) && message.contains("File exists")
    }
}
