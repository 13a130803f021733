/// The completion script for fish, of `git-data` and of `git data`. fish finds completions by the command's
/// name, which is `git` for the latter: so it belongs where fish reads scripts at its start.
enum FishCompletion {
    static func script(_ table: CommandTable) -> String {
        let commands = CompletedCommand.all(of: table)
        return head + valued(commands) + engine + commands.map(lines).joined()
    }

    private static let head = """
        # Completion of git data for fish, made by 'git data completion fish'.


        """

    /// The function that names the options whose value is the next argument.
    private static func valued(_ commands: [CompletedCommand]) -> String {
        var text = "function __git_data_valued\n    switch \"$argv\"\n"
        for command in commands {
            let spellings = command.options.filter(\.takesNextArgument).flatMap { CompletedCommand.spellings(of: $0) }
            guard !spellings.isEmpty else { continue }
            let path = command.words.joined(separator: " ")
            text += "        case '\(path)' '\(path) *'\n            printf '%s\\n' \(spellings.joined(separator: " "))\n"
        }
        return text + "    end\nend\n\n"
    }

    private static let engine = #"""
        # The words so far, without options and their values.
        function __git_data_words
            set -l words
            set -l pending
            set -l given (commandline -opc)
            for word in $given[2..]
                if test -n "$pending"
                    set pending
                else if string match -q -- '-*' $word
                    contains -- $word (__git_data_valued $words); and set pending $word
                else
                    set -a words $word
                end
            end
            test (count $words) -gt 0; and printf '%s\n' $words
        end

        # Whether the words begin with these.
        function __git_data_at
            set -l words (__git_data_words)
            set -l count (count $argv)
            test (count $words) -ge $count; or return 1
            test $count -eq 0; or test "$words[1..$count]" = "$argv"
        end

        # Whether behind these words so many others are, at least so many with a "+".
        function __git_data_operand -a number
            __git_data_at $argv[2..]; or return 1
            set -l others (math (count (__git_data_words)) - (count $argv) + 1)
            if string match -q -- '*+' $number
                test $others -ge (string trim --chars + $number)
            else
                test $others -eq $number
            end
        end

        function __git_data_remotes
            set -l keys (git config --name-only --get-regexp '^data\..*\.url$' 2>/dev/null)
            set -l top (git rev-parse --show-toplevel 2>/dev/null)
            and set -a keys (git config -f $top/.gitdata --name-only --get-regexp '^data\..*\.url$' 2>/dev/null)
            string replace -r '^data\.(.*)\.url$' '$1' -- $keys
        end

        # What git-data would be offered in the place of "git data".
        function __git_data_of_git
            set -l given (commandline -opc)
            set -l position (contains -i -- data $given); or return
            set -l words (string escape -- $given[(math $position + 1)..])
            complete -C (string join ' ' -- git-data $words (commandline -ct | string collect --allow-empty))
        end

        complete -c git -n __fish_git_needs_command -a data -d 'version data files with Git'
        complete -c git -f -n '__fish_git_using_command data' -a '(__git_data_of_git)'
        complete -c git-data -f
        complete -c git-data -s h -l help -d 'show help'

        """#

    private static func lines(_ command: CompletedCommand) -> String {
        let words = command.words.joined(separator: " ")
        let path = words.isEmpty ? "" : " " + words
        var text = "\n"
        for subcommand in command.subcommands {
            text += "complete -c git-data -n '__git_data_operand 0\(path)' -a \(subcommand.name) -d \(quoted(subcommand.summary))\n"
        }
        for option in command.options {
            let condition = (command.subcommands.isEmpty ? "__git_data_at" : "__git_data_operand 0") + path
            text += "complete -c git-data -n '\(condition)'\(option.short.map { " -s \($0)" } ?? "") -l \(option.name)"
            switch option.argument {
            case .none: break
            case .required(let syntax): text += " -r" + values(syntax)
            case .optional(let syntax): text += values(syntax)
            }
            text += " -d \(quoted(option.summary))\n"
            if option.isNegatable {
                text += "complete -c git-data -n '\(condition)' -l no-\(option.name) -d \(quoted("not: " + option.summary))\n"
            }
        }
        for (position, operand) in command.operands.enumerated() {
            guard operand.syntax.completion != .nothing else { continue }
            let number = operand.maximum == nil ? "\(position)+" : "\(position)"
            text += "complete -c git-data -n '__git_data_operand \(number)\(path)'\(values(operand.syntax))\n"
        }
        return text
    }

    private static func values(_ syntax: ValueSyntax) -> String {
        switch syntax.completion {
        case .nothing: " -f"
        case .files: " -F"
        case .folders: " -f -a '(__fish_complete_directories)'"
        case .words(let words): " -f -a \(quoted(words.joined(separator: " ")))"
        case .commands: " -f -a '(complete -C \"git-data \" | string replace -r \"\\t.*\" \"\")'"
        case .dataRemotes: " -f -a '(__git_data_remotes)'"
        case .gitRemotes: " -f -a '(git remote 2>/dev/null)'"
        case .revisions:
            " -f -a '(echo HEAD; git for-each-ref --format=\"%(refname:short)\" refs/heads refs/tags refs/remotes 2>/dev/null)'"
        }
    }

    private static func quoted(_ text: String) -> String {
        "'" + CompletedCommand.plain(text).replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
    }
}
