import Git
import Platform
import Repository

/// The sources outside that this user has named: files of this machine, and buckets whose URLs choose who is shown
/// credentials. A recipe in a project may name any such place, so that nothing is read from there before.
struct ImportTrust {
    let repository: Repository
    private static let key = "data.trustedSource"

    private var known: [String] {
        get throws {
            let answer = try repository.git().run(["config", "--get-all", "-z", BytePath(Self.key)])
            return answer.status == 0 ? answer.records.map(\.text) : []
        }
    }

    /// - Throws: where the place waits for the user's word.
    func require(_ order: ImportOrder) throws {
        guard order.needsTrust, try !known.contains(order.source.value) else { return }
        throw CommandFailure(
            "'\(order.output)' comes from '\(BytePath(order.source.value))', which the project alone says and you have not trusted yet",
            hints: ["git data import --update --trust \(order.name)"])
    }

    /// Notes that the user has named it.
    func note(_ order: ImportOrder) throws {
        if order.needsTrust { try note(order.source.value) }
    }

    func note(_ place: String) throws {
        guard try !contains(place) else { return }
        try repository.git().change(["config", "--local", "--add", BytePath(Self.key), BytePath(place)])
    }

    func contains(_ place: String) throws -> Bool { try known.contains(place) }
}
