import Platform
import TestSupport
import XCTest

/// Each command that talks to the network, with each of its requests in turn spoilt in each of many ways, once and for
/// good. Whatever happens, nothing is lost or damaged, here or there; nothing claims what is not so; it ends, with one
/// message; and the command completes its work once the network is well again.
///
/// `Tests/network` runs more of it, or all.
final class NetworkFaultTests: XCTestCase {
    private struct Tally {
        var runs = 0
        var spoilt = 0
        var survived = 0
        var requests = 0
        var commands = 0
        var failures: [String] = []
        var messages: [String: String] = [:]
    }

    private struct Case {
        let request: NetworkRequest
        let fault: NetworkFault
        let forGood: Bool
    }

    private static func number(_ name: String) -> Int? { Environment.value("GIT_DATA_NETWORK_\(name)").flatMap { Int($0.text) } }
    private static func word(_ name: String) -> String? { Environment.value("GIT_DATA_NETWORK_\(name)")?.text }

    func testEveryFaultOfTheNetworkIsMet() throws {
        TestProcess.makeHermetic()
        let seed = Self.word("SEED").flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1_000_000)
        print("network: seed \(seed)")
        var random = SeededRandom(seed: seed)
        let isAll = Self.word("RUNS") == "all"
        let journeys = NetworkJourney.all.filter { Self.word("COMMAND").map($0.name.contains) ?? true }.shuffled(using: &random)
        let chosen = isAll || Self.word("COMMAND") != nil ? journeys : Array(journeys.prefix(Self.number("COMMANDS") ?? 5))
        let share = isAll ? Int.max : max(1, (Self.number("RUNS") ?? 25) / chosen.count)
        let tally = Monitor(Tally())
        _ = try S3Server.shared()
        concurrently(count: chosen.count, threads: Self.number("WORKERS") ?? 2) { index in
            do {
                try Self.play(chosen[index], seed: seed, share: share, tally)
            } catch {
                tally.change { $0.failures.append("\(chosen[index].name): \(error)") }
            }
        }
        let result = tally.change { $0 }
        try Self.report(result)
        for failure in result.failures.prefix(20) { XCTFail("seed \(seed): \(failure)") }
        XCTAssertEqual(result.commands, chosen.count)
        XCTAssertGreaterThan(result.spoilt * 10, result.runs * 8, "faults that nobody met")
        print(
            "network: \(result.spoilt) faults in \(result.requests) requests of \(result.commands) commands, \(result.survived) survived, "
                + "\(result.failures.count) lost")
    }

    private static func play(_ journey: NetworkJourney, seed: UInt64, share: Int, _ tally: Monitor<Tally>) throws {
        let bench = try NetworkBench()
        let requests = try bench.begin(journey)
        tally.change { tally in
            tally.commands += 1
            tally.requests += requests.count
        }
        let faults = NetworkFault.all(trap: bench.trap).filter { word("FAULT").map($0.name.contains) ?? true }
        let cases = requests.filter { word("REQUEST").map($0.kind.contains) ?? true }.flatMap { request in
            faults.filter { $0.fits(request) }.flatMap { fault in
                [false, true].map { Case(request: request, fault: fault, forGood: $0) }
            }
        }
        var random = SeededRandom(seed: seed)
        let chosen = share >= cases.count ? cases : Array(cases.shuffled(using: &random).prefix(share))
        for item in chosen {
            let label = "\(journey.name), \(item.request.kind) \(item.request.earlier + 1), \(item.fault.name), \(item.forGood ? "for good" : "once")"
            do {
                let result = try bench.play(item.request, item.fault, forGood: item.forGood)
                tally.change { tally in
                    tally.runs += 1
                    if result.isSpoilt { tally.spoilt += 1 }
                    if result.isSpoilt, result.outcome.status == 0 { tally.survived += 1 }
                    let message = "\(result.outcome.status) \(NetworkMessages.plain(result.outcome))"
                    if result.outcome.status != 0, tally.messages[message] == nil { tally.messages[message] = label }
                }
            } catch {
                let text = "\(label): \(error)"
                if word("MESSAGES") != nil { print("network: \(text)") }
                tally.change { tally in
                    tally.runs += 1
                    tally.spoilt += 1
                    tally.failures.append(text)
                }
            }
        }
        if word("MESSAGES") != nil { print("network: \(journey.name): \(chosen.count) runs, \(requests.count) requests") }
    }

    /// Writes down what was said, for a person to read.
    private static func report(_ tally: Tally) throws {
        guard let path = word("MESSAGES") else { return }
        let text = tally.messages.sorted { $0.key < $1.key }.map { "--- \($0.value)\n\($0.key)\n" }.joined()
        try BytePath(path).replaceContents(with: Array(text.utf8))
    }
}
