import Platform
package enum EnvironmentDependency {
    case file(BytePath), python
    package static func suggestion(forCommand: String, worktree: BytePath) -> [String] { [] }
    package init?(_ text: String) { self = text.contains(".") ? .file(BytePath(text)) : .python }
    func state(in folder: BytePath, environment: [[UInt8]]) throws(LineageError) -> JSONValue { .null }
}
import Digest
package struct EnvironmentRecord: Sendable {
    package static func capture(command: String, worktree: BytePath, extraVariables: [String]) -> EnvironmentRecord { EnvironmentRecord() }
    package var text: [UInt8] { CanonicalJSON.text(JSONValue.object([:])) }
    package var id: ObjectID { .of(text) }
    package var path: BytePath { Self.path(of: id) }
    package static func path(of id: ObjectID) -> BytePath { BytePath("lineage/environments/\(id.hex).json") }
}
extension EnvironmentDependency {
    package static func changes(from: JSONValue, to: JSONValue) -> [String] { ["x"] }
}
