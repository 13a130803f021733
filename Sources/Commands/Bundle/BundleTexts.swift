import Digest
import Git
import Platform

/// The members of a bundle that are text.
struct BundleTexts {
    let head: BundleHead
    let needs: BundleNeeds

    /// Writes `files.txt`: below a line for each commit that a ref names, a line for each of its data files.
    func writeFiles(_ output: BundlePart.Output) throws {
        func write(_ text: String) throws { try output(Array(text.utf8)) }
        try write("# oid\tbytes\tpath\n")
        var files = needs.files.reader()
        for tip in needs.tips {
            try write("# \(tip.refs.map(\.description).joined(separator: ", ")): \(tip.object)\n")
            for _ in 0..<tip.fileCount { if let file = try files.next() { try write(Self.line(file)) } }
        }
        guard let first = try files.next() else { return }
        try write("# in older commits\n" + Self.line(first))
        while let file = try files.next() { try write(Self.line(file)) }
    }

    private static func line(_ file: BundledFile) -> String {
        "\(file.oid)\t\(file.byteCount)\t\(file.path)\n"
    }

    /// Writes `SHA256SUMS`: of some members, and of all blobs.
    /// Spec: sha256sum(1).
    func writeSums(of members: [(BundleMember, ObjectID)], _ output: BundlePart.Output) throws {
        func write(_ member: BundleMember, _ oid: ObjectID) throws {
            try output(oid.hexBytes + Array("  \(member.name)\n".utf8))
        }
        for (member, oid) in members { try write(member, oid) }
        var blobs = try needs.blobs.reader()
        while let blob = try blobs.next() { try write(.blob(blob.oid), blob.oid) }
    }

    /// `README.txt`.
    var readme: [UInt8] {
        Array((introduction + ways + "What it holds:\n\n" + refs).utf8)
    }

    private var introduction: String {
        """
        \(String(decoding: BundleMember.signature, as: UTF8.self))
        This archive holds a Git repository and the content of its data files, made by
        `git data bundle create`.

          README.txt          this text
          files.txt           the data files: SHA-256, size in bytes and path of each
          SHA256SUMS          to check what was unpacked: sha256sum -c SHA256SUMS
          repository.bundle   the repository, as git-bundle(1) makes it
          objects/            the content of each data file, as a plain file: that with
                              the SHA-256 abcd12... is objects/ab/cd/abcd12...

        In the repository itself three lines of text, a pointer, stand in the place of
        each data file. They name the SHA-256 of its content.


        """
    }

    private var ways: String {
        head.prerequisites.isEmpty ? waysOfWhole : waysOfUpdate
    }

    private var waysOfWhole: String {
        """
        With git data nothing needs to be unpacked (FILE is this archive):

            git data bundle clone FILE project

        With Git alone, in the folder where this archive was unpacked:

            git clone\(branch) repository.bundle project
            cd project
        \(Self.filling)

        """
    }

    private var waysOfUpdate: String {
        """
        It is an update for a repository that has these commits, and their data:

        \(head.prerequisites.map { "    \($0)\n" }.joined())
        With git data nothing needs to be unpacked. In that repository (FILE is this
        archive):

            git data bundle unbundle FILE

        With Git alone, in that repository, where this archive was unpacked beside it:

            git fetch ../repository.bundle \(head.refs.first?.name.description ?? "HEAD")
            git merge FETCH_HEAD
        \(Self.filling)

        """
    }

    /// Puts content in the place of the pointers, with nothing but what every system has.
    private static let filling = """
            git grep -lz '^oid sha256:' | xargs -0 sh -c '
                for file do
                    oid=$(sed -n "s/^oid sha256://p" "$file")
                    blob=$(echo "$oid" | sed "s,\\(..\\)\\(..\\).*,../objects/\\1/\\2/&,")
                    if test -f "$blob"; then cp "$blob" "$file"; fi
                done' -

        """

    /// What makes `git clone` check something out where the bundle has no HEAD.
    private var branch: String {
        let names = head.refs.map(\.name)
        guard !names.contains("HEAD") else { return "" }
        for prefix in ["refs/heads/", "refs/tags/"] {
            guard let name = names.first(where: { $0.bytes.starts(with: prefix.utf8) }) else { continue }
            return " -b " + ShellWord.quoted(BytePath(bytes: name.bytes.dropFirst(prefix.utf8.count)))
        }
        return ""
    }

    private var refs: String {
        head.refs.map { "    \($0.object) \($0.name)\n" }.joined()
    }
}
