/// The completion script for zsh, to be found as `_git-data` in `fpath`. zsh's completion of Git calls
/// the function of that name for `git data`.
enum ZshCompletion {
    static func script(_ table: CommandTable) -> String {
        let commands = CompletedCommand.all(of: table)
        return head + commands.map(function).joined() + tail
    }

    /// The second line is what zsh's completion of Git shows beside `data`.
    private static let head = """
        #compdef git-data
        #description version data files with Git

        # Made by 'git data completion zsh'.


        """

    private static let tail = #"""
        __git_data_data_remotes () {
        	local top expl
        	local -a names
        	names=( ${(f)"$(_call_program data-remotes git config --name-only --get-regexp "'^data\..*\.url$'" 2>/dev/null)"} )
        	top=$(git rev-parse --show-toplevel 2>/dev/null) &&
        		names+=( ${(f)"$(git config -f $top/.gitdata --name-only --get-regexp '^data\..*\.url$' 2>/dev/null)"} )
        	names=( ${${(u)names#data.}%.url} )
        	_wanted data-remotes expl 'data remote' compadd -a names
        }

        __git_data_git_remotes () {
        	local expl
        	local -a names
        	names=( ${(f)"$(_call_program git-remotes git remote 2>/dev/null)"} )
        	_wanted git-remotes expl 'Git remote' compadd -a names
        }

        __git_data_revisions () {
        	local expl
        	local -a names
        	names=( HEAD ${(f)"$(_call_program revisions git for-each-ref --format="'%(refname:short)'" refs/heads refs/tags refs/remotes 2>/dev/null)"} )
        	_wanted revisions expl 'revision' compadd -a names
        }

        _git-data "$@"

        """#

    private static func name(_ words: [String]) -> String {
        words.isEmpty ? "_git-data" : "__git_data_command_" + words.joined(separator: "_")
    }

    /// The function that completes behind a command's name.
    private static func function(_ command: CompletedCommand) -> String {
        var specifications = ["'(- : *)'{-h,--help}'[\(CompletedCommand.helpSummary)]'"]
        if case .nowhere = command.optionOrder { specifications = [] }
        specifications += command.options.map(specification)
        guard !command.subcommands.isEmpty else {
            specifications += command.operands.map(specification)
            return """
                \(name(command.words)) () {
                \t_arguments -s -S\(stop(command)) \\
                \t\t\(specifications.joined(separator: " \\\n\t\t"))
                }


                """
        }
        specifications += ["'1: :\(listName(command.words))'", "'*:: :->arguments'"]
        return """
            \(listName(command.words)) () {
            \tlocal -a commands
            \tcommands=(
            \(command.subcommands.map { "\t\t" + quoted("\($0.name):\(CompletedCommand.plain($0.summary))") }.joined(separator: "\n"))
            \t)
            \t_describe -t commands 'git data command' commands
            }

            \(name(command.words)) () {
            \tlocal curcontext=$curcontext context state state_descr ret=1
            \tlocal -a line
            \tlocal -A opt_args
            \t_arguments -C -s -A '-*' \\
            \t\t\(specifications.joined(separator: " \\\n\t\t")) && ret=0
            \tif [[ $state == arguments ]]
            \tthen
            \t\tlocal function=\(name(command.words.isEmpty ? [""] : command.words + [""]))$words[1]
            \t\tcurcontext=${curcontext%:*:*}:git-data-$words[1]:
            \t\t(( $+functions[$function] )) && $function && ret=0
            \tfi
            \treturn ret
            }


            """
    }

    private static func listName(_ words: [String]) -> String {
        (["__git_data_commands"] + words).joined(separator: "_")
    }

    private static func stop(_ command: CompletedCommand) -> String {
        if case .beforeOperands = command.optionOrder { return " -A '-*'" }
        return ""
    }

    private static func specification(_ option: OptionDeclaration) -> String {
        let spellings = CompletedCommand.spellings(of: option)
        let exclusion = option.isRepeatable ? "*" : spellings.count > 1 ? "(\(spellings.joined(separator: " ")))" : ""
        let text = "[" + escaped(CompletedCommand.plain(option.summary), "[]\\") + "]"
        let value: String
        switch option.argument {
        case .none: value = ""
        case .required(let syntax): value = ":\(syntax.name):\(action(syntax))"
        case .optional(let syntax): value = "::\(syntax.name):\(action(syntax))"
        }
        return spellings.map { spelling in
            let isLong = spelling.hasPrefix("--")
            let mark: String
            switch option.argument {
            case .none: mark = ""
            case .required: mark = isLong ? "=" : "+"
            case .optional: mark = isLong ? "=-" : "-"
            }
            return quoted(exclusion + spelling + mark + text + value)
        }.joined(separator: " ")
    }

    private static func specification(_ operand: OperandDeclaration) -> String {
        let mark = operand.maximum == nil ? "*:" : ":"
        return quoted("\(mark)\(operand.name):\(action(operand.syntax))")
    }

    private static func action(_ syntax: ValueSyntax) -> String {
        switch syntax.completion {
        case .nothing: " "
        case .files: "_files"
        case .folders: "_files -/"
        case .words(let words): "(\(words.joined(separator: " ")))"
        case .commands: "__git_data_commands"
        case .dataRemotes: "__git_data_data_remotes"
        case .gitRemotes: "__git_data_git_remotes"
        case .revisions: "__git_data_revisions"
        }
    }

    private static func quoted(_ text: String) -> String {
        "'" + text.replacing("'", with: "'\\''") + "'"
    }

    private static func escaped(_ text: String, _ special: String) -> String {
        String(text.flatMap { special.contains($0) ? ["\\", $0] : [$0] })
    }
}
