/// The version of git data.
enum Version {
    static let current = "0.1.0"
}
