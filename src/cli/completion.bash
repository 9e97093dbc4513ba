# bash completion for iovabench: the program itself tells what may stand where.
_iovabench()
{
	local line=${COMP_LINE:0:COMP_POINT} words word typed candidate
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=('')
	word=${words[-1]}
	# Readline cuts words at these, and puts in what follows them alone.
	typed=${word%"${word##*[:=]}"}
	COMPREPLY=()
	while IFS=$'\t' read -r candidate _; do
		if [ "$candidate" = @files ]; then
			compopt -o filenames 2>/dev/null
			while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen -f -- "${word#"$typed"}")
		else
			COMPREPLY+=("${candidate#"$typed"}")
		fi
	done < <("${words[0]}" completion words -- "${words[@]:1}" 2>/dev/null)
	[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[:=+] ]] && compopt -o nospace 2>/dev/null
	return 0
}
complete -F _iovabench iovabench
