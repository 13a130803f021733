import Digest
import Git
import Platform

@testable import RemoteHelper

/// Names, records and states to test with.
enum Sample {
    /// A name of an object, another for each number.
    static func object(_ number: Int, digits: Int = 40) -> GitObjectName {
        let text = String(number, radix: 16)
        return GitObjectName(hex: Array((String(repeating: "a", count: digits - text.count) + text).utf8))!
    }

    static func packName(_ number: Int, digits: Int = 40) -> PackName { PackName("pack-\(object(number, digits: digits))")! }

    static func pack(
        _ number: Int, tips: [Int] = [], bases: [Int] = [], generation: Int = 0, byteCount: Int64 = 1000, digits: Int = 40
    ) -> PackRecord {
        PackRecord(
            name: packName(number, digits: digits), pack: .init(oid: .of(Array("pack \(number)".utf8)), byteCount: byteCount),
            index: .init(oid: .of(Array("index \(number)".utf8)), byteCount: 1072), objectCount: 3, generation: generation,
            tips: tips.map { object($0, digits: digits) }, bases: bases.map { object($0, digits: digits) })
    }

    static func state(
        _ refs: [(BytePath, Int)] = [], packs: [PackRecord] = [], number: Int = 7, head: BytePath = "refs/heads/main"
    ) -> RepositoryState {
        RepositoryState(
            number: number, id: "0123456789abcdef", parent: "fedcba9876543210", time: 1_767_323_045, author: "Ada <ada@example.org>",
            action: "push", objectFormat: "sha1", head: head,
            refs: refs.map { RepositoryState.Ref(name: $0.0, target: object($0.1)) }.sorted { $0.name < $1.name }, packs: packs)
    }
}
