# fish completion for iovabench: the program itself tells what may stand where.
function __iovabench_words
	set -l words (commandline -opc) (commandline -ct)
	if test (count $words) -eq (count (commandline -opc))
		set -a words ''
	end
	for line in (command $words[1] completion words -- $words[2..-1] 2>/dev/null)
		if string match -q '@files*' -- $line
			__fish_complete_path (commandline -ct)
		else
			printf '%s\n' $line
		end
	end
end
complete -c iovabench -f -a '(__iovabench_words)'
