import Platform
import TestSupport
import XCTest

@testable import Commands

/// The completion scripts, in the shells themselves.
final class CompletionTests: XCTestCase {
    private var laboratory: Laboratory?
    private var work: BytePath = ""

    override func setUpWithError() throws {
        let laboratory = try Laboratory()
        let project = try laboratory.repository(isSetUp: false)
        try project.git("config", "data.storage.url", "/mnt/storage")
        try project.git("config", "-f", ".gitdata", "data.shared.url", "/mnt/shared")
        try project.git("remote", "add", "origin", "/srv/x.git")
        try project.write("x", to: "small file")
        try project.write("x", to: "sub/inner")
        try project.git("add", "small file")
        try project.git("commit", "--quiet", "-m", "x")
        try project.git("tag", "v1")
        self.laboratory = laboratory
        work = project.folder
    }

    /// What all shells offer: for `git data …` or `git-data …`, the last word being completed.
    private static let expectations: [(words: [String], offered: Set<String>)] = [
        (["tr"], ["track"]), (["un"], ["uninstall", "untrack"]), (["filter-"], []),
        (["remote", "s"], ["set-url"]), (["remote", "add", "--l"], ["--local"]), (["track", "--a"], ["--above"]),
        (["fetch", "--remote", "s"], ["shared", "storage"]), (["remote", "-q", "remove", "sh"], ["shared"]),
        (["help", "unt"], ["untrack"]), (["completion", ""], ["bash", "zsh", "fish"]), (["hook", "pre-"], ["pre-push", "pre-commit"]),
        (["fetch", "--revision", "v"], ["v1"]), (["push", ""], ["origin"]), (["push", "--remote", "storage", "o"], ["origin"]),
        (["push", "origin", "m"], ["main"]),
    ]

    private func script(_ shell: CompletionCommand.Shell, as name: BytePath) throws -> BytePath {
        let laboratory = try XCTUnwrap(laboratory)
        return try laboratory.scratch.write(CompletionCommand.script(for: shell, Interface.table), to: name)
    }

    private func run(_ shell: BytePath, _ arguments: [BytePath]) throws -> Outcome {
        let laboratory = try XCTUnwrap(laboratory)
        return try laboratory.run(shell, arguments, in: work, with: ["TERM": "xterm"]).expecting(0)
    }

    private func shell(_ name: String) throws -> BytePath {
        guard let shell = Environment.findProgram(name) else { throw XCTSkip("there is no \(name)") }
        return shell
    }

    /// The candidates without what is added to go on typing: a space, or `=` before a value.
    private func bare(_ candidates: [String]) -> Set<String> {
        Set(candidates.map { candidate in
            var bare = candidate
            while bare.last == " " || bare.last == "=" { bare.removeLast() }
            return bare
        })
    }

    // MARK: bash

