import Platform

/// Where Git LFS can take over a download by renaming it: the `tmp` folder of its own storage, which is on
/// the file system of its objects.
func lfsTemporaryFolder() -> BytePath? {
    guard let git = Environment.findProgram("git") else { return nil }
    guard let gitFolder = answer(of: git, ["rev-parse", "--path-format=absolute", "--git-common-dir"]) else { return nil }
    let storage = answer(of: git, ["config", "--type=path", "lfs.storage"]) ?? "lfs"
    let folder = storage.absolute(from: gitFolder) / "tmp"
    return (try? folder.makeFolders()) == nil ? nil : folder
}

/// The line that Git answers with; nil where it fails or says nothing.
private func answer(of git: BytePath, _ arguments: [BytePath]) -> BytePath? {
    guard let child = try? ChildProcess(git, arguments, environment: Environment.withoutSecrets, errors: .null), let output = child.takeOutput(),
        let line = try? output.read(until: UInt8(ascii: "\n")), !line.isEmpty, child.wait().isSuccess
    else { return nil }
    return BytePath(bytes: line)
}
