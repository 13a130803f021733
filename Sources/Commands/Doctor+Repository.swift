import Diagnostics
import Git
import ObjectStore
import Platform
import Pointer
import Repository
import Transfer

/// What the doctor sees of one repository.
struct RepositoryExamination {
    let context: CommandContext
    let repository: Repository

    func findings() -> [Finding] {
        let examinations: [(String, () throws -> [Finding])] = [
            ("repository", place), ("settings", settings), ("hooks", hooks), ("store", store), ("data remote", remote),
            ("data files", files),
        ]
        return examinations.flatMap { subject, examine in
            do {
                return try examine()
            } catch {
                let (explanation, _) = Words.explain(error)
                return [Finding(.wrong, subject, explanation.what, fixes: explanation.hints)]
            }
        }
    }

    private func place() -> [Finding] {
        let location = repository.location
        return [Finding(.ok, "repository", location.worktree.map { "'\($0)'" } ?? "'\(location.gitFolder)' (bare)")]
    }

    private func settings() throws -> [Finding] {
        let settings = try repository.settings()
        var findings: [Finding] = []
        let ignored = Settings.ignoredKeys(of: try repository.committedSettings())
        if !ignored.isEmpty {
            findings.append(
                Finding(.note, "settings", "'.gitdata' cannot set \(ignored.joined(separator: ", ")); passed over"))
        }
        if settings.isLazy { findings.append(Finding(.note, "settings", "data is fetched only when asked for (data.lazy)")) }
        if settings.pointerForm == .lfs {
            findings.append(Finding(.note, "settings", "pointers have the form of Git LFS (data.pointer = lfs)"))
            findings += hostsThatCheckLFS(settings)
        }
        return findings.isEmpty ? [Finding(.ok, "settings", "as they come")] : findings
    }

    /// GitHub refuses pushes with Git LFS pointers whose objects its own store lacks (GH008); GitLab too.
    private func hostsThatCheckLFS(_ settings: Settings) -> [Finding] {
        settings.configuration.subsections(of: "remote").compactMap { name in
            guard let url = settings.configuration.string("remote.\(name).url"),
                let host = ["github.com", "gitlab.com"].first(where: { url.contains($0) })
            else { return nil }
            return Finding(
                .wrong, "settings", "\(host) refuses Git LFS pointers whose objects are not in its own store (remote '\(name)')",
                fixes: ["git config -f .gitdata data.pointer gitdata"])
        }
    }

    private func hooks() throws -> [Finding] {
        let installation = HookInstallation(repository)
        let missing = try installation.missing()
        let folder = try installation.folder()
        guard !missing.isEmpty else { return [Finding(.ok, "hooks", "all installed in '\(folder)'")] }
        return [
            Finding(
                missing.contains("pre-push") ? .wrong : .note, "hooks",
                "\(missing.joined(separator: ", ")) do not call git data in '\(folder)'", fixes: ["git data init"])
        ]
    }

    private func store() throws -> [Finding] {
        let store = try repository.store()
        var blobs = 0
        var byteCount = Int64(0)
        try store.forEachEntry { entry in
            blobs += 1
            byteCount += entry.byteCount
        }
        var findings = [Finding(.ok, "store", "'\(store.folder)', \(Count.blobs(blobs)), \(ByteCountText.format(byteCount))")]
        let leftovers = store.incoming.isFolder ? try store.incoming.entries().count : 0
        if leftovers > 0 {
            findings.append(Finding(.note, "store", "\(Count.files(leftovers)) not complete in '\(store.incoming)'; pulls resume from them"))
        }
        let damaged = store.damaged.isFolder ? try store.damaged.entries().count : 0
        if damaged > 0 {
            findings.append(Finding(.note, "store", "\(Count.blobs(damaged)) damaged once, kept in '\(store.damaged)'"))
        }
        for alternate in store.alternates where alternate.isFolder {
            findings.append(Finding(.note, "store", "blobs of Git LFS in '\(alternate)' are used in place"))
        }
        return findings
    }

    private func remote() throws -> [Finding] {
        let remote: DataRemote
        do throws(RepositoryError) {
            remote = try repository.dataRemote()
        } catch {
            let explanation = Words.explanation(error)
            // A repository that is shared with nobody needs no remote.
            return [Finding(.note, "data remote", explanation.what, fixes: explanation.hints)]
        }
        let session = try context.session(to: remote, repository)
        defer { session.finish() }
        _ = try session.existing(among: [])
        return [Finding(.ok, "data remote", "'\(remote.name)', \(URLText.withoutSecrets(remote.url)), answers")]
    }

    private func files() throws -> [Finding] {
        guard repository.location.worktree != nil else { return [] }
        let store = try repository.store()
        var (raw, stray) = (CountedFiles(), CountedFiles())
        var (tracked, ofLFS, without, here) = (0, 0, 0, 0)
        try repository.forEachIndexScan { scan throws(RepositoryError) in
            raw.add(scan.raw.map(\.path))
            stray.add(scan.stray.map(\.path))
            ofLFS += scan.lfs.count
            let pointers = scan.pointers.filter { $0.entry.stage == 0 && !scan.lfs.contains($0.path) }
            tracked += pointers.count
            for (file, state) in zip(pointers, try repository.worktreeStates(of: pointers)) where state == .pointer {
                without += 1
                if store.contains(file.pointer.oid) { here += 1 }
            }
        }
        var findings = [Finding(.ok, "data files", "\(tracked) tracked")]
        if raw.count > 0 {
            findings.append(
                Finding(
                    .wrong, "data files", "\(Count.files(raw.count)) in Git as they are, though tracked: \(raw)",
                    fixes: ["git data fix && git commit"]))
        }
        if stray.count > 0 {
            findings.append(
                Finding(
                    .wrong, "data files", "\(Count.files(stray.count)) pointers that no data pattern matches: \(stray)",
                    fixes: ["git data fix && git commit"]))
        }
        if ofLFS > 0 {
            findings.append(Finding(.note, "data files", "of Git LFS: \(Count.files(ofLFS))", fixes: ["git data migrate lfs"]))
        }
        if without > 0 {
            findings.append(
                Finding(.note, "data files", "\(Count.files(without)) without data, \(here) of them in the store", fixes: ["git data pull"]))
        }
        return findings
    }
}
