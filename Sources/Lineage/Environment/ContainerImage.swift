import Platform

/// The image of the container that the process runs in, where anything says which it is. Docker and Kubernetes tell a
/// container nothing of its image, unless a variable is set for that.
enum ContainerImage {
    /// The variables that are asked, the surest first.
    static let variables = ["IMAGE_DIGEST", "CONTAINER_IMAGE_DIGEST", "CONTAINER_IMAGE", "CI_JOB_IMAGE", "APPTAINER_CONTAINER", "SINGULARITY_CONTAINER"]

    /// A digest, an id, or else a name; nil outside of containers, and where nothing says it.
    static func current(_ variables: ProcessVariables) -> String? {
        for name in Self.variables {
            guard let value = variables[name] else { continue }
            // Apptainer names a file, wherever that lies.
            return value.isAbsolute ? value.lastComponent.text : PublicText.withoutSecrets(value.text)
        }
        return podman
    }

    /// Source: podman-run(1), `/run/.containerenv`.
    private static var podman: String? {
        guard let text = BytePath("/run/.containerenv").textContents(limit: 1 << 16) else { return nil }
        var values: [Substring: Substring] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { values[parts[0]] = parts[1].filter { $0 != "\"" }[...] }
        }
        return values["imageid"].map { "sha256:\($0)" } ?? values["image"].map(String.init)
    }

    /// Whether the process runs in a container, as far as that shows.
    static func isInside(_ variables: ProcessVariables) -> Bool {
        BytePath("/.dockerenv").exists || BytePath("/run/.containerenv").exists || variables["KUBERNETES_SERVICE_HOST"] != nil
            || variables["APPTAINER_CONTAINER"] != nil || variables["SINGULARITY_CONTAINER"] != nil
    }
}
