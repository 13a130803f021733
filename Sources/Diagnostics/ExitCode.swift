// Diagnostics: what every room needs to say how things go: exit codes and progress. It prints
// nothing and knows neither Git nor files; turning a value of this room into words is the work of
// `Commands`.

/// The status a command's process ends with, with Git's meanings.
package struct ExitCode: Equatable, Sendable {
    package let status: Int32

    package init(_ status: Int32) {
        self.status = status
    }

    package static let success = ExitCode(0)
    /// The command ran and the answer is no: something is missing, differs or was refused.
    package static let failure = ExitCode(1)
    /// The command could not do its work (Git's `die`).
    package static let fatal = ExitCode(128)
    /// The command line was not understood (Git's `usage`).
    package static let usage = ExitCode(129)
}
