import FoundationEssentials

/// A workflow of GitHub Actions: two jobs, of which the one that runs the repository's commands can write nothing.
///
/// Spec: "Workflow syntax for GitHub Actions", docs.github.com.
struct GitHubWorkflow {
    let settings: IntegrationSettings
    static let path = ".github/workflows/git-data.yml"

    private static let folder = "$RUNNER_TEMP/git-data"

    var text: String {
        #"""
        \#(IntegrationSettings.mark)
        #
        # Fails where committed results are stale: where git data repro would run a stage. It makes them anew, and shows
        # how metrics changed, in the summary and as a comment.
        #
        # Variables of the repository (Settings, Secrets and variables, Actions), all optional but the first:
        #   GIT_DATA_SOURCE       the URL that git data is built from; not needed on runners that have git data
        #   GIT_DATA_REF          its tag or commit
        #   GIT_DATA_TRUST        a data remote that is a folder or no server of AWS's, to be used (git data remote trust)
        #   GIT_DATA_RUN_FORKS    true: run the stages' commands for pull requests from forks too
        #   \#(IntegrationScripts.variables.joined(separator: ", "))
        # Secrets: \#(IntegrationScripts.secrets.joined(separator: ", ")), for the data remote.
        # Only the step that fetches data sees them; commands of stages do not.
        #
        # Pull requests from forks get no secrets. For them this only says what is stale, which runs no command of the
        # repository. GIT_DATA_RUN_FORKS runs what a stranger wrote on your runner: leave it unset on runners of your own.
        name: git data

        on:
          push:
            branches: [\#(Self.quoted(settings.branch))]
          pull_request:

        permissions: {}

        concurrency:
          group: git-data-${{ github.ref }}
          cancel-in-progress: ${{ github.event_name == 'pull_request' }}

        jobs:
          results:
            runs-on: ubuntu-24.04
            timeout-minutes: 360
            permissions:
              contents: read
            defaults:
              run:
                shell: bash
            env:
              GIT_DATA_SOURCE: ${{ vars.GIT_DATA_SOURCE || \#(Self.literal(settings.source)) }}
              GIT_DATA_REF: ${{ vars.GIT_DATA_REF || \#(Self.literal(settings.reference)) }}
              MAY_RUN: ${{ github.event_name != 'pull_request' || github.event.pull_request.head.repo.full_name == github.repository || vars.GIT_DATA_RUN_FORKS == 'true' }}
              BASE: ${{ github.event.pull_request.base.sha || github.event.before }}
            steps:
              # Data stays pointers, as git data is not registered yet; all of history, for runs that were made before.
              - uses: actions/checkout@v4
                with:
                  fetch-depth: 0
                  persist-credentials: false

              - name: Programs of git data that an earlier job has built
                uses: actions/cache@v4
                with:
                  path: ~/.git-data
                  key: git-data-programs-${{ runner.os }}-${{ runner.arch }}-${{ env.GIT_DATA_REF }}

              - name: Install git data
                run: |
        \#(Self.indented(IntegrationScripts.install(prefix: "$HOME/.git-data", failure: "::error::")))
                  echo "$prefix/bin" >> "$GITHUB_PATH"

              - name: Find out what is stale
                id: stale
                run: |
        \#(Self.indented(IntegrationScripts.findStale(in: Self.folder)))
                  if [ "$status" -eq 1 ]; then stale=true; else stale=false; fi
                  echo "GIT_CONFIG_GLOBAL=$GIT_CONFIG_GLOBAL" >> "$GITHUB_ENV"
                  echo "stale=$stale" >> "$GITHUB_OUTPUT"
                  echo "key=$(git data ci key)" >> "$GITHUB_OUTPUT"

              - name: Data that an earlier job has fetched
                if: steps.stale.outputs.stale == 'true' && env.MAY_RUN == 'true'
                uses: actions/cache@v4
                with:
                  path: .git/data/objects
                  key: git-data-objects-${{ steps.stale.outputs.key }}
                  restore-keys: git-data-objects-

              - name: Fetch the data that stale stages read
                if: steps.stale.outputs.stale == 'true' && env.MAY_RUN == 'true'
                env:
        \#(Self.credentials)
                  GIT_DATA_TRUST: ${{ vars.GIT_DATA_TRUST }}
                run: |
        \#(Self.indented(IntegrationScripts.fetch))

              - name: Make anew what is stale
                if: steps.stale.outputs.stale == 'true' && env.MAY_RUN == 'true'
                run: git data repro

              - name: Show stages and metrics
                if: ${{ !cancelled() && steps.stale.outcome == 'success' }}
                run: |
        \#(Self.indented(IntegrationScripts.summarise(in: Self.folder)))
                  cat "\#(Self.folder)/summary.md" >> "$GITHUB_STEP_SUMMARY"

              - name: Keep the summary and the report
                if: ${{ !cancelled() && steps.stale.outcome == 'success' }}
                uses: actions/upload-artifact@v4
                with:
                  name: git-data
                  path: |
                    ${{ runner.temp }}/git-data/summary.md
                    ${{ runner.temp }}/git-data/report.html

              - name: Fail where committed results are stale
                if: steps.stale.outputs.stale == 'true'
                run: |
                  echo "::error::committed results are stale; run 'git data repro' and commit what it stages"
                  exit 1

          # Runs nothing of the repository, as it may write comments. A pull request from a fork gets a token that may not.
          comment:
            needs: results
            if: ${{ !cancelled() && github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository }}
            runs-on: ubuntu-24.04
            permissions:
              pull-requests: write
            steps:
              - uses: actions/download-artifact@v4
                with:
                  name: git-data
                  path: git-data
              - name: Comment on the pull request
                env:
                  GH_TOKEN: ${{ github.token }}
                  NUMBER: ${{ github.event.pull_request.number }}
                  REPOSITORY: ${{ github.repository }}
                run: |
                  head -c 60000 git-data/summary.md > comment.md
                  comments="repos/$REPOSITORY/issues/$NUMBER/comments"
                  own='.[] | select(.user.login == "github-actions[bot]" and (.body | startswith("\#(IntegrationScripts.commentMark)"))) | .id'
                  id=$(gh api --paginate "$comments" --jq "$own" | tail -n 1)
                  if [ -n "$id" ]; then
                    gh api --silent --method PATCH "repos/$REPOSITORY/issues/comments/$id" --field body=@comment.md
                  else
                    gh api --silent --method POST "$comments" --field body=@comment.md
                  fi

        """#
    }

    private static var credentials: String {
        let lines = IntegrationScripts.secrets.map { "\($0): ${{ secrets.\($0) }}" }
            + IntegrationScripts.variables.map { "\($0): ${{ vars.\($0) }}" }
        return indented(lines.joined(separator: "\n"))
    }

    /// As the lines below a step's `run: |` stand.
    private static func indented(_ script: String) -> String {
        IntegrationSettings.indented(script, by: 10)
    }

    /// As YAML has text that may be anything.
    private static func quoted(_ text: String) -> String {
        IntegrationSettings.quoted(text)
    }

    /// As GitHub's expressions have text.
    private static func literal(_ text: String) -> String {
        "'\(text.replacing("'", with: "''"))'"
    }
}
