internal import CPlatform
internal import Glibc

/// Lets writes to a pipe that nobody reads fail with EPIPE from now on, instead of ending the process.
/// For whoever talks to a child process and may not assume `Interrupts.install`.
package func ignoreBrokenPipes() {
    platform_set_ignored(SIGPIPE)
}

/// The signal that no process survives.
package let killSignal = SIGKILL
