import Digest
import Platform
import TestSupport

/// Two clones with a remote, each beside a twin in which the data are plain files, and what is done to them at
/// random. What a seed chooses once is here; the operations are in `GitOperations.swift` and `DataOperations.swift`.
final class RandomStage {
    let laboratory: Laboratory
    let seed: UInt64
    let origin: BytePath
    let plainOrigin: BytePath
    private(set) var twins: [TwinRepositories] = []
    let ledger: BlobLedger

    // What the seed chooses.
    let hasHooks: Bool
    /// Whether both clones come to share a store.
    let sharesStore: Bool
    let hasTwoRemotes: Bool

    // The state.
    private var random: SeededRandom
    var step = 0
    var commits = 0
    var branches: Set<String> = ["main"]
    var tally: [String: Int] = [:]
    /// What was done, the latest last.
    private(set) var journal: [String] = []
    /// The data remotes; the one in use is named `dataRemote`.
    private(set) var dataRemotes: [BlobLedger.Place] = []
    var dataRemote = 0
    /// Where the shared store is, from when on it is in use.
    var store: BytePath?
    /// For each twin, whether its clone leaves pointers until it is asked.
    var isLazy = [false, false]
    /// For each twin, the linked worktrees, from the tops of its clones.
    var linked: [[BytePath]] = [[], []]

    /// A sweep of a data remote.
    struct Sweep {
        let remote: BlobLedger.Place
        /// What was there.
        let before: Set<ObjectID>
        let clone: Int
        let event: String
    }
    /// The one under way.
    var swept: Sweep?

    init(_ laboratory: Laboratory, seed: UInt64) throws {
        (self.laboratory, self.seed) = (laboratory, seed)
        random = SeededRandom(seed: seed)
        hasHooks = seed % 3 != 0
        sharesStore = seed / 3 % 3 == 1
        hasTwoRemotes = seed / 9 % 2 == 1
        origin = try laboratory.bareRepository("ours/origin.git")
        plainOrigin = try laboratory.bareRepository("plain/origin.git")
        let folder = laboratory.folder
        ledger = BlobLedger(
            [("clone 0", folder / "ours/0"), ("clone 1", folder / "ours/1"), ("origin", origin)], in: laboratory)
        dataRemotes = [BlobLedger.Place(name: "first", folder: origin / "data")]
        if hasTwoRemotes { dataRemotes.append(BlobLedger.Place(name: "second", folder: folder / "ours/second")) }
        let plainHome = folder / "plain-home"
        try plainHome.makeFolders()
        try (plainHome / ".gitconfig").replaceContents(with: Array("[init]\n\tdefaultBranch = main\n".utf8))
        for number in 0..<2 {
            let data = try laboratory.repository("ours/\(number)", isSetUp: false)
            let plain = try laboratory.repository("plain/\(number)", isSetUp: false)
            try data.git("remote", "add", "origin", origin)
            try plain.git("remote", "add", "origin", plainOrigin)
            if hasHooks { try data.data("init", "--quiet") }
            twins.append(TwinRepositories(number, data: data, plain: plain, plainHome: plainHome, in: laboratory))
        }
    }

    /// What the seed chose, for a person.
    var choices: String {
        [
            hasHooks ? "hooks" : "no hooks", sharesStore ? "a shared store" : nil, hasTwoRemotes ? "two data remotes" : nil,
        ].compactMap { $0 }.joined(separator: ", ")
    }

    /// The first commit, in both clones.
    func begin() throws {
        if hasTwoRemotes {
            for remote in dataRemotes { try remote.folder.makeFolders() }
            for twin in twins {
                for remote in dataRemotes {
                    try twin.data.data("remote", "add", "--quiet", "--local", BytePath(remote.name), remote.folder)
                }
            }
        }
        try twins[0].write(
            Array("*.bin filter=data diff=data merge=data -text\n*.csv filter=data diff=data merge=data -text\n".utf8),
            to: ".gitattributes")
        for number in 0..<3 {
            try twins[0].write(text(), to: BytePath("t\(number).csv"))
            try twins[0].write(binary(), to: BytePath("d/b\(number).bin"))
        }
        try twins[0].write(text(), to: "code.txt")
        try twins[0].git(["add", "--all"], at: 0)
        try twins[0].git(["commit", "--quiet", "-m", "step0"], at: 0)
        try pushData(twins[0])
        try twins[0].git(["push", "--quiet", "-u", "origin", "main"], at: 0)
        try twins[1].git(["pull", "--quiet", "origin", "main"], at: 0)
        for twin in twins { try twin.compare() }
        try check("the beginning")
    }

