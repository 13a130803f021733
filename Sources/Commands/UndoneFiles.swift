import Digest
import ObjectStore
import Platform
import Transfer

/// Files for which a command could not do what it is for, as those without data after a fetch. The first of them have names;
/// the others are counted only, as all of a repository may be among them, and a list that long hides what it says.
struct UndoneFiles {
    struct File {
        let path: BytePath
        let reason: String
        /// What to do about it; nil for what is to be done about all.
        var hints: [String]?
    }

    /// So many have names.
    static let nameLimit = 1000

    private(set) var named: [File] = []
    private(set) var count = 0
    /// What to do about them, each once; nil stands for what is to be done about all.
    private(set) var hints: [[String]?] = []

    var isEmpty: Bool { count == 0 }

    mutating func add(_ file: File) {
        if named.count < Self.nameLimit { named.append(file) }
        add(hints: file.hints)
        count += 1
    }

    /// Adds others, whose paths begin in a folder.
    mutating func add(_ others: UndoneFiles, in folder: BytePath = "") {
        for file in others.named.prefix(Self.nameLimit - named.count) {
            named.append(File(path: folder.appending(file.path), reason: file.reason, hints: file.hints))
        }
        for hints in others.hints { add(hints: hints) }
        count += others.count
    }

    private mutating func add(hints new: [String]?) {
        if !hints.contains(new) { hints.append(new) }
    }

    /// A line for each that has a name, those of one reason together, and how many there are besides.
    var list: String {
        let more = count > named.count ? "\n\t… and \(count - named.count) more" : ""
        return Causes.list(named.map { ("\($0.path)", $0.reason) }) + more
    }
}

/// Why blobs could not be fetched: memory for some of them, however many there are.
final class FetchFailures {
    private var blobs: SortedBlobs?
    /// Each once: one reason may have stopped thousands.
    private var messages: [String] = []
    private var numbers: [String: Int] = [:]
    private var finder: SortedBlobs.Finder?

    private(set) var kinds: Set<TransferFailure.Kind> = []
    private(set) var isEmpty = true

    init(in store: ObjectStore) {
        blobs = SortedBlobs(in: store)
    }

    func add(_ failure: TransferFailure) {
        isEmpty = false
        kinds.insert(failure.kind)
        let number = numbers[failure.message] ?? messages.count
        if number == messages.count {
            messages.append(failure.message)
            numbers[failure.message] = number
        }
        blobs?.add(failure.oid, note: Int64(number))
    }

    /// To be called when all have been added, before a reason is asked for.
    func seal() throws(SystemError) {
        finder = try blobs?.finder()
        (blobs, numbers) = (nil, [:])
    }

    /// - Returns: nil where the blob is not among them.
    func reason(for oid: ObjectID) throws(SystemError) -> String? {
        try finder?.first(of: oid).map { messages[Int($0.note)] }
    }
}
