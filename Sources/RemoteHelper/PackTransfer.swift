import Digest
import Git
import Platform
import Remote

/// Brings packs to a remote, and from one into a repository.
struct PackTransfer: Sendable {
    let remote: any Remote
    /// Where packs lie on their way.
    let folder: BytePath
    let showsProgress: Bool

    /// Brings a pack and its index to the remote. They are there, durable and whole, when this returns.
    /// - Parameter isNew: whether it has just been made, so that it need not be asked whether it is there.
    func upload(_ built: BuiltPack, isNew: Bool = true) throws {
        let record = built.record
        let view = remote.naming(record.documents, areNew: isNew)
        let files = [(record.pack, built.pack), (record.index, built.index)]
        let meter = Meter("Uploading the pack", byteCount: files.map(\.0.byteCount).reduce(0, +), isShown: showsProgress)
        let failure = Monitor<RemoteError?>(nil)
        concurrently(count: files.count, threads: files.count) { number in
            let (file, path) = files[number]
            do throws(RemoteError) {
                _ = try view.upload(file.oid, byteCount: file.byteCount, from: path, meter.control(file.byteCount))
            } catch {
                failure.change { $0 = $0 ?? error }
            }
        }
        if let failure = failure.change({ $0 }) { throw failure }
        if let failure = view.settle().values.first { throw failure }
        meter.finish()
    }

    /// Fetches packs to files, several at once. What an earlier process has begun is completed.
    /// - Parameter receive: called for each, from any thread, with the file that holds it, verified.
    func download(_ packs: [PackRecord], _ receive: @escaping @Sendable (PackRecord, BytePath) throws -> Void) throws {
        let meter = Meter("Receiving packs", byteCount: packs.map(\.pack.byteCount).reduce(0, +), isShown: showsProgress)
        let failure = Monitor<(any Error)?>(nil)
        let (remote, folder) = (remote, folder)
        concurrently(count: packs.count, threads: min(packs.count, Self.packsAtOnce)) { number in
            guard failure.change({ $0 == nil }) else { return }
            let record = packs[number]
            do {
                let control = meter.control(record.pack.byteCount)
                let part = folder / BytePath("\(record.name.text).part")
                let partial = try PartialDownload(of: record.pack.oid, byteCount: record.pack.byteCount, at: part, control)
                let view = remote.naming(record.documents, areNew: false)
                let whole = try partial.complete(from: view, as: folder / BytePath("\(record.name.text).whole"))
                defer { try? whole.removeFile() }
                try receive(record, whole)
            } catch {
                failure.change { $0 = $0 ?? error }
            }
        }
        if let failure = failure.change({ $0 }) { throw failure }
        meter.finish()
    }

    private static let packsAtOnce = 6
}

/// Shows how far transfers are, a few times a second, where that takes long enough to be seen.
final class Meter: Sendable {
    private struct State {
        var controls: [TransferControl] = []
        var isFinished = false
        var hasShown = false
    }

    private let title: String
    private let byteCount: Int64
    private let isShown: Bool
    private let state = Monitor(State())

    init(_ title: String, byteCount: Int64, isShown: Bool) {
        self.title = title
        self.byteCount = byteCount
        self.isShown = isShown
        guard isShown else { return }
        WorkerThread.detach { [weak self] in
            pause(.milliseconds(800))
            while let meter = self, meter.show() { pause(.milliseconds(300)) }
        }
    }

    /// The control of one more transfer.
    func control(_ byteCount: Int64) -> TransferControl {
        let control = TransferControl(byteCount: byteCount)
        state.change { $0.controls.append(control) }
        return control
    }

    func finish() {
        let hasShown = state.change { state in
            state.isFinished = true
            return state.hasShown
        }
        if hasShown { write(byteCount, end: ", done.\n") }
    }

    /// - Returns: whether to go on.
    private func show() -> Bool {
        let done: Int64? = state.change { state in
            guard !state.isFinished else { return nil }
            state.hasShown = true
            return state.controls.map(\.bytesSoFar).reduce(0, +)
        }
        guard let done else { return false }
        write(min(done, byteCount), end: "   \r")
        return true
    }

    private func write(_ done: Int64, end: String) {
        let percent = byteCount == 0 ? 100 : done * 100 / byteCount
        Descriptor.writeToStandardError("\(title): \(percent)% (\(done >> 20)/\(byteCount >> 20) MiB)" + end)
    }
}
