#compdef iovabench
# zsh completion for iovabench: the program itself tells what may stand where.
_iovabench()
{
	local line candidate files
	local -a found open
	for line in ${(f)"$(${(Q)words[1]} completion words -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)"}; do
		candidate=${line%%$'\t'*}
		if [[ $candidate == @files ]]; then
			files=yes
		elif [[ $candidate == *[:=+] ]]; then
			open+=("${candidate//:/\\:}:${line#*$'\t'}")
		else
			found+=("${candidate//:/\\:}:${line#*$'\t'}")
		fi
	done
	(( ${#found} )) && _describe -t words iovabench found
	(( ${#open} )) && _describe -t words iovabench open -S ''
	[[ -n $files ]] && _files
	(( ${#found} + ${#open} )) || [[ -n $files ]]
}
[[ ${funcstack[1]-} == _iovabench ]] && _iovabench "$@"
(( ${+functions[compdef]} )) && compdef _iovabench iovabench
