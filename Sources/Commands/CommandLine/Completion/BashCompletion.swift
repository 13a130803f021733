/// The completion script for bash. Git's own completion calls `_git_data` for `git data`; bash calls
/// it for `git-data`.
enum BashCompletion {
    static func script(_ table: CommandTable) -> String {
        let commands = CompletedCommand.all(of: table)
        return head + declarations(commands) + kinds(commands) + engine
    }

    private static let head = """
        # Completion of git data for bash, made by 'git data completion bash'.


        """

    /// The function that says what a command has.
    private static func declarations(_ commands: [CompletedCommand]) -> String {
        var text = """
            # What the command with these words has. "ended" is set where no options are read.
            __git_data_declare () {
            \tsubcommands= options= valued= operands=
            \tcase "$1" in

            """
        for command in commands {
            text += "\t'\(command.words.joined(separator: " "))')\n"
            if !command.subcommands.isEmpty {
                text += "\t\tsubcommands='\(command.subcommands.map(\.name).joined(separator: " "))'\n"
            }
            if case .nowhere = command.optionOrder {
                text += "\t\tended=1\n"
            } else {
                text += "\t\toptions='\((command.options.flatMap(words) + ["--help"]).joined(separator: " "))'\n"
            }
            let valued = command.options.filter(\.takesNextArgument).flatMap { CompletedCommand.spellings(of: $0) }
            if !valued.isEmpty { text += "\t\tvalued='\(valued.joined(separator: " "))'\n" }
            let operands = command.operands.map { kind(of: $0.syntax) + ($0.maximum == nil ? "*" : "") }
            if !operands.isEmpty { text += "\t\toperands='\(operands.joined(separator: " "))'\n" }
            text += "\t\t;;\n"
        }
        return text + "\tesac\n}\n\n"
    }

    /// What is offered for an option: its long forms, with `=` where a value follows.
    private static func words(_ option: OptionDeclaration) -> [String] {
        CompletedCommand.spellings(of: option).filter { $0.hasPrefix("--") }
            .map { option.takesNextArgument ? $0 + "=" : $0 }
    }

    /// The function that says what stands behind an option.
    private static func kinds(_ commands: [CompletedCommand]) -> String {
        var text = """
            # What kind of value the option of the command takes.
            __git_data_kind () {
            \tcase "$1 $2" in

            """
        for command in commands {
            let path = command.words.joined(separator: " ")
            for option in command.options {
                guard let syntax = option.syntax else { continue }
                let names = CompletedCommand.spellings(of: option).map { "'\(path) \($0)'" }
                text += "\t\(names.joined(separator: "|"))) kind=\(kind(of: syntax)) ;;\n"
            }
        }
        return text + "\t*) kind=nothing ;;\n\tesac\n}\n\n"
    }

    private static func kind(of syntax: ValueSyntax) -> String {
        switch syntax.completion {
        case .nothing: "nothing"
        case .files: "files"
        case .folders: "folders"
        case .words(let words): "words:" + words.joined(separator: ",")
        case .commands: "commands"
        case .dataRemotes: "data-remotes"
        case .gitRemotes: "git-remotes"
        case .revisions: "revisions"
        }
    }

    private static let engine = #"""
        __git_data_git () {
        	if declare -F __git >/dev/null
        	then
        		__git "$@"
        	else
        		git "$@" 2>/dev/null
        	fi
        }

        __git_data_remotes () {
        	local top
        	__git_data_git config --name-only --get-regexp '^data\..*\.url$'
        	top=$(__git_data_git rev-parse --show-toplevel) &&
        		__git_data_git config -f "$top/.gitdata" --name-only --get-regexp '^data\..*\.url$'
        }

