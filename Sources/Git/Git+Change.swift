import Platform

extension Git {
    /// Runs Git, which must succeed, where it changes the index or the configuration. What another process changes at the
    /// same moment, Git refuses to touch: an editor or a prompt that asks for the status holds the index for moments. That
    /// is waited for, ten seconds at most. Git speaks English here, so that its reason is known.
    @discardableResult
    package func change(_ arguments: [BytePath], input: [UInt8]? = nil) throws(GitError) -> Answer {
        try attemptChange(arguments, input: input).checked(arguments)
    }

    /// Runs Git as `change` does, with an input that needs no room in memory.
    /// - Parameter body: writes the input, for each attempt anew.
    package func change(_ arguments: [BytePath], feeding body: (ByteWriter) throws(GitError) -> Void) throws(GitError) {
        _ = try attemptChange { git throws(GitError) in try git.run(arguments, feeding: body) }.checked(arguments)
    }

    /// Runs Git as `change` does, where it may fail for other reasons than a lock. No `--quiet`, with which some
    /// commands are silent about a lock too.
    package func attemptChange(_ arguments: [BytePath], input: [UInt8]? = nil) throws(GitError) -> Answer {
        try attemptChange { git throws(GitError) in try git.run(arguments, input: input) }
    }

    private func attemptChange(_ attempt: (Git) throws(GitError) -> Answer) throws(GitError) -> Answer {
        let git = Git(self, speakingEnglish: ())
        for _ in 1..<Self.changePatience.attempts {
            let answer = try attempt(git)
            guard answer.status != 0, Self.tellsOfLock(answer.message) else { return answer }
            pauseAbout(Self.changePatience.pause)
        }
        return try attempt(git)
    }

    private static let changePatience = (attempts: 200, pause: Duration.milliseconds(50))

    /// Whether Git has found a lock of another process in its way. Source: Git, `lockfile.c` and `config.c`.
    package static func tellsOfLock(_ message: String) -> Bool {
        (message.contains(".lock': ") || message.contains("could not lock config file")) && message.contains("File exists")
    }
}
