import Diagnostics
import ObjectStore
import Repository
import Transfer

extension TransferSession {
    /// Opens the way between this repository's store and a data remote.
    package static func open(
        _ remote: DataRemote, _ repository: Repository, isVerbose: Bool = false,
        progress: any ProgressObserver = SilentProgress()
    ) throws(TransferError) -> TransferSession {
        let settings: Settings
        let store: ObjectStore
        do throws(RepositoryError) {
            settings = try repository.settings()
            store = try repository.store()
        } catch {
            throw .agentFailed("the repository's settings cannot be read")
        }
        return try TransferSession(
            agent: agentExecutable(),
            destination: TransferDestination(
                url: remote.transferURL, mayCreate: remote.source == .insideGitRemote || remote.source == .withHistory, name: remote.name),
            store: store, transfers: settings.transfers, isVerbose: isVerbose, progress: progress)
    }
}
