/// The lines of shell that both services run, for bash with `-euo pipefail`.
enum IntegrationScripts {
    /// Which programs are used: those on PATH, those that an earlier job has built into a folder, or new ones.
    /// - Parameters:
    ///   - prefix: where they are built, as bash expands it.
    ///   - failure: what stands before the words of an error.
    static func install(prefix: String, failure: String) -> String {
        #"""
        if command -v git-data >/dev/null; then
          git data version
          exit 0
        fi
        prefix="\#(prefix)"
        if ! "$prefix/bin/git-data" version 2>/dev/null; then
          if [ -z "$GIT_DATA_SOURCE" ]; then
            echo "\#(failure)set the variable GIT_DATA_SOURCE to the URL of the repository of git data, and GIT_DATA_REF to a tag or commit of it"
            exit 1
          fi
          sources=$(mktemp -d)
          git init --quiet "$sources"
          git -C "$sources" fetch --quiet --depth 1 "$GIT_DATA_SOURCE" "$GIT_DATA_REF"
          git -C "$sources" -c advice.detachedHead=false checkout --quiet FETCH_HEAD
          "$sources/install.sh" --prefix "$prefix"
        fi
        """#
    }

    /// What is stale, as a file: no data is needed for it, and no command of the repository runs.
    /// - Parameter folder: of what is found out, as bash expands it.
    static func findStale(in folder: String) -> String {
        #"""
        # What is registered here is forgotten with the job: a later checkout may happen before git data is on PATH.
        mkdir -p "\#(folder)"
        cp ~/.gitconfig "\#(folder)/gitconfig" 2>/dev/null || : > "\#(folder)/gitconfig"
        export GIT_CONFIG_GLOBAL="\#(folder)/gitconfig"
        git data install --quiet
        git config --global data.lazy true
        status=0
        git data repro --dry-run > "\#(folder)/stale.txt" || status=$?
        cat "\#(folder)/stale.txt"
        if [ "$status" -gt 1 ]; then exit "$status"; fi
        """#
    }

    /// By which an earlier comment is known again.
    static let commentMark = "<!-- git data -->"

    /// Names of credentials as S3 tools know them.
    static let secrets = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]
    /// What they also look at, and is no secret.
    static let variables = ["AWS_REGION", "AWS_ENDPOINT_URL_S3"]

    /// The data that stale stages read. Variables that a service sets to nothing count as not set.
    static let fetch = #"""
        for name in \#((secrets + variables).joined(separator: " ")); do
          if [ -z "${!name-}" ]; then unset "$name"; fi
        done
        if [ -n "${GIT_DATA_TRUST-}" ]; then git data remote trust "$GIT_DATA_TRUST"; fi
        git data ci fetch
        """#

    /// What people see: the stale stages, metrics beside those of BASE, and all of it as a page.
    static func summarise(in folder: String) -> String {
        #"""
        {
          echo "\#(commentMark)"
          echo "## Stages and metrics"
          echo
          if [ -s "\#(folder)/stale.txt" ]; then
            echo "The committed results are stale. \`git data repro\` makes them anew; commit what it stages."
            echo
            sed 's/^/    /' "\#(folder)/stale.txt"
            echo
            if [ "$MAY_RUN" != true ]; then
              echo "Nothing was run: these changes come from a fork."
              echo
            fi
          else
            echo "All results are those of the committed code, data and parameters."
            echo
          fi
          if git cat-file -e "$BASE^{commit}" 2>/dev/null; then
            echo "### Metrics beside ${BASE:0:10}"
            echo
            if differences=$(git data metrics diff --params "$BASE"); then
              echo "${differences:-No metric and no parameter has changed.}" | sed 's/^/    /'
            else
              echo "They could not be compared."
            fi
          fi
        } > "\#(folder)/summary.md"
        git data report --quiet --output "\#(folder)/report.html"
        """#
    }
}