    /// One random operation, and what must hold after it.
    func playStep() throws {
        step += 1
        let twin = twins[number(2)]
        let operation = someOperation()
        tally[operation.name, default: 0] += 1
        note("\(operation.name) in clone \(twin.number)")
        try operation.play(on: self, twin)
        try compare(twin)
        if try settle(twin) { try compare(twin) }
        try check("step \(step), \(operation.name) in clone \(twin.number)")
    }

    /// Much of it is daily work, without which there is nothing to lose.
    private func someOperation() -> any RandomOperation {
        switch number(10) {
        case 0..<3: GitOperation.daily[number(GitOperation.daily.count)]
        case 3: DataOperation.dangerous[number(DataOperation.dangerous.count)]
        case 4..<7: GitOperation.allCases[number(GitOperation.allCases.count)]
        default: DataOperation.allCases[number(DataOperation.allCases.count)]
        }
    }

    /// Writes down what is done.
    func note(_ event: String) {
        journal.append("step \(step): \(event)")
    }

    // MARK: what must hold

    func compare(_ twin: TwinRepositories) throws {
        // Who is lazy asks for the data to see it.
        if isLazy[twin.number] { try twin.data.data("pull", "--quiet") }
        try twin.compare()
    }

    /// Everything that is named is somewhere.
    func check(_ event: String) throws {
        try ledger.check(after: event, places, worktrees: twins.flatMap { twin in
            [twin.data.folder] + linked[twin.number].map { (twin.data.folder / $0).normalized }
        })
    }

    /// Where blobs may be: the stores, and the data remotes.
    private var places: [BlobLedger.Place] {
        let own = twins.map { BlobLedger.Place(name: "store \($0.number)", folder: $0.data.folder / ".git/data") }
        return own + (store.map { [BlobLedger.Place(name: "shared store", folder: $0)] } ?? []) + dataRemotes
    }

    /// The store that a clone uses.
    func store(of twin: TwinRepositories) -> BlobLedger.Place {
        BlobLedger.Place(name: "store", folder: store ?? twin.data.folder / ".git/data")
    }

    func other(than twin: TwinRepositories) -> TwinRepositories { twins[1 - twin.number] }

    // MARK: choices

    func number(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }

    /// Numbers for what depends on the moment, so that all else stays as the seed has it.
    func splitRandom() -> SeededRandom { SeededRandom(seed: random.next()) }

    func file() -> BytePath {
        ["t0.csv", "t1.csv", "t2.csv", "d/b0.bin", "d/b1.bin", "d/b2.bin", "code.txt"][number(7)]
    }

    func otherBranch() -> BytePath { BytePath(branches.sorted()[number(branches.count)]) }

    /// Lines of which each is unlike all others.
    func text() -> [UInt8] {
        Array((0..<120).map { "\($0),\(random.next())\n" }.joined().utf8)
    }

    func binary() -> [UInt8] { [0] + random.bytes(2999) }

    // MARK: the end

    /// Nothing is lost, and a fresh clone has everything.
    func finish() throws {
        note("the end")
        try use(dataRemote: 0)
        for twin in twins {
            try pushData(twin)
            try twin.git(["push", "--quiet", "--force", "origin", "--all"], at: step)
            let check = try twin.data.attempt("data", "fsck", "--remote")
            guard !check.text.contains("missing"), !check.text.contains("damaged") else { throw Unexpected(check.description) }
            try twin.data.git("fsck", "--strict")
        }
        try check("the end")
        for branch in branches.sorted() {
            let name = BytePath(branch)
            guard try laboratory.run("git", ["rev-parse", "--verify", "--quiet", BytePath("refs/heads/\(branch)")], in: origin).status == 0
            else { continue }
            let clone = laboratory.folder / "clone-\(branch)", plain = laboratory.folder / "plain-\(branch)"
            try laboratory.data(["clone", "--quiet", "--branch", name, origin, clone])
            try laboratory.git(["clone", "--quiet", "--branch", name, plainOrigin, plain])
            try laboratory.run("/usr/bin/diff", ["-r", "--exclude=.git", clone, plain]).expecting(0)
        }
    }
}

/// Something that a person may do at any moment.
protocol RandomOperation {
    /// What it is called in reports.
    var name: String { get }
    /// Does it in one clone, and in its twin what is its like there.
    /// - Throws: `Unexpected` where it does not end as it should.
    func play(on stage: RandomStage, _ twin: TwinRepositories) throws
}
