import Platform
import Synchronization
import XCTest

final class ThreadsTests: XCTestCase {
    func testEachIndexIsHandedOutOnce() {
        for (count, threads) in [(0, 4), (1, 4), (3, 8), (1000, 1), (1000, 7), (10, 0)] {
            let seen = Mutex([Int](repeating: 0, count: count))
            concurrently(count: count, threads: threads) { index in seen.withLock { $0[index] += 1 } }
            XCTAssertEqual(seen.withLock { $0 }, [Int](repeating: 1, count: count), "\(count) on \(threads)")
        }
    }

    func testBodiesRunAtOnce() {
        // Each waits until all four are running: with fewer threads this would never end.
        let running = Monitor(0)
        concurrently(count: 4, threads: 4) { _ in
            running.change { $0 += 1 }
            running.wait { $0 == 4 ? () : nil }
        }
        XCTAssertEqual(running.change { $0 }, 4)
    }

    func testJoinWaitsForTheEnd() {
        let done = Monitor(false)
        let thread = WorkerThread {
            pause(.milliseconds(20))
            done.change { $0 = true }
        }
        thread.join()
        XCTAssertTrue(done.change { $0 })
    }

    func testMonitorPassesBatonBetweenThreads() {
        let turn = Monitor((next: 0, order: [Int]()))
        concurrently(count: 5, threads: 5) { number in
            for round in 0..<20 {
                turn.wait { (state) -> Void? in
                    guard state.next == round * 5 + number else { return nil }
                    state.next += 1
                    state.order.append(number)
                    return ()
                }
            }
        }
        XCTAssertEqual(turn.change { $0.order }, (0..<100).map { $0 % 5 })
    }

    func testDetachedThreadRuns() {
        let ran = Monitor(false)
        WorkerThread.detach { ran.change { $0 = true } }
        ran.wait { $0 ? () : nil }
    }

    func testPauseOfNothingReturns() {
        pause(.zero)
        pause(.seconds(-1))
        XCTAssertGreaterThanOrEqual(availableProcessorCount(), 1)
    }
}
