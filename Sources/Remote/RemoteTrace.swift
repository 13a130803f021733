/// Where a remote says what it asks of its server, line by line and without secrets.
package struct RemoteTrace: Sendable {
    /// Takes one line, without its end, on any thread.
    package let say: @Sendable (String) -> Void
    /// Whether the headers of requests and answers are wanted too.
    package let showsHeaders: Bool

    package init(showsHeaders: Bool, say: @escaping @Sendable (String) -> Void) {
        self.showsHeaders = showsHeaders
        self.say = say
    }
}
