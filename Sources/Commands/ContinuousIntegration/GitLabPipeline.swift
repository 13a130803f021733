/// Jobs of GitLab CI/CD.
///
/// Spec: "CI/CD YAML syntax reference", docs.gitlab.com.
struct GitLabPipeline {
    let settings: IntegrationSettings
    static let path = ".gitlab-ci.yml"
    /// Where the first exists, for its `include`.
    static let included = ".gitlab/git-data.yml"

    private static let folder = "$CI_PROJECT_DIR/.git-data-ci"

    var text: String {
        #"""
        \#(IntegrationSettings.mark)
        #
        # Fails where committed results are stale: where git data repro would run a stage. It makes them anew, and shows
        # how metrics changed, as artifacts and as a note.
        #
        # Variables of the project (Settings, CI/CD, Variables), all optional but the first:
        #   GIT_DATA_SOURCE       the URL that git data is built from; not needed where the image has git data
        #   GIT_DATA_REF          its tag or commit
        #   GIT_DATA_TRUST        a data remote that is a folder or no server of AWS's, to be used (git data remote trust)
        #   GIT_DATA_RUN_FORKS    true: run the stages' commands for merge requests from forks too
        #   GIT_DATA_NOTE_TOKEN   a project access token with the scope `api`, masked: write a note to the merge request
        #   \#(IntegrationScripts.variables.joined(separator: ", "))
        #   \#(IntegrationScripts.secrets.joined(separator: ", ")), masked, for the data remote
        #
        # A pipeline for a fork runs in the fork, without your variables. Where a member runs it in this project, it only
        # says what is stale, which runs no command of the repository, unless GIT_DATA_RUN_FORKS is true: then what a
        # stranger wrote runs on your runner. GitLab gives a job all variables; commands of stages are started without
        # the secrets above, but a hostile one could find them: mark them as protected where branches are not trusted.
        git-data-results:
          image: swift:6.1-bookworm
          variables:
            GIT_DEPTH: "0"
            GIT_DATA_SOURCE: \#(Self.quoted(settings.source))
            GIT_DATA_REF: \#(Self.quoted(settings.reference))
          rules:
            - if: $CI_PIPELINE_SOURCE == "merge_request_event"
            - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
          cache:
            - key: git-data-programs-$GIT_DATA_REF
              paths:
                - .git-data-ci/programs
            - key: git-data-objects-$CI_COMMIT_REF_SLUG
              fallback_keys:
                - git-data-objects-$CI_DEFAULT_BRANCH
              paths:
                - .git-data-ci/store/objects
              when: always
          before_script:
            - |
              # Install git data
              set -euo pipefail
              install_git_data() (
        \#(Self.indented(IntegrationScripts.install(prefix: Self.folder + "/programs", failure: "error: "), by: 8))
              )
              install_git_data
              export PATH="\#(Self.folder)/programs/bin:$PATH"
              grep -qsxF /.git-data-ci/ .git/info/exclude || { mkdir -p .git/info; echo /.git-data-ci/ >> .git/info/exclude; }
          script:
            - |
              # Find out what is stale
        \#(Self.indented(IntegrationScripts.findStale(in: Self.folder), by: 6))
              git config --global data.store "\#(Self.folder)/store"
              MAY_RUN=true
              if [ "${CI_MERGE_REQUEST_SOURCE_PROJECT_PATH:-$CI_PROJECT_PATH}" != "$CI_PROJECT_PATH" ]; then
                MAY_RUN=${GIT_DATA_RUN_FORKS:-false}
              fi
              BASE=${CI_MERGE_REQUEST_DIFF_BASE_SHA:-${CI_COMMIT_BEFORE_SHA:-}}
            - |
              # Make it anew
              made=0
              if [ "$status" -eq 1 ] && [ "$MAY_RUN" = true ]; then
                {
        \#(Self.indented(IntegrationScripts.fetch, by: 10))
                  env \#((IntegrationScripts.secrets + ["GIT_DATA_NOTE_TOKEN"]).map { "-u \($0)" }.joined(separator: " ")) git data repro
                } || made=$?
              fi
            - |
              # Show stages and metrics
        \#(Self.indented(IntegrationScripts.summarise(in: Self.folder), by: 6))
              cat "\#(Self.folder)/summary.md"
              if [ "$made" -ne 0 ]; then exit "$made"; fi
              if [ "$status" -eq 1 ]; then
                echo "error: committed results are stale; run 'git data repro' and commit what it stages"
                exit 1
              fi
          artifacts:
            when: always
            expire_in: 4 weeks
            paths:
              - .git-data-ci/summary.md
              - .git-data-ci/report.html

        # Runs nothing of the repository.
        git-data-note:
          image: curlimages/curl:8.11.1
          needs:
            - job: git-data-results
              artifacts: true
          variables:
            GIT_STRATEGY: none
          rules:
            - if: $CI_PIPELINE_SOURCE == "merge_request_event" && $GIT_DATA_NOTE_TOKEN
              when: always
          script:
            - |
              curl --fail --silent --show-error --output /dev/null --header "PRIVATE-TOKEN: $GIT_DATA_NOTE_TOKEN" \
                --data-urlencode "body@.git-data-ci/summary.md" \
                "$CI_API_V4_URL/projects/$CI_MERGE_REQUEST_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes"

        """#
    }

    private static func indented(_ script: String, by count: Int) -> String {
        IntegrationSettings.indented(script, by: count)
    }

    private static func quoted(_ text: String) -> String {
        IntegrationSettings.quoted(text)
    }
}
