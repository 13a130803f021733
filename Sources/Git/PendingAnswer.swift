import Platform
private import Synchronization

/// What Git was asked, and answers while the asker does something else.
package final class PendingAnswer {
    private let arguments: [BytePath]
    private let result = Box()
    private var thread: WorkerThread?

    fileprivate init(_ git: Git, _ arguments: [BytePath], input: [UInt8]?) {
        self.arguments = arguments
        thread = WorkerThread { [result] in
            do throws(GitError) {
                let answer = try git.run(arguments, input: input)
                result.value.withLock { $0 = .success(answer) }
            } catch {
                result.value.withLock { $0 = .failure(error) }
            }
        }
    }

    /// Waits for the end of Git, which must succeed.
    package func query() throws(GitError) -> Git.Answer {
        thread.take()?.join()
        let answer = try result.value.withLock { $0 }?.get()
        guard let answer else { throw .unexpected(command: Git.name(arguments), answer: "nothing") }
        return try answer.checked(arguments)
    }

    deinit {
        thread.take()?.join()
    }

    private final class Box: Sendable {
        let value = Mutex<Result<Git.Answer, GitError>?>(nil)
    }
}

extension Git {
    /// Runs Git and returns while it works.
    package func begin(_ arguments: [BytePath], input: [UInt8]? = nil) -> PendingAnswer {
        PendingAnswer(self, arguments, input: input)
    }
}