    private static let bashDriver = #"""
        git=$1 script=$2 function=$3
        shift 3
        [ -z "$git" ] || . "$git"
        . "$script"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*"
        COMP_POINT=${#COMP_LINE}
        "$function"
        [ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}"
        """#

    private func bash(_ words: [String], git: BytePath? = nil, function: BytePath) throws -> [String] {
        let arguments: [BytePath] = [
            "--norc", "--noprofile", "-c", BytePath(Self.bashDriver), "bash", git ?? "", try script(.bash, as: "git-data.bash"), function,
        ]
        let outcome = try run(try shell("bash"), arguments + words.map { BytePath($0) })
        XCTAssertEqual(outcome.errorText, "", "\(words)")
        return outcome.lines
    }

    func testBashCompletesTheProgram() throws {
        for (words, offered) in Self.expectations {
            XCTAssertEqual(bare(try bash(["git-data"] + words, function: "__git_data_main")), offered, "\(words)")
        }
    }

    func testBashCompletesBehindGit() throws {
        let git: BytePath = "/usr/share/bash-completion/completions/git"
        guard git.exists else { throw XCTSkip("there is no completion of Git for bash") }
        for (words, offered) in Self.expectations {
            XCTAssertEqual(bare(try bash(["git", "data"] + words, git: git, function: "__git_wrap__git_main")), offered, "\(words)")
        }
        let elsewhere = ["git", "-C", ".", "data", "remote", "set-url", "st"]
        XCTAssertEqual(bare(try bash(elsewhere, git: git, function: "__git_wrap__git_main")), ["storage"])
    }

    func testBashCompletesValuesBehindEqualSigns() throws {
        // As bash splits them.
        XCTAssertEqual(try bash(["git-data", "fetch", "--remote", "=", "st"], function: "__git_data_main"), ["storage "])
        XCTAssertEqual(bare(try bash(["git-data", "fetch", "--remote", "="], function: "__git_data_main")), ["shared", "storage"])
        XCTAssertEqual(try bash(["git-data", "fetch", "--rem"], function: "__git_data_main"), ["--remote="])
    }

    func testBashOffersNoOptionsBehindDoubleDash() throws {
        XCTAssertEqual(try bash(["git-data", "status", "--", "--"], function: "__git_data_main"), [])
    }

    // MARK: zsh

    /// Types a line into an interactive zsh and writes down what its completion is given.
    private static let zshDriver = #"""
        zmodload zsh/zpty || exit 77
        hits=$3
        : > $hits
        zpty shell zsh -f -i
        zpty -w shell "fpath=($1 \$fpath); autoload -U compinit && compinit -u -d $3.dump; hits=$hits"
        zpty -w shell 'compadd () { if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi; local -a __found; builtin compadd -A __found "$@"; print -rl -- $__found >> $hits; builtin compadd "$@" }'
        zpty -w shell 'finish () { exit }; zle -N finish; zle -C offer list-choices _main_complete; bindkey "^X" offer; bindkey "^Y" finish'
        zpty -w -n shell "$2"$'\x18\x19'
        while zpty -r shell line; do :; done
        cat $hits
        """#

    func testZshCompletesBoth() throws {
        let zsh = try shell("zsh")
        let laboratory = try XCTUnwrap(laboratory)
        _ = try script(.zsh, as: "functions/_git-data")
        for (words, offered) in Self.expectations {
            for program in ["git-data", "git data"] {
                let line = BytePath(([program] + words).joined(separator: " "))
                let outcome = try run(
                    zsh, ["-f", "-c", BytePath(Self.zshDriver), "zsh", laboratory.folder / "functions", line, laboratory.folder / "hits"])
                XCTAssertEqual(bare(outcome.lines), offered, "\(line): \(outcome.errorText)")
            }
        }
    }

    func testZshDescribesTheCommandToGit() {
        let lines = ZshCompletion.script(Interface.table).split(separator: "\n")
        XCTAssertEqual(lines.prefix(2), ["#compdef git-data", "#description version data files with Git"])
    }

    // MARK: fish

    func testFishCompletesBoth() throws {
        let fish = try shell("fish")
        let script = try script(.fish, as: "git-data.fish")
        for (words, offered) in Self.expectations {
            for program in ["git-data", "git data"] {
                let line = BytePath(([program] + words).joined(separator: " "))
                let outcome = try run(fish, ["-c", "source $argv[1]; complete -C $argv[2]", script, line])
                let candidates = outcome.lines.map { String($0.prefix { $0 != "\t" }) }
                XCTAssertEqual(bare(candidates), offered, "\(line): \(outcome.errorText)")
            }
        }
    }

    func testFishOffersFilesWhereFilesAreMeant() throws {
        let fish = try shell("fish")
        let script = try script(.fish, as: "git-data.fish")
        let outcome = try run(fish, ["-c", "source $argv[1]; complete -C 'git data pull s'", script])
        XCTAssertEqual(Set(outcome.lines), ["small file", "sub/"])
    }

    // MARK: all

    /// No script is left with a piece that its shell cannot read.
    func testScriptsAreReadWithoutComplaint() throws {
        for kind in CompletionCommand.Shell.allCases {
            guard let program = Environment.findProgram(kind.rawValue) else { continue }
            let file = try script(kind, as: BytePath("script.\(kind)"))
            XCTAssertEqual(try run(program, ["-n", file]).errorText, "", kind.rawValue)
        }
    }
}