        # Offers what is of a kind and begins with what is typed.
        __git_data_offer () {
        	local kind=$1 typed=$2 prefix=$3 list= candidate
        	local subcommands options valued operands ended
        	case "$kind" in
        	files) return ;; # what bash does by itself
        	folders) compopt -o dirnames 2>/dev/null; return ;;
        	words:*) list=${kind#words:}; list=${list//,/$'\n'} ;;
        	commands) __git_data_declare ''; list=${subcommands// /$'\n'} ;;
        	data-remotes) list=$(__git_data_remotes | sed -e 's/^data\.//' -e 's/\.url$//' | sort -u) ;;
        	git-remotes) list=$(__git_data_git remote) ;;
        	revisions) list=HEAD$'\n'$(__git_data_git for-each-ref --format='%(refname:short)' refs/heads refs/tags refs/remotes) ;;
        	esac
        	while IFS= read -r candidate
        	do
        		case "$candidate" in
        		'') ;;
        		"$typed"*=) COMPREPLY+=("$prefix$candidate") ;;
        		"$typed"*) COMPREPLY+=("$prefix$candidate ") ;;
        		esac
        	done <<<"$list"
        	[ ${#COMPREPLY[@]} -gt 0 ] || compopt +o default +o bashdefault 2>/dev/null
        }

        # Completes words[cword], where words[$1] is "data" or "git-data".
        __git_data_complete () {
        	local path= count=0 pending= ended= kind= prefix= i
        	local subcommands options valued operands
        	__git_data_declare ''
        	for ((i = $1 + 1; i < cword; i++))
        	do
        		if [ -n "$pending" ]
        		then
        			pending=
        		elif [ -z "$ended" ] && [ "${words[i]}" = -- ]
        		then
        			ended=1
        		elif [ -z "$ended" ] && [[ ${words[i]} == -?* ]]
        		then
        			[[ " $valued " == *" ${words[i]} "* ]] && pending=${words[i]}
        		elif [ $count -eq 0 ] && __git_data_knows "${path:+$path }${words[i]}"
        		then
        			path=${path:+$path }${words[i]}
        			__git_data_declare "$path"
        		else
        			count=$((count + 1))
        		fi
        	done
        	if [ -n "$pending" ]
        	then
        		__git_data_kind "$path" "$pending"
        		__git_data_offer "$kind" "$cur"
        	elif [ -z "$ended" ] && [[ $cur == --*=* ]]
        	then
        		# Where "=" breaks words, only what stands behind it is replaced.
        		[[ $COMP_WORDBREAKS == *=* ]] || prefix=${cur%%=*}=
        		__git_data_kind "$path" "${cur%%=*}"
        		__git_data_offer "$kind" "${cur#*=}" "$prefix"
        	elif [ -z "$ended" ] && [[ $cur == -* ]]
        	then
        		__git_data_offer "words:${options// /,}" "$cur"
        	elif [ $count -eq 0 ] && [ -n "$subcommands" ]
        	then
        		__git_data_offer "words:${subcommands// /,}" "$cur"
        	else
        		set -f
        		for kind in $operands nothing
        		do
        			[[ $count -eq 0 || $kind == *\* ]] && break
        			count=$((count - 1))
        		done
        		set +f
        		__git_data_offer "${kind%\*}" "$cur"
        	fi
        }

        # Whether a command has these words.
        __git_data_knows () {
        	local subcommands options valued operands ended
        	__git_data_declare "$1"
        	[ -n "$options$ended" ]
        }

        # Called by Git's completion, which has set words, cword and cur.
        _git_data () {
        	local index=${__git_cmd_idx-}
        	if [ -z "$index" ]
        	then
        		for ((index = 1; index < cword; index++))
        		do
        			[ "${words[index]}" = data ] && break
        		done
        	fi
        	__git_data_complete "$index"
        }

        __git_data_main () {
        	local words=() cword cur part
        	COMPREPLY=()
        	# "--option=value" comes in three words where "=" breaks them.
        	for part in "${COMP_WORDS[@]:0:COMP_CWORD+1}"
        	do
        		cword=$((${#words[@]} - 1))
        		if [ $cword -ge 0 ] && [[ ${words[cword]} == --*= || ( ${words[cword]} == --* && $part == = ) ]]
        		then
        			words[cword]+=$part
        		else
        			words+=("$part")
        		fi
        	done
        	cword=$((${#words[@]} - 1))
        	cur=${words[cword]}
        	__git_data_complete 0
        }

        complete -o bashdefault -o default -o nospace -F __git_data_main git-data 2>/dev/null ||
        	complete -o default -o nospace -F __git_data_main git-data

        """#
}
