internal import Glibc

/// A command of which one learns which files it used.
package enum WatchedCommand {
    /// Runs a program to its end, with the standard streams and in the process group of this process, so that it gets the
    /// terminal's signals. It has signals as a fresh program expects them. The calling thread works meanwhile.
    ///
    /// On the best road, `.calls`, the program and its descendants cannot gain privileges (`sudo`, set-user-ID programs),
    /// and each file that they open costs tens of microseconds more. A signal whose handler was installed without
    /// SA_RESTART can end a call that waits with EINTR, as on some network file systems. Descendants that outlive the
    /// command run on as usual.
    /// - Parameters:
    ///   - executable: absolute, or relative to `folder` where it has a slash.
    ///   - arguments: without the program's own name.
    ///   - folder: where the program works.
    ///   - environment: the whole of it, `NAME=value` each.
    ///   - top: the folder whose files are watched.
    ///   - names: files and folders that count for nothing wherever they are below, with all that is in them.
    ///   - road: the only one to go; else the best that the system allows.
    /// - Throws: what kept the program from starting: `execve` or `posix_spawn` with its path, `chdir`; `seccomp` or
    ///   `inotify_init` where the wanted road is not open.
    package static func run(
        _ executable: BytePath, _ arguments: [BytePath], folder: BytePath, environment: [[UInt8]] = Environment.all,
        watching top: BytePath, excluding names: [BytePath] = [], road: OpenedFiles.Road? = nil
    ) throws(SystemError) -> (ending: ChildProcess.Ending, files: OpenedFiles) {
        let tree = try WatchedTree(top, excluding: names)
        if road == nil || road == .calls {
            do throws(SystemError) {
                return try CallWatch.run(executable, arguments, folder: folder, environment: environment, in: tree)
            } catch {
                guard road == nil, error.call == "seccomp" else { throw error }
            }
        }
        let start: () throws(SystemError) -> ChildProcess = { () throws(SystemError) in
            try ChildProcess(
                executable, arguments, environment: environment, folder: folder, input: .inherited, output: .inherited)
        }
        var watch = try FolderWatch(tree, comparingOnly: road == .comparison)
        if road == .byAnyProcess, watch.road != .byAnyProcess { throw SystemError("inotify_init", code: ENOSYS) }
        return try watch.run(start)
    }
}
