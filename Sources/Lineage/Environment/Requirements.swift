/// What packages require of each other.
enum Requirements {
    /// The packages wanted, and all that they require, in order.
    /// - Parameter requirements: what one package requires.
    static func closure(of wanted: [String], _ requirements: (String) -> [String]) -> [String] {
        var found = Set(wanted)
        var rest = Array(found)
        while let name = rest.popLast() {
            for requirement in requirements(name) where found.insert(requirement).inserted { rest.append(requirement) }
        }
        return found.sorted()
    }
}
