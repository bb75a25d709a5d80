// The scripts by which shells complete the command line. Each asks the program itself what a word may become, so that there
// is one source, and an old script is no wrong one.

/** The shells that there is a script for. */
export const shellNames = ["bash", "zsh", "fish"] as const;
export type ShellName = (typeof shellNames)[number];

/**
 * Bash splits words at the signs of COMP_WORDBREAKS, among them ":" and "=", and replaces only what stands behind the last
 * one: the words are put together again, and of the answers that part is taken away.
 */
const bash = `# bash completion for stevedore
_stevedore() {
  local program=\${1/#\\~\\//$HOME/} rest=\${COMP_LINE:0:COMP_POINT} trimmed word at
  local words=() lines=()
  for ((at = 0; at <= COMP_CWORD; at++)); do
    trimmed=\${rest#"\${rest%%[![:space:]]*}"}
    word=\${COMP_WORDS[at]}
    ((at == COMP_CWORD)) && word=$trimmed
    if ((at > 0)) && [[ $trimmed == "$rest" ]]; then
      words[\${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
    rest=\${trimmed#"$word"}
  done
  mapfile -t lines < <("$program" __complete "\${words[@]:1}" 2>/dev/null)
  COMPREPLY=()
  case \${lines[0]} in
    files) compopt -o default ;;
    directories) compopt -o dirnames -o filenames ;;
    words)
      local current=\${words[\${#words[@]} - 1]} head= breaks=\${COMP_WORDBREAKS//[^:=]/}
      [[ -n $breaks && $current == *[$breaks]* ]] && head=\${current%"\${current##*[$breaks]}"}
      for word in "\${lines[@]:1}"; do
        word=\${word%%$'\\t'*}
        COMPREPLY+=("\${word#"$head"}")
      done
      ;;
  esac
}
complete -F _stevedore stevedore
`;

const zsh = `#compdef stevedore
# zsh completion for stevedore
_stevedore() {
  local program=\${(Q)words[1]} line
  local -a lines values shown
  program=\${program/#\\~\\//$HOME/}
  lines=("\${(@f)$("$program" __complete "\${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
  case $lines[1] in
    files)
      compset -P '--*='
      _files
      ;;
    directories)
      compset -P '--*='
      _files -/
      ;;
    words)
      for line in "\${(@)lines[2,-1]}"; do
        values+=("\${line%%$'\\t'*}")
        [[ -n \${line#*$'\\t'} ]] && line=\${line/$'\\t'/  -- } || line=\${line%$'\\t'}
        shown+=("\${line[1,COLUMNS-1]}")
      done
      (( \${#values} )) && compadd -l -d shown -a values
      ;;
  esac
}
if [[ $funcstack[1] == _stevedore ]]; then
  _stevedore "$@"
else
  compdef _stevedore stevedore
fi
`;

const fish = `# fish completion for stevedore
function __stevedore_complete
    set -l tokens (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $tokens[1])
    set -l lines ($program __complete $tokens[2..-1] "$current" 2>/dev/null)
    set -l head (string match -r -- '^--[^=]+=' $current)
    set -l path (string replace -r -- '^--[^=]+=' '' $current)
    switch "$lines[1]"
        case files
            for one in (__fish_complete_path "$path")
                printf '%s%s\\n' "$head" $one
            end
        case directories
            for one in (__fish_complete_directories "$path" '')
                printf '%s%s\\n' "$head" $one
            end
        case words
            printf '%s\\n' $lines[2..-1]
    end
end
complete -c stevedore -f -a '(__stevedore_complete)'
`;

/** By shell. */
export const completionScripts: Readonly<Record<ShellName, string>> = { bash, zsh, fish };
